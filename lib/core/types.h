#pragma once

/* The words of the trade as values: limits, phases, verdicts, faults. Pure; no pointers that own anything.
 */

#include "base/forward.h"

/* Limits; every one is tested at limit and limit + 1. */
#define PLAN_BYTES_MAX (256u * 1024)
#define PLAN_NAME_MAX 64 /* bytes, NUL not counted */
#define PLAN_STEPS_MAX 100
#define PLAN_TARGETS_MAX 64
#define PLAN_WAVES_MAX 64
#define WAVE_NAME_MAX 64 /* bytes, NUL not counted */
#define PLAN_CHECKS_MAX 32
#define CHECK_NAME_MAX 64    /* bytes, NUL not counted */
#define ALARM_NAME_SIZE 1021 /* bytes with the NUL: 255 characters of at most four */
#define LIVE_ROLLOUTS_MAX 10000
#define REVISION_SIZE 64    /* bytes with the NUL; AWS sends UUIDs */
#define REQUEST_ID_SIZE 64  /* bytes with the NUL */
#define CODE_SHA_SIZE 72    /* bytes with the NUL: AWS's CodeSha256, base64 for zips, hex for images */
#define ERROR_TEXT_SIZE 400 /* bytes with the NUL: the way out stands at the end of a text */
#define ARN_TEXT_SIZE 160   /* bytes with the NUL, for people: longer ones are shown by their end */
#define PLAN_HASH_SIZE 32
#define METRIC_ROWS_MAX 10080 /* buckets one reading may span: a week of minutes */

/* Weights are hundredths of a per cent: 500 = 5 %. */
#define WEIGHT_FULL 10000u
#define WEIGHT_PERCENT 100u

/* Where a rollout stands. The last four are outcomes: no event leaves them. */
typedef enum Phase {
        PHASE_QUEUED,       /* accepted, waiting for its turn on the alias */
        PHASE_PREFLIGHT,    /* reading only */
        PHASE_PUBLISHING,   /* deploying the new version, making the aliases that are missing */
        PHASE_SHIFTING,     /* step by step; the old version is the alias's primary */
        PHASE_PROMOTING,    /* writing 100 % and reading it back */
        PHASE_BAKING,       /* at 100 %, still watching */
        PHASE_ROLLING_BACK, /* putting the old version back, until it is verified */
        PHASE_RESTORING,    /* every alias is back and verified: the old code becomes $LATEST again */
        PHASE_SUCCEEDED,
        PHASE_ROLLED_BACK,
        PHASE_REJECTED, /* nothing was ever touched */
        PHASE_RELEASED, /* hands off: somebody else owns the alias now */
} Phase;
#define PHASE_COUNT (PHASE_RELEASED + 1)

typedef enum Verdict {
        VERDICT_UNKNOWN,
        VERDICT_HEALTHY,
        VERDICT_BREACH,
} Verdict;
#define VERDICT_COUNT (VERDICT_BREACH + 1)

/* Why a verdict is unknown. */
typedef enum Cause {
        CAUSE_NONE,
        CAUSE_NOT_READ,    /* no reading yet in this step */
        CAUSE_NO_DATA,     /* CloudWatch has no datapoint of the new version in this step */
        CAUSE_FEW_SAMPLES, /* fewer requests than the check wants */
        CAUSE_UNSETTLED,   /* data there, but still growing */
        CAUSE_THROTTLED,
        CAUSE_API_ERROR,
        CAUSE_CREDENTIALS,
        CAUSE_DENIED,
        CAUSE_CLOCK,
        CAUSE_REFUSED,            /* CloudWatch refuses the check's query as it is */
        CAUSE_ALARM_INSUFFICIENT, /* the alarm itself cannot tell */
        CAUSE_ALARM_MISSING,      /* there is no such alarm, or it may not be seen */
} Cause;
#define CAUSE_COUNT (CAUSE_ALARM_MISSING + 1)

/* Which effects go first where calls have to wait for each other, most urgent first. */
typedef enum Lane {
        LANE_ROLLBACK,
        LANE_PROMOTE,
        LANE_STEP,
        LANE_POLL,
        LANE_PREFLIGHT,
} Lane;

/* How an effect failed, in the words of the brain; the shell translates. "Sure" faults mean: it did not
 * happen. */
typedef enum Fault {
        FAULT_NONE,
        FAULT_THROTTLED,    /* sure */
        FAULT_TRANSIENT,    /* not sure: timeout, reset, 5xx */
        FAULT_UNREACHABLE,  /* sure: it never left */
        FAULT_CREDENTIALS,  /* sure: none to be had, or expired */
        FAULT_CLOCK,        /* sure: the time of the signature was refused */
        FAULT_DENIED,       /* sure */
        FAULT_CONFLICT,     /* sure: an update is in progress there */
        FAULT_PRECONDITION, /* sure: the RevisionId was not the last one */
        FAULT_MISSING,      /* sure: no such function, version or alias */
        FAULT_INVALID,      /* sure: refused as it is */
        FAULT_PERMANENT,    /* not sure: a reply that makes no sense */
        FAULT_STORE,        /* sure: never started, because the intent could not be made durable */
} Fault;
#define FAULT_COUNT (FAULT_STORE + 1)

/* What Lambda says of a function ($LATEST) or a version. Words that a later Lambda may say count as pending
 * and as in progress: they are waited for. */
typedef enum FunctionState {
        FUNCTION_ACTIVE, /* or Inactive (it wakes up), or no State at all */
        FUNCTION_PENDING,
        FUNCTION_FAILED,
} FunctionState;

typedef enum UpdateStatus {
        UPDATE_SUCCESSFUL, /* or no LastUpdateStatus at all */
        UPDATE_IN_PROGRESS,
        UPDATE_FAILED,
} UpdateStatus;

/* What an alias routes to. extra == 0: everything to primary (weight is 0 then). */
typedef struct Route {
        uint64_t primary; /* version number; 0: none of ours ($LATEST, or not known) */
        uint64_t extra;
        uint32_t weight; /* of extra, 0..WEIGHT_FULL */
        uint32_t is_odd; /* 1: something no plan of ours writes (two extras, $LATEST): equals no route */
} Route;

static inline bool route_equal(const Route *a, const Route *b) {
        return !a->is_odd && !b->is_odd && a->primary == b->primary && a->extra == b->extra &&
                        a->weight == b->weight;
}

/* One moment as both clocks see it. */
struct Now {
        usec_t wall;   /* since the epoch, by AWS's clock as its replies tell it: for metric windows and
                          display */
        usec_t mono;   /* CLOCK_BOOTTIME: for every span; counts on while the host is suspended */
        uint64_t boot; /* fingerprint of the boot id: mono values of different boots do not compare */
};
