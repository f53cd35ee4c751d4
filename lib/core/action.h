#pragma once

/* What the brain asks the shell to do, in the order in which it must happen.
 *
 * PERSIST comes first where it comes at all: no effect behind it may start before the state (and the reports
 * of the same list) are durable. When they cannot be made durable, effects with "even_unrecorded" start all
 * the same (they only put traffic back on the old version, or read whether it is there); each of the others
 * is completed at once with FAULT_STORE. Every effect but CANCEL is answered by exactly one event with its
 * op_id, unless it was cancelled or the process dies. */

#include "core/event.h"
#include "core/finding.h"
#include "core/state.h"

typedef enum ActionKind {
        ACTION_PERSIST,
        ACTION_REPORT,       /* -> event log, journal */
        ACTION_READ_ALIAS,   /* -> EVENT_ALIAS_READ */
        ACTION_READ_VERSION, /* -> EVENT_VERSION_READ */
        ACTION_WRITE_ALIAS,  /* -> EVENT_ALIAS_WRITTEN */
        ACTION_READ_METRICS, /* -> EVENT_METRICS_READ */
        ACTION_READ_ALARMS,  /* those of the plan's CHECK_ALARM checks -> EVENT_ALARMS_READ */
        /* The target's function itself. Where two aliases of a plan belong to one function, the brain sees
         * to it that only one of them is at it at a time. */
        ACTION_READ_FUNCTION,    /* $LATEST or a version -> EVENT_FUNCTION_READ */
        ACTION_UPDATE_CODE,      /* new code for $LATEST, not published -> EVENT_CODE_UPDATED */
        ACTION_PUBLISH_VERSION,  /* a version of $LATEST -> EVENT_VERSION_PUBLISHED */
        ACTION_CREATE_ALIAS,     /* all traffic on "version" -> EVENT_ALIAS_WRITTEN */
        ACTION_READ_CONCURRENCY, /* the alias's provisioned concurrency -> EVENT_CONCURRENCY_READ */
        ACTION_READ_CODE,        /* the zip of the target's "publish"; asks nobody -> EVENT_CODE_READ */
        /* op_id is that of an earlier effect which this rollout waits for no longer. What has not left yet
         * does not leave; what has left goes on, and its outcome stays unknown. No event answers it: neither
         * this action nor the effect (one that comes all the same is stale and harmless). */
        ACTION_CANCEL,
} ActionKind;
#define ACTION_KIND_COUNT (ACTION_CANCEL + 1)

/* Events an operator can see. Each has a MESSAGE_ID in daemon/log.c and a sentence in core/trace.c. */
typedef enum ReportKind {
        REPORT_STARTED, /* preflight begins */
        REPORT_PREFLIGHT_PASSED,
        REPORT_REJECTED,      /* reason */
        REPORT_WEIGHT_INTENT, /* about to write weight_to */
        REPORT_WEIGHT_SET,    /* the alias has it */
        REPORT_STEP_PASSED,
        REPORT_HOLDING, /* time is up but a check is not healthy: check, cause */
        REPORT_PROMOTED,
        REPORT_BAKING,
        REPORT_SUCCEEDED,
        REPORT_BREACH,           /* check, value, limit, window */
        REPORT_ROLLBACK_STARTED, /* reason */
        REPORT_ROLLED_BACK,      /* verified by a read back */
        REPORT_ROLLBACK_FAILING, /* a rollback does not succeed; it goes on trying */
        REPORT_FOREIGN,          /* somebody else changed the alias: released */
        REPORT_RELEASED,
        REPORT_REVISION_ADOPTED, /* same routing, new RevisionId: went on with it */
        REPORT_BLIND,            /* nothing to be seen: cause */
        REPORT_SEEING,           /* data is back */
        REPORT_RETRYING,         /* a call failed and will be tried again: fault. In a rollback: the first
                                     failure, no trouble yet */
        REPORT_RESUMED,          /* after a restart of the daemon */
        REPORT_PUBLISHING,       /* about to change $LATEST, or to publish it */
        REPORT_PUBLISHED,        /* version_new exists; it is not proven to be Active yet */
        REPORT_ALIAS_CREATED,
        REPORT_CONCURRENCY,  /* preflight: "concurrency" is provisioned on the alias */
        REPORT_PROVISIONING, /* Lambda itself moves the traffic of an alias with provisioned concurrency */
        REPORT_RESTORING,    /* about to put the old version's code back into $LATEST */
        REPORT_RESTORED,     /* version_made has the old version's code */
        REPORT_RESTORE_SKIPPED, /* reason: nothing to restore, or somebody else's code is there */
        REPORT_RESTORE_FAILED,  /* reason, fault; the alias is back all the same */
        REPORT_WAVE_BEGUN,      /* plans with waves: its targets are next */
        REPORT_WAVE_BAKED,      /* all its targets have all the traffic, and are watched no more */
        REPORT_WAITING,         /* for its window or "not_before": opens */
        REPORT_FINDING,         /* preflight: finding, and error where AWS said something */
} ReportKind;
#define REPORT_KIND_COUNT (REPORT_FINDING + 1)

struct Report {
        ReportKind kind;
        uint64_t seq;   /* 1, 2, 3... per rollout, without gaps */
        usec_t wall;    /* when */
        uint32_t phase; /* Phase after the step */
        uint32_t target, wave, step, n_steps;
        uint32_t weight_from, weight_to; /* WEIGHT_PERCENT units */
        uint64_t version_old, version_new;
        uint32_t check;         /* index; meaningful where the kind says so */
        uint32_t verdict;       /* Verdict */
        uint32_t cause;         /* Cause */
        uint32_t fault;         /* Fault */
        uint32_t reason;        /* Reason */
        uint64_t found_version; /* RolloutState.reason_version. REPORT_RESTORE_FAILED: whose code $LATEST
                                   has all the same; 0: not known to be the old version's */
        uint64_t version_made;  /* REPORT_RESTORED */
        uint32_t concurrency;   /* REPORT_CONCURRENCY */
        Finding finding;        /* REPORT_FINDING */
        uint32_t unshifted;     /* 1: no alias of the rollout has been written to */
        double value, limit, samples;
        usec_t window_start, window_end; /* wall */
        Counts new_version, old_version; /* present step so far */
        usec_t next;  /* span until the next attempt, or the hold or bake that begins; 0: none */
        usec_t opens; /* REPORT_WAITING: when traffic may move again; wall; USEC_INFINITY: never */
        /* REPORT_FOREIGN. "revision" is the alias's present one, "" when it is gone. */
        Route found;      /* what the alias has */
        Route ours;       /* what it had when it was last seen as ours; primary == 0: not known */
        usec_t seen_wall; /* when that was; 0: not known */
        char ours_revision[REVISION_SIZE];
        char revision[REVISION_SIZE];
        char request_id[REQUEST_ID_SIZE];
        char error[ERROR_TEXT_SIZE]; /* AWS's words; REPORT_BREACH of an alarm: why it rings;
                                        REASON_SUPERSEDED: by which rollout */
};

struct Action {
        ActionKind kind;
        uint32_t target;
        uint64_t op_id;
        bool even_unrecorded;
        Lane lane;
        union {
                Report report;
                uint64_t version; /* ACTION_READ_VERSION */
                                  /* ACTION_READ_FUNCTION: 0: $LATEST. ACTION_CREATE_ALIAS */
                struct {          /* ACTION_WRITE_ALIAS */
                        Route route;
                        char revision[REVISION_SIZE]; /* must be the alias's present one: compare and swap */
                } write;
                struct { /* ACTION_READ_METRICS: buckets with from <= start < until; wall, multiples of the
                            period. Preflight asks for the old version in the place of both: the values of
                            the checks are the old version's then */
                        usec_t from, until;
                        uint64_t version_new, version_old;
                } metrics;
                /* ACTION_UPDATE_CODE. Never with Publish. version == 0: what the target's "publish" names
                 * (zip, S3 or image; never PUBLISH_LATEST). Else the code of that version, fetched by the
                 * shell. A zip, the operator's or what was fetched, must have code_sha (where that is not
                 * ""): otherwise it is FAULT_INVALID and sent nowhere. */
                struct {
                        uint64_t version;
                        char revision[REVISION_SIZE]; /* $LATEST's: compare and swap */
                        char code_sha[CODE_SHA_SIZE];
                } update;
                /* ACTION_PUBLISH_VERSION: guarded by both. The shell adds a description with the rollout's
                 * id.
                 */
                struct {
                        char revision[REVISION_SIZE];
                        char code_sha[CODE_SHA_SIZE];
                } publish;
        };
};

/* Room for the busiest step. In a rollback while everything is outstanding, each target has the reads or
 * writes of its alias, of metrics and of alarms cancelled, an intent, a write; when preflight lets all of
 * them go on, its word on that, an intent, a write, and both readings. Beside them, for all together: what
 * the event itself has to tell of its target (preflight: of each check) and of the phases that it leads
 * through, and PERSIST. */
#define ACTIONS_MAX (24 + PLAN_CHECKS_MAX + 5 * PLAN_TARGETS_MAX)

struct ActionList {
        size_t n;
        Action items[ACTIONS_MAX]; /* about 200 KiB: one per process, not per rollout and not on the stack */
};

/* The kind of event that answers this kind of effect; EVENT_TICK: none does. */
EventKind action_completion(ActionKind kind);
