#pragma once

/* A closed world around one rollout: its state, what of it is durable, the alias, writes that may still
 * land, and how much bad luck is left. A node is flat, so that it can be hashed. */

#include "core/rollout.h"
#include "lib/fake-alias.h"
#include "lib/fake-function.h"

#define MODEL_TARGETS_MAX 2
#define MODEL_DEPTH_MAX 63
#define MODEL_STATE_SIZE (sizeof(RolloutState) + MODEL_TARGETS_MAX * sizeof(TargetState))

/* A change on the wire, of which nobody knows any more whether it will land. */
typedef struct LateWrite {
        uint32_t is_pending;
        uint32_t kind; /* ActionKind */
        Route route;
        uint64_t version;
        char revision[REVISION_SIZE];
        char code_sha[CODE_SHA_SIZE];
} LateWrite;

typedef struct ModelWorld {
        FakeAlias alias[MODEL_TARGETS_MAX];
        LateWrite late[MODEL_TARGETS_MAX];
        FakeFunction function[MODEL_TARGETS_MAX];
        uint32_t faults_left, crashes_left, seizures_left;
        uint32_t supersedes_left;
        uint32_t deploys_left; /* by others */
        uint32_t breach_seen;  /* a reading with a breach was delivered */
        uint32_t reserved;
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

/* model-wire.c. Targets of one function share it. */
uint32_t model_function_of(const Model *m, uint32_t target);
FakeFunction *model_function(const Model *m, ModelNode *n, uint32_t target);
/* A change has its effect, and nobody hears of it. */
void model_land(const Model *m, ModelNode *n, uint32_t i, const Action *a);
/* Or it may, later on. */
void model_write_late(ModelNode *n, uint32_t i, const Action *a);
Action model_late_action(const LateWrite *late);

/* The first promise that is broken counts. */
void model_broken(Model *m, const char *what);
/* model-check.c: what the outside must look like, whatever the brain believes. */
void model_check_world(Model *m, const ModelNode *n);
/* An update has its effect on $LATEST, where this code was before. */
void model_check_update(Model *m, const ModelNode *n, const Action *a, uint32_t code_before);

#define MODEL_FOREIGN_CODE 77 /* somebody else's */
#define MODEL_FOREIGN_SHA "sha-77"

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
