#pragma once

/* A runner between a fake store, a fake exec and a core that does what the test scripts. Programs that link
 * it are linked with -Wl,--wrap= of rollout_step, rollout_deadline, invariant_broken and clock_read. */

#include "daemon/runner.h"
#include "unit/daemon/rig.h"

typedef struct RunnerRig {
        Rig *rig;
        RunnerShared shared;
        Runner *runner;
        size_t n_changes;
} RunnerRig;

RunnerRig *runner_rig_new(void); /* also forgets script, trail and fakes */
RunnerRig *runner_rig_free(RunnerRig *g);
DEFINE_TRIVIAL_CLEANUP(RunnerRig *, runner_rig_free);
Runner *runner_rig_add(RunnerRig *g, const char *id); /* another one; owned by the caller */

/* Letters of what the n-th step from now asks for: P persist, R report, a v w m A the effects (read alias,
 * read version, write alias, read metrics, read alarms), W a write with even_unrecorded, C cancels op 1. Op
 * ids and sequence numbers count up by themselves. Steps beyond the script ask for nothing. Each leaves
 * "step(EVENT)" or "step(EVENT/FAULT)" on the trail. */
void script(Phase phase, const char *actions);
void script_again(Phase phase, const char *actions); /* the same, in place of what was there before */
void script_result(int result);                      /* the next step returns this and does nothing */
void script_broken(const char *rule);
void script_deadline(usec_t mono); /* what rollout_deadline() says from now on */

/* The runner's clock runs behind the loop's by this, so that its timers are due as soon as it is 0 again. */
void script_clock_behind(usec_t span);
