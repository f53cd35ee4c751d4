#include "daemon/runner-internal.h"

#include "core/rollout.h"

/* Only what has been touched may have to be put back. */
static bool wants_warmth(const Runner *r, uint32_t target) {
        return !phase_is_terminal((Phase) r->state->phase) && r->state->targets[target].touched;
}

void runner_keep_warm(Runner *r) {
        /* Without it a rollback connects first: no reason to stop anything. */
        for (uint32_t i = 0; i < r->doc->plan.n_targets; i++) {
                if (!wants_warmth(r, i))
                        r->warm[i] = exec_warm_free(r->warm[i]);
                else if (!r->warm[i])
                        (void) exec_warm_new(r->shared->exec, &r->doc->plan, i, &r->warm[i]);
        }
}

void runner_let_cool(Runner *r) {
        for (uint32_t i = 0; r->warm && r->doc && i < r->doc->plan.n_targets; i++)
                r->warm[i] = exec_warm_free(r->warm[i]);
}
