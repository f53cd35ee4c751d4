#pragma once

/* What preflight found about one alias: good, doubtful, or a reason not to begin. */

#include "core/plan.h"
#include "core/state.h"

typedef enum FindingLevel {
        FINDING_OK,
        FINDING_WARN,
        FINDING_REFUSE,
} FindingLevel;
#define FINDING_LEVEL_COUNT (FINDING_REFUSE + 1)

typedef enum FindingKind {
        FINDING_ALIAS,       /* where it points to */
        FINDING_VERSIONS,    /* their states, roles and dead-letter targets */
        FINDING_CODE,        /* what is to be deployed; count: its PublishKind */
        FINDING_CONCURRENCY, /* what is provisioned on the alias */
        FINDING_ALARMS,
        FINDING_METRICS,   /* CloudWatch takes the queries of the checks */
        FINDING_TRAFFIC,   /* requests to the alias in the recent past */
        FINDING_EVIDENCE,  /* enough of them for what a step is to show */
        FINDING_THRESHOLD, /* the old version itself keeps to it */
        FINDING_ACCESS,    /* AWS denies something, or there was no time to ask */
} FindingKind;
#define FINDING_KIND_COUNT (FINDING_ACCESS + 1)

typedef struct Finding {
        uint32_t level;            /* FindingLevel */
        uint32_t kind;             /* FindingKind */
        uint32_t check;            /* index; FINDING_THRESHOLD, FINDING_METRICS (n_checks: all of them),
                                      FINDING_ALARMS that are bad */
        uint32_t step;             /* index; FINDING_EVIDENCE */
        uint32_t more;             /* FINDING_EVIDENCE: that many later steps are too short, too */
        uint32_t crossed, buckets; /* FINDING_THRESHOLD: so many of those with data */
        uint32_t count;            /* alarms, checks or provisioned concurrency; of a bad alarm: 1 it is in
                                      ALARM, 0 there is none of that name */
        uint64_t version_old, version_new; /* new == 0: to be published */
        double rate;                       /* requests per minute on the alias */
        double value;                      /* FINDING_THRESHOLD: the worst, in the unit of the check */
        usec_t span;                       /* of the past that was looked at */
        usec_t need;                       /* FINDING_EVIDENCE: how long the step would have to be */
} Finding;

/* The error rate that each step should be able to show, and the requests in which it does so 19 times out of
 * 20: 1 - 0.95^59 is just above 95 %. */
#define FINDING_ERROR_PERCENT 5u
#define FINDING_REQUESTS 59u

/* The past that preflight reads: [*ret_from, *ret_until), settled, multiples of the period. Of narrow
 * buckets CloudWatch gives no more than three hours. */
void finding_window(const Plan *plan, usec_t wall, usec_t *ret_from, usec_t *ret_until);

/* How long a step of that weight takes until it shows FINDING_ERROR_PERCENT, with "rate" requests per minute
 * on the alias. USEC_INFINITY: it never does. */
usec_t finding_need(const Plan *plan, uint32_t weight, double rate);

/* What was found good on the way to this stage of preflight (STAGE_IDLE: to its end) and is nothing to be
 * told: no report says so. In order; returns how many. */
#define FINDINGS_PASSED_MAX 6
size_t finding_passed(const RolloutState *state, const Plan *plan, uint32_t target, Stage reached,
                Finding ret[static FINDINGS_PASSED_MAX]);

/* What a reason to reject was found about. */
FindingKind finding_kind_of(Reason reason);

const char *finding_level_to_string(FindingLevel value); /* "ok", "warn", "refuse" */
const char *finding_kind_to_string(FindingKind value);   /* "evidence" */

/* The sentence, without the alias it is about: "at 12 requests/min a 5 % step needs about 98 min to show a
 * 5 % error rate; the plan holds 10 min". "error": AWS's words, may be "". Fits, or is cut. */
#define FINDING_TEXT_MAX 1024
void finding_format(
                const Finding *f, const Plan *plan, const char *error, char ret[static FINDING_TEXT_MAX]);
