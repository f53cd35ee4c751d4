#pragma once

/* Shared by sim.c (what happens), sim-others.c (what others do) and sim-check.c (what must have come of it).
 */

#include "base/prng.h"
#include "base/usec.h"
#include "sim/sim.h"

#define SIM_WALL_START (1700000000 * USEC_PER_SEC)
#define EFFECTS_MAX 96
#define SIM_TARGETS_MAX 4
#define SIM_WAVES_MAX 3

/* An effect under way: its reply (or its landing, when nobody listens any more) comes at "due". */
typedef struct Flight {
        bool is_used, is_orphan, will_apply;
        Action action;
        Fault fault;
        usec_t leaves; /* until then it waits its turn, and can still be stopped */
        usec_t due;
} Flight;

typedef struct AliasWrite {
        usec_t mono, wall;
        Route route;
} AliasWrite;

typedef struct SimRollout {
        Plan plan;
        PlanTarget targets[SIM_TARGETS_MAX];
        PlanWave waves[SIM_WAVES_MAX];
        PlanStep steps[4];
        PlanCheck checks[2];
        RolloutState *state;
        char *durable; /* the record as the store has it */
        FakeAlias alias[SIM_TARGETS_MAX];
        FakeFunction function; /* that of all its aliases */
        Flight flights[EFFECTS_MAX];
        AliasWrite writes[SIM_TARGETS_MAX][SIM_WRITES_MAX]; /* accepted ones */
        size_t n_writes[SIM_TARGETS_MAX];
        uint32_t bad, seized;             /* which target */
        usec_t bad_from, seized_at;       /* 0: never */
        usec_t deploys_at;                /* somebody else, to the function; 0: never */
        usec_t moves_at[SIM_TARGETS_MAX]; /* Lambda's next step with the alias's traffic; 0: none */
        usec_t exposed_at[SIM_TARGETS_MAX], ended_at;
        bool started;
} SimRollout;

typedef struct Sim {
        const SimOptions *o;
        Prng prng;
        usec_t mono;
        int64_t wall_offset;
        uint64_t boot;
        SimRollout *rollouts;
        ActionList *actions;
        MetricRow *rows;
        RolloutState *before; /* the event under way */
        SimResult *result;
} Sim;

/* sim-plan.c: targets, waves, window of a rollout whose plan has all the rest. */
void sim_make_group(Sim *s, SimRollout *r);
/* And what it deploys first. */
void sim_make_code(Sim *s, SimRollout *r);

/* sim-others.c: Lambda moves the traffic of an alias with provisioned concurrency by itself, and other
 * people write to aliases and deploy. A write of ours was accepted that gave the alias another primary
 * version. */
void sim_begin_move(Sim *s, SimRollout *r, uint32_t target);
/* When any of that happens next, to this rollout; USEC_INFINITY: never. */
usec_t sim_others_due(const SimRollout *r);
void sim_others_act(Sim *s, SimRollout *r);
#define SIM_FOREIGN_CODE 77
bool sim_deployed_by_others(const SimRollout *r);

void sim_fail(Sim *s, unsigned i, const char *what); /* of rollout i; the first one is kept */
/* The rollout has ended: outcome, alias, its history and the judgement fit each other. */
void sim_check_end(Sim *s, unsigned i);
