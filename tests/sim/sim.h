#pragma once

/* A seeded world in virtual time: one daemon with many rollouts, a flaky AWS, a clock that jumps, and a
 * process that is killed between any two actions. Same seed, same history. */

#include "core/rollout.h"
#include "lib/fake-alias.h"
#include "lib/fake-function.h"

#define SIM_ROLLOUTS_MAX 64
#define SIM_WRITES_MAX 512

typedef struct SimOptions {
        uint64_t seed;
        unsigned n_rollouts;
        double fault_rate;   /* of calls */
        double crash_rate;   /* per action of the brain */
        double seizure_rate; /* per rollout: somebody else takes the alias at some time */
        bool clock_jumps;
} SimOptions;

typedef struct SimResult {
        const char *failure; /* NULL: every promise was kept */
        unsigned failed_rollout;
        uint64_t trace; /* fingerprint of everything that happened */
        unsigned succeeded, rolled_back, rejected, released;
        unsigned long published, restored;
        unsigned long waves;          /* that began */
        unsigned long moves, deploys; /* by Lambda, by others */
        unsigned long events, crashes, reboots, writes, faults;
        unsigned long cancelled, cancelled_late; /* effects; those that had left already */
        usec_t virtual_time;
} SimResult;

int sim_run(const SimOptions *options, SimResult *ret);
