#pragma once

/* A rollout as others see it. The D-Bus interface carries these values, canaryctl shows them and prints them
 * as JSON; one table of fields serves all three, so that a name means the same everywhere. */

#include "core/plan.h"
#include "core/rollout.h"
#include "core/trace.h"

typedef enum InfoType {
        INFO_TEXT,   /* const char *, never NULL; "" where there is nothing to say */
        INFO_COUNT,  /* uint64_t */
        INFO_KNOWN,  /* uint64_t; 0: not known, or not yet */
        INFO_SPAN,   /* usec_t; USEC_INFINITY: nobody can say */
        INFO_NUMBER, /* double */
} InfoType;

typedef struct InfoField {
        const char *name;
        InfoType type;
        size_t offset;
} InfoField;

typedef struct InfoTable {
        size_t n;
        const InfoField *fields;
} InfoTable;

/* One check's last word. */
typedef struct CheckInfo {
        const char *name, *kind, *stat;
        const char *verdict, *cause; /* cause: why unknown; "none" otherwise */
        double value;                /* in the unit of the kind; means something when samples > 0 */
        double limit;
        double samples;
        uint64_t window_start, window_end; /* wall */
} CheckInfo;

/* One step of the plan; the last one is the 100 %, whose hold is the bake. */
typedef struct StepInfo {
        double weight; /* per cent */
        usec_t hold;
        uint64_t min_requests;
} StepInfo;

/* One alias of many. */
typedef struct TargetInfo {
        const char *function, *alias, *region; /* region "": the daemon's */
        const char *wave;                      /* its name; "" where there are no waves */
        uint64_t version_old, version_new;
        double weight_wanted, weight_actual;
        const char *verdict;                                             /* of all its checks together */
        const char *check, *cause;                                       /* the first that is not healthy */
        double invocations_new, errors_new, invocations_old, errors_old; /* present step */
        const char *error; /* AWS's words on the last failure; "" after a success */
} TargetInfo;

typedef struct RolloutInfo {
        const char *id, *name;
        const char *plan_path, *plan_sha256;
        const char *phase;
        const char *function, *alias, *region; /* region "": the daemon's */
        uint64_t version_old, version_new;
        uint64_t target_count, wave, waves;  /* wave: 1-based; 0: there are none */
        uint64_t step, steps;                /* 1-based; 0: not begun. The 100 % is the last step */
        double weight_wanted, weight_actual; /* per cent of traffic to the new version */
        const char *wait_kind;               /* "hold", "evidence"... */
        const char *wait;                    /* a sentence; "" when finished */
        usec_t left, total_left;
        uint64_t started, ended;                                         /* wall */
        const char *reason, *reason_text;                                /* word ("none") and sentence */
        double invocations_new, errors_new, invocations_old, errors_old; /* present step */
        const char *error; /* AWS's words on the last failure; "" after a success */

        /* Only where one rollout is looked at, not in lists. */
        size_t n_checks, n_ladder, n_targets;
        CheckInfo *checks;
        StepInfo *ladder;
        TargetInfo *targets; /* all of them; none where there is but one, which all the rest describes */
} RolloutInfo;

/* Where the texts and arrays of a RolloutInfo live that are not the plan's or the caller's. */
typedef struct RolloutInfoSpace {
        char plan_sha256[2 * PLAN_HASH_SIZE + 1];
        char wait[TRACE_TEXT_MAX];
        char reason_text[TRACE_TEXT_MAX];
        CheckInfo checks[PLAN_CHECKS_MAX];
        StepInfo ladder[PLAN_STEPS_MAX + 1];
        TargetInfo targets[PLAN_TARGETS_MAX];
} RolloutInfoSpace;

const InfoTable *rollout_info_table(void); /* without checks and ladder */
const InfoTable *check_info_table(void);
const InfoTable *step_info_table(void);
const InfoTable *target_info_table(void); /* target-info.c */

/* The targets of a plan that has several; how many. */
size_t target_info_fill(
                TargetInfo ret[static PLAN_TARGETS_MAX], const Plan *plan, const RolloutState *state);

/* Pure. The result borrows from all arguments. What is one target's is that of the target that turned the
 * rollout around, or else of the first one of the present wave. */
void rollout_info_fill(RolloutInfo *ret, RolloutInfoSpace *space, const char *id, const char *plan_path,
                const Plan *plan, const RolloutState *state, const RolloutView *view);

/* The steps and the 100 % as the last one; returns how many. */
size_t rollout_info_ladder(const Plan *plan, StepInfo ret[static PLAN_STEPS_MAX + 1]);

const char *wait_to_string(Wait w); /* "turn", "hold"...; "?" out of range */

/* Field access for those who walk the tables. */
const void *info_get(const void *info, const InfoField *field);
void *info_at(void *info, const InfoField *field);
