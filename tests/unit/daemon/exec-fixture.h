#pragma once

/* An Exec whose AWS is a scripted peer, one plan, and the last completion. */

#include "base/usec.h"
#include "daemon/exec.h"
#include "unit/daemon/http-peer.h"

#define FIXTURE_REQUESTS_MAX 128
#define FIXTURE_ROWS_MAX 64

typedef struct ExecFixture {
        sd_event *event;
        Peer *peer;
        char url[64];
        Conf conf; /* strings are the test's */
        AwsEnv env;
        PlanTarget target;
        PlanCheck checks[4];
        Plan plan;
        Exec *exec;
        ExecOp *op;

        const char *status;                       /* "200 OK" */
        const char *headers;                      /* complete lines, or "" */
        const char *bodies[FIXTURE_REQUESTS_MAX]; /* of the n-th reply; NULL: that of the one before */
        PeerEnd end;
        /* Instead of status and bodies; may be NULL. */
        void (*answer)(struct ExecFixture *f, const PeerRequest *request, Buf *out);

        size_t n_requests;
        char *heads[FIXTURE_REQUESTS_MAX];
        char *sent[FIXTURE_REQUESTS_MAX];

        size_t n_done;
        Event got; /* the texts and arrays below */
        char error[512], request_id[64], revision[64], code_sha[72], state_words[400];
        char role_arn[ARN_TEXT_SIZE], dead_letter_arn[ARN_TEXT_SIZE];
        MetricRow rows[FIXTURE_ROWS_MAX];
        MetricValue values[FIXTURE_ROWS_MAX];
        void (*on_done)(struct ExecFixture *f); /* may be NULL */
} ExecFixture;

/* Without an Exec yet, so that conf can be changed. Puts credentials into the environment. */
ExecFixture *exec_fixture_new(void);
void exec_fixture_open(ExecFixture *f);
ExecFixture *exec_fixture_free(ExecFixture *f);

void exec_fixture_start(ExecFixture *f, const Action *action);
/* Opens, starts, and waits for the completion. */
void exec_fixture_run(ExecFixture *f, const Action *action);
void exec_fixture_expect_fault(const ExecFixture *f, Fault fault, const char *words);
