#pragma once

/* A plan as a value: what codec/plan-yaml.h read, bounded and checked. Strings and arrays belong to whoever
 * made the plan and live as long as it does; the core only reads. Spans in microseconds, weights in
 * WEIGHT_PERCENT units. */

#include "core/types.h"

/* What is deployed before traffic is shifted to it. */
typedef enum PublishKind {
        PUBLISH_NOTHING, /* the plan names a version that exists */
        PUBLISH_ZIP,     /* a file of the host */
        PUBLISH_S3,
        PUBLISH_IMAGE,
        PUBLISH_LATEST, /* $LATEST as it is */
} PublishKind;

typedef struct PlanPublish {
        PublishKind kind;
        bool has_sha256;
        uint8_t sha256[PLAN_HASH_SIZE]; /* PUBLISH_ZIP, PUBLISH_S3, PUBLISH_LATEST: what the artifact must
                                           have; AWS shows it as CodeSha256, in base64 */
        const char *path;               /* PUBLISH_ZIP: absolute */
        const char *bucket, *key;       /* PUBLISH_S3 */
        const char *object_version;     /* PUBLISH_S3: NULL: the latest */
        const char *image;              /* PUBLISH_IMAGE: URI */
} PlanPublish;

typedef struct PlanTarget {
        const char *function; /* name or unqualified ARN */
        const char *alias;
        const char *region;      /* NULL: the daemon's */
        const char *role_arn;    /* assumed for this target; NULL: the daemon's own credentials do */
        const char *external_id; /* NULL: none. Only beside role_arn */
        uint64_t from;           /* 0: what the alias points to when the rollout starts */
        uint64_t to;             /* 0: what "publish" makes */
        PlanPublish publish;
        bool create_alias; /* a missing alias is created on "from", which is given then */
} PlanTarget;

/* Targets that move together, one wave after the other. */
typedef struct PlanWave {
        const char *name; /* NULL: the plan has no waves */
        uint32_t first_target, n_targets;
        usec_t bake;
} PlanWave;

/* When traffic may move forward. Local times of one zone; "offsets" says how that zone stands to UTC over
 * the rollout's life, as the zone's rules are no business of a pure core. */
#define WINDOW_OFFSETS_MAX 16
typedef struct WindowOffset {
        usec_t since;    /* wall */
        int32_t seconds; /* east of UTC */
} WindowOffset;

typedef enum WindowEnd {
        WINDOW_HOLD, /* a rollout that is in the middle stays where it is until the window opens again */
        WINDOW_ROLL_BACK,
} WindowEnd;

typedef struct PlanWindow {
        uint8_t days;         /* bit 0: Monday ... bit 6: Sunday, of the window's beginning; 0: no window */
        uint16_t from, until; /* minutes of the local day; until <= from: it ends on the next day */
        WindowEnd at_end;
        const char *zone; /* the name of the time zone, for people; NULL: none is named */
        uint32_t n_offsets;
        WindowOffset offsets[WINDOW_OFFSETS_MAX]; /* ascending; the first also holds for what is before it */
} PlanWindow;

typedef enum NewerPlan {
        NEWER_WAITS,
        NEWER_SUPERSEDES, /* this rollout is rolled back when a newer plan for one of its aliases comes */
} NewerPlan;

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
        const PlanWave *waves; /* together they hold every target once, in order */
        uint32_t n_waves;      /* 0: all targets are one wave, baked for "bake" */
        bool wave_failure_all; /* a breach rolls back the waves before it, too */
        bool restore_code;     /* after a rollback the old version's code is published again */
        NewerPlan on_newer_plan;
        PlanWindow window;
        usec_t not_before; /* wall; 0: at once */
        uint32_t n_steps;  /* 0: straight to 100 % */
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
        PLAN_NO_VERSION,   /* neither "to" nor something to publish, or both */
        PLAN_DUPLICATE,    /* a target is the same alias as one before it */
        PLAN_CREATE_ALIAS, /* an alias is to be created, but on which version? */
        PLAN_WAVE,         /* the waves do not hold each target once, in order */
        PLAN_WINDOW,       /* no time of day, or no word about its time zone */
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

/* They are surely the same alias: what one of them leaves open, the other one does, too. */
bool plan_target_same(const PlanTarget *a, const PlanTarget *b);

/* The i-th wave, also of a plan that has none. */
PlanWave plan_wave(const Plan *plan, uint32_t i);
uint32_t plan_n_waves(const Plan *plan); /* at least 1 */

/* The wave of a target. */
uint32_t plan_wave_of(const Plan *plan, uint32_t target);

/* Sum of all holds and bakes of all waves, saturating. */
usec_t plan_shortest(const Plan *plan);
