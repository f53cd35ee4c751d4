#include "base/usec.h"
#include "unit/core/drive.h"

TEST(a_step_begins_when_its_weight_is_confirmed) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to(d, PHASE_SHIFTING);
        EXPECT_INT(d->state->step_age, 0);
        EXPECT_INT(d->alias_effect.write.route.weight, 500);
        drive_reply(d);
        EXPECT(d->state->step_age != 0);
        EXPECT(drive_report(d, REPORT_WEIGHT_SET));
        EXPECT_STR(drive_report(d, REPORT_WEIGHT_SET)->request_id, "req-1");
}

TEST(time_alone_is_not_enough) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->new_requests = 0;
        drive_to_hold(d, 0);
        for (unsigned i = 0; i < 60; i++) {
                drive_tick(d);
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
        }
        EXPECT_INT(d->state->step, 0);
        EXPECT_INT(d->state->phase, PHASE_SHIFTING);
        EXPECT_INT(drive_target(d)->judge.checks[0].cause, CAUSE_NO_DATA);
}

TEST(holding_is_said_once_per_cause) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        unsigned said = 0;

        d->new_requests = 0;
        drive_to_hold(d, 0);
        for (unsigned i = 0; i < 60; i++) {
                drive_tick(d);
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
                said += drive_report(d, REPORT_HOLDING) != NULL;
        }
        EXPECT_INT(said, 1);
}

static const Report *poll_once(Drive *d) {
        drive_tick(d);
        if (d->poll_effect.op_id != 0)
                drive_metrics(d);
        return drive_report(d, REPORT_HOLDING);
}

/* Every step that is held for less than data takes to settle. */
TEST(data_that_settles_as_expected_is_not_worth_a_word) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        bool has_waited = false;

        d->steps[0].hold = USEC_PER_MINUTE;
        drive_to_hold(d, 0);
        while (d->state->step == 0) {
                EXPECT(!poll_once(d));
                has_waited |= d->state->step == 0 &&
                                d->state->age >= d->state->step_age + 2 * d->steps[0].hold &&
                                drive_target(d)->judge.checks[0].cause == CAUSE_UNSETTLED;
        }
        EXPECT(has_waited);
}

TEST(data_that_settles_late_is) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        const Report *r = NULL;

        d->new_requests = 0;
        drive_to_hold(d, 0);
        for (unsigned i = 0; i < 60; i++)
                (void) poll_once(d);
        d->new_requests = 1000;
        while (d->state->step == 0 && !r)
                r = poll_once(d);
        EXPECT(r);
        EXPECT_INT(r->cause, CAUSE_UNSETTLED);
}

TEST(evidence_alone_is_not_enough) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to_hold(d, 0);
        for (unsigned i = 0; i < 16; i++) { /* eight minutes of the ten */
                drive_tick(d);
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
        }
        EXPECT_INT(drive_target(d)->judge.checks[0].verdict, VERDICT_HEALTHY);
        EXPECT_INT(d->state->step, 0);
}

TEST(min_requests_holds_a_step) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->steps[0].min_requests = 2000; /* twenty settled minutes */
        drive_to_hold(d, 1);
        EXPECT(drive_target(d)->judge.all_new.invocations >= 2000);
}

TEST(a_plan_without_checks_goes_by_time) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->plan.n_checks = 0;
        d->plan.checks_none = true;
        drive_to(d, PHASE_SUCCEEDED);
        EXPECT_INT(d->poll_effect.op_id, 0); /* nothing was ever read from CloudWatch */
        EXPECT(d->state->age >= 25 * USEC_PER_MINUTE && d->state->age < 26 * USEC_PER_MINUTE);
}

TEST(no_steps_means_all_at_once) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->plan.n_steps = 0;
        drive_to(d, PHASE_BAKING);
        EXPECT_INT(d->alias.revision, 2);
        EXPECT_INT(d->alias.route.primary, 42);
}

TEST(promotion_is_read_back) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to(d, PHASE_PROMOTING);
        EXPECT_INT(d->alias_effect.write.route.primary, 42);
        EXPECT_INT(d->alias_effect.write.route.extra, 0);
        drive_reply(d);
        EXPECT_INT(d->state->phase, PHASE_PROMOTING);
        EXPECT_INT(d->alias_effect.kind, ACTION_READ_ALIAS);
        drive_reply(d);
        EXPECT_INT(d->state->phase, PHASE_BAKING);
        EXPECT(drive_report(d, REPORT_PROMOTED));
}

TEST(no_bake_ends_with_the_promotion) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->plan.bake = 0;
        drive_to(d, PHASE_PROMOTING);
        drive_reply(d);
        drive_reply(d);
        EXPECT_INT(d->state->phase, PHASE_SUCCEEDED);
}

TEST(a_stale_read_back_is_read_again) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Event stale = { .kind = EVENT_ALIAS_READ };
        char revision[REVISION_SIZE];

        drive_to(d, PHASE_PROMOTING);
        drive_reply(d);
        stale.op_id = d->alias_effect.op_id;
        fake_alias_show(&d->alias, FAKE_PREVIOUS, &stale, revision);
        EXPECT_OK(drive_event(d, &stale));
        EXPECT_INT(d->state->phase, PHASE_PROMOTING);
        drive_reply(d);
        EXPECT_INT(d->state->phase, PHASE_BAKING);
}

TEST(catching_up_comes_before_going_on) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->plan.period = USEC_PER_SEC;
        d->plan.settled_after = 0;
        drive_to_hold(d, 0);
        drive_wait(d, 4 * USEC_PER_HOUR); /* more buckets than one reading may span */
        drive_resume(d);
        drive_reply(d);
        drive_metrics(d);
        EXPECT_INT(d->state->step, 0);
        EXPECT(d->poll_effect.op_id != 0); /* the rest, at once */
        drive_metrics(d);
        EXPECT_INT(d->state->step, 1);
}

/* The clock turns out to have been ahead after the metrics had passed, and before the alarms do. */
TEST(no_step_is_left_on_metrics_that_the_clock_puts_in_doubt) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->plan.n_checks = 2;
        d->checks[1] = (PlanCheck){ .name = "alarm", .kind = CHECK_ALARM, .min_requests = 1, .alarm = "a" };
        drive_to_hold(d, 0);
        d->now.wall += 4 * USEC_PER_MINUTE;
        while (d->state->age < d->state->step_age + d->steps[0].hold || d->alarm_effect.op_id == 0 ||
                        drive_target(d)->judge.read_age < d->state->step_age + d->steps[0].hold) {
                EXPECT_INT(d->state->step, 0);
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
                else if (d->alarm_effect.op_id != 0 && d->state->age < d->state->step_age + d->steps[0].hold)
                        drive_alarms(d);
                else
                        drive_tick(d);
        }
        d->now.wall -= 4 * USEC_PER_MINUTE;
        drive_alarms(d);
        EXPECT_INT(d->state->step, 0);
        drive_to(d, PHASE_SUCCEEDED);
}
