#include "base/usec.h"
#include "unit/core/drive.h"

/* The drive begins on Tuesday 2023-11-14 at 22:14 UTC. */
static void window_from(Drive *d, unsigned from, unsigned until) {
        d->plan.window = (PlanWindow){ .days = 0x7f, .from = (uint16_t) from, .until = (uint16_t) until };
}

static void go_on(Drive *d) {
        if (d->alias_effect.op_id != 0)
                drive_reply(d);
        else if (d->poll_effect.op_id != 0)
                drive_metrics(d);
        else
                drive_tick(d);
}

static void drive_to_waiting(Drive *d) {
        for (unsigned i = 0; i < 500 && !drive_report(d, REPORT_WAITING); i++)
                go_on(d);
        EXPECT(drive_report(d, REPORT_WAITING));
}

TEST(nothing_moves_before_its_time) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        RolloutView view;
        char text[TRACE_TEXT_MAX];
        usec_t opens = d->now.wall + 3 * USEC_PER_DAY;

        d->plan.not_before = opens;
        d->plan.deadline = USEC_PER_HOUR; /* which is that of what it does, not of the wait */
        drive_start(d);
        drive_to_waiting(d);
        EXPECT_INT(d->state->phase, PHASE_PREFLIGHT);
        EXPECT(drive_report(d, REPORT_WAITING)->opens == opens);
        EXPECT_INT(d->alias_effect.op_id, 0);
        rollout_view(d->state, &d->plan, &d->now, &view);
        EXPECT_INT(view.wait, WAIT_WINDOW);
        EXPECT(view.left == 3 * USEC_PER_DAY);
        view_format(&view, d->state, &d->plan, text);
        EXPECT_STR(text, "waits until 2023-11-17T22:14:00Z (not_before)");
        for (unsigned i = 0; d->now.wall < opens; i++) {
                EXPECT(i < 3 * 24 * 60);
                drive_tick(d); /* looks at the clock again and again */
                EXPECT(!drive_report(d, REPORT_WAITING));
        }
        EXPECT(d->now.wall == opens);
        /* The alias may have moved meanwhile: preflight once more. */
        EXPECT_INT(d->alias_effect.kind, ACTION_READ_ALIAS);
        drive_to(d, PHASE_SHIFTING);
        drive_to(d, PHASE_SUCCEEDED);
}

TEST(what_changed_in_the_wait_is_found) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        const Route theirs = { .primary = 40 };

        d->plan.not_before = d->now.wall + USEC_PER_HOUR;
        drive_start(d);
        drive_to_waiting(d);
        fake_alias_seize(&d->alias, &theirs);
        drive_to(d, PHASE_REJECTED);
        EXPECT_INT(d->state->reason, REASON_ALIAS_ELSEWHERE);
}

TEST(a_step_waits_for_the_window_and_goes_on_by_itself) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        RolloutView view;
        char text[TRACE_TEXT_MAX];

        window_from(d, 22 * 60, 22 * 60 + 20); /* closes in the first step */
        drive_to_hold(d, 0);
        drive_to_waiting(d);
        EXPECT_INT(d->state->step, 0);
        rollout_view(d->state, &d->plan, &d->now, &view);
        EXPECT_INT(view.wait, WAIT_WINDOW);
        view_format(&view, d->state, &d->plan, text);
        EXPECT_CONTAINS(text, "waits for its window: opens Wed 22:00, in 23h");
        d->plan.deadline = 2 * USEC_PER_DAY;
        for (unsigned i = 0; d->state->step == 0; i++) {
                EXPECT(i < 10000);
                go_on(d);
        }
        EXPECT(d->now.wall % USEC_PER_DAY >= 22 * USEC_PER_HOUR);
        EXPECT(d->now.wall % USEC_PER_DAY < 22 * USEC_PER_HOUR + USEC_PER_MINUTE);
}

TEST(a_promotion_waits_for_the_window_as_well) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        window_from(d, 22 * 60, 22 * 60 + 30); /* closes in the last step */
        d->plan.deadline = 2 * USEC_PER_DAY;
        drive_to_hold(d, 1);
        drive_to_waiting(d);
        EXPECT_INT(d->state->phase, PHASE_SHIFTING);
        EXPECT_INT(d->state->step, 1);
        EXPECT_INT(d->alias.route.weight, 5000);
        for (unsigned i = 0; i < 10000 && d->state->phase == PHASE_SHIFTING; i++)
                go_on(d);
        EXPECT_INT(d->state->phase, PHASE_PROMOTING);
        EXPECT(d->now.wall % USEC_PER_DAY >= 22 * USEC_PER_HOUR);
        EXPECT(d->now.wall % USEC_PER_DAY < 22 * USEC_PER_HOUR + USEC_PER_MINUTE);
}

TEST(a_closed_window_keeps_nobody_from_going_back) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        window_from(d, 22 * 60, 22 * 60 + 20);
        drive_to_hold(d, 0);
        drive_to_waiting(d);
        d->new_errors = 50;
        drive_to(d, PHASE_ROLLED_BACK);
        EXPECT_INT(d->state->reason, REASON_BREACH);
        EXPECT(d->now.wall % USEC_PER_DAY < 22 * USEC_PER_HOUR + 40 * USEC_PER_MINUTE);
}

TEST(the_end_of_the_window_may_send_back) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        window_from(d, 22 * 60, 22 * 60 + 20);
        d->plan.window.at_end = WINDOW_ROLL_BACK;
        drive_to_hold(d, 0);
        drive_to(d, PHASE_ROLLING_BACK);
        EXPECT_INT(d->state->reason, REASON_WINDOW);
        EXPECT(d->now.wall % USEC_PER_DAY == 22 * USEC_PER_HOUR + 20 * USEC_PER_MINUTE);
        drive_to(d, PHASE_ROLLED_BACK);
        EXPECT_INT(d->alias.route.primary, 41);
}

TEST(a_bake_may_end_outside) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        window_from(d, 22 * 60, 22 * 60 + 36);
        d->plan.window.at_end = WINDOW_ROLL_BACK;
        drive_to(d, PHASE_SUCCEEDED);
        EXPECT(d->now.wall % USEC_PER_DAY > 22 * USEC_PER_HOUR + 36 * USEC_PER_MINUTE);
}

TEST(a_wall_clock_that_is_set_is_noticed_within_a_minute) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Event tick = { .kind = EVENT_TICK };
        usec_t due;

        d->plan.not_before = d->now.wall + USEC_PER_DAY;
        drive_start(d);
        drive_to_waiting(d);
        due = rollout_deadline(d->state, &d->plan, &d->now);
        EXPECT(due <= d->now.mono + USEC_PER_MINUTE);
        d->now.wall += USEC_PER_DAY; /* set forward */
        d->now.mono = due;
        EXPECT_OK(drive_event(d, &tick));
        EXPECT_INT(d->alias_effect.kind, ACTION_READ_ALIAS);
        d->now.wall -= 2 * USEC_PER_HOUR; /* and back, before anything was written */
        while (d->alias_effect.op_id != 0)
                drive_reply(d);
        EXPECT_INT(d->state->phase, PHASE_PREFLIGHT);
        EXPECT(rollout_deadline(d->state, &d->plan, &d->now) <= d->now.mono + USEC_PER_MINUTE);
        drive_to(d, PHASE_SUCCEEDED);
}

TEST(a_restart_does_not_forget_to_wait) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->plan.not_before = d->now.wall + USEC_PER_HOUR;
        drive_start(d);
        drive_to_waiting(d);
        drive_resume(d);
        EXPECT_INT(d->state->phase, PHASE_PREFLIGHT);
        EXPECT_INT(d->alias_effect.op_id, 0);
        EXPECT(rollout_deadline(d->state, &d->plan, &d->now) <= d->now.mono + USEC_PER_MINUTE);
        drive_to(d, PHASE_SUCCEEDED);
}

TEST(a_wait_is_no_part_of_the_deadline_however_long_nobody_looked) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->plan.not_before = d->now.wall + USEC_PER_DAY + USEC_PER_HOUR;
        d->plan.deadline = USEC_PER_HOUR;
        drive_start(d);
        drive_to_waiting(d);
        drive_wait(d, USEC_PER_DAY); /* the daemon was down, or the host asleep */
        drive_resume(d);
        EXPECT_INT(d->state->phase, PHASE_PREFLIGHT);
        drive_to(d, PHASE_SUCCEEDED);
}

TEST(an_alias_that_was_made_in_the_wait_is_not_made_again) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->target.create_alias = true;
        d->alias.is_deleted = 1;
        d->plan.not_before = d->now.wall + USEC_PER_HOUR;
        drive_start(d);
        drive_to_waiting(d);
        EXPECT_INT(drive_target(d)->code.missing, 1);
        fake_alias_init(&d->alias, 41);
        for (unsigned i = 0; i < 500 && d->state->phase == PHASE_PREFLIGHT; i++)
                go_on(d);
        EXPECT_INT(d->state->phase, PHASE_SHIFTING);
        EXPECT_INT(drive_target(d)->code.missing, 0);
}
