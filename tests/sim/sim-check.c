#include "base/usec.h"
#include "core/window.h"
#include "sim/sim-internal.h"

/* With this much of a failure visible, a success is a lie: a minute to fill, a poll, and a little for the
 * calls. */
#define DETECTION_MAX (3 * USEC_PER_MINUTE)

/* From here on nobody looks at the target any more. */
static usec_t unwatched_since(const SimRollout *r, uint32_t target) {
        const AliasWrite *last = &r->writes[target][r->n_writes[target] - 1];

        return usec_add(last->mono, plan_wave(&r->plan, plan_wave_of(&r->plan, target)).bake);
}

static void check_judgement(Sim *s, unsigned i) {
        const SimRollout *r = &s->rollouts[i];
        bool is_calm = s->o->fault_rate <= 0 && s->o->crash_rate <= 0;
        usec_t bad = usec_add(r->exposed_at[r->bad], r->bad_from);

        if (r->plan.n_checks == 0)
                return;
        if (r->state->phase == PHASE_SUCCEEDED && is_calm && r->bad_from != 0 &&
                        unwatched_since(r, r->bad) > bad + DETECTION_MAX)
                sim_fail(s, i, "a bad version succeeded");
        if (r->state->phase == PHASE_ROLLED_BACK && r->state->reason == REASON_BREACH &&
                        (r->bad_from == 0 || r->ended_at < bad))
                sim_fail(s, i, "a good version was found guilty");
}

/* Time for the calls that were made before it closed. */
#define LATE_MAX (10 * USEC_PER_SEC)

static void check_window(Sim *s, unsigned i, const AliasWrite *w) {
        const Plan *plan = &s->rollouts[i].plan;
        bool is_calm = s->o->fault_rate <= 0 && s->o->crash_rate <= 0 && !s->o->clock_jumps;

        if (is_calm &&
                        (w->wall < plan->not_before ||
                                        (!window_is_open(&plan->window, w->wall) &&
                                                        !window_is_open(&plan->window, w->wall - LATE_MAX))))
                sim_fail(s, i, "traffic was moved outside of its window");
}

/* The alias's own history: the plan's weights in order, none twice, none early. */
static void check_history(Sim *s, unsigned i, uint32_t target) {
        SimRollout *r = &s->rollouts[i];
        uint32_t step = 0;
        usec_t since = 0;

        for (size_t n = 0; n < r->n_writes[target]; n++) {
                const AliasWrite *w = &r->writes[target][n];

                if (route_equal(&w->route, &(Route){ .primary = 41 }))
                        continue;
                check_window(s, i, w);
                /* A read that lags, behind Lambda's own moves or behind a write whose reply was lost, may
                 * make it ask for the same once more: that moves nothing. */
                if (n > 0 && route_equal(&w->route, &r->writes[target][n - 1].route) &&
                                (r->function.concurrency > 0 || s->o->fault_rate > 0))
                        continue;
                if (since != 0 && step > 0 && w->mono - since < r->steps[step - 1].hold)
                        sim_fail(s, i, "a step was shortened");
                if (step < r->plan.n_steps && w->route.weight == r->steps[step].weight &&
                                w->route.extra == 42)
                        step++;
                else if (step == r->plan.n_steps && w->route.primary == 42 && w->route.extra == 0)
                        step++;
                else
                        sim_fail(s, i, "a step was skipped, repeated or invented");
                since = w->mono;
        }
}

/* When the target had all the traffic; USEC_INFINITY: never. */
static usec_t promoted_at(const SimRollout *r, uint32_t target) {
        for (size_t n = 0; n < r->n_writes[target]; n++)
                if (route_equal(&r->writes[target][n].route, &(Route){ .primary = 42 }))
                        return r->writes[target][n].mono;
        return USEC_INFINITY;
}

/* Nothing moves before every target of the waves before it has had its bake. */
static void check_waves(Sim *s, unsigned i) {
        const SimRollout *r = &s->rollouts[i];

        for (uint32_t later = 0; later < r->plan.n_targets; later++) {
                for (uint32_t earlier = 0; earlier < later; earlier++) {
                        uint32_t wave = plan_wave_of(&r->plan, earlier);

                        if (r->n_writes[later] == 0 || wave == plan_wave_of(&r->plan, later))
                                continue;
                        if (r->writes[later][0].mono <
                                        usec_add(promoted_at(r, earlier), plan_wave(&r->plan, wave).bake))
                                sim_fail(s, i, "a wave began before the one before it was baked");
                }
        }
}

static void check_alias(Sim *s, unsigned i, uint32_t target) {
        const SimRollout *r = &s->rollouts[i];
        Phase phase = (Phase) r->state->phase;
        bool stays = !r->plan.wave_failure_all && phase != PHASE_REJECTED &&
                        target < plan_wave(&r->plan, r->state->wave).first_target;
        Route expected = { .primary = phase == PHASE_SUCCEEDED || stays ? 42 : 41 };

        if (r->alias[target].touched_by_others == 0 && !route_equal(&r->alias[target].route, &expected))
                sim_fail(s, i, "the alias is not where the outcome says");
}

/* Published once, and put back once: all its aliases belong to one function. */
static void check_code(Sim *s, unsigned i) {
        const SimRollout *r = &s->rollouts[i];
        const FakeFunction *f = &r->function;
        Phase phase = (Phase) r->state->phase;
        bool is_calm = s->o->fault_rate <= 0 && s->o->crash_rate <= 0;
        bool publishes = r->targets[0].publish.kind != PUBLISH_NOTHING;
        uint32_t restored = f->n_published - (f->n_published > 0 && publishes);

        s->result->published += f->n_published - restored;
        s->result->restored += restored;
        if (restored > (phase == PHASE_ROLLED_BACK && r->plan.restore_code))
                sim_fail(s, i, "a version was published twice");
        if (phase == PHASE_SUCCEEDED && f->code != 42 && !sim_deployed_by_others(r))
                sim_fail(s, i, "a success without its code");
        if (is_calm && phase == PHASE_ROLLED_BACK && r->plan.restore_code &&
                        r->state->reason != REASON_SUPERSEDED && f->code != 41)
                sim_fail(s, i, "the old code is not back");
}

void sim_check_end(Sim *s, unsigned i) {
        SimRollout *r = &s->rollouts[i];
        Phase phase = (Phase) r->state->phase;

        s->result->succeeded += phase == PHASE_SUCCEEDED;
        s->result->rolled_back += phase == PHASE_ROLLED_BACK;
        s->result->rejected += phase == PHASE_REJECTED;
        s->result->released += phase == PHASE_RELEASED;
        s->result->waves += r->plan.n_waves > 0 ? r->state->wave + 1 : 0;
        if (!phase_is_terminal(phase))
                sim_fail(s, i, "a rollout never ended");
        if (phase == PHASE_RELEASED && r->alias[r->seized].touched_by_others == 0)
                sim_fail(s, i, "released, but nobody else was there");
        for (uint32_t target = 0; target < r->plan.n_targets; target++) {
                check_alias(s, i, target);
                check_history(s, i, target);
        }
        check_waves(s, i);
        check_code(s, i);
        check_judgement(s, i);
}
