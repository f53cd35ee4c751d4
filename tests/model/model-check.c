#include "model/model.h"

#include <stdio.h>
#include <string.h>

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

/* What was $LATEST when publishing began is the plan's, where that is what it wants. */
static bool is_planned(const Model *m, const ModelNode *n, uint32_t i, uint32_t code) {
        char sha[CODE_SHA_SIZE];

        if (m->plan->targets[i].publish.kind != PUBLISH_LATEST)
                return code == n->world.function[i].artifact;
        (void) snprintf(sha, sizeof(sha), "sha-%u", code);
        return strcmp(sha, model_state_const(n)->targets[i].code.sha) == 0;
}

/* Whatever is lost, nothing is published twice; no traffic goes to what is not ready; and code comes back
 * only after the alias has. */
static void check_code(Model *m, const ModelNode *n, uint32_t i) {
        const RolloutState *st = model_state_const(n);
        const FakeFunction *f = &n->world.function[model_function_of(m, i)];
        const FakeAlias *a = &n->world.alias[i];
        bool restores = st->phase == PHASE_RESTORING || st->phase == PHASE_ROLLED_BACK;

        if (!restores && st->phase != PHASE_ROLLING_BACK && f->code == 41 &&
                        m->plan->targets[i].publish.kind == PUBLISH_NOTHING)
                model_broken(m, "code was changed before anything went back");
        if (st->phase == PHASE_ROLLED_BACK && expected_version(st, m->plan, i) == 42 && f->code == 41)
                model_broken(m, "a wave that stays has lost its code");
        if (m->plan->targets[i].publish.kind == PUBLISH_NOTHING)
                return;
        if (f->n_published > 1u + (restores && m->plan->restore_code))
                model_broken(m, "a version was published twice");
        if (st->phase == PHASE_REJECTED && m->plan->targets[i].create_alias && !a->is_deleted)
                model_broken(m, "rejected, and yet an alias was made");
        if (is_theirs(a))
                return;
        if (a->route.primary + a->route.extra > 41 && !is_planned(m, n, i, f->codes[1]))
                model_broken(m, "traffic goes to code that is not the plan's");
        if (a->route.primary + a->route.extra > 41 && !fake_function_is_active(f, 42))
                model_broken(m, "traffic goes to a version that is not Active");
        if (f->n_updates > 0 && f->n_published > 0 && f->code == 41 &&
                        !route_equal(&a->route, &(Route){ .primary = 41 }))
                model_broken(m, "the code is back before the alias");
}

void model_check_world(Model *m, const ModelNode *n) {
        const RolloutState *st = model_state_const(n);
        bool any_theirs = false;

        for (uint32_t i = 0; i < m->plan->n_targets; i++) {
                const FakeAlias *a = &n->world.alias[i];

                any_theirs |= is_theirs(a);
                check_code(m, n, i);
                if (phase_is_terminal((Phase) st->phase))
                        check_end(m, n, i);
                if (st->targets[i].stage == STAGE_RELEASED && !is_theirs(a))
                        model_broken(m, "a target was taken for foreign that was ours");
        }
        if (st->phase == PHASE_RELEASED && !any_theirs)
                model_broken(m, "released, but nobody else was there");
        check_waves(m, n);
}

/* Code of somebody else is overwritten where it was there before we came (or is what we were to publish), or
 * may be what we have sent: never by putting the old code back. */
void model_check_update(Model *m, const ModelNode *n, const Action *a, uint32_t code_before) {
        const FakeFunction *f = &n->world.function[model_function_of(m, a->target)];
        const CodeState *code = &model_state_const(n)->targets[a->target].code;

        if (code_before != MODEL_FOREIGN_CODE || f->code == MODEL_FOREIGN_CODE ||
                        strcmp(code->sha, MODEL_FOREIGN_SHA) == 0)
                return;
        if (a->update.version != 0)
                model_broken(m, "what somebody else has deployed is overwritten by the old code");
        if (code->unsure == 0)
                model_broken(m, "what somebody else has deployed in between is overwritten");
}
