#pragma once

/* What can happen to a rollout. Pointers are borrowed for the duration of the step. */

#include "core/state.h"

typedef enum EventKind {
        EVENT_START,             /* its turn has come */
        EVENT_RESUME,            /* the daemon started and loaded this record */
        EVENT_TICK,              /* the deadline came; early, late and repeated ticks are harmless */
        EVENT_SUPERSEDE,         /* a newer plan came, and this one gives way; repeated ones are harmless */
        EVENT_ALIAS_READ,        /* completion of ACTION_READ_ALIAS */
        EVENT_VERSION_READ,      /* completion of ACTION_READ_VERSION */
        EVENT_ALIAS_WRITTEN,     /* completion of ACTION_WRITE_ALIAS */
        EVENT_METRICS_READ,      /* completion of ACTION_READ_METRICS */
        EVENT_ALARMS_READ,       /* completion of ACTION_READ_ALARMS */
        EVENT_FUNCTION_READ,     /* completion of ACTION_READ_FUNCTION */
        EVENT_CODE_UPDATED,      /* completion of ACTION_UPDATE_CODE */
        EVENT_VERSION_PUBLISHED, /* completion of ACTION_PUBLISH_VERSION */
        EVENT_CONCURRENCY_READ,  /* completion of ACTION_READ_CONCURRENCY */
        EVENT_CODE_READ,         /* completion of ACTION_READ_CODE: code_sha */
} EventKind;
#define EVENT_KIND_COUNT (EVENT_CODE_READ + 1)

/* One bucket of counts. Rows ascend by time; buckets without a datapoint of either version may be absent. */
typedef struct MetricRow {
        usec_t start;
        Counts new_version, old_version; /* finite, not negative; an absent Errors point beside Invocations
                                            is 0 */
} MetricRow;

/* One value of a CHECK_DURATION check in one bucket; ascending by time per check. */
typedef struct MetricValue {
        usec_t start;
        uint32_t check; /* index in the plan */
        double value;   /* finite, not negative */
} MetricValue;

/* A check whose own query failed while the rest of the reading is good. */
typedef struct CheckFault {
        uint32_t check;    /* index in the plan */
        Fault fault;       /* not FAULT_NONE */
        const char *error; /* AWS's words; may be NULL */
} CheckFault;

typedef enum AlarmSays {
        ALARM_SAYS_MISSING, /* asked for, not there */
        ALARM_SAYS_OK,
        ALARM_SAYS_ALARM,
        ALARM_SAYS_NOTHING, /* INSUFFICIENT_DATA, or a state that CloudWatch itself doubts */
} AlarmSays;

typedef struct AlarmReading {
        uint32_t check; /* index in the plan */
        AlarmSays says;
        usec_t since;       /* wall: when the alarm came into that state; 0: not known */
        const char *reason; /* AWS's words; may be NULL */
} AlarmReading;

struct Event {
        EventKind kind;
        uint32_t target;        /* index; completions only */
        uint64_t op_id;         /* completions only: that of the action */
        Fault fault;            /* completions only; FAULT_NONE: the members below are filled */
        usec_t retry_after;     /* what AWS asked for, 0: nothing */
        const char *request_id; /* AWS's; may be NULL */
        const char *error;      /* AWS's words; may be NULL */

        /* EVENT_ALIAS_READ, and EVENT_ALIAS_WRITTEN (what the reply says) */
        Route route;
        const char *revision; /* EVENT_FUNCTION_READ, EVENT_CODE_UPDATED: the function's (version's) own */

        /* EVENT_FUNCTION_READ, EVENT_CODE_READ and EVENT_CODE_UPDATED: $LATEST, or the version that was
         * asked for. A reply without a RevisionId or with a CodeSha256 that is empty or does not fit
         * CODE_SHA_SIZE is FAULT_PERMANENT. What the shell itself finds wrong with a file or with fetched
         * code is FAULT_INVALID where no retry mends it (unreadable, too large, another SHA-256),
         * FAULT_UNREACHABLE where one may: all of them mean that $LATEST is untouched. So does 400, 403,
         * 404, 409, 412 and 429 of Lambda. */
        const char *code_sha;    /* CodeSha256; EVENT_VERSION_PUBLISHED, too */
        FunctionState state;     /* EVENT_FUNCTION_READ */
        UpdateStatus update;     /* EVENT_FUNCTION_READ, EVENT_CODE_UPDATED */
        const char *state_words; /* EVENT_FUNCTION_READ: StateReason or LastUpdateStatusReason of the one
                                    that is not well; may be NULL */
        bool is_image;           /* EVENT_FUNCTION_READ: PackageType is Image */
        uint64_t version;        /* EVENT_VERSION_PUBLISHED: a number, never 0 */
        uint32_t concurrency;    /* EVENT_CONCURRENCY_READ: requested; 0: none is configured (which is no
                                    fault) */

        /* EVENT_VERSION_READ; state and state_words, too */
        bool version_active;        /* State Active or Inactive (it wakes up), or no State at all */
        uint64_t role, dead_letter; /* fingerprints; 0: none. EVENT_FUNCTION_READ, too */
        const char *role_arn, *dead_letter_arn; /* their texts, at most ARN_TEXT_SIZE; may be NULL */

        /* EVENT_METRICS_READ; the reading spans [from, until) as the action asked. The counts are complete
         * (otherwise the reading has failed as a whole), and so are the values of all checks but those in
         * check_faults, which have none. */
        const MetricRow *rows;
        size_t n_rows;
        const MetricValue *values;
        size_t n_values;
        const CheckFault *check_faults; /* at most one per check */
        size_t n_check_faults;

        const char *by; /* EVENT_SUPERSEDE: the newer rollout; may be NULL */

        /* EVENT_ALARMS_READ: one for each CHECK_ALARM check */
        const AlarmReading *alarms;
        size_t n_alarms;
};
