#include "base/alloc.h"
#include "base/str.h"
#include "lib/test.h"
#include "unit/daemon/exec-fixture.h"

/* Reading metrics: the queries, the pages, what may be delivered, and how four series become rows. */

#define FROM (600 * USEC_PER_SEC)
#define UNTIL (900 * USEC_PER_SEC)

#define RESULT(id, times, values)                                                               \
        "{\"Id\":\"" id "\",\"Label\":\"x\",\"StatusCode\":\"Complete\",\"Timestamps\":[" times \
        "],\"Values\":[" values "]}"
#define RESULT_AS(id, status) \
        "{\"Id\":\"" id "\",\"StatusCode\":\"" status "\",\"Timestamps\":[],\"Values\":[]}"
#define REPLY(results) "{\"MetricDataResults\":[" results "]}"
#define PAGE(results, token) "{\"MetricDataResults\":[" results "],\"NextToken\":\"" token "\"}"
#define EMPTY(id) RESULT(id, "", "")
#define ALL_EMPTY EMPTY("q0") "," EMPTY("q1") "," EMPTY("q2") "," EMPTY("q3")

static const Action read_metrics = {
        .kind = ACTION_READ_METRICS,
        .op_id = 8,
        .metrics = { .from = FROM, .until = UNTIL, .version_new = 42, .version_old = 41 },
};

static ExecFixture *run(const char *first, const char *second) {
        ExecFixture *f = exec_fixture_new();

        f->bodies[0] = first;
        f->bodies[1] = second;
        exec_fixture_run(f, &read_metrics);
        EXPECT_INT(f->got.kind, EVENT_METRICS_READ);
        return f;
}

static void expect_row(
                const ExecFixture *f, size_t i, usec_t start, Counts new_version, Counts old_version) {
        EXPECT_INT(f->rows[i].start, start);
        EXPECT_NEAR(f->rows[i].new_version.invocations, new_version.invocations, 0);
        EXPECT_NEAR(f->rows[i].new_version.errors, new_version.errors, 0);
        EXPECT_NEAR(f->rows[i].old_version.invocations, old_version.invocations, 0);
        EXPECT_NEAR(f->rows[i].old_version.errors, old_version.errors, 0);
}

TEST(four_series_become_rows) {
        ExecFixture *f = run(REPLY(RESULT("q2", "600,660,780", "100,110,120") "," RESULT(
                                             "q0", "660,840", "5,6") "," RESULT("q3", "600,660,780",
                                             "1,0,2") "," RESULT("q1", "660", "2")),
                        NULL);

        EXPECT_INT(f->got.fault, FAULT_NONE);
        EXPECT_INT(f->got.n_rows, 4);
        expect_row(f, 0, 600 * USEC_PER_SEC, (Counts){ 0, 0 }, (Counts){ 100, 1 });
        expect_row(f, 1, 660 * USEC_PER_SEC, (Counts){ 5, 2 }, (Counts){ 110, 0 });
        expect_row(f, 2, 780 * USEC_PER_SEC, (Counts){ 0, 0 }, (Counts){ 120, 2 });
        expect_row(f, 3, 840 * USEC_PER_SEC, (Counts){ 6, 0 }, (Counts){ 0, 0 });
        EXPECT_INT(f->got.n_values, 0);
        exec_fixture_free(f);
}

TEST(no_data_is_a_complete_reading) {
        ExecFixture *f = run(REPLY(ALL_EMPTY), NULL);

        EXPECT_INT(f->got.fault, FAULT_NONE);
        EXPECT_INT(f->got.n_rows, 0);
        exec_fixture_free(f);
}

TEST(errors_ahead_of_their_invocations) {
        ExecFixture *f = run(REPLY(EMPTY("q0") "," RESULT("q1", "600", "3") "," RESULT(
                                             "q2", "600", "2") "," RESULT("q3", "600", "4")),
                        NULL);

        EXPECT_INT(f->got.n_rows, 1);
        expect_row(f, 0, FROM, (Counts){ 3, 3 }, (Counts){ 4, 4 });
        exec_fixture_free(f);
}

/* CloudWatch rounds the start down to a minute, and the end is not part of the window. */
TEST(points_outside_of_the_window) {
        ExecFixture *f = run(REPLY(RESULT("q0", "540,600,840,900", "1,2,3,4") "," EMPTY("q1") "," EMPTY(
                                             "q2") "," EMPTY("q3")),
                        NULL);

        EXPECT_INT(f->got.n_rows, 2);
        expect_row(f, 0, FROM, (Counts){ 2, 0 }, (Counts){ 0, 0 });
        expect_row(f, 1, 840 * USEC_PER_SEC, (Counts){ 3, 0 }, (Counts){ 0, 0 });
        exec_fixture_free(f);
}

TEST(queries) {
        static const char *const parts[] = {
                "{\"MetricStat\":{\"Metric\":{\"Namespace\":\"AWS/Lambda\","
                "\"MetricName\":\"Invocations\",\"Dimensions\":["
                "{\"Name\":\"FunctionName\",\"Value\":\"checkout\"},"
                "{\"Name\":\"Resource\",\"Value\":\"checkout:live\"},"
                "{\"Name\":\"ExecutedVersion\",\"Value\":\"42\"}]},"
                "\"Period\":60,\"Stat\":\"Sum\"},\"Id\":\"q0\",\"ReturnData\":true}",
                "\"MetricName\":\"Errors\"",
                "\"Value\":\"41\"",
                "\"StartTime\":600,\"EndTime\":900",
        };
        static const char *const functions[] = { "checkout", "123456789012:function:checkout",
                "arn:aws:lambda:eu-west-1:123456789012:function:checkout" };

        for (size_t i = 0; i < ELEMENTSOF(functions); i++) {
                ExecFixture *f = exec_fixture_new();

                f->target.function = functions[i];
                f->bodies[0] = REPLY(ALL_EMPTY);
                exec_fixture_run(f, &read_metrics);
                EXPECT_INT(f->got.fault, FAULT_NONE);
                for (size_t j = 0; j < ELEMENTSOF(parts); j++)
                        EXPECT_CONTAINS(f->sent[0], parts[j]);
                EXPECT(!strstr(f->sent[0], "\"q4\""));
                EXPECT_CONTAINS(f->heads[0], "/eu-west-1/monitoring/aws4_request");
                EXPECT_CONTAINS(f->heads[0], "GraniteServiceVersion20100801.GetMetricData");
                exec_fixture_free(f);
        }
}

TEST(duration_checks_have_a_query_each) {
        ExecFixture *f = exec_fixture_new();

        f->checks[0] = (PlanCheck){ .name = "slow", .kind = CHECK_DURATION, .stat = "p99" };
        f->checks[1] = (PlanCheck){ .name = "errors", .kind = CHECK_ERROR_RATE };
        f->checks[2] = (PlanCheck){ .name = "mean", .kind = CHECK_DURATION, .stat = "Average" };
        f->plan.n_checks = 3;
        f->bodies[0] = REPLY(ALL_EMPTY
                        "," RESULT("q4", "600,660", "812.5,790") "," RESULT("q5", "660,900", "101.25,7"));
        exec_fixture_run(f, &read_metrics);
        EXPECT_INT(f->got.fault, FAULT_NONE);
        EXPECT_INT(f->got.n_rows, 0);
        EXPECT_INT(f->got.n_values, 3);
        EXPECT_INT(f->values[0].check, 0);
        EXPECT_NEAR(f->values[0].value, 812.5, 0);
        EXPECT_INT(f->values[0].start, FROM);
        EXPECT_INT(f->values[1].start, 660 * USEC_PER_SEC);
        EXPECT_INT(f->values[2].check, 2);
        EXPECT_NEAR(f->values[2].value, 101.25, 0);
        EXPECT_CONTAINS(f->sent[0], "\"Stat\":\"p99\"");
        EXPECT_CONTAINS(f->sent[0], "\"Stat\":\"Average\"");
        EXPECT(!strstr(f->sent[0], "\"q6\""));
        exec_fixture_free(f);
}

TEST(pages_are_put_together) {
        ExecFixture *f =
                        run(PAGE(RESULT_AS("q0", "PartialData") "," EMPTY("q1") "," RESULT("q2", "600", "9"),
                                            "token-1"),
                                        REPLY(RESULT("q0", "600", "5") "," EMPTY("q3")));

        EXPECT_INT(f->n_requests, 2);
        EXPECT(!strstr(f->sent[0], "NextToken"));
        EXPECT_CONTAINS(f->sent[1], "\"NextToken\":\"token-1\"");
        EXPECT_CONTAINS(f->sent[1], "\"q3\"");
        EXPECT_INT(f->got.fault, FAULT_NONE);
        EXPECT_INT(f->got.n_rows, 1);
        expect_row(f, 0, FROM, (Counts){ 5, 0 }, (Counts){ 9, 0 });
        EXPECT_INT(peer_connections(f->peer), 1);
        exec_fixture_free(f);
}

TEST(pages_without_end) {
        ExecFixture *f = run(PAGE(ALL_EMPTY, "again"), NULL);

        exec_fixture_expect_fault(f, FAULT_PERMANENT, "no end after 100 pages");
        EXPECT_INT(f->n_requests, 100);
        exec_fixture_free(f);
}

TEST(second_page_fails) {
        ExecFixture *f = run(PAGE(ALL_EMPTY, "token-1"), "{");

        exec_fixture_expect_fault(f, FAULT_PERMANENT, "");
        EXPECT_INT(f->got.n_rows, 0);
        exec_fixture_free(f);
}

TEST(only_complete_results_are_delivered) {
        static const struct {
                const char *body;
                Fault fault;
                const char *words;
        } cases[] = {
                { REPLY(RESULT_AS("q0", "PartialData") "," EMPTY("q1") "," EMPTY("q2") "," EMPTY("q3")),
                                FAULT_TRANSIENT, "Invocations Sum" },
                { REPLY(EMPTY("q0") "," RESULT_AS("q1", "InternalError") "," EMPTY("q2") "," EMPTY("q3")),
                                FAULT_TRANSIENT, "Errors Sum" },
                { REPLY(EMPTY("q0") "," EMPTY("q1") "," EMPTY("q2") "," RESULT_AS("q3", "Forbidden")),
                                FAULT_DENIED, "Forbidden" },
                { REPLY(EMPTY("q0") "," EMPTY("q1") "," EMPTY("q2")), FAULT_PERMANENT, "not in the reply" },
                { REPLY(""), FAULT_PERMANENT, "not in the reply" },
                { "{}", FAULT_PERMANENT, "MetricDataResults" },
                { REPLY(RESULT("q0", "600", "-1") "," EMPTY("q1") "," EMPTY("q2") "," EMPTY("q3")),
                                FAULT_PERMANENT, "Invocations" },
                { REPLY(RESULT("q0", "600,630", "1,1") "," EMPTY("q1") "," EMPTY("q2") "," EMPTY("q3")),
                                FAULT_PERMANENT, "Invocations" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                ExecFixture *f = run(cases[i].body, NULL);

                exec_fixture_expect_fault(f, cases[i].fault, cases[i].words);
                EXPECT_INT(f->got.n_rows, 0);
                exec_fixture_free(f);
        }
}

TEST(throttled_with_status_400) {
        ExecFixture *f = exec_fixture_new();

        f->status = "400 Bad Request";
        f->bodies[0] = "{\"__type\":\"com.amazonaws.cloudwatch.v2010_08_01#Throttling\","
                       "\"message\":\"Rate exceeded\"}";
        exec_fixture_run(f, &read_metrics);
        exec_fixture_expect_fault(f, FAULT_THROTTLED, "Rate exceeded");
        exec_fixture_free(f);
}

TEST(windows_that_cannot_be_asked_for) {
        static const struct {
                usec_t from, until;
        } cases[] = {
                { FROM, FROM },
                { UNTIL, FROM },
                { FROM, FROM + (METRIC_ROWS_MAX + 1) * USEC_PER_MINUTE },
        };
        ExecFixture *f = exec_fixture_new();
        Action action = read_metrics;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                action.metrics.from = cases[i].from;
                action.metrics.until = cases[i].until;
                exec_fixture_run(f, &action);
                exec_fixture_expect_fault(f, FAULT_INVALID, "");
        }
        EXPECT_INT(f->n_requests, 0);
        action.metrics.from = FROM;
        action.metrics.until = FROM + METRIC_ROWS_MAX * USEC_PER_MINUTE;
        f->bodies[0] = REPLY(ALL_EMPTY);
        exec_fixture_run(f, &action);
        EXPECT_INT(f->got.fault, FAULT_NONE);
        exec_fixture_free(f);
}

/* What was asked for by the wrong time is not what was meant. The second reply that says so is believed. */
TEST(readings_by_a_wrong_clock_do_not_count) {
        static const struct {
                const char *date;
                Fault fault;
        } cases[] = {
                { "Date: Thu, 15 Jan 2026 12:34:56 GMT\r\n", FAULT_NONE },
                { "Date: Thu, 15 Jan 2026 12:44:56 GMT\r\n", FAULT_CLOCK },
                { "Date: Thu, 15 Jan 2026 12:44:56 GMT\r\n", FAULT_NONE },
        };
        ExecFixture *f = exec_fixture_new();
        Now now;

        f->bodies[0] = REPLY(ALL_EMPTY);
        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                f->headers = cases[i].date;
                exec_fixture_run(f, &read_metrics);
                EXPECT_INT(f->got.fault, cases[i].fault);
                if (f->got.fault != FAULT_NONE)
                        EXPECT_CONTAINS(f->error, "by the Date of the reply");
        }
        exec_clock_read(f->exec, &now);
        EXPECT_INT(now.wall / USEC_PER_MINUTE, UINT64_C(1768481096) / 60);
        exec_fixture_free(f);
}
