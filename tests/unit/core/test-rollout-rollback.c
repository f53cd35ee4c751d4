#include "base/alloc.h"
#include "base/usec.h"
#include "unit/core/drive.h"

static void expect_back(Drive *d, Reason reason) {
        drive_to(d, PHASE_ROLLED_BACK);
        EXPECT_INT(d->state->reason, reason);
        EXPECT_INT(d->alias.route.primary, 41);
        EXPECT_INT(d->alias.route.extra, 0);
}

TEST(a_breach_writes_at_once) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        const Report *breach;

        drive_to_hold(d, 1);
        d->new_errors = 8;
        drive_wait(d, 2 * USEC_PER_MINUTE);
        drive_tick(d);
        drive_metrics(d);
        breach = drive_report(d, REPORT_BREACH);
        EXPECT(breach);
        EXPECT_NEAR(breach->value, 0.08, 1e-9);
        EXPECT_NEAR(breach->limit, 0.05, 1e-9);
        EXPECT(breach->window_end > breach->window_start);
        EXPECT_INT(d->actions->items[0].kind, ACTION_PERSIST);
        EXPECT_INT(d->alias_effect.kind, ACTION_WRITE_ALIAS);
        EXPECT(d->alias_effect.lane == LANE_ROLLBACK && d->alias_effect.even_unrecorded);
        EXPECT_INT(d->alias_effect.write.route.primary, 41);
        EXPECT_INT(d->alias_effect.write.route.extra, 0);
        drive_reply(d);
        EXPECT_INT(d->alias_effect.kind, ACTION_READ_ALIAS);
        EXPECT(d->alias_effect.lane == LANE_ROLLBACK &&
                        d->alias_effect.even_unrecorded); /* the disk is full, maybe */
        expect_back(d, REASON_BREACH);
}

TEST(blindness_holds_then_goes_back) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        usec_t since;

        drive_to_hold(d, 0);
        drive_tick(d);
        since = d->state->age;
        drive_blind(d, FAULT_TRANSIENT);
        EXPECT(drive_report(d, REPORT_BLIND));
        while (d->state->phase == PHASE_SHIFTING) {
                EXPECT_INT(d->state->step, 0);
                drive_tick(d);
                if (d->poll_effect.op_id != 0)
                        drive_blind(d, FAULT_TRANSIENT);
        }
        EXPECT(d->state->age - since >= d->plan.max_blind);
        EXPECT(d->state->age - since < d->plan.max_blind + USEC_PER_MINUTE);
        expect_back(d, REASON_BLIND);
}

TEST(sight_comes_back) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to_hold(d, 0);
        drive_tick(d);
        drive_blind(d, FAULT_THROTTLED);
        EXPECT_INT(drive_target(d)->judge.blind_cause, CAUSE_THROTTLED);
        drive_tick(d);
        drive_metrics(d);
        EXPECT(drive_report(d, REPORT_SEEING));
        drive_to(d, PHASE_SUCCEEDED);
}

TEST(steady_traffic_that_falls_silent_is_blindness) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->steps[0].hold = USEC_PER_HOUR;
        drive_to_hold(d, 0);
        for (unsigned i = 0; i < 60; i++) {
                drive_tick(d);
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
        }
        d->new_requests = 0; /* and the old version's with it: drive_metrics() sends no rows at all */
        expect_back(d, REASON_BLIND);
}

TEST(deadline_goes_back) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->plan.deadline = 26 * USEC_PER_MINUTE;
        d->steps[0].min_requests = 1000000;
        expect_back(d, REASON_DEADLINE);
}

TEST(a_write_refused_for_good_goes_back) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to_hold(d, 0);
        while (d->alias_effect.op_id == 0) {
                drive_tick(d);
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
        }
        drive_refuse(d, FAULT_INVALID);
        expect_back(d, REASON_REFUSED);
}

TEST(refused_at_the_very_first_write_is_a_rejection) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to(d, PHASE_SHIFTING);
        drive_refuse(d, FAULT_INVALID);
        EXPECT_INT(d->state->phase, PHASE_REJECTED);
        EXPECT_INT(d->alias.revision, 1);
}

TEST(writes_that_never_succeed_go_back) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to(d, PHASE_SHIFTING);
        while (d->state->phase == PHASE_SHIFTING) {
                if (d->alias_effect.kind == ACTION_WRITE_ALIAS)
                        drive_refuse(d, FAULT_CREDENTIALS);
                else if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
                else
                        drive_tick(d);
        }
        EXPECT_INT(d->state->phase, PHASE_REJECTED); /* every one was surely refused: nothing to put back */
        EXPECT_INT(d->state->reason, REASON_CANNOT_WRITE);
}

TEST(rollback_is_retried_until_it_is_seen) {
        static const Fault faults[] = { FAULT_THROTTLED, FAULT_TRANSIENT, FAULT_DENIED, FAULT_CREDENTIALS,
                FAULT_INVALID, FAULT_CONFLICT, FAULT_UNREACHABLE, FAULT_PERMANENT, FAULT_STORE,
                FAULT_CLOCK };
        _cleanup_(drive_freep) Drive *d = drive_new();
        unsigned shouted = 0;

        drive_to_hold(d, 0);
        d->new_errors = 50;
        while (d->state->phase != PHASE_ROLLING_BACK) {
                drive_tick(d);
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
        }
        for (unsigned i = 0; i < 200; i++) {
                if (d->alias_effect.op_id == 0)
                        drive_tick(d);
                else
                        drive_refuse(d, faults[i % ELEMENTSOF(faults)]);
                shouted += drive_report(d, REPORT_ROLLBACK_FAILING) != NULL;
                EXPECT_INT(d->state->phase, PHASE_ROLLING_BACK);
        }
        EXPECT(shouted >= 4);
        expect_back(d, REASON_BREACH);
}

TEST(a_forward_write_that_lands_late_is_ours) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Action late;

        drive_to_hold(d, 0);
        while (d->alias_effect.op_id == 0) {
                drive_tick(d);
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
        }
        late = d->alias_effect; /* 50 %: sent, no reply yet */
        d->new_errors = 50;
        drive_wait(d, 2 * USEC_PER_MINUTE);
        drive_tick(d);
        drive_metrics(d);
        EXPECT_INT(d->state->phase, PHASE_ROLLING_BACK);
        EXPECT_INT(fake_alias_write(&d->alias, &late.write.route, late.write.revision), FAULT_NONE);
        expect_back(d, REASON_BREACH);
}

TEST(a_foreign_hand_is_left_alone) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Route theirs = { .primary = 43 };

        drive_to_hold(d, 0);
        fake_alias_seize(&d->alias, &theirs);
        drive_to(d, PHASE_RELEASED);
        EXPECT_INT(d->alias.route.primary, 43);
        EXPECT_INT(d->state->reason, REASON_FOREIGN);
}

TEST(a_foreign_hand_during_rollback_is_left_alone) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Route theirs = { .primary = 43 };

        drive_to_hold(d, 0);
        d->new_errors = 50;
        while (d->state->phase != PHASE_ROLLING_BACK) {
                drive_tick(d);
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
        }
        fake_alias_seize(&d->alias, &theirs);
        drive_reply(d); /* 412: no alarm yet, the read that follows explains it */
        EXPECT(!drive_report(d, REPORT_ROLLBACK_FAILING));
        drive_to(d, PHASE_RELEASED);
        EXPECT_INT(d->alias.route.primary, 43);
        EXPECT_INT(d->state->reason, REASON_FOREIGN);
}

TEST(an_alias_that_is_gone_is_released) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to_hold(d, 0);
        d->new_errors = 50;
        while (d->state->phase != PHASE_ROLLING_BACK) {
                drive_tick(d);
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
        }
        d->alias.is_deleted = 1;
        drive_to(d, PHASE_RELEASED);
}

TEST(a_new_revision_of_the_same_routing_is_adopted) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Route same;

        drive_to_hold(d, 0);
        same = d->alias.route;
        fake_alias_seize(&d->alias, &same); /* somebody changed the description */
        drive_to(d, PHASE_SUCCEEDED);
        EXPECT_INT(d->alias.route.primary, 42);
}

#define PAIR 2

/* Two aliases in lock-step, by hand: feeds one event, and leaves its actions in d->actions. */
static void pair_feed(Drive *d, RolloutState *state, Event *e) {
        EXPECT_OK(rollout_step(state, &d->plan, e, &d->now, d->actions));
}

static RolloutState *pair_at_hold(Drive *d, PlanTarget targets[static PAIR]) {
        RolloutState *state = alloc_zero(rollout_state_size(PAIR));
        Event e = { .kind = EVENT_START };

        EXPECT(state);
        targets[0] = targets[1] = d->target;
        targets[1].function = "mailer";
        d->plan.targets = targets;
        d->plan.n_targets = PAIR;
        rollout_init(state, &d->plan, 1);
        pair_feed(d, state, &e);
        for (unsigned i = 0; i < 6 * PAIR; i++) { /* alias, concurrency, both versions, metrics, write */
                const TargetState *t = &state->targets[i % PAIR];
                unsigned round = i / PAIR;

                e = (Event){ .target = i % PAIR,
                        .op_id = t->alias_op.id,
                        .revision = round == 5 ? "rev-2" : "rev-1",
                        .route = round == 5 ? t->want : (Route){ .primary = 41 },
                        .version_active = true };
                e.kind = round == 0          ? EVENT_ALIAS_READ
                                : round == 1 ? EVENT_CONCURRENCY_READ
                                : round == 4 ? EVENT_METRICS_READ
                                : round == 5 ? EVENT_ALIAS_WRITTEN
                                             : EVENT_VERSION_READ;
                pair_feed(d, state, &e);
        }
        EXPECT(state->phase == PHASE_SHIFTING && state->step_age != 0);
        return state;
}

TEST(a_breach_of_one_takes_all_back_in_reverse_order) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        PlanTarget targets[PAIR];
        _cleanup_(freep) RolloutState *state = pair_at_hold(d, targets);
        MetricRow row = { .start = state->targets[0].judge.asked_from, .new_version = { 100, 50 } };
        Event e = {
                .kind = EVENT_METRICS_READ, .op_id = state->targets[0].poll_op.id, .rows = &row, .n_rows = 1
        };
        uint32_t order[PAIR], n = 0;

        pair_feed(d, state, &e);
        EXPECT_INT(state->phase, PHASE_ROLLING_BACK);
        for (size_t i = 0; i < d->actions->n; i++) {
                const Action *a = &d->actions->items[i];

                if (a->kind != ACTION_WRITE_ALIAS)
                        continue;
                EXPECT(n < PAIR && route_equal(&a->write.route, &(Route){ .primary = 41 }));
                order[n++] = a->target;
        }
        EXPECT(n == PAIR && order[0] == 1 && order[1] == 0);
}

static size_t index_of(const Drive *d, ActionKind kind) {
        const Action *a = drive_action(d, kind);

        EXPECT(a);
        return (size_t) (a - d->actions->items);
}

/* It may wait for a token of some rate limit: then it must not leave once the rollback was there. */
TEST(a_forward_write_under_way_is_cancelled_first) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        uint64_t forward;

        drive_to_hold(d, 0);
        while (d->alias_effect.op_id == 0) {
                drive_tick(d);
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
        }
        forward = d->alias_effect.op_id;
        EXPECT_INT(d->alias_effect.lane, LANE_STEP);
        d->new_errors = 50;
        while (d->poll_effect.op_id == 0)
                drive_tick(d);
        drive_metrics(d);
        EXPECT_INT(d->state->phase, PHASE_ROLLING_BACK);
        EXPECT_INT(drive_action(d, ACTION_CANCEL)->op_id, forward);
        EXPECT(drive_action(d, ACTION_CANCEL)->even_unrecorded);
        EXPECT(index_of(d, ACTION_CANCEL) < index_of(d, ACTION_WRITE_ALIAS));
        EXPECT_INT(drive_target(d)->unsure, 1); /* cancelled or not, it may have been sent */
        EXPECT_INT(drive_target(d)->lost.weight, 5000);
        expect_back(d, REASON_BREACH);
}

TEST(what_this_very_step_asks_for_is_not_cancelled) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to_hold(d, 0);
        d->plan.deadline = d->state->age + 1;
        drive_wait(d, 1);
        drive_tick(d); /* a poll was due as well */
        EXPECT_INT(d->state->phase, PHASE_ROLLING_BACK);
        EXPECT(!drive_action(d, ACTION_CANCEL));
        EXPECT(!drive_action(d, ACTION_READ_METRICS));
}

TEST(who_changed_it_can_be_looked_up) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Route theirs = { .primary = 43 };
        const Report *r = NULL;
        usec_t seen;

        drive_to_hold(d, 0);
        seen = drive_target(d)->seen_wall;
        EXPECT(seen != 0 && seen <= d->now.wall);
        fake_alias_seize(&d->alias, &theirs);
        for (unsigned i = 0; i < 500 && !r; i++) {
                if (d->alias_effect.op_id != 0)
                        drive_reply(d);
                else if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
                else
                        drive_tick(d);
                r = drive_report(d, REPORT_FOREIGN);
        }
        EXPECT(r);
        EXPECT_INT(r->found.primary, 43);
        EXPECT_STR(r->revision, "rev-3");
        EXPECT(route_equal(&r->ours, &(Route){ .primary = 41, .extra = 42, .weight = 500 }));
        EXPECT_STR(r->ours_revision, "rev-2");
        EXPECT_INT(r->seen_wall, seen);
        EXPECT(r->wall > seen);
        EXPECT_INT(d->state->phase, PHASE_RELEASED);
}

/* Everything outstanding everywhere, and one breach: the busiest step there is. */
TEST(the_busiest_step_fits) {
        static PlanTarget targets[PLAN_TARGETS_MAX];
        _cleanup_(drive_freep) Drive *d = drive_new();
        _cleanup_(freep) RolloutState *state = alloc_zero(rollout_state_size(PLAN_TARGETS_MAX));
        AlarmReading ringing = { .check = 1, .says = ALARM_SAYS_ALARM };
        Event e = { .kind = EVENT_ALARMS_READ, .target = 7, .alarms = &ringing, .n_alarms = 1 };
        size_t n[ACTION_KIND_COUNT] = { 0 };

        EXPECT(state);
        for (size_t i = 0; i < PLAN_TARGETS_MAX; i++)
                targets[i] = d->target;
        d->plan.targets = targets;
        d->plan.n_targets = PLAN_TARGETS_MAX;
        d->checks[1] = (PlanCheck){ .name = "alarm", .kind = CHECK_ALARM, .min_requests = 1, .alarm = "a" };
        d->plan.n_checks = 2;
        rollout_init(state, &d->plan, 1);
        state->phase = PHASE_SHIFTING;
        state->age = 1;
        state->last = d->now;
        for (uint32_t i = 0; i < PLAN_TARGETS_MAX; i++) {
                TargetState *t = &state->targets[i];

                t->stage = STAGE_WRITE;
                t->touched = 1;
                t->judge.exposed_since = USEC_PER_MINUTE;
                t->want = (Route){ .primary = 41, .extra = 42, .weight = 500 };
                t->alias_op.id = state->next_op++;
                t->poll_op.id = state->next_op++;
                t->alarm_op.id = state->next_op++;
                memcpy(t->revision, "rev-1", sizeof("rev-1"));
        }
        e.op_id = state->targets[7].alarm_op.id;
        pair_feed(d, state, &e);
        EXPECT_INT(state->phase, PHASE_ROLLING_BACK);
        for (size_t i = 0; i < d->actions->n; i++)
                n[d->actions->items[i].kind]++;
        EXPECT_INT(n[ACTION_CANCEL], 3 * PLAN_TARGETS_MAX - 1);
        EXPECT_INT(n[ACTION_WRITE_ALIAS], PLAN_TARGETS_MAX);
        EXPECT_INT(n[ACTION_REPORT], PLAN_TARGETS_MAX + 2);
        EXPECT(d->actions->n + 10 < ACTIONS_MAX);
}

TEST(an_alias_that_is_gone_has_no_revision) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        const Report *r = NULL;

        drive_to_hold(d, 0);
        d->new_errors = 50;
        while (d->state->phase != PHASE_ROLLING_BACK) {
                drive_tick(d);
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
        }
        for (unsigned i = 0; i < 20 && !r; i++) {
                if (d->alias_effect.op_id != 0)
                        drive_refuse(d, FAULT_MISSING);
                else
                        drive_tick(d);
                r = drive_report(d, REPORT_FOREIGN);
        }
        EXPECT(r);
        EXPECT_STR(r->revision, "");
        EXPECT_STR(r->ours_revision, "rev-2");
}

/* A number breaches without the words of whatever went wrong before. */
TEST(a_breached_number_has_no_words) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to_hold(d, 0);
        memcpy(drive_target(d)->error, "of long ago", sizeof("of long ago"));
        d->new_errors = 50;
        while (d->state->phase != PHASE_ROLLING_BACK) {
                drive_tick(d);
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
        }
        EXPECT_STR(drive_report(d, REPORT_BREACH)->error, "");
}

/* What AWS could not be told for a while, it is told at once when it answers again. */
TEST(an_answer_ends_the_pauses_of_an_outage) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to_hold(d, 0);
        d->new_errors = 50;
        while (d->state->phase != PHASE_ROLLING_BACK) {
                drive_tick(d);
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
        }
        for (unsigned i = 0; i < 12; i++) {
                while (d->alias_effect.op_id == 0)
                        drive_tick(d);
                EXPECT_INT(d->alias_effect.kind, ACTION_WRITE_ALIAS);
                drive_refuse(d, FAULT_UNREACHABLE);
        }
        while (d->alias_effect.op_id == 0)
                drive_tick(d);
        drive_refuse(d, FAULT_PRECONDITION);
        EXPECT_INT(d->alias_effect.kind, ACTION_READ_ALIAS);
        EXPECT(d->alias_effect.op_id != 0);
}
