#pragma once

/* A plan as a value: what codec/plan-yaml.h read, bounded and checked. Strings and arrays belong to whoever
 * made the plan and live as long as it does; the core only reads. Spans in microseconds, weights in
 * WEIGHT_PERCENT units. */

#include "core/types.h"

typedef struct PlanTarget {
        const char *function; /* name or unqualified ARN */
        const char *alias;
        const char *region;      /* NULL: the daemon's */
        const char *role_arn;    /* assumed for this target; NULL: the daemon's own credentials do */
        const char *external_id; /* NULL: none. Only beside role_arn */
        uint64_t from;           /* 0: what the alias points to when the rollout starts */
        uint64_t to;
} PlanTarget;

typedef struct PlanStep {
        uint32_t weight;       /* 1..WEIGHT_FULL - 1, strictly ascending over the steps */
        uint32_t min_requests; /* of the new version, settled, before the step may be left; 0: no such
                                  condition */
        usec_t hold;
} PlanStep;

typedef enum CheckKind {
        CHECK_ERROR_RATE, /* errors / invocations of the new version, as a fraction */
        CHECK_ERRORS,     /* errors of the new version in one bucket */
        CHECK_DURATION,   /* a statistic of the new version's duration in one bucket, milliseconds */
        CHECK_ALARM,      /* a CloudWatch alarm of the target's region and account: ringing is a breach */
} CheckKind;
#define CHECK_KIND_COUNT (CHECK_ALARM + 1)

typedef struct PlanCheck {
        const char *name; /* unique in the plan */
        CheckKind kind;
        double max;            /* crossed when the value is greater; a fraction for CHECK_ERROR_RATE; 0 for
                                  CHECK_ALARM */
        uint32_t min_requests; /* fewer requests than this tell nothing; at least 1 */
        const char *stat;      /* CHECK_DURATION: "Average", "Maximum" or "p50".."p99.99"; else NULL */
        const char *alarm;     /* CHECK_ALARM: its name; else NULL */
} PlanCheck;

struct Plan {
        const char *name;
        const PlanTarget *targets;
        uint32_t n_targets;
        uint32_t n_steps; /* 0: straight to 100 % */
        const PlanStep *steps;
        uint32_t n_checks;
        bool checks_none; /* the plan says "checks: none": time alone decides */
        const PlanCheck *checks;
        usec_t bake;
        usec_t every;         /* poll, 1 s - 1 h */
        usec_t period;        /* bucket width: 1, 5, 10, 30 s or a multiple of 60 s */
        usec_t settled_after; /* a bucket is settled when its end is this old */
        usec_t max_blind;
        usec_t deadline;                /* the whole rollout */
        uint8_t sha256[PLAN_HASH_SIZE]; /* of the file's bytes */
};

/* Defaults of design section 4. */
#define PLAN_DEFAULT_EVERY (30 * USEC_PER_SEC)
#define PLAN_DEFAULT_PERIOD (60 * USEC_PER_SEC)
#define PLAN_DEFAULT_SETTLED (180 * USEC_PER_SEC)
#define PLAN_DEFAULT_MAX_BLIND (10 * USEC_PER_MINUTE)
#define PLAN_DEFAULT_DEADLINE (24 * USEC_PER_HOUR)

/* What is wrong with a plan as a whole; the parser has checked each value by itself and knows where it
 * stands. */
typedef enum PlanFault {
        PLAN_OK,
        PLAN_NO_TARGET,
        PLAN_TOO_MANY,     /* targets, steps or checks beyond the limits */
        PLAN_SAME_VERSION, /* from == to */
        PLAN_NO_VERSION,   /* to is 0 */
        PLAN_WEIGHT_RANGE,
        PLAN_WEIGHT_ORDER,   /* steps must ascend */
        PLAN_CHECKS_MISSING, /* no check and not "checks: none" */
        PLAN_CHECK_LIMIT,    /* max is negative, not finite, or a rate above 1 */
        PLAN_CHECK_ALARM,    /* an alarm without a name, or a name without an alarm */
        PLAN_PERIOD,         /* not a period that CloudWatch has */
        PLAN_EVERY,
        PLAN_SETTLED,  /* longer than METRIC_ROWS_MAX / 2 buckets */
        PLAN_DEADLINE, /* shorter than its holds and bake together */
} PlanFault;

/* ret_index: the step, check or target meant; untouched where there is none. Total and pure. */
PlanFault plan_check(const Plan *plan, uint32_t *ret_index);

/* What the plan's checks (and steps that want requests) have to read. Without checks: nothing. */
bool plan_reads_metrics(const Plan *plan);
bool plan_reads_alarms(const Plan *plan);

/* The account that a target names, by the function's ARN or else by the role's. Borrowed, not
 * NUL-terminated; *ret_size 0: it names none, and that of the daemon's own credentials is meant. */
const char *plan_target_account(const PlanTarget *target, size_t *ret_size);

/* Which alias is meant, as a fingerprint of account, region, function and alias: the same words mean another
 * one when the daemon has moved to another region or account. Never 0. */
uint64_t plan_target_place(const PlanTarget *target);

/* Sum of all holds and the bake, saturating. */
usec_t plan_shortest(const Plan *plan);
