#pragma once

/* The brain. One rollout is a group machine (this file's) over n target machines (target.h), one per alias.
 */

#include "core/action.h"
#include "core/event.h"
#include "core/plan.h"

/* A fresh state for the plan, in PHASE_QUEUED. "state" has rollout_state_size(plan->n_targets) bytes and is
 * zeroed here. The seed feeds the jitter of retries. */
void rollout_init(RolloutState *state, const Plan *plan, uint64_t seed);

/* Takes one event. Total over phase x event:
 *   0         done; *ret holds the actions (maybe none), in order
 *   -ESTALE   a completion that nobody waits for any more: nothing changed
 *   -EINVAL   an event that makes no sense here (a bug of the shell, or a mismatched plan): nothing changed
 * The state is flat: copying it, and stepping the copy with the same event and moment, gives the same bytes.
 */
int rollout_step(RolloutState *state, const Plan *plan, const Event *event, const Now *now, ActionList *ret);

/* The one timer: the CLOCK_BOOTTIME moment at which EVENT_TICK is due; USEC_INFINITY when only a completion
 * (or START) can move the rollout on. Computed from the state alone; "now" gives the epoch of the monotonic
 * clock. */
usec_t rollout_deadline(const RolloutState *state, const Plan *plan, const Now *now);

bool phase_is_terminal(Phase p);
/* The alias may be split, or promoted but not yet proven: somebody must look after it. */
bool phase_is_live(Phase p);

/* What the rollout waits for, for people: filled from the state alone. */
typedef enum Wait {
        WAIT_NOTHING,  /* terminal */
        WAIT_TURN,     /* queued behind another rollout of the same alias */
        WAIT_AWS,      /* a call is outstanding */
        WAIT_RETRY,    /* a call failed; fault, until */
        WAIT_HOLD,     /* the step's time; until */
        WAIT_BAKE,     /* until */
        WAIT_EVIDENCE, /* a check is not healthy: check, cause */
        WAIT_REQUESTS, /* the step wants more requests */
        WAIT_UPDATE,   /* until Lambda is done with $LATEST */
        WAIT_ACTIVE,   /* until the new version is Active */
        WAIT_LAMBDA,   /* until Lambda has moved the traffic of an alias with provisioned concurrency */
        WAIT_SIGHT,    /* blind: check (n_checks: all metrics), cause; until = forced rollback */
        WAIT_WINDOW,   /* until traffic may move: opens */
} Wait;

typedef struct RolloutView {
        Wait wait;
        uint32_t target, check;
        uint32_t cause, fault;
        usec_t left;       /* span until it ends by itself; USEC_INFINITY: depends on evidence or AWS */
        usec_t opens;      /* WAIT_WINDOW: wall; USEC_INFINITY: never */
        double have, need; /* WAIT_REQUESTS, WAIT_EVIDENCE with few samples */
        uint32_t weight_wanted, weight_actual; /* of the first target, WEIGHT_PERCENT units */
        uint32_t weight_of_wave;               /* wanted, of the first target of the present wave */
        usec_t total_left; /* earliest end of the rollout by its plan: holds and bake to come */
} RolloutView;

void rollout_view(const RolloutState *state, const Plan *plan, const Now *now, RolloutView *ret);
