#include "core/trace.h"

#include "base/usec.h"
#include "unit/core/drive.h"

#define EXPECT_ROUND_TRIP(noun, type, count)                                   \
        for (int i = 0; i < (count); i++) {                                    \
                EXPECT(strcmp(noun##_to_string((type) i), "?") != 0);          \
                EXPECT_INT(noun##_from_string(noun##_to_string((type) i)), i); \
        }                                                                      \
        EXPECT_STR(noun##_to_string((type) (count)), "?");                     \
        EXPECT_INT(noun##_from_string("nonsense"), -EINVAL)

TEST(names_both_ways) {
        EXPECT_ROUND_TRIP(phase, Phase, PHASE_COUNT);
        EXPECT_ROUND_TRIP(stage, Stage, STAGE_COUNT);
        EXPECT_ROUND_TRIP(verdict, Verdict, VERDICT_COUNT);
        EXPECT_ROUND_TRIP(cause, Cause, CAUSE_COUNT);
        EXPECT_ROUND_TRIP(fault, Fault, FAULT_COUNT);
        EXPECT_ROUND_TRIP(reason, Reason, REASON_COUNT);
        EXPECT_ROUND_TRIP(report_kind, ReportKind, REPORT_KIND_COUNT);
        EXPECT_ROUND_TRIP(check_kind, CheckKind, CHECK_KIND_COUNT);
        for (int i = 0; i < EVENT_KIND_COUNT; i++)
                EXPECT(strcmp(event_kind_to_string((EventKind) i), "?") != 0);
        for (int i = 0; i < ACTION_KIND_COUNT; i++)
                EXPECT(strcmp(action_kind_to_string((ActionKind) i), "?") != 0);
}

TEST(weights) {
        char text[16];

        weight_format(500, text);
        EXPECT_STR(text, "5 %");
        weight_format(50, text);
        EXPECT_STR(text, "0.5 %");
        weight_format(25, text);
        EXPECT_STR(text, "0.25 %");
        weight_format(WEIGHT_FULL, text);
        EXPECT_STR(text, "100 %");
}

TEST(values) {
        PlanCheck check = { .kind = CHECK_ERROR_RATE };
        char text[32];

        check_value_format(&check, 0.0813, text);
        EXPECT_STR(text, "8.13 %");
        check.kind = CHECK_DURATION;
        check_value_format(&check, 812, text);
        EXPECT_STR(text, "812 ms");
        check.kind = CHECK_ERRORS;
        check_value_format(&check, 3, text);
        EXPECT_STR(text, "3");
}

/* The golden trace of a whole rollout: what was asked for, in order. */
TEST(golden_trace) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        char text[TRACE_TEXT_MAX], all[4096] = "";
        size_t used = 0;

        drive_start(d);
        for (unsigned i = 0; i < 5; i++) {
                for (size_t n = 0; n < d->actions->n; n++) {
                        if (d->actions->items[n].kind == ACTION_READ_METRICS)
                                continue;
                        trace_action_format(&d->actions->items[n], &d->plan, text);
                        used += (size_t) snprintf(all + used, sizeof(all) - used, "%s\n", text);
                }
                drive_reply(d);
        }
        EXPECT_STR(all,
                        "persist\n"
                        "report 1 started: checkout:live preflight for version 42\n"
                        "read-alias target=0 op=1\n"
                        "read-concurrency target=0 op=2\n"
                        "read-version target=0 op=3 version=41\n"
                        "read-version target=0 op=4 version=42\n"
                        "persist\n"
                        "report 2 finding: checkout:live: 889 requests/min in the last 3 h\n"
                        "report 3 preflight-passed: checkout:live preflight passed: version 41 -> 42 in 2 steps, then 100 %\n"
                        "report 4 weight-intent: checkout:live about to go from 0 % to 5 % on version 42\n"
                        "write-alias target=0 op=6 route=41/42@500 revision=rev-1\n");
}

TEST(events) {
        char text[TRACE_TEXT_MAX];
        Event e = { .kind = EVENT_ALIAS_READ, .op_id = 7, .route = { .primary = 41 }, .revision = "r1" };

        trace_event_format(&e, text);
        EXPECT_STR(text, "alias-read target=0 op=7 fault=none route=41/0@0 revision=r1");
        e.fault = FAULT_THROTTLED;
        trace_event_format(&e, text);
        EXPECT_STR(text, "alias-read target=0 op=7 fault=throttled");
        e = (Event){ .kind = EVENT_TICK };
        trace_event_format(&e, text);
        EXPECT_STR(text, "tick");
}

TEST(alarms_and_cancels) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Action a = { .kind = ACTION_READ_ALARMS, .op_id = 7, .lane = LANE_POLL };
        Event e = { .kind = EVENT_ALARMS_READ, .op_id = 7, .n_alarms = 2 };
        PlanCheck alarm = { .kind = CHECK_ALARM };
        char text[TRACE_TEXT_MAX], value[32] = "x";

        trace_action_format(&a, &d->plan, text);
        EXPECT_STR(text, "read-alarms target=0 op=7");
        a.kind = ACTION_CANCEL;
        trace_action_format(&a, &d->plan, text);
        EXPECT_STR(text, "cancel target=0 op=7");
        trace_event_format(&e, text);
        EXPECT_STR(text, "alarms-read target=0 op=7 fault=none alarms=2");
        check_value_format(&alarm, 1, value);
        EXPECT_STR(value, "");
}
