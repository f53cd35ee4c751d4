#include "base/usec.h"
#include "core/target.h"
#include "unit/core/drive.h"

TEST(a_poll_that_never_ends_is_blindness) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        usec_t since;

        drive_to_hold(d, 0);
        while (d->poll_effect.op_id == 0)
                drive_tick(d);
        since = d->now.mono;
        drive_tick(d);
        EXPECT_INT(d->state->phase, PHASE_ROLLING_BACK);
        EXPECT_INT(d->state->reason, REASON_BLIND);
        EXPECT(d->now.mono - since <= d->plan.max_blind);
        drive_to(d, PHASE_ROLLED_BACK);
}

TEST(buckets_settle_by_the_time_of_the_question) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        const JudgeState *j = &drive_target(d)->judge;

        drive_to_hold(d, 0);
        while (d->poll_effect.op_id == 0)
                drive_tick(d);
        EXPECT(d->now.wall < j->exposed_since + 2 * USEC_PER_MINUTE);
        drive_wait(d, 9 * USEC_PER_MINUTE); /* page after page */
        drive_metrics(d);
        EXPECT_INT(j->folded_until, j->exposed_since);
}

TEST(polls_keep_to_the_grid) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to_hold(d, 0);
        drive_tick(d);
        EXPECT_INT(d->now.wall % (30 * USEC_PER_SEC), 0);
        EXPECT_INT(d->poll_effect.kind, ACTION_READ_METRICS);
        EXPECT_INT(d->poll_effect.metrics.from % USEC_PER_MINUTE, 0);
}

/* Many rollouts fail in one call, and go in one call again. */
TEST(a_poll_that_failed_keeps_to_a_grid_of_its_own) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        const TargetState *t = drive_target(d);

        d->plan.max_blind = USEC_PER_HOUR;
        d->plan.every = 5 * USEC_PER_MINUTE;
        drive_to_hold(d, 0);
        for (unsigned i = 0; i < 8; i++) {
                while (d->poll_effect.op_id == 0)
                        drive_tick(d);
                drive_wait(d, 1234567);
                drive_blind(d, FAULT_TRANSIENT);
                EXPECT(t->next_poll > d->state->age);
                EXPECT_INT((d->now.wall + t->next_poll - d->state->age) % USEC_PER_SEC, 0);
        }
}

/* Instead of the rate, or beside it. */
static Drive *drive_with_alarm(bool alone) {
        Drive *d = drive_new();
        uint32_t i = alone ? 0 : 1;

        d->checks[i] = (PlanCheck){
                .name = "alarm", .kind = CHECK_ALARM, .min_requests = 1, .alarm = "checkout-5xx"
        };
        d->plan.n_checks = i + 1;
        return d;
}

TEST(alarms_alone_read_no_metrics) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(true);

        drive_to_hold(d, 0);
        drive_tick(d);
        EXPECT_INT(d->alarm_effect.kind, ACTION_READ_ALARMS);
        EXPECT_INT(d->alarm_effect.lane, LANE_POLL);
        EXPECT_INT(d->poll_effect.op_id, 0);
        EXPECT_INT(d->now.wall % (30 * USEC_PER_SEC), 0);
        drive_to(d, PHASE_SUCCEEDED);
        EXPECT_INT(drive_target(d)->judge.read_age, 0);
}

TEST(a_step_that_wants_requests_reads_metrics_too) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(true);

        d->steps[1].min_requests = 100;
        drive_to_hold(d, 0);
        drive_tick(d);
        EXPECT(d->alarm_effect.op_id != 0 && d->poll_effect.op_id != 0);
        drive_to(d, PHASE_SUCCEEDED);
        EXPECT(drive_target(d)->judge.read_age != 0);
}

TEST(a_ringing_alarm_goes_back_at_once) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(false);
        const Report *r;

        drive_to_hold(d, 0);
        drive_tick(d);
        d->alarm_says = ALARM_SAYS_ALARM;
        drive_alarms(d);
        EXPECT_INT(d->state->phase, PHASE_ROLLING_BACK);
        r = drive_report(d, REPORT_BREACH);
        EXPECT(r && r->check == 1);
        EXPECT_STR(r->error, "Threshold Crossed");
        EXPECT_INT(r->window_start, d->now.wall);
        drive_to(d, PHASE_ROLLED_BACK);
        EXPECT_INT(d->state->reason_check, 1);
}

/* Polls with both, one of them as the test says, until the rollout is on its way back; the span it took. */
static usec_t poll_until_back(Drive *d, Fault metrics, Fault alarms) {
        usec_t since = d->state->age;

        for (unsigned i = 0; i < 500 && d->state->phase == PHASE_SHIFTING; i++) {
                if (d->poll_effect.op_id != 0 && metrics != FAULT_NONE)
                        drive_blind(d, metrics);
                else if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
                else if (d->alarm_effect.op_id != 0 && alarms != FAULT_NONE)
                        drive_alarms_blind(d, alarms);
                else if (d->alarm_effect.op_id != 0)
                        drive_alarms(d);
                else
                        drive_tick(d);
        }
        EXPECT_INT(d->state->phase, PHASE_ROLLING_BACK);
        return d->state->age - since;
}

TEST(one_that_fails_blinds_though_the_other_is_seen) {
        for (int which = 0; which < 2; which++) {
                _cleanup_(drive_freep) Drive *d = drive_with_alarm(false);
                usec_t took;

                drive_to_hold(d, 0);
                took = poll_until_back(
                                d, which ? FAULT_NONE : FAULT_DENIED, which ? FAULT_DENIED : FAULT_NONE);
                EXPECT(took >= d->plan.max_blind && took < d->plan.max_blind + 2 * USEC_PER_MINUTE);
                EXPECT_INT(d->state->reason, REASON_BLIND);
                EXPECT_INT(d->state->reason_check, which ? 1 : 2);
                EXPECT_INT(drive_report(d, REPORT_ROLLBACK_STARTED)->cause, CAUSE_DENIED);
        }
}

TEST(one_that_is_seen_breaches_though_the_other_fails) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(false);

        drive_to_hold(d, 0);
        drive_tick(d);
        drive_blind(d, FAULT_TRANSIENT);
        EXPECT_INT(d->state->phase, PHASE_SHIFTING);
        d->alarm_says = ALARM_SAYS_ALARM;
        drive_alarms(d);
        EXPECT_INT(d->state->phase, PHASE_ROLLING_BACK);
        EXPECT_INT(d->state->reason, REASON_BREACH);
}

TEST(an_alarm_that_vanishes_is_blindness) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(true);
        const Report *r;

        drive_to_hold(d, 0);
        drive_tick(d);
        d->alarm_says = ALARM_SAYS_MISSING;
        drive_alarms(d);
        r = drive_report(d, REPORT_BLIND);
        EXPECT(r && r->check == 0 && r->cause == CAUSE_ALARM_MISSING);
        EXPECT(poll_until_back(d, FAULT_NONE, FAULT_NONE) >= d->plan.max_blind - USEC_PER_MINUTE);
        EXPECT_INT(d->state->reason, REASON_BLIND);
        drive_to(d, PHASE_ROLLED_BACK);
}

TEST(an_alarm_that_cannot_tell_holds) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(true);

        drive_to_hold(d, 0);
        d->alarm_says = ALARM_SAYS_NOTHING;
        for (unsigned i = 0; i < 200; i++)
                if (d->alarm_effect.op_id != 0)
                        drive_alarms(d);
                else
                        drive_tick(d);
        EXPECT_INT(d->state->phase, PHASE_SHIFTING); /* for longer than max_blind */
        EXPECT_INT(d->state->step, 0);
        EXPECT_INT(d->state->holding, 1 + CAUSE_ALARM_INSUFFICIENT);
        d->alarm_says = ALARM_SAYS_OK;
        drive_to(d, PHASE_SUCCEEDED);
}

TEST(an_alarm_reading_that_never_ends_is_blindness) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(true);
        usec_t since;

        drive_to_hold(d, 0);
        while (d->alarm_effect.op_id == 0)
                drive_tick(d);
        since = d->state->age;
        drive_tick(d);
        EXPECT_INT(d->state->phase, PHASE_ROLLING_BACK);
        EXPECT_INT(d->state->reason, REASON_BLIND);
        EXPECT_INT(d->state->age - since, d->plan.max_blind);
        EXPECT(drive_action(d, ACTION_CANCEL)->op_id != 0);
}

TEST(a_check_that_is_refused_is_named_with_the_words) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        const Report *r;

        d->plan.n_checks = 2;
        d->checks[1] = (PlanCheck){
                .name = "slow", .kind = CHECK_DURATION, .max = 800, .min_requests = 1, .stat = "p99"
        };
        drive_to_hold(d, 0);
        drive_tick(d);
        drive_metrics_but(d, 1, FAULT_INVALID);
        r = drive_report(d, REPORT_BLIND);
        EXPECT(r && r->check == 1 && r->cause == CAUSE_REFUSED && r->fault == FAULT_INVALID);
        EXPECT_STR(r->error, "AWS's words");
        EXPECT_STR(drive_target(d)->error, "AWS's words");
        drive_tick(d);
        drive_metrics(d);
        EXPECT(drive_report(d, REPORT_SEEING));
        EXPECT_STR(drive_target(d)->error, "");
        while (d->state->phase == PHASE_SHIFTING) {
                drive_tick(d);
                if (d->poll_effect.op_id != 0)
                        drive_metrics_but(d, 1, FAULT_INVALID);
        }
        EXPECT_INT(d->state->reason, REASON_BLIND);
        EXPECT_INT(d->state->reason_check, 1);
}

/* What it says of itself must not be lost to the good news that it can be read again. */
TEST(an_alarm_that_rings_when_sight_comes_back_says_why) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(true);
        const Report *r;

        drive_to_hold(d, 0);
        drive_tick(d);
        drive_alarms_blind(d, FAULT_TRANSIENT);
        EXPECT_STR(drive_report(d, REPORT_BLIND)->error, "AWS's words");
        drive_tick(d);
        d->alarm_says = ALARM_SAYS_ALARM;
        drive_alarms(d);
        EXPECT(drive_report(d, REPORT_SEEING));
        r = drive_report(d, REPORT_BREACH);
        EXPECT(r);
        EXPECT_STR(r->error, "Threshold Crossed");
}

static void add_duration(Drive *d) {
        d->checks[1] = (PlanCheck){
                .name = "slow", .kind = CHECK_DURATION, .max = 800, .min_requests = 1, .stat = "p99"
        };
        d->plan.n_checks = 2;
}

/* Nothing at all, then all but one check: that one has not been seen since the beginning. */
TEST(a_check_stays_blind_when_the_others_are_seen_again) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        usec_t since;

        add_duration(d);
        drive_to_hold(d, 0);
        drive_tick(d);
        since = d->state->age;
        while (d->state->phase == PHASE_SHIFTING)
                if (d->poll_effect.op_id == 0)
                        drive_tick(d);
                else if (d->state->age - since < d->plan.max_blind - 2 * USEC_PER_MINUTE)
                        drive_blind(d, FAULT_TRANSIENT);
                else
                        drive_metrics_but(d, 1, FAULT_INVALID);
        EXPECT_INT(d->state->reason, REASON_BLIND);
        EXPECT_INT(d->state->reason_check, 1);
        EXPECT(d->state->age - since < d->plan.max_blind + USEC_PER_MINUTE);
}

/* The words are those of the check that is named, in whatever order they come. */
TEST(the_words_are_of_the_check_that_is_named) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        CheckFault faults[] = { { .check = 2, .fault = FAULT_THROTTLED, .error = "of the third" },
                { .check = 1, .fault = FAULT_INVALID, .error = "of the second" } };
        Event e = { .kind = EVENT_METRICS_READ, .check_faults = faults, .n_check_faults = 2 };
        const Report *r;

        add_duration(d);
        d->checks[2] = d->checks[1];
        d->checks[2].name = "slower";
        d->plan.n_checks = 3;
        drive_to_hold(d, 0);
        drive_tick(d);
        e.op_id = d->poll_effect.op_id;
        EXPECT_OK(drive_event(d, &e));
        r = drive_report(d, REPORT_BLIND);
        EXPECT(r && r->check == 1 && r->cause == CAUSE_REFUSED && r->fault == FAULT_INVALID);
        EXPECT_STR(r->error, "of the second");
}

/* What is asked for once in a long while was read all the same. */
TEST(seldom_is_not_blind) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(false);
        Event tick = { .kind = EVENT_TICK };

        d->plan.every = USEC_PER_HOUR;
        d->steps[0].hold = 3 * USEC_PER_HOUR;
        drive_to_hold(d, 0);
        drive_wait(d, d->plan.max_blind + USEC_PER_SEC);
        EXPECT_OK(drive_event(d, &tick));
        EXPECT_INT(d->state->phase, PHASE_SHIFTING);
        EXPECT(!drive_report(d, REPORT_BLIND));
}

TEST(one_reading_at_a_time) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(false);
        Event tick = { .kind = EVENT_TICK };
        uint64_t poll, alarms;

        drive_to_hold(d, 0);
        drive_tick(d);
        poll = d->poll_effect.op_id;
        alarms = d->alarm_effect.op_id;
        drive_wait(d, 2 * d->plan.every);
        EXPECT_OK(drive_event(d, &tick));
        EXPECT(d->poll_effect.op_id == poll && d->alarm_effect.op_id == alarms);
        drive_alarms(d); /* the next was due meanwhile */
        EXPECT(d->alarm_effect.op_id != 0);
}

TEST(what_fails_is_asked_for_again_soon) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(false);
        TargetState *t = drive_target(d);

        drive_to_hold(d, 0);
        drive_tick(d);
        drive_blind(d, FAULT_TRANSIENT);
        drive_alarms_blind(d, FAULT_TRANSIENT);
        EXPECT(t->next_poll <= d->state->age + USEC_PER_SEC);
        EXPECT(t->next_alarms <= d->state->age + USEC_PER_SEC);
        EXPECT(t->poll_op.attempt == 1 && t->alarm_op.attempt == 1);
        while (d->poll_effect.op_id == 0 || d->alarm_effect.op_id == 0)
                drive_tick(d);
        drive_metrics(d);
        drive_alarms(d);
        EXPECT(t->poll_op.attempt == 0 && t->poll_op.fault == FAULT_NONE);
        EXPECT(t->alarm_op.attempt == 0 && t->alarm_op.fault == FAULT_NONE);
}

/* The words on something else are not those on an alarm that is gone. */
TEST(a_missing_alarm_has_no_words) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(true);

        drive_to_hold(d, 0);
        drive_tick(d);
        memcpy(drive_target(d)->error, "of long ago", sizeof("of long ago"));
        d->alarm_says = ALARM_SAYS_MISSING;
        drive_alarms(d);
        EXPECT_STR(drive_report(d, REPORT_BLIND)->error, "");
}

TEST(sight_leaves_the_words_on_a_write_that_fails) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(true);

        drive_to(d, PHASE_SHIFTING);
        drive_alarms_blind(d, FAULT_TRANSIENT);
        drive_refuse(d, FAULT_CREDENTIALS);
        memcpy(drive_target(d)->error, "of the write", sizeof("of the write"));
        while (d->alarm_effect.op_id == 0)
                drive_tick(d);
        drive_alarms(d);
        EXPECT(drive_report(d, REPORT_SEEING));
        EXPECT_STR(drive_target(d)->error, "of the write");
}

/* Asked for when the weight was on its way: good news of that time says nothing of the step. */
TEST(alarms_of_before_the_step_prove_nothing) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(true);
        const JudgeState *j = &drive_target(d)->judge;

        drive_to(d, PHASE_SHIFTING);
        drive_wait(d, USEC_PER_SEC);
        drive_alarms(d);
        EXPECT_INT(j->checks[0].verdict, VERDICT_UNKNOWN);
        while (d->alarm_effect.op_id == 0)
                drive_tick(d);
        drive_wait(d, USEC_PER_SEC);
        drive_reply(d);
        EXPECT(d->state->step_age != 0);
        drive_alarms(d);
        EXPECT_INT(j->checks[0].verdict, VERDICT_UNKNOWN);
        EXPECT(d->alarm_effect.op_id != 0); /* asked for anew, at once */
        drive_alarms(d);
        EXPECT_INT(j->checks[0].verdict, VERDICT_HEALTHY);
}

TEST(a_step_begins_with_a_look_at_the_alarms) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(true);

        drive_to(d, PHASE_SHIFTING);
        drive_alarms(d);
        EXPECT_INT(d->alarm_effect.op_id, 0);
        drive_wait(d, USEC_PER_SEC);
        drive_reply(d);
        EXPECT(d->alarm_effect.op_id != 0);
}

/* What was outstanding died with the process. */
TEST(a_restart_asks_for_both_anew) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(false);

        drive_to_hold(d, 0);
        drive_tick(d);
        EXPECT(d->poll_effect.op_id != 0 && d->alarm_effect.op_id != 0);
        drive_resume(d);
        EXPECT(d->poll_effect.op_id != 0 && d->alarm_effect.op_id != 0);
        drive_metrics(d);
        drive_alarms(d);
        drive_wait(d, USEC_PER_SEC); /* and not due for long */
        drive_resume(d);
        EXPECT(d->poll_effect.op_id != 0 && d->alarm_effect.op_id != 0);
        drive_to(d, PHASE_SUCCEEDED);
}

/* Both were read after the hold, one of them by another life of the daemon. */
TEST(a_restart_forgets_that_alarms_were_fine) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(false);
        usec_t end;

        drive_to_hold(d, 0);
        end = d->state->step_age + d->steps[0].hold;
        while (d->state->age < end || drive_target(d)->judge.alarms_age < end)
                if (d->alarm_effect.op_id != 0)
                        drive_alarms(d);
                else if (d->poll_effect.op_id != 0 && d->state->age < end)
                        drive_metrics(d);
                else
                        drive_tick(d);
        EXPECT_INT(d->state->step, 0);
        drive_resume(d);
        drive_reply(d);
        drive_metrics(d);
        EXPECT_INT(d->state->step, 0);
        drive_alarms(d);
        EXPECT_INT(d->state->step, 1);
}
