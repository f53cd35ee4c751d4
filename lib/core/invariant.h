#pragma once

/* What must hold after every step, whatever happened. Used by the model walk, the simulator, the fuzzers
 * and, in the daemon, before anything is done with the outcome of a step. */

#include "core/rollout.h"

/* NULL: all hold. Otherwise the name of the first that does not. "before" may be NULL (a loaded record). */
const char *invariant_broken(const RolloutState *before, const RolloutState *after, const Plan *plan,
                const ActionList *actions);
