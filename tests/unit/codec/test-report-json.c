#include "lib/test.h"

#include <json-c/json_tokener.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"
#include "codec/report-json.h"
#include "core/trace.h"
#include "lib/fault.h"

#define NOON (UINT64_C(1768478400) * USEC_PER_SEC) /* 2026-01-15T12:00:00Z */

#define HEAD_OF(kind, phase)                                                                          \
        "{\"kind\":\"" kind "\",\"seq\":3,\"time\":\"2026-01-15T12:00:00Z\",\"phase\":\"" phase "\"," \
        "\"plan_sha256\":\"abcd000000000000000000000000000000000000000000000000000000000000\","       \
        "\"function\":\"checkout\",\"alias\":\"live\",\"region\":\"eu-west-1\",\"old_version\":41,"   \
        "\"new_version\":42"

static const PlanTarget target = { .function = "checkout",
        .alias = "live",
        .region = "eu-west-1",
        .to = 42 };
static const PlanStep steps[] = { { .weight = 500, .min_requests = 60 }, { .weight = 2550 } };
static const PlanCheck checks[] = {
        { .name = "failing", .kind = CHECK_ERROR_RATE, .max = 0.05, .min_requests = 1 },
        { .name = "slow", .kind = CHECK_DURATION, .max = 800, .min_requests = 1, .stat = "p99" },
        { .name = "burning", .kind = CHECK_ALARM, .min_requests = 1, .alarm = "checkout-5xx" },
};
static const Plan plan = {
        .name = "shop",
        .targets = &target,
        .n_targets = 1,
        .steps = steps,
        .n_steps = 2,
        .checks = checks,
        .n_checks = 3,
        .sha256 = { 0xab, 0xcd },
};

/* Every member filled, so that one which the kind gives no meaning to would show. */
static Report report_of(ReportKind kind, Phase phase) {
        return (Report){
                .kind = kind,
                .seq = 3,
                .wall = NOON,
                .phase = (uint32_t) phase,
                .step = 1,
                .n_steps = 2,
                .weight_from = 500,
                .weight_to = 2550,
                .version_old = 41,
                .version_new = 42,
                .check = 1,
                .verdict = VERDICT_BREACH,
                .cause = CAUSE_NONE,
                .fault = FAULT_THROTTLED,
                .reason = REASON_BREACH,
                .value = 812.5,
                .limit = 800,
                .samples = 41,
                .window_start = NOON - USEC_PER_MINUTE,
                .window_end = NOON,
                .new_version = { 41, 3 },
                .old_version = { 1140, 0 },
                .next = 1500 * USEC_PER_MSEC,
                .ours = { .primary = 41, .extra = 42, .weight = 500 },
                .seen_wall = NOON - USEC_PER_HOUR,
                .ours_revision = "rev-0",
                .found = { .primary = 43, .extra = 44, .weight = 1000 },
                .revision = "rev-1",
                .request_id = "req-1",
                .error = "Rate exceeded",
        };
}

static void expect(const Report *report, const char *expected) {
        _cleanup_(freep) char *text = NULL;

        EXPECT_OK(report_encode(report, &plan, &text));
        EXPECT_STR(text, expected);
}

TEST(started) {
        Report r = report_of(REPORT_STARTED, PHASE_PREFLIGHT);

        expect(&r, HEAD_OF("started", "preflight") "}");
}

TEST(weight_set) {
        Report r = report_of(REPORT_WEIGHT_SET, PHASE_SHIFTING);

        expect(&r,
                        HEAD_OF("weight-set",
                                        "shifting") ",\"step\":2,\"steps\":3,\"weight_from\":5,\"weight_to\":25.5,"
                                                    "\"next_seconds\":1.5,\"revision\":\"rev-1\","
                                                    "\"aws_request_id\":\"req-1\"}");
}

TEST(breach) {
        Report r = report_of(REPORT_BREACH, PHASE_SHIFTING);

        expect(&r,
                        HEAD_OF("breach",
                                        "shifting") ",\"step\":2,\"steps\":3,\"weight_from\":5,\"weight_to\":25.5,"
                                                    "\"check\":\"slow\",\"metric\":\"duration\",\"stat\":\"p99\","
                                                    "\"value\":812.5,\"limit\":800,\"samples\":41,\"verdict\":\"breach\","
                                                    "\"window_start\":\"2026-01-15T11:59:00Z\","
                                                    "\"window_end\":\"2026-01-15T12:00:00Z\","
                                                    "\"new\":{\"invocations\":41,\"errors\":3},"
                                                    "\"old\":{\"invocations\":1140,\"errors\":0},"
                                                    "\"revision\":\"rev-1\",\"aws_request_id\":\"req-1\"}");
}

TEST(rollback_failing) {
        Report r = report_of(REPORT_ROLLBACK_FAILING, PHASE_ROLLING_BACK);

        expect(&r,
                        HEAD_OF("rollback-failing",
                                        "rolling-back") ",\"step\":2,\"steps\":3,\"weight_from\":5,"
                                                        "\"weight_to\":25.5,\"fault\":\"throttled\","
                                                        "\"error\":\"Rate exceeded\",\"next_seconds\":1.5,"
                                                        "\"revision\":\"rev-1\",\"aws_request_id\":\"req-1\"}");
}

TEST(released) {
        Report r = report_of(REPORT_RELEASED, PHASE_RELEASED);

        r.reason = REASON_FOREIGN;
        expect(&r, HEAD_OF("released", "released") ",\"reason\":\"foreign\"}");
}

TEST(holding_for_requests_of_the_step) {
        Report r = report_of(REPORT_HOLDING, PHASE_SHIFTING);
        _cleanup_(freep) char *text = NULL;

        r.step = 0;
        r.check = 3;
        r.verdict = VERDICT_UNKNOWN;
        r.cause = CAUSE_FEW_SAMPLES;
        EXPECT_OK(report_encode(&r, &plan, &text));
        EXPECT_CONTAINS(text,
                        "\"min_requests\":60,\"samples\":41,\"verdict\":\"unknown\",\"cause\":\"few-samples\"");
        EXPECT(!strstr(text, "\"check\""));
}

TEST(foreign) {
        Report r = report_of(REPORT_FOREIGN, PHASE_SHIFTING);
        _cleanup_(freep) char *text = NULL;

        EXPECT_OK(report_encode(&r, &plan, &text));
        EXPECT_CONTAINS(text,
                        "\"found_version\":43,\"found_extra_version\":44,\"found_extra_weight\":10,"
                        "\"last_version\":41,\"last_extra_version\":42,\"last_extra_weight\":5,"
                        "\"last_revision\":\"rev-0\",\"last_seen\":\"2026-01-15T11:00:00Z\"");
        EXPECT_CONTAINS(text, "\"revision\":\"rev-1\"");
}

/* Each kind is one line of JSON whose first member is its name. */
TEST(all_kinds_are_json) {
        for (unsigned kind = 0; kind < REPORT_KIND_COUNT; kind++) {
                Report r = report_of((ReportKind) kind, PHASE_SHIFTING);
                _cleanup_(freep) char *text = NULL;
                json_object *object, *name;

                EXPECT_OK(report_encode(&r, &plan, &text));
                EXPECT(!strchr(text, '\n'));
                object = json_tokener_parse(text);
                EXPECT(object);
                EXPECT(json_object_object_get_ex(object, "kind", &name));
                EXPECT_STR(json_object_get_string(name), report_kind_to_string((ReportKind) kind));
                json_object_put(object);
        }
}

TEST(words_of_aws_are_made_harmless) {
        Report r = report_of(REPORT_RETRYING, PHASE_SHIFTING);
        _cleanup_(freep) char *text = NULL;

        (void) str_copy(r.error, sizeof(r.error), "\"quoted\" \x1b[31m \xff");
        EXPECT_OK(report_encode(&r, &plan, &text));
        EXPECT_CONTAINS(text, "\"error\":\"\\\"quoted\\\" \\u001b[31m \\ufffd\"");
}

TEST(numbers_out_of_range_of_the_plan) {
        Report r = report_of(REPORT_BREACH, PHASE_SHIFTING);
        _cleanup_(freep) char *text = NULL;

        r.target = r.check = r.step = UINT32_MAX;
        EXPECT_OK(report_encode(&r, &plan, &text));
        EXPECT_CONTAINS(text, "\"step\":3,\"steps\":3");
}

TEST(out_of_memory) {
        Report r = report_of(REPORT_BREACH, PHASE_SHIFTING);

        FAULT_LOOP {
                _cleanup_(freep) char *text = NULL;
                int result = report_encode(&r, &plan, &text);

                if (!fault_struck())
                        break;
                EXPECT_INT(result, -ENOMEM);
                EXPECT(!text);
        }
}

TEST(an_alarm_has_no_value_but_a_reason) {
        Report r = report_of(REPORT_BREACH, PHASE_SHIFTING);
        _cleanup_(freep) char *text = NULL;

        r.check = 2;
        r.reason = REASON_NONE;
        (void) str_copy(r.error, sizeof(r.error), "Threshold Crossed");
        EXPECT_OK(report_encode(&r, &plan, &text));
        EXPECT_CONTAINS(text,
                        "\"check\":\"burning\",\"metric\":\"alarm\",\"alarm\":\"checkout-5xx\","
                        "\"alarm_since\":\"2026-01-15T11:59:00Z\",\"alarm_reason\":\"Threshold Crossed\","
                        "\"verdict\":\"breach\"");
        EXPECT(!strstr(text, "\"value\"") && !strstr(text, "\"limit\"") && !strstr(text, "\"window"));
}

TEST(a_rejection_for_an_alarm_names_it) {
        Report r = report_of(REPORT_REJECTED, PHASE_REJECTED);
        _cleanup_(freep) char *text = NULL;

        r.check = 2;
        r.reason = REASON_ALARM_MISSING;
        r.window_start = 0;
        r.error[0] = '\0';
        EXPECT_OK(report_encode(&r, &plan, &text));
        EXPECT_CONTAINS(text,
                        "\"reason\":\"alarm-missing\",\"check\":\"burning\",\"alarm\":\"checkout-5xx\"");
}

TEST(blindness_names_its_check_and_cause) {
        Report r = report_of(REPORT_BLIND, PHASE_SHIFTING);
        _cleanup_(freep) char *text = NULL, *all = NULL, *back = NULL;

        r.cause = CAUSE_REFUSED;
        EXPECT_OK(report_encode(&r, &plan, &text));
        EXPECT_CONTAINS(text, "\"cause\":\"refused\",\"check\":\"slow\"");
        EXPECT_CONTAINS(text, "\"error\":\"Rate exceeded\"");
        r.check = 3; /* all metrics */
        EXPECT_OK(report_encode(&r, &plan, &all));
        EXPECT(!strstr(all, "\"check\""));
        r = report_of(REPORT_ROLLBACK_STARTED, PHASE_ROLLING_BACK);
        r.reason = REASON_BLIND;
        r.cause = CAUSE_ALARM_MISSING;
        EXPECT_OK(report_encode(&r, &plan, &back));
        EXPECT_CONTAINS(back, "\"cause\":\"alarm-missing\",\"reason\":\"blind\",\"check\":\"slow\"");
}

TEST(a_finding_has_its_numbers) {
        Report r = report_of(REPORT_FINDING, PHASE_PREFLIGHT);

        r.fault = FAULT_NONE;
        r.finding = (Finding){ .level = FINDING_WARN, .kind = FINDING_TRAFFIC, .span = 3 * USEC_PER_HOUR };
        expect(&r, HEAD_OF("finding", "preflight") ",\"level\":\"warn\",\"finding\":\"traffic\",\"span_seconds\":10800}");
}
