#include "codec/finding-json.h"

#include "base/usec.h"
#include "codec/json-write.h"
#include "lib/test.h"

static const PlanStep steps[] = { { .weight = 500, .hold = 10 * USEC_PER_MINUTE } };
static const PlanCheck checks[] = { { .name = "failing", .kind = CHECK_ERROR_RATE, .max = 0.05 } };
static const Plan plan = { .steps = steps, .n_steps = 1, .checks = checks, .n_checks = 1 };

static void expect_json(const Finding *f, const char *expected) {
        _cleanup_(buf_done) Buf out = BUF_INIT(4096);

        json_write_open(&out, NULL, '{');
        finding_write_json(&out, f, &plan);
        json_write_close(&out, '}');
        EXPECT_STR(buf_text(&out), expected);
}

TEST(each_kind_has_its_numbers) {
        Finding f = { .level = FINDING_OK, .kind = FINDING_ALIAS };

        expect_json(&f, "{\"level\":\"ok\",\"finding\":\"alias\"}");
        f = (Finding){ .kind = FINDING_TRAFFIC, .rate = 12, .span = 3 * USEC_PER_HOUR };
        expect_json(&f, "{\"level\":\"ok\",\"finding\":\"traffic\",\"requests_per_minute\":12,\"span_seconds\":10800}");
        f = (Finding){ .level = FINDING_WARN,
                .kind = FINDING_EVIDENCE,
                .rate = 12,
                .need = 41 * USEC_PER_MINUTE,
                .more = 2 };
        expect_json(&f,
                        "{\"level\":\"warn\",\"finding\":\"evidence\",\"requests_per_minute\":12,\"step\":1,\"weight\":5,"
                        "\"hold_seconds\":600,\"need_seconds\":2460,\"more_steps\":2}");
        f = (Finding){ .level = FINDING_WARN,
                .kind = FINDING_THRESHOLD,
                .value = 0.25,
                .crossed = 1,
                .buckets = 9,
                .span = USEC_PER_MINUTE };
        expect_json(&f,
                        "{\"level\":\"warn\",\"finding\":\"threshold\",\"check\":\"failing\",\"limit\":0.05,\"value\":0.25,"
                        "\"buckets\":9,\"buckets_crossed\":1,\"span_seconds\":60}");
}

TEST(never_has_no_number) {
        Finding f = { .level = FINDING_WARN, .kind = FINDING_EVIDENCE, .need = USEC_INFINITY };

        expect_json(&f, "{\"level\":\"warn\",\"finding\":\"evidence\",\"step\":1,\"weight\":5,\"hold_seconds\":600}");
        f.step = 7;
        expect_json(&f, "{\"level\":\"warn\",\"finding\":\"evidence\"}");
        f = (Finding){ .level = FINDING_WARN, .kind = FINDING_METRICS, .check = 1 };
        expect_json(&f, "{\"level\":\"warn\",\"finding\":\"metrics\"}");
}

TEST(a_bad_alarm_is_named) {
        Finding f = { .level = FINDING_REFUSE, .kind = FINDING_ALARMS };

        expect_json(&f, "{\"level\":\"refuse\",\"finding\":\"alarms\",\"check\":\"failing\"}");
        f.level = FINDING_OK;
        expect_json(&f, "{\"level\":\"ok\",\"finding\":\"alarms\"}");
}
