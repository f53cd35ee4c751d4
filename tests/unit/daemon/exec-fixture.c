#include "unit/daemon/exec-fixture.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/str.h"
#include "lib/test.h"

static PeerEnd on_request(const PeerRequest *request, Buf *out, void *userdata) {
        ExecFixture *f = userdata;
        size_t n = f->n_requests++, i = n;

        EXPECT(n < FIXTURE_REQUESTS_MAX);
        f->heads[n] = alloc_copy_string(request->head);
        f->sent[n] = alloc_copy_bytes(request->body, request->body_size);
        while (i > 0 && !f->bodies[i])
                i--;
        if (f->answer)
                f->answer(f, request, out);
        else if (f->end == PEER_KEEP)
                peer_reply(out, f->status, f->headers, f->bodies[i] ? f->bodies[i] : "");
        return f->end;
}

ExecFixture *exec_fixture_new(void) {
        ExecFixture *f = alloc_one(ExecFixture);

        EXPECT(f);
        f->env = (AwsEnv){
                .access_key_id = "AKIDEXAMPLE",
                .secret_access_key = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
                .session_token = "TOKENEXAMPLE",
                .ec2_metadata_disabled = "true",
        };
        f->conf.aws_lambda_rate = f->conf.aws_metrics_rate = f->conf.aws_alarms_rate = 1000;
        EXPECT_OK(sd_event_new(&f->event));
        f->peer = peer_new(f->event, on_request, f);
        (void) snprintf(f->url, sizeof(f->url), "http://%s", peer_host(f->peer));
        f->conf.aws_endpoint_url = f->url;
        f->target = (PlanTarget){ .function = "checkout", .alias = "live", .region = "eu-west-1" };
        f->plan = (Plan){
                .name = "checkout",
                .targets = &f->target,
                .n_targets = 1,
                .checks = f->checks,
                .period = USEC_PER_MINUTE,
        };
        f->status = "200 OK";
        f->headers = "x-amzn-requestid: 6b3e6f1a-0000-4000-8000-000000000001\r\n";
        return f;
}

void exec_fixture_open(ExecFixture *f) {
        char error[320];

        EXPECT_OK(exec_new(f->event, &f->conf, &f->env, &f->exec, error));
}

ExecFixture *exec_fixture_free(ExecFixture *f) {
        (void) exec_free(f->exec);
        (void) peer_free(f->peer);
        (void) sd_event_unref(f->event);
        for (size_t i = 0; i < f->n_requests; i++) {
                free(f->heads[i]);
                free(f->sent[i]);
        }
        free(f);
        return NULL;
}

static void keep(char *dst, size_t size, const char *s) {
        EXPECT_OK(str_copy(dst, size, s ? s : ""));
}

static void on_done(const Event *event, void *userdata) {
        ExecFixture *f = userdata;

        f->op = NULL;
        f->got = *event;
        keep(f->error, sizeof(f->error), event->error);
        keep(f->request_id, sizeof(f->request_id), event->request_id);
        keep(f->revision, sizeof(f->revision), event->revision);
        keep(f->code_sha, sizeof(f->code_sha), event->code_sha);
        keep(f->state_words, sizeof(f->state_words), event->state_words);
        EXPECT(event->n_rows <= FIXTURE_ROWS_MAX && event->n_values <= FIXTURE_ROWS_MAX);
        if (event->n_rows > 0)
                memcpy(f->rows, event->rows, event->n_rows * sizeof(MetricRow));
        if (event->n_values > 0)
                memcpy(f->values, event->values, event->n_values * sizeof(MetricValue));
        f->got.error = f->got.request_id = f->got.revision = NULL; /* borrowed for the callback only */
        keep(f->role_arn, sizeof(f->role_arn), event->role_arn);
        keep(f->dead_letter_arn, sizeof(f->dead_letter_arn), event->dead_letter_arn);
        f->got.code_sha = f->got.state_words = f->got.role_arn = f->got.dead_letter_arn = NULL;
        f->got.rows = NULL;
        f->got.values = NULL;
        f->n_done++;
        if (f->on_done)
                f->on_done(f);
}

void exec_fixture_start(ExecFixture *f, const Action *action) {
        size_t n_done = f->n_done;

        EXPECT_OK(exec_start(f->exec, "p@1", &f->plan, action, on_done, f, &f->op));
        EXPECT(f->op);
        EXPECT_INT(f->n_done, n_done);
}

void exec_fixture_run(ExecFixture *f, const Action *action) {
        size_t n_done = f->n_done;

        if (!f->exec)
                exec_fixture_open(f);
        exec_fixture_start(f, action);
        peer_run(f->event, &f->n_done, n_done + 1);
        peer_settle(f->event);
        EXPECT_INT(f->n_done, n_done + 1);
        EXPECT_INT(f->got.op_id, action->op_id);
        EXPECT_INT(f->got.target, action->target);
}

void exec_fixture_expect_fault(const ExecFixture *f, Fault fault, const char *words) {
        EXPECT_INT(f->got.fault, fault);
        EXPECT_CONTAINS(f->error, words);
}
