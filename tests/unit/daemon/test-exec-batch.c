#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "lib/test.h"
#include "unit/daemon/exec-fixture.h"

/* Readings of many rollouts in one call, and what becomes of the others when one of them cannot be read. */

#define FROM (600 * USEC_PER_SEC)
#define UNTIL (900 * USEC_PER_SEC)
#define READINGS_MAX 256
#define LINGER_MAX (40 * USEC_PER_MSEC)

static const Action read_metrics = {
        .kind = ACTION_READ_METRICS,
        .op_id = 8,
        .lane = LANE_POLL,
        .metrics = { .from = FROM, .until = UNTIL, .version_new = 42, .version_old = 41 },
};

/* What came back to one of those who asked. */
typedef struct Reading {
        struct Crowd *crowd;
        ExecOp *op;
        bool is_done;
        Fault fault;
        char error[512];
        size_t n_rows, n_faults;
        double invocations; /* of the first row */
        CheckFault check_fault;
        char check_error[256];
} Reading;

typedef struct Crowd {
        ExecFixture *f;
        PlanTarget targets[READINGS_MAX];
        char names[READINGS_MAX][32];
        const char *account; /* goes before the names */
        Plan plans[READINGS_MAX];
        Reading readings[READINGS_MAX];
        size_t n, n_done;
} Crowd;

static Crowd *crowd_new(void) {
        Crowd *c = alloc_one(Crowd);

        EXPECT(c);
        c->account = "";
        c->f = exec_fixture_new();
        return c;
}

static void crowd_free(Crowd *c) {
        exec_fixture_free(c->f);
        free(c);
}

static void on_done(const Event *event, void *userdata) {
        Reading *r = userdata;

        EXPECT(!r->is_done);
        r->is_done = true;
        r->op = NULL;
        r->fault = event->fault;
        (void) snprintf(r->error, sizeof(r->error), "%s", event->error ? event->error : "");
        r->n_rows = event->n_rows;
        r->invocations = event->n_rows > 0 ? event->rows[0].new_version.invocations : 0;
        r->n_faults = event->n_check_faults;
        if (event->n_check_faults > 0) {
                r->check_fault = event->check_faults[0];
                (void) snprintf(r->check_error, sizeof(r->check_error), "%s", r->check_fault.error);
        }
        r->crowd->n_done++;
}

/* One more rollout wants a reading: function "fN". */
static Reading *ask(Crowd *c, const Action *action, const PlanCheck *checks, uint32_t n_checks) {
        size_t i = c->n++;
        Reading *r = &c->readings[i];

        EXPECT(i < READINGS_MAX);
        if (!c->f->exec)
                exec_fixture_open(c->f);
        (void) snprintf(c->names[i], sizeof(c->names[i]), "%sf%zu", c->account, i);
        c->targets[i] = c->f->target;
        c->targets[i].function = c->names[i];
        c->plans[i] = c->f->plan;
        c->plans[i].targets = &c->targets[i];
        c->plans[i].checks = checks;
        c->plans[i].n_checks = n_checks;
        r->crowd = c;
        EXPECT_OK(exec_start(c->f->exec, "p@1", &c->plans[i], action, on_done, r, &r->op));
        return r;
}

static void run(Crowd *c, size_t n) {
        peer_run(c->f->event, &c->n_done, n);
        peer_settle(c->f->event);
        EXPECT_INT(c->n_done, n);
}

static size_t count(const char *text, const char *word) {
        size_t n = 0;

        for (const char *p = strstr(text, word); p; p = strstr(p + 1, word))
                n++;
        return n;
}

/* Which "fN" the i-th query of a body is about. */
static unsigned function_of(const char **at) {
        uint64_t n = 0;
        const char *p = strstr(*at, "\"FunctionName\",\"Value\":\"f");
        char digits[8] = "";

        EXPECT(p);
        p += strlen("\"FunctionName\",\"Value\":\"f");
        EXPECT(strspn(p, "0123456789") < sizeof(digits));
        memcpy(digits, p, strspn(p, "0123456789"));
        EXPECT_OK(str_parse_u64(digits, READINGS_MAX, &n));
        *at = p;
        return (unsigned) n;
}

/* As CloudWatch: each query is answered with one bucket, whose value is the number of its function. A query
 * of "poison" is refused, and all others with it. */
static void answer(ExecFixture *f, const PeerRequest *request, Buf *out) {
        _cleanup_(buf_done) Buf body = BUF_INIT((size_t) 1024 * 1024);
        size_t n = count(request->body, "\"MetricStat\"");
        const char *at = request->body;

        EXPECT(n <= 500);
        if (strstr(request->body, "poison")) {
                peer_reply(out, "400 Bad Request", "x-amzn-errortype: ValidationError\r\n",
                                "{\"message\":\"Stat poison is no statistic\"}");
                return;
        }
        (void) buf_puts(&body, "{\"MetricDataResults\":[");
        for (size_t i = 0; i < n; i++)
                (void) buf_printf(&body,
                                "%s{\"Id\":\"q%zu\",\"StatusCode\":\"Complete\",\"Timestamps\":[660],\"Values\":[%u]}",
                                i > 0 ? "," : "", i, function_of(&at));
        (void) buf_puts(&body, "]}");
        peer_reply(out, "200 OK", "", buf_text(&body));
}

static void expect_good(const Crowd *c, size_t i) {
        EXPECT_INT(c->readings[i].fault, FAULT_NONE);
        EXPECT_INT(c->readings[i].n_rows, 1);
        EXPECT_NEAR(c->readings[i].invocations, (double) i, 0);
}

TEST(one_call_for_all_that_are_due) {
        Crowd *c = crowd_new();

        c->f->answer = answer;
        for (size_t i = 0; i < 10; i++)
                (void) ask(c, &read_metrics, NULL, 0);
        run(c, 10);
        EXPECT_INT(c->f->n_requests, 1);
        EXPECT_INT(count(c->f->sent[0], "\"MetricStat\""), 40);
        for (size_t i = 0; i < 10; i++)
                expect_good(c, i);
        crowd_free(c);
}

TEST(queries_at_the_limit_of_a_call_and_beyond) {
        Crowd *c = crowd_new();

        c->f->answer = answer;
        for (size_t i = 0; i < 126; i++)
                (void) ask(c, &read_metrics, NULL, 0);
        run(c, 126);
        EXPECT_INT(c->f->n_requests, 2);
        EXPECT_INT(count(c->f->sent[0], "\"MetricStat\"") + count(c->f->sent[1], "\"MetricStat\""), 504);
        for (size_t i = 0; i < 126; i++)
                expect_good(c, i);
        crowd_free(c);
}

TEST(windows_are_joined_and_cut_again) {
        Action later = read_metrics;
        Crowd *c = crowd_new();
        Reading *r;

        c->f->answer = answer;
        later.metrics.from = 700 * USEC_PER_SEC;
        later.metrics.until = 1000 * USEC_PER_SEC;
        (void) ask(c, &read_metrics, NULL, 0);
        r = ask(c, &later, NULL, 0);
        run(c, 2);
        EXPECT_INT(c->f->n_requests, 1);
        EXPECT_CONTAINS(c->f->sent[0], "\"StartTime\":600,\"EndTime\":1000");
        expect_good(c, 0);
        /* The bucket at 660 is before the window it asked for. */
        EXPECT_INT(r->fault, FAULT_NONE);
        EXPECT_INT(r->n_rows, 0);
        crowd_free(c);
}

static Reading *ask_with_period(Crowd *c, usec_t period, usec_t from, usec_t until) {
        Action action = read_metrics;

        action.metrics.from = from;
        action.metrics.until = until;
        c->f->plan.period = period;
        return ask(c, &action, NULL, 0);
}

/* CloudWatch cuts its buckets from StartTime on, and when it keeps none as narrow for as long as that, it
 * gives none at all. */
TEST(periods_go_together_on_a_common_grid_only) {
        Crowd *c = crowd_new();

        c->f->answer = answer;
        (void) ask_with_period(c, 300 * USEC_PER_SEC, 900 * USEC_PER_SEC, 1500 * USEC_PER_SEC);
        (void) ask_with_period(c, 60 * USEC_PER_SEC, 660 * USEC_PER_SEC, 1320 * USEC_PER_SEC);
        (void) ask_with_period(c, 10 * USEC_PER_SEC, 1310 * USEC_PER_SEC, 1320 * USEC_PER_SEC);
        run(c, 3);
        EXPECT_INT(c->f->n_requests, 1);
        EXPECT_CONTAINS(c->f->sent[0], "\"StartTime\":600,\"EndTime\":1500");
        expect_good(c, 1);
        (void) ask_with_period(c, 300 * USEC_PER_SEC, 600 * USEC_PER_SEC, 1200 * USEC_PER_SEC);
        (void) ask_with_period(c, 420 * USEC_PER_SEC, 420 * USEC_PER_SEC, 1260 * USEC_PER_SEC);
        run(c, 5);
        EXPECT_INT(c->f->n_requests, 3);
        (void) ask_with_period(c, 60 * USEC_PER_SEC, 0, 4 * USEC_PER_HOUR);
        (void) ask_with_period(c, 10 * USEC_PER_SEC, 3 * USEC_PER_HOUR, 4 * USEC_PER_HOUR);
        (void) ask_with_period(c, 60 * USEC_PER_SEC, 2 * USEC_PER_HOUR, 4 * USEC_PER_HOUR);
        run(c, 8);
        EXPECT_INT(c->f->n_requests, 5);
        crowd_free(c);
}

TEST(a_long_look_back_goes_alone) {
        Action week = read_metrics;
        Crowd *c = crowd_new();

        c->f->answer = answer;
        week.metrics.from = 0;
        week.metrics.until = METRIC_ROWS_MAX * USEC_PER_MINUTE;
        for (size_t i = 0; i < 20; i++)
                (void) ask(c, &read_metrics, NULL, 0);
        (void) ask(c, &week, NULL, 0);
        run(c, 21);
        EXPECT_INT(c->f->n_requests, 2);
        for (size_t i = 0; i < 21; i++)
                expect_good(c, i);
        crowd_free(c);
}

TEST(regions_and_roles_have_calls_of_their_own) {
        Crowd *c = crowd_new();

        c->f->answer = answer;
        (void) ask(c, &read_metrics, NULL, 0);
        c->f->target.region = "us-east-1";
        (void) ask(c, &read_metrics, NULL, 0);
        run(c, 2);
        EXPECT_INT(c->f->n_requests, 2);
        expect_good(c, 0);
        expect_good(c, 1);
        crowd_free(c);
}

static const PlanCheck slow = { .name = "slow",
        .kind = CHECK_DURATION,
        .max = 1,
        .min_requests = 1,
        .stat = "p99" };
static const PlanCheck poison = { .name = "odd",
        .kind = CHECK_DURATION,
        .max = 1,
        .min_requests = 1,
        .stat = "poison" };

TEST(a_refused_query_is_found_and_the_others_are_answered) {
        PlanCheck both[] = { slow, poison };
        Crowd *c = crowd_new();
        Reading *odd;

        c->f->answer = answer;
        for (size_t i = 0; i < 5; i++)
                (void) ask(c, &read_metrics, &slow, 1);
        odd = ask(c, &read_metrics, both, 2);
        for (size_t i = 0; i < 5; i++)
                (void) ask(c, &read_metrics, NULL, 0);
        run(c, 11);
        for (size_t i = 0; i < 11; i++)
                expect_good(c, i);
        EXPECT_INT(odd->n_faults, 1);
        EXPECT_INT(odd->check_fault.check, 1);
        EXPECT_INT(odd->check_fault.fault, FAULT_INVALID);
        EXPECT_CONTAINS(odd->check_error, "Stat poison is no statistic");
        EXPECT_CONTAINS(odd->check_error, "Duration poison");
        for (size_t i = 0; i < 11; i++)
                EXPECT_INT(c->readings[i].n_faults, &c->readings[i] == odd);
        EXPECT(c->f->n_requests <= 14);
        crowd_free(c);
}

TEST(what_was_refused_goes_alone_from_then_on) {
        Crowd *c = crowd_new();
        size_t before;

        c->f->answer = answer;
        (void) ask(c, &read_metrics, &poison, 1);
        run(c, 1);
        EXPECT_INT(c->readings[0].n_faults, 1);
        before = c->f->n_requests;
        /* The same function again, as its next poll, and another one. */
        c->n = 0;
        c->readings[0] = (Reading){ 0 };
        (void) ask(c, &read_metrics, &poison, 1);
        (void) ask(c, &read_metrics, NULL, 0);
        run(c, 3);
        EXPECT_INT(c->f->n_requests, before + 2);
        EXPECT_INT(!!strstr(c->f->sent[before], "poison") + !!strstr(c->f->sent[before + 1], "poison"), 1);
        expect_good(c, 0);
        expect_good(c, 1);
        EXPECT_INT(c->readings[0].check_fault.fault, FAULT_INVALID);
        EXPECT_CONTAINS(c->readings[0].check_error, "Stat poison is no statistic");
        crowd_free(c);
}

static void refuse_everything(ExecFixture *f, const PeerRequest *request, Buf *out) {
        peer_reply(out, "400 Bad Request", "x-amzn-errortype: ValidationError\r\n", "{\"message\":\"no\"}");
}

TEST(counts_that_are_refused_fail_the_reading) {
        Crowd *c = crowd_new();

        c->f->answer = refuse_everything;
        for (size_t i = 0; i < 3; i++)
                (void) ask(c, &read_metrics, &slow, 1);
        run(c, 3);
        for (size_t i = 0; i < 3; i++) {
                EXPECT_INT(c->readings[i].fault, FAULT_INVALID);
                EXPECT_CONTAINS(c->readings[i].error, "no");
        }
        crowd_free(c);
}

static void deny(ExecFixture *f, const PeerRequest *request, Buf *out) {
        peer_reply(out, "403 Forbidden", "x-amzn-errortype: AccessDeniedException\r\n",
                        "{\"message\":\"no\"}");
}

TEST(a_fault_of_the_call_is_everybodys_and_asked_once) {
        Crowd *c = crowd_new();

        c->f->answer = deny;
        for (size_t i = 0; i < 20; i++)
                (void) ask(c, &read_metrics, NULL, 0);
        run(c, 20);
        EXPECT_INT(c->f->n_requests, 1);
        for (size_t i = 0; i < 20; i++)
                EXPECT_INT(c->readings[i].fault, FAULT_DENIED);
        crowd_free(c);
}

/* Knows only the older protocol. */
static void answer_query_only(ExecFixture *f, const PeerRequest *request, Buf *out) {
        if (strstr(request->head, "application/x-amz-json-1.0")) {
                peer_reply(out, "404 Not Found", "x-amzn-errortype: UnknownOperationException\r\n", "{}");
                return;
        }
        EXPECT_CONTAINS(request->body, "Action=GetMetricData");
        peer_reply(out, "200 OK", "content-type: text/xml\r\n",
                        "<GetMetricDataResponse><GetMetricDataResult><MetricDataResults><member><Id>q0</Id>"
                        "<StatusCode>Complete</StatusCode><Timestamps><member>1970-01-01T00:11:00Z</member>"
                        "</Timestamps><Values><member>7.0</member></Values></member><member><Id>q1</Id>"
                        "<StatusCode>Complete</StatusCode></member><member><Id>q2</Id><StatusCode>Complete"
                        "</StatusCode></member><member><Id>q3</Id><StatusCode>Complete</StatusCode></member>"
                        "</MetricDataResults></GetMetricDataResult></GetMetricDataResponse>");
}

TEST(the_older_protocol_where_json_is_refused) {
        Crowd *c = crowd_new();

        c->f->answer = answer_query_only;
        (void) ask(c, &read_metrics, NULL, 0);
        run(c, 1);
        EXPECT_INT(c->f->n_requests, 2);
        EXPECT_INT(c->readings[0].fault, FAULT_NONE);
        EXPECT_NEAR(c->readings[0].invocations, 7, 0);
        /* From now on at once. */
        (void) ask(c, &read_metrics, NULL, 0);
        run(c, 2);
        EXPECT_INT(c->f->n_requests, 3);
        EXPECT_INT(c->readings[1].fault, FAULT_NONE);
        crowd_free(c);
}

/* Those of the same moment are all refused, and none is to unlearn what another has just learnt. */
TEST(calls_under_way_together_learn_the_older_protocol_together) {
        static const char *const accounts[] = { "", "123456789012:function:", "210987654321:function:" };
        Crowd *c = crowd_new();

        c->f->answer = answer_query_only;
        for (size_t n = 3; n <= 6; n += 3) {
                for (size_t i = 0; i < ELEMENTSOF(accounts); i++) {
                        c->account = accounts[i];
                        (void) ask(c, &read_metrics, NULL, 0);
                }
                run(c, n);
        }
        for (size_t i = 0; i < 6; i++)
                EXPECT_INT(c->readings[i].fault, FAULT_NONE);
        EXPECT_INT(c->f->n_requests, 9);
        crowd_free(c);
}

static void refuse_query_only(ExecFixture *f, const PeerRequest *request, Buf *out) {
        if (f->n_requests < 4)
                answer_query_only(f, request, out);
        else
                peer_reply(out, "403 Forbidden", "content-type: text/xml\r\n",
                                "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error>"
                                "</ErrorResponse>");
}

TEST(a_failure_of_another_kind_unlearns_nothing) {
        Crowd *c = crowd_new();

        c->f->answer = refuse_query_only;
        for (size_t i = 0; i < 4; i++) {
                (void) ask(c, &read_metrics, NULL, 0);
                run(c, i + 1);
                EXPECT_INT(c->readings[i].fault, i < 2 ? FAULT_NONE : FAULT_DENIED);
                EXPECT_CONTAINS(c->f->sent[i + 1], "Action=GetMetricData");
        }
        crowd_free(c);
}

TEST(as_many_as_are_refused_are_remembered) {
        Crowd *c = crowd_new();

        c->f->answer = refuse_everything;
        for (size_t n = 20; n <= 40; n += 20) {
                c->n = 0;
                memset(c->readings, 0, sizeof(c->readings));
                while (c->n < 20)
                        (void) ask(c, &read_metrics, NULL, 0);
                run(c, n);
        }
        EXPECT_INT(c->f->n_requests, 39 + 20); /* searched for by halves, then known */
        crowd_free(c);
}

/* While AWS throttles, readings that come one by one must not each become a call. */
TEST(a_call_that_waits_for_its_turn_takes_others_along) {
        Crowd *c = crowd_new();

        c->f->answer = answer;
        c->f->conf.aws_metrics_rate = 1;
        (void) ask(c, &read_metrics, NULL, 0);
        run(c, 1);
        for (size_t i = 0; i < 3; i++) {
                (void) ask(c, &read_metrics, NULL, 0);
                for (size_t turn = 0; turn < 100 && sd_event_run(c->f->event, LINGER_MAX) > 0;)
                        turn++; /* until it has waited for others, and waits at the gate */
        }
        run(c, 4);
        expect_good(c, 3);
        EXPECT_INT(c->f->n_requests, 2);
        crowd_free(c);
}

TEST(who_is_not_waited_for_leaves_the_others_alone) {
        Crowd *c = crowd_new();

        c->f->answer = answer;
        for (size_t i = 0; i < 4; i++)
                (void) ask(c, &read_metrics, NULL, 0);
        exec_cancel(c->readings[1].op);
        run(c, 3);
        EXPECT(!c->readings[1].is_done);
        expect_good(c, 0);
        expect_good(c, 2);
        expect_good(c, 3);
        EXPECT_INT(c->f->n_requests, 1);
        crowd_free(c);
}

TEST(cancelling_all_of_them_cancels_the_call) {
        Crowd *c = crowd_new();

        c->f->answer = answer;
        for (size_t i = 0; i < 4; i++)
                (void) ask(c, &read_metrics, NULL, 0);
        for (size_t i = 0; i < 4; i++)
                EXPECT(exec_withdraw(c->readings[i].op));
        peer_settle(c->f->event);
        EXPECT_INT(c->f->n_requests, 0);
        EXPECT_INT(c->n_done, 0);
        crowd_free(c);
}
