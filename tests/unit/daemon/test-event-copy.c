#include "daemon/event-copy.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "lib/fault.h"
#include "lib/test.h"

TEST(a_copy_outlives_everything_it_was_made_of) {
        MetricRow rows[2] = { { .start = 60, .new_version = { .invocations = 7 } }, { .start = 120 } };
        MetricValue values[1] = { { .start = 60, .check = 3, .value = 812.5 } };
        char request_id[] = "req-1", error[] = "Rate exceeded", revision[] = "r-1", code_sha[] = "47DEQ",
             state_words[] = "no memory", role[] = "a", dead_letter[] = "b";
        _cleanup_(event_copy_freep) EventCopy *c = NULL;
        Event event = { .kind = EVENT_METRICS_READ,
                .target = 2,
                .op_id = 9,
                .fault = FAULT_THROTTLED,
                .retry_after = 5,
                .request_id = request_id,
                .error = error,
                .revision = revision,
                .code_sha = code_sha,
                .state_words = state_words,
                .role_arn = role,
                .dead_letter_arn = dead_letter,
                .route = { .primary = 41 },
                .rows = rows,
                .n_rows = 2,
                .values = values,
                .n_values = 1 };

        EXPECT_OK(event_copy_new(&event, &c));
        memset(rows, 0xff, sizeof(rows));
        memset(values, 0xff, sizeof(values));
        memset(request_id, 'x', sizeof(request_id) - 1);
        memset(error, 'x', sizeof(error) - 1);
        memset(revision, 'x', sizeof(revision) - 1);
        memset(code_sha, 'x', sizeof(code_sha) - 1);
        memset(state_words, 'x', sizeof(state_words) - 1);
        role[0] = dead_letter[0] = 'x';
        EXPECT_INT(c->event.kind, EVENT_METRICS_READ);
        EXPECT_INT(c->event.target, 2);
        EXPECT_INT(c->event.op_id, 9);
        EXPECT_INT(c->event.route.primary, 41);
        EXPECT_STR(c->event.request_id, "req-1");
        EXPECT_STR(c->event.error, "Rate exceeded");
        EXPECT_STR(c->event.revision, "r-1");
        EXPECT_STR(c->event.code_sha, "47DEQ");
        EXPECT_STR(c->event.state_words, "no memory");
        EXPECT_STR(c->event.role_arn, "a");
        EXPECT_STR(c->event.dead_letter_arn, "b");
        EXPECT_INT(c->event.rows[0].start, 60);
        EXPECT_NEAR(c->event.rows[0].new_version.invocations, 7, 0);
        EXPECT_INT(c->event.rows[1].start, 120);
        EXPECT_INT(c->event.values[0].check, 3);
        EXPECT_NEAR(c->event.values[0].value, 812.5, 0);
}

TEST(words_on_checks_and_alarms_are_copied_too) {
        char words[] = "no such stat", reason[] = "Threshold Crossed";
        CheckFault faults[] = { { .check = 1, .fault = FAULT_INVALID, .error = words },
                { .check = 2, .fault = FAULT_DENIED } };
        AlarmReading alarms[] = { { .check = 3, .says = ALARM_SAYS_OK },
                { .check = 4, .says = ALARM_SAYS_ALARM, .since = 60, .reason = reason } };
        _cleanup_(event_copy_freep) EventCopy *c = NULL;
        Event event = { .kind = EVENT_METRICS_READ,
                .check_faults = faults,
                .n_check_faults = 2,
                .alarms = alarms,
                .n_alarms = 2 };

        EXPECT_OK(event_copy_new(&event, &c));
        memset(faults, 0xff, sizeof(faults));
        memset(alarms, 0xff, sizeof(alarms));
        memset(words, 'x', sizeof(words) - 1);
        memset(reason, 'x', sizeof(reason) - 1);
        EXPECT_INT(c->event.check_faults[0].check, 1);
        EXPECT_STR(c->event.check_faults[0].error, "no such stat");
        EXPECT_INT(c->event.check_faults[1].fault, FAULT_DENIED);
        EXPECT(!c->event.check_faults[1].error);
        EXPECT_INT(c->event.alarms[0].says, ALARM_SAYS_OK);
        EXPECT(!c->event.alarms[0].reason);
        EXPECT_INT(c->event.alarms[1].since, 60);
        EXPECT_STR(c->event.alarms[1].reason, "Threshold Crossed");
}

TEST(an_event_without_anything_attached) {
        _cleanup_(event_copy_freep) EventCopy *c = NULL;

        EXPECT_OK(event_copy_new(&(Event){ .kind = EVENT_TICK }, &c));
        EXPECT_INT(c->event.kind, EVENT_TICK);
        EXPECT(!c->event.request_id && !c->event.error && !c->event.revision && !c->event.rows);
}

TEST(out_of_memory) {
        EventCopy *c = NULL;

        fault_arm(1);
        EXPECT_INT(event_copy_new(&(Event){ .kind = EVENT_TICK }, &c), -ENOMEM);
        EXPECT(fault_struck());
        EXPECT(!c);
}
