#include "model/model.h"

static bool is_theirs(const FakeAlias *a) {
        return a->touched_by_others || a->is_deleted;
}

/* A rollback leaves the waves before its own where they are, unless the plan wants all of them back. */
static uint64_t expected_version(const RolloutState *st, const Plan *plan, uint32_t i) {
        bool stays = !plan->wave_failure_all && i < plan_wave(plan, st->wave).first_target;

        return st->phase == PHASE_SUCCEEDED || (stays && st->phase != PHASE_REJECTED) ? 42 : 41;
}

/* What has ended leaves nothing behind: an alias that is ours is whole, and on the version that the outcome
 * says, whatever became of the others. */
static void check_end(Model *m, const ModelNode *n, uint32_t i) {
        const FakeAlias *a = &n->world.alias[i];
        const LateWrite *late = &n->world.late[i];
        Route expected = { .primary = expected_version(model_state_const(n), m->plan, i) };

        if (!is_theirs(a) && !route_equal(&a->route, &expected))
                model_broken(m, "it ended, and an alias is not where the outcome says");
        if (late->is_pending && fake_alias_accepts(a, late->revision))
                model_broken(m, "finished, but a write of ours can still land");
}

/* The aliases themselves: whatever the brain believes, two waves never move at the same time. */
static void check_waves(Model *m, const ModelNode *n) {
        bool begun = false;

        for (uint32_t wave = plan_n_waves(m->plan); wave-- > 0;) {
                PlanWave w = plan_wave(m->plan, wave);
                bool is_whole = true, is_moved = false;

                for (uint32_t i = w.first_target; i < w.first_target + w.n_targets; i++) {
                        const FakeAlias *a = &n->world.alias[i];

                        is_whole &= is_theirs(a) || route_equal(&a->route, &(Route){ .primary = 42 });
                        is_moved |= !is_theirs(a) && !route_equal(&a->route, &(Route){ .primary = 41 });
                }
                /* On the way back, all waves that go back do so together. */
                if (begun && !is_whole && !m->plan->wave_failure_all)
                        model_broken(m, "a wave has moved, and one before it is not over");
                begun |= is_moved;
        }
}

void model_check_world(Model *m, const ModelNode *n) {
        const RolloutState *st = model_state_const(n);
        bool any_theirs = false;

        for (uint32_t i = 0; i < m->plan->n_targets; i++) {
                const FakeAlias *a = &n->world.alias[i];

                any_theirs |= is_theirs(a);
                if (phase_is_terminal((Phase) st->phase))
                        check_end(m, n, i);
                if (st->targets[i].stage == STAGE_RELEASED && !is_theirs(a))
                        model_broken(m, "a target was taken for foreign that was ours");
        }
        if (st->phase == PHASE_RELEASED && !any_theirs)
                model_broken(m, "released, but nobody else was there");
        check_waves(m, n);
}
