#include "base/usec.h"
#include "sim/sim-internal.h"

/* Of the minute that Lambda is given to begin. */
#define BEGINS_WITHIN (50 * USEC_PER_SEC)
#define MOVES_FOR (3 * USEC_PER_MINUTE)

void sim_begin_move(Sim *s, SimRollout *r, uint32_t target) {
        if (r->function.concurrency > 0)
                r->moves_at[target] = s->mono + prng_below(&s->prng, BEGINS_WITHIN);
}

/* All traffic goes back to the version that had it, then bit by bit to the new primary. */
static void move(Sim *s, SimRollout *r, uint32_t target) {
        FakeAlias *a = &r->alias[target];
        Route route = a->route;

        r->moves_at[target] = 0;
        if (a->touched_by_others || a->is_deleted)
                return;
        if (route.extra == 0) {
                route.extra = route.primary == 42 ? 41 : 42;
                route.weight = (uint32_t) (1 + prng_below(&s->prng, WEIGHT_FULL - 1));
                r->moves_at[target] = s->mono + 1 + prng_below(&s->prng, MOVES_FOR);
                s->result->moves++;
        } else {
                route.extra = route.weight = 0;
        }
        fake_alias_move(a, &route);
}

static usec_t seizure_due(const SimRollout *r) {
        return r->seized_at != 0 && r->exposed_at[0] != 0 ? r->exposed_at[0] + r->seized_at : USEC_INFINITY;
}

static usec_t deploy_due(const SimRollout *r) {
        return r->deploys_at != 0 ? r->deploys_at : USEC_INFINITY;
}

usec_t sim_others_due(const SimRollout *r) {
        usec_t due = usec_min(seizure_due(r), deploy_due(r));

        for (uint32_t i = 0; i < r->plan.n_targets; i++)
                if (r->moves_at[i] != 0)
                        due = usec_min(due, r->moves_at[i]);
        return due;
}

void sim_others_act(Sim *s, SimRollout *r) {
        const Route theirs = { .primary = 43 };

        for (uint32_t i = 0; i < r->plan.n_targets; i++)
                if (r->moves_at[i] != 0 && r->moves_at[i] <= s->mono)
                        move(s, r, i);
        if (seizure_due(r) <= s->mono) {
                r->seized_at = 0;
                fake_alias_seize(&r->alias[r->seized], &theirs);
        }
        if (deploy_due(r) <= s->mono) {
                r->deploys_at = 0;
                fake_function_seize(&r->function, SIM_FOREIGN_CODE);
                s->result->deploys++;
        }
}

bool sim_deployed_by_others(const SimRollout *r) {
        return r->function.code == SIM_FOREIGN_CODE;
}
