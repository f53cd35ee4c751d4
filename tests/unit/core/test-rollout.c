#include "core/rollout.h"

#include "base/alloc.h"
#include "base/usec.h"
#include "unit/core/drive.h"

TEST(whole_rollout_writes_the_plan_and_nothing_else) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to(d, PHASE_SUCCEEDED);
        EXPECT_INT(d->alias.revision, 4); /* 5 %, 50 %, 100 %: three writes on revision 1 */
        EXPECT_INT(d->alias.route.primary, 42);
        EXPECT_INT(d->alias.route.extra, 0);
        EXPECT(drive_report(d, REPORT_SUCCEEDED));
}

TEST(every_event_in_every_phase_is_answered) {
        static const Phase phases[] = { PHASE_QUEUED, PHASE_PREFLIGHT, PHASE_SHIFTING, PHASE_PROMOTING,
                PHASE_BAKING, PHASE_SUCCEEDED };

        for (size_t p = 0; p < ELEMENTSOF(phases); p++) {
                for (int kind = 0; kind < EVENT_KIND_COUNT; kind++) {
                        _cleanup_(drive_freep) Drive *d = drive_new();
                        Event e = { .kind = (EventKind) kind, .op_id = kind > EVENT_SUPERSEDE ? 999999 : 0 };
                        int expected = 0;

                        drive_to(d, phases[p]);
                        if (kind == EVENT_START && phases[p] != PHASE_QUEUED)
                                expected = -EINVAL;
                        else if (kind > EVENT_SUPERSEDE)
                                expected = -ESTALE;
                        EXPECT_INT(drive_event(d, &e), expected);
                }
        }
}

TEST(nonsense_is_refused_and_changes_nothing) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Event far = { .kind = EVENT_ALIAS_READ, .target = 7, .op_id = 1 };
        Event zero = { .kind = EVENT_ALIAS_READ };
        Event wrong = { .kind = EVENT_ALIAS_WRITTEN };
        Event nameless = { .kind = EVENT_ALIAS_READ };

        drive_start(d);
        wrong.op_id = nameless.op_id = d->alias_effect.op_id;
        EXPECT_INT(drive_event(d, &far), -EINVAL);
        EXPECT_INT(drive_event(d, &zero), -EINVAL);
        EXPECT_INT(drive_event(d, &wrong), -EINVAL);
        EXPECT_INT(drive_event(d, &nameless), -EINVAL); /* a good reply without a RevisionId */
        d->plan.sha256[0] ^= 1;
        EXPECT_INT(drive_event(d, &far), -EINVAL); /* another plan */
}

TEST(same_input_same_bytes) {
        _cleanup_(drive_freep) Drive *a = drive_new(), *b = drive_new();

        drive_to(a, PHASE_BAKING);
        drive_to(b, PHASE_BAKING);
        EXPECT(memcmp(a->state, b->state, rollout_state_size(1)) == 0);
}

TEST(wall_clock_jumps_do_not_shorten_a_hold) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to_hold(d, 0);
        d->now.wall += 365 * USEC_PER_DAY;
        drive_tick(d);
        EXPECT_INT(d->state->phase, PHASE_SHIFTING);
        EXPECT_INT(d->state->step, 0);
}

TEST(downtime_of_the_daemon_counts_a_reboot_does_not) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        usec_t age;

        drive_to_hold(d, 0);
        age = d->state->age;
        drive_wait(d, 3 * USEC_PER_MINUTE);
        drive_resume(d);
        EXPECT_INT(d->state->age, age + 3 * USEC_PER_MINUTE);
        d->now.boot = 2;
        d->now.mono = USEC_PER_DAY; /* a later number of another clock says nothing */
        d->now.wall += USEC_PER_HOUR;
        drive_resume(d);
        EXPECT_INT(d->state->age, age + 3 * USEC_PER_MINUTE);
}

TEST(resume_judges_before_it_advances) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to_hold(d, 0);
        drive_wait(d, 20 * USEC_PER_MINUTE); /* the hold is long over */
        drive_resume(d);
        EXPECT_INT(d->state->step, 0);
        EXPECT_INT(drive_target(d)->judge.read_age, 0);
        EXPECT(drive_report(d, REPORT_RESUMED));
        EXPECT(d->alias_effect.kind == ACTION_READ_ALIAS);
        drive_reply(d);
        EXPECT_INT(d->state->step, 0);
        d->new_errors = 50;
        drive_metrics(d);
        EXPECT_INT(d->state->phase, PHASE_ROLLING_BACK);
}

/* A reading that was good before the restart is not good enough behind it. */
TEST(resume_forgets_what_was_read) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to_hold(d, 0);
        while (d->poll_effect.op_id == 0)
                drive_tick(d);
        drive_metrics(d);
        EXPECT(drive_target(d)->judge.read_age != 0);
        drive_resume(d);
        EXPECT_INT(drive_target(d)->judge.read_age, 0);
        drive_to(d, PHASE_SUCCEEDED);
}

/* The new boot's clock is ahead of where the old one's ended: that says nothing about the time between. */
TEST(time_across_a_reboot_is_not_counted) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        usec_t age;

        drive_to_hold(d, 0);
        age = d->state->age;
        d->now.boot++;
        drive_wait(d, 3 * USEC_PER_HOUR);
        drive_resume(d);
        EXPECT_INT(d->state->age, age);
        EXPECT_INT(d->state->step, 0);
        drive_to(d, PHASE_SUCCEEDED);
}

/* More buckets than one reading may span: none of the readings that are behind may pass the step. */
TEST(a_step_is_not_left_before_all_is_read) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        unsigned readings = 0;

        d->plan.deadline = 90 * USEC_PER_DAY;
        drive_to_hold(d, 0);
        for (unsigned i = 0; i < 30; i++) /* enough that is settled */
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
                else if (d->state->age + USEC_PER_MINUTE < d->state->step_age + d->steps[0].hold)
                        drive_tick(d);
        drive_wait(d, 20 * USEC_PER_DAY);
        drive_tick(d);
        for (; d->state->step == 0 && readings < 9; readings++) {
                EXPECT(d->poll_effect.op_id != 0);
                EXPECT_INT(d->state->phase, PHASE_SHIFTING);
                drive_metrics(d);
        }
        EXPECT_INT(readings, 3); /* a week each */
        EXPECT_INT(d->state->step, 1);
}

TEST(deadline_is_infinite_only_when_nothing_can_come) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        EXPECT(rollout_deadline(d->state, &d->plan, &d->now) == USEC_INFINITY);
        drive_to(d, PHASE_SUCCEEDED);
        EXPECT(rollout_deadline(d->state, &d->plan, &d->now) == USEC_INFINITY);
}

TEST(long_hold_is_recorded_now_and_then) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        unsigned persists = 0;

        d->steps[0].hold = USEC_PER_HOUR;
        drive_to_hold(d, 0);
        for (unsigned i = 0; i < 40; i++) {
                drive_tick(d);
                persists += drive_action(d, ACTION_PERSIST) != NULL;
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
        }
        EXPECT(persists >= 9 && persists <= 21); /* 40 polls of 30 s, one record a minute */
}

TEST(phases_know_what_they_are) {
        for (int p = 0; p < PHASE_COUNT; p++)
                EXPECT(!(phase_is_terminal((Phase) p) && phase_is_live((Phase) p)));
        EXPECT(phase_is_live(PHASE_ROLLING_BACK));
        EXPECT(!phase_is_live(PHASE_PREFLIGHT));
        EXPECT(phase_is_terminal(PHASE_RELEASED));
        EXPECT(!phase_is_terminal((Phase) 99) && !phase_is_live((Phase) 99));
}

TEST(a_group_goes_back_in_reverse_order) {
        static const PlanTarget targets[] = {
                { .function = "checkout", .alias = "live", .from = 41, .to = 42 },
                { .function = "mailer", .alias = "live", .from = 41, .to = 42 },
        };
        _cleanup_(drive_freep) Drive *d = drive_new();
        _cleanup_(freep) RolloutState *st = alloc_zero(rollout_state_size(2));
        Event e = { .kind = EVENT_START };
        uint32_t order[4] = { 9, 9, 9, 9 };
        size_t n = 0;

        EXPECT(st);
        d->plan.targets = targets;
        d->plan.n_targets = 2;
        d->plan.n_checks = 0;
        rollout_init(st, &d->plan, 1);
        EXPECT_OK(rollout_step(st, &d->plan, &e, &d->now, d->actions));
        for (unsigned round = 0; round < 10; round++) { /* four reads and a write for each */
                TargetState *t = &st->targets[round % 2];
                Event reply = { .target = round % 2,
                        .op_id = t->alias_op.id,
                        .version_active = true,
                        .route = t->want,
                        .revision = t->stage == STAGE_WRITE ? "r2" : "r1" };

                reply.kind = t->stage == STAGE_READ_ALIAS            ? EVENT_ALIAS_READ
                                : t->stage == STAGE_WRITE            ? EVENT_ALIAS_WRITTEN
                                : t->stage == STAGE_READ_CONCURRENCY ? EVENT_CONCURRENCY_READ
                                                                     : EVENT_VERSION_READ;
                if (t->stage == STAGE_READ_ALIAS)
                        reply.route = (Route){ .primary = 41 };
                EXPECT_OK(rollout_step(st, &d->plan, &reply, &d->now, d->actions));
        }
        EXPECT(st->step_age != 0);
        drive_wait(d, d->plan.deadline);
        e.kind = EVENT_TICK;
        EXPECT_OK(rollout_step(st, &d->plan, &e, &d->now, d->actions));
        EXPECT_INT(st->phase, PHASE_ROLLING_BACK);
        for (size_t i = 0; i < d->actions->n && n < 4; i++)
                if (d->actions->items[i].kind == ACTION_WRITE_ALIAS)
                        order[n++] = d->actions->items[i].target;
        EXPECT_INT(n, 2);
        EXPECT_INT(order[0], 1);
        EXPECT_INT(order[1], 0);
}

/* Whatever goes forward turns around; what is on its way back, or over, has its own reason already. */
TEST(a_newer_plan_is_heard_in_every_phase) {
        static const Phase forward[] = { PHASE_QUEUED, PHASE_PREFLIGHT, PHASE_PUBLISHING, PHASE_SHIFTING,
                PHASE_PROMOTING, PHASE_BAKING };
        static const Phase back[] = { PHASE_ROLLING_BACK, PHASE_RESTORING, PHASE_ROLLED_BACK };
        Event e = { .kind = EVENT_SUPERSEDE, .by = "checkout@8" };

        for (size_t i = 0; i < ELEMENTSOF(forward) + ELEMENTSOF(back); i++) {
                _cleanup_(drive_freep) Drive *d = drive_new();
                bool goes_back = i >= ELEMENTSOF(forward);
                Phase phase = goes_back ? back[i - ELEMENTSOF(forward)] : forward[i];

                d->target.to = 0;
                d->target.publish = (PlanPublish){ .kind = PUBLISH_ZIP, .path = "/srv/checkout.zip" };
                d->plan.restore_code = true;
                d->new_errors = goes_back ? 90 : 0;
                rollout_init(d->state, &d->plan, 1);
                drive_to(d, phase);
                EXPECT_OK(drive_event(d, &e));
                EXPECT_OK(drive_event(d, &e));
                drive_to(d, phase <= PHASE_PUBLISHING ? PHASE_REJECTED : PHASE_ROLLED_BACK);
                EXPECT_INT(d->state->reason, goes_back ? REASON_BREACH : REASON_SUPERSEDED);
                EXPECT_INT(d->alias.route.primary, 41);
                EXPECT_INT(d->alias.route.extra, 0);
        }
}
