#pragma once

/* A closed world around one rollout: its state, what of it is durable, the alias, writes that may still
 * land, and how much bad luck is left. A node is flat, so that it can be hashed. */

#include "core/rollout.h"
#include "lib/fake-alias.h"

#define MODEL_TARGETS_MAX 2
#define MODEL_DEPTH_MAX 63
#define MODEL_STATE_SIZE (sizeof(RolloutState) + MODEL_TARGETS_MAX * sizeof(TargetState))

typedef struct LateWrite {
        uint32_t is_pending;
        uint32_t reserved;
        Route route;
        char revision[REVISION_SIZE];
} LateWrite;

typedef struct ModelWorld {
        FakeAlias alias[MODEL_TARGETS_MAX];
        LateWrite late[MODEL_TARGETS_MAX];
        uint32_t faults_left, crashes_left, seizures_left;
        uint32_t supersedes_left;
        uint32_t breach_seen; /* a reading with a breach was delivered */
        usec_t mono;
} ModelWorld;

typedef struct ModelNode {
        _Alignas(8) unsigned char state[MODEL_STATE_SIZE];
        _Alignas(8) unsigned char durable[MODEL_STATE_SIZE];
        ModelWorld world;
        /* The outstanding effects of each target, as the shell would hold them. */
        Action alias_effect[MODEL_TARGETS_MAX];
        Action poll_effect[MODEL_TARGETS_MAX];
        Action alarm_effect[MODEL_TARGETS_MAX];
        unsigned depth;
        char trail[MODEL_DEPTH_MAX + 1]; /* a letter per move, to read a failure by: see model_expand() */
} ModelNode;

typedef struct Model {
        const Plan *plan;
        ActionList *actions;
        const char *failure; /* the first promise that was broken */
        ModelNode next;      /* room for the move that is being tried */
        ModelNode driven;    /* and for the node that is being driven to its end */
} Model;

/* The first promise that is broken counts. */
void model_broken(Model *m, const char *what);
/* model-check.c: what the outside must look like, whatever the brain believes. */
void model_check_world(Model *m, const ModelNode *n);

/* Called for every node that a move leads to. */
typedef void (*ModelVisit)(Model *m, const ModelNode *next, void *userdata);

void model_root(Model *m, ModelNode *ret, uint32_t faults, uint32_t crashes, uint32_t seizures);

/* Tries every move from here: completions good and bad, ticks, late landings, crashes, foreign hands.
 * Returns how many there were. */
unsigned model_expand(Model *m, const ModelNode *node, ModelVisit visit, void *userdata);

/* From here on all goes well: must end in a terminal phase with the alias as that phase promises. */
bool model_finishes(Model *m, const ModelNode *node);

/* Two nodes with the same fingerprint behave alike. */
uint64_t model_fingerprint(const Model *m, const ModelNode *node);

static inline RolloutState *model_state(ModelNode *n) {
        return (RolloutState *) (void *) n->state;
}
static inline const RolloutState *model_state_const(const ModelNode *n) {
        return (const RolloutState *) (const void *) n->state;
}
