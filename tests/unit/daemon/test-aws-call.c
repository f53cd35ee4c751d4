#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/str.h"
#include "base/timefmt.h"
#include "daemon/clock.h"
#include "lib/test.h"
#include "unit/daemon/exec-fixture.h"

/* What one call goes through, seen from above (operations) and from below (what a peer is sent). */

#define ALIAS "{\"FunctionVersion\":\"41\",\"RevisionId\":\"r-1\"}"

static const Action read_alias = { .kind = ACTION_READ_ALIAS, .op_id = 7, .lane = LANE_STEP };
static const Action write_alias = {
        .kind = ACTION_WRITE_ALIAS,
        .op_id = 8,
        .lane = LANE_STEP,
        .write = { .route = { .primary = 41, .extra = 42, .weight = 500 }, .revision = "r-1" },
};

static unsigned n_bad; /* so many requests are answered badly first */
static const char *bad_status, *bad_headers, *bad_body;

static void answer_badly_first(ExecFixture *f, const PeerRequest *request, Buf *out) {
        if (request->number < n_bad)
                peer_reply(out, bad_status, bad_headers, bad_body);
        else
                peer_reply(out, "200 OK", "", ALIAS);
}

static ExecFixture *run_with(unsigned n, const char *status, const char *headers, const char *body,
                const Action *action) {
        ExecFixture *f = exec_fixture_new();

        n_bad = n;
        bad_status = status;
        bad_headers = headers;
        bad_body = body;
        f->answer = answer_badly_first;
        exec_fixture_run(f, action);
        return f;
}

TEST(reads_are_tried_three_times) {
        ExecFixture *f = run_with(2, "503 Service Unavailable", "", "{}", &read_alias);

        EXPECT_INT(f->got.fault, FAULT_NONE);
        EXPECT_INT(f->n_requests, 3);
        exec_fixture_free(f);
        f = run_with(10, "503 Service Unavailable", "", "{}", &read_alias);
        EXPECT_INT(f->got.fault, FAULT_TRANSIENT);
        EXPECT_INT(f->n_requests, 3);
        exec_fixture_free(f);
}

TEST(each_try_is_signed_anew) {
        ExecFixture *f = run_with(1, "500 Internal Server Error", "", "{}", &read_alias);

        EXPECT_INT(f->n_requests, 2);
        EXPECT_CONTAINS(f->heads[0], "Signature=");
        EXPECT_CONTAINS(f->heads[1], "Signature=");
        exec_fixture_free(f);
}

TEST(what_will_not_get_better_is_not_repeated) {
        static const char *const statuses[] = { "400 Bad Request", "404 Not Found", "409 Conflict",
                "412 Precondition Failed" };

        for (size_t i = 0; i < ELEMENTSOF(statuses); i++) {
                ExecFixture *f = run_with(10, statuses[i], "", "{}", &read_alias);

                EXPECT(f->got.fault != FAULT_NONE);
                EXPECT_INT(f->n_requests, 1);
                exec_fixture_free(f);
        }
}

TEST(writes_that_may_have_happened_are_not_repeated) {
        static const char *const statuses[] = { "500 Internal Server Error", "503 Service Unavailable",
                "429 Too Many Requests" };

        for (size_t i = 0; i < ELEMENTSOF(statuses); i++) {
                ExecFixture *f = run_with(10, statuses[i], "", "{}", &write_alias);

                EXPECT(f->got.fault != FAULT_NONE);
                EXPECT_INT(f->n_requests, 1);
                exec_fixture_free(f);
        }
}

TEST(rollbacks_are_the_brains_to_repeat) {
        Action back = read_alias;
        ExecFixture *f;

        back.lane = LANE_ROLLBACK;
        f = run_with(10, "503 Service Unavailable", "", "{}", &back);
        EXPECT_INT(f->got.fault, FAULT_TRANSIENT);
        EXPECT_INT(f->n_requests, 1);
        exec_fixture_free(f);
}

/* "X-Amz-Date: 20260115T123456Z" */
static usec_t signed_at(const char *head) {
        const char *p = strcasestr(head, "x-amz-date: ");
        char text[32];
        usec_t t = 0;

        EXPECT(p);
        p += strlen("x-amz-date: ");
        (void) snprintf(text, sizeof(text), "%.4s-%.2s-%.2sT%.2s:%.2s:%.2sZ", p, p + 4, p + 6, p + 9, p + 11,
                        p + 13);
        EXPECT_OK(time_parse_rfc3339(text, &t));
        return t;
}

/* "Thu, 15 Jan 2026 12:34:56 GMT" */
static void format_http(usec_t t, char *text, size_t size) {
        time_t seconds = (time_t) (t / USEC_PER_SEC);
        struct tm tm;

        EXPECT(gmtime_r(&seconds, &tm));
        EXPECT(strftime(text, size, "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0);
}

static int64_t peer_offset; /* the peer's clock is ahead by so much */

/* As Lambda: refuses signatures that are more than five minutes off. */
static void answer_by_own_clock(ExecFixture *f, const PeerRequest *request, Buf *out) {
        char date[64], headers[128];
        int64_t off;
        Now now;

        clock_read(&now);
        now.wall += (usec_t) peer_offset;
        off = (int64_t) (now.wall - signed_at(request->head));
        format_http(now.wall, date, sizeof(date));
        if (off > -(int64_t) (5 * USEC_PER_MINUTE) && off < (int64_t) (5 * USEC_PER_MINUTE)) {
                (void) snprintf(headers, sizeof(headers), "Date: %s\r\n", date);
                peer_reply(out, "200 OK", headers, ALIAS);
                return;
        }
        (void) snprintf(headers, sizeof(headers),
                        "Date: %s\r\nx-amzn-errortype: InvalidSignatureException\r\n", date);
        peer_reply(out, "403 Forbidden", headers,
                        "{\"message\":\"Signature expired: 20260115T123456Z is now earlier than it may be\"}");
}

TEST(a_clock_that_is_wrong_costs_one_more_try) {
        static const int64_t offsets[] = { 10 * 60 * (int64_t) USEC_PER_SEC,
                -10 * 60 * (int64_t) USEC_PER_SEC, 86400 * (int64_t) USEC_PER_SEC };

        for (size_t i = 0; i < ELEMENTSOF(offsets); i++) {
                ExecFixture *f = exec_fixture_new();

                peer_offset = offsets[i];
                f->answer = answer_by_own_clock;
                exec_fixture_run(f, &write_alias);
                EXPECT_INT(f->got.fault, FAULT_NONE);
                EXPECT_INT(f->n_requests, 2);
                /* And from now on none. */
                exec_fixture_run(f, &read_alias);
                EXPECT_INT(f->got.fault, FAULT_NONE);
                EXPECT_INT(f->n_requests, 3);
                exec_fixture_free(f);
        }
}

TEST(clock_correction_can_be_switched_off) {
        ExecFixture *f = exec_fixture_new();

        peer_offset = 10 * 60 * (int64_t) USEC_PER_SEC;
        f->env.disable_skew_correction = "true";
        f->answer = answer_by_own_clock;
        exec_fixture_run(f, &read_alias);
        exec_fixture_expect_fault(f, FAULT_CLOCK, "Signature expired");
        EXPECT_INT(f->n_requests, 1);
        exec_fixture_free(f);
}

TEST(what_waits_for_its_turn_can_be_withdrawn) {
        ExecFixture *f = exec_fixture_new();
        ExecOp *first, *second;

        f->conf.aws_lambda_rate = 0.5;
        f->end = PEER_HANG;
        exec_fixture_open(f);
        exec_fixture_start(f, &write_alias);
        first = f->op;
        exec_fixture_start(f, &write_alias);
        second = f->op;
        peer_settle(f->event);
        EXPECT_INT(f->n_requests, 1);
        EXPECT(exec_withdraw(second));
        EXPECT(!exec_withdraw(first));
        peer_settle(f->event);
        EXPECT_INT(f->n_requests, 1);
        EXPECT_INT(f->n_done, 0);
        exec_fixture_free(f);
}

static void answer_when_asked(ExecFixture *f, const PeerRequest *request, Buf *out) {
        /* Withdrawn while it is answered: too late for the request, not for another try. */
        if (f->op)
                EXPECT(!exec_withdraw(f->op));
        peer_reply(out, "503 Service Unavailable", "", "{}");
}

TEST(what_has_left_is_not_tried_again_once_withdrawn) {
        ExecFixture *f = exec_fixture_new();

        f->answer = answer_when_asked;
        exec_fixture_run(f, &read_alias);
        EXPECT_INT(f->got.fault, FAULT_TRANSIENT);
        EXPECT_INT(f->n_requests, 1);
        exec_fixture_free(f);
}

TEST(rollbacks_pass_those_who_wait_for_their_turn) {
        ExecFixture *f = exec_fixture_new();
        Action back = write_alias;

        back.lane = LANE_ROLLBACK;
        f->conf.aws_lambda_rate = 1;
        f->end = PEER_HANG;
        exec_fixture_open(f);
        for (unsigned i = 0; i < 10; i++)
                exec_fixture_start(f, &write_alias);
        peer_settle(f->event);
        EXPECT(f->n_requests <= 1);
        exec_fixture_start(f, &back);
        peer_settle(f->event);
        EXPECT_INT(f->n_requests, 2);
        exec_fixture_free(f);
}
