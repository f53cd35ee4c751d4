#include "base/usec.h"
#include "sim/sim-internal.h"

/* With this much of a failure visible, a success is a lie: a minute to fill, a poll, and a little for the
 * calls. */
#define DETECTION_MAX (3 * USEC_PER_MINUTE)

static void check_judgement(Sim *s, unsigned i) {
        const SimRollout *r = &s->rollouts[i];
        bool is_calm = s->o->fault_rate <= 0 && s->o->crash_rate <= 0;

        if (r->plan.n_checks == 0)
                return;
        if (r->state->phase == PHASE_SUCCEEDED && is_calm && r->bad_from != 0 &&
                        r->ended_at > r->exposed_at + r->bad_from + DETECTION_MAX)
                sim_fail(s, i, "a bad version succeeded");
        if (r->state->phase == PHASE_ROLLED_BACK && r->state->reason == REASON_BREACH &&
                        (r->bad_from == 0 || r->ended_at < r->exposed_at + r->bad_from))
                sim_fail(s, i, "a good version was found guilty");
}

/* The aliases' own history: the plan's weights in order, none twice, none early. */
static void check_history(Sim *s, unsigned i) {
        SimRollout *r = &s->rollouts[i];
        uint32_t step = 0;
        usec_t since = 0;

        for (size_t n = 0; n < r->n_writes; n++) {
                const AliasWrite *w = &r->writes[n];

                if (route_equal(&w->route, &(Route){ .primary = 41 }))
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

void sim_check_end(Sim *s, unsigned i) {
        SimRollout *r = &s->rollouts[i];
        Phase phase = (Phase) r->state->phase;
        uint64_t expected = phase == PHASE_SUCCEEDED ? 42 : 41;
        bool foreign = r->alias.touched_by_others != 0;

        s->result->succeeded += phase == PHASE_SUCCEEDED;
        s->result->rolled_back += phase == PHASE_ROLLED_BACK;
        s->result->rejected += phase == PHASE_REJECTED;
        s->result->released += phase == PHASE_RELEASED;
        if (!phase_is_terminal(phase))
                sim_fail(s, i, "a rollout never ended");
        if (!foreign && (r->alias.route.primary != expected || r->alias.route.extra != 0))
                sim_fail(s, i, "the alias is not where the outcome says");
        if (!foreign && phase == PHASE_RELEASED)
                sim_fail(s, i, "released, but nobody else was there");
        check_history(s, i);
        check_judgement(s, i);
}
