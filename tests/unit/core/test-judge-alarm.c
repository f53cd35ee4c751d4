#include "core/judge.h"

#include "base/usec.h"
#include "unit/core/drive.h"

#define ASKED 77
#define SINCE (1700000040 * USEC_PER_SEC)

/* A rate, and two alarms. */
static void make_plan(Drive *d) {
        d->checks[1] = (PlanCheck){ .name = "5xx", .kind = CHECK_ALARM, .min_requests = 1, .alarm = "a" };
        d->checks[2] = (PlanCheck){ .name = "lag", .kind = CHECK_ALARM, .min_requests = 1, .alarm = "b" };
        d->plan.n_checks = 3;
}

static JudgeState take(const Drive *d, JudgeState j, AlarmSays first, AlarmSays second, bool in_step) {
        AlarmReading alarms[] = {
                { .check = 2, .says = second, .since = SINCE + 1 },
                { .check = 1, .says = first, .since = SINCE },
        };
        Event e = { .kind = EVENT_ALARMS_READ, .alarms = alarms, .n_alarms = ELEMENTSOF(alarms) };

        j.alarms_asked = ASKED;
        judge_take_alarms(&j, &d->plan, &e, in_step);
        return j;
}

static usec_t blind_since(const Drive *d, const JudgeState *j) {
        uint32_t check;
        Cause cause;

        return judge_blind_since(j, &d->plan, &check, &cause);
}

TEST(ok_is_healthy_once_the_step_began) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        JudgeState j = { 0 };

        make_plan(d);
        j = take(d, j, ALARM_SAYS_OK, ALARM_SAYS_OK, false);
        EXPECT_INT(j.checks[1].verdict, VERDICT_UNKNOWN);
        EXPECT_INT(j.checks[1].cause, CAUSE_NOT_READ);
        j = take(d, j, ALARM_SAYS_OK, ALARM_SAYS_OK, true);
        EXPECT_INT(j.checks[1].verdict, VERDICT_HEALTHY);
        EXPECT_INT(j.checks[2].verdict, VERDICT_HEALTHY);
        EXPECT_INT(j.checks[2].window_start, SINCE + 1);
        EXPECT_INT(j.alarms_age, ASKED);
        EXPECT_INT(j.checks[0].verdict, VERDICT_UNKNOWN); /* not an alarm's to say */
        EXPECT_INT(blind_since(d, &j), 0);
}

TEST(ringing_is_a_breach_whenever_it_was_read) {
        for (int in_step = 0; in_step < 2; in_step++) {
                _cleanup_(drive_freep) Drive *d = drive_new();
                JudgeState j = { 0 };
                uint32_t check = 9;

                make_plan(d);
                j = take(d, j, ALARM_SAYS_OK, ALARM_SAYS_ALARM, in_step == 1);
                EXPECT(judge_breached(&j, &d->plan, &check));
                EXPECT_INT(check, 2);
        }
}

TEST(an_alarm_that_cannot_tell_is_unknown_and_seen) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        JudgeState j = { 0 };

        make_plan(d);
        j = take(d, j, ALARM_SAYS_NOTHING, ALARM_SAYS_OK, true);
        EXPECT_INT(j.checks[1].verdict, VERDICT_UNKNOWN);
        EXPECT_INT(j.checks[1].cause, CAUSE_ALARM_INSUFFICIENT);
        EXPECT_INT(blind_since(d, &j), 0);
}

TEST(a_missing_alarm_is_blindness_since_it_was_first_missed) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        JudgeState j = { 0 };

        make_plan(d);
        j = take(d, j, ALARM_SAYS_MISSING, ALARM_SAYS_OK, true);
        EXPECT_INT(j.checks[1].cause, CAUSE_ALARM_MISSING);
        j.checks[1].blind_since = 5;
        j = take(d, j, ALARM_SAYS_MISSING, ALARM_SAYS_OK, true);
        EXPECT_INT(blind_since(d, &j), 5);
        j = take(d, j, ALARM_SAYS_OK, ALARM_SAYS_OK, true);
        EXPECT_INT(blind_since(d, &j), 0);
}

TEST(a_failed_reading_blinds_alarms_and_nothing_else) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        JudgeState j = { 0 };

        make_plan(d);
        j = take(d, j, ALARM_SAYS_OK, ALARM_SAYS_OK, true);
        j.checks[0].verdict = VERDICT_HEALTHY;
        judge_take_alarms_failure(&j, &d->plan, CAUSE_DENIED, 80);
        judge_take_alarms_failure(&j, &d->plan, CAUSE_THROTTLED, 90);
        EXPECT_INT(j.checks[0].verdict, VERDICT_HEALTHY);
        EXPECT_INT(j.checks[1].verdict, VERDICT_UNKNOWN);
        EXPECT_INT(j.checks[1].cause, CAUSE_THROTTLED);
        EXPECT_INT(j.blind_since, 0);
        EXPECT_INT(blind_since(d, &j), 80);
        judge_take_failure(&j, &d->plan, CAUSE_CLOCK, 95); /* of metrics: alarms say what they said */
        EXPECT_INT(j.checks[1].cause, CAUSE_THROTTLED);
        EXPECT_INT(j.checks[0].cause, CAUSE_CLOCK);
}

TEST(an_alarm_without_a_reading_is_not_healthy) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Event e = { .kind = EVENT_ALARMS_READ };
        JudgeState j = { .alarms_asked = ASKED };

        make_plan(d);
        judge_take_alarms(&j, &d->plan, &e, true);
        EXPECT_INT(j.checks[1].cause, CAUSE_API_ERROR);
        EXPECT_INT(blind_since(d, &j), ASKED);
        EXPECT(!judge_alarm_of(&e, 1));
}

TEST(a_word_that_nobody_knows_is_not_healthy) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        JudgeState j = { 0 };

        make_plan(d);
        j = take(d, j, (AlarmSays) 99, ALARM_SAYS_OK, true);
        EXPECT_INT(j.checks[1].verdict, VERDICT_UNKNOWN);
        EXPECT_INT(j.checks[1].cause, CAUSE_API_ERROR);
        EXPECT_INT(blind_since(d, &j), ASKED);
}

TEST(metrics_say_nothing_of_alarms) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        CheckFault fault = { .check = 1, .fault = FAULT_INVALID };
        Event e = { .kind = EVENT_METRICS_READ, .check_faults = &fault, .n_check_faults = 1 };
        JudgeState j = { 0 };

        make_plan(d);
        j = take(d, j, ALARM_SAYS_OK, ALARM_SAYS_OK, true);
        judge_take(&j, &d->plan, &e, SINCE);
        EXPECT_INT(j.checks[1].verdict, VERDICT_HEALTHY);
        EXPECT_INT(blind_since(d, &j), 0);
}
