#pragma once

/* The state of one rollout: flat, no pointers, every byte meaningful or zero, so that it can be copied,
 * compared, hashed and stored. Names stay in the plan. rollout.h says how it moves. */

#include "base/prng.h"
#include "core/types.h"

/* What a target's alias machine is doing. */
typedef enum Stage {
        STAGE_IDLE,       /* nothing outstanding; "route" is what the alias was last known to have */
        STAGE_READ_ALIAS, /* preflight */
        STAGE_READ_OLD,
        STAGE_READ_NEW,
        STAGE_READ_ALARMS,
        STAGE_READ_CONCURRENCY,
        STAGE_READ_LATEST,  /* $LATEST, before anything is deployed */
        STAGE_READ_CODE,    /* the zip that is to be deployed */
        STAGE_READ_HISTORY, /* the metrics of the recent past */
        STAGE_WRITE,        /* an UpdateAlias towards "want" is outstanding or waits for its retry */
        STAGE_RESOLVE,      /* its outcome is not known: reading to find out */
        STAGE_VERIFY,       /* it was accepted: reading it back */
        STAGE_RELEASED,     /* a foreign hand owns the alias */
        /* Publishing, and most of it for restoring, too: */
        STAGE_LATEST,      /* reading $LATEST: may its code be updated, or has that happened already? */
        STAGE_UPDATE,      /* an UpdateFunctionCode is outstanding or waits for its retry */
        STAGE_UPDATED,     /* reading $LATEST until Lambda is done with it */
        STAGE_PUBLISH,     /* a PublishVersion is outstanding or waits for its retry */
        STAGE_ACTIVATE,    /* reading the new version until it is Active */
        STAGE_CREATE,      /* a CreateAlias is outstanding or waits for its retry */
        STAGE_CREATED,     /* its outcome is not known, or the alias is there already: reading it */
        STAGE_RESTORE_OLD, /* reading what code the old version has */
        STAGE_RESTORE_NEW, /* and the new one */
} Stage;
#define STAGE_COUNT (STAGE_RESTORE_NEW + 1)

/* An effect that was asked for. id != 0: outstanding, its completion carries the id. id == 0 and retry_at !=
 * 0: to be asked for again at that moment of the rollout's age. Both 0: nothing. */
typedef struct Op {
        uint64_t id;
        usec_t retry_at;
        uint32_t attempt; /* failed attempts so far */
        uint32_t fault;   /* Fault of the last one */
} Op;

/* What one check said at the last reading. */
typedef struct CheckState {
        uint32_t verdict;                /* Verdict */
        uint32_t cause;                  /* Cause */
        double value;                    /* in the unit of the check; meaningful when samples > 0 */
        double samples;                  /* requests behind the value */
        usec_t window_start, window_end; /* an alarm's start: since when it is as it is; 0: not known */
        usec_t blind_since; /* age since which this check alone cannot be read; 0: it can, or nothing can */
} CheckState;

typedef struct Counts {
        double invocations, errors;
} Counts;

/* What is kept of CloudWatch between readings: buckets before folded_until are final and summed up, later
 * ones are read again each time. Wall-clock times. */
typedef struct JudgeState {
        usec_t exposed_since; /* start of the bucket in which the new version first got traffic; 0: not yet
                               */
        usec_t folded_until;
        usec_t step_from;          /* start of the first bucket that lies wholly in the present step */
        Counts step_new, step_old; /* folded, present step */
        Counts all_new, all_old;   /* folded, whole rollout */
        uint64_t buckets, buckets_with_data; /* folded, of either version */
        usec_t asked_from, asked_until;      /* window of the outstanding or last reading; wall */
        usec_t asked_age;                    /* age at which it was asked for */
        usec_t read_age; /* age at which the last good reading was asked for; 0: none in this step or life */
        usec_t data_age; /* age of the last reading with a new datapoint of either version */
        usec_t last_data;   /* start of the newest bucket seen with data */
        usec_t blind_since; /* age since which metrics cannot be seen at all; 0: seeing */
        uint32_t blind_cause;
        uint32_t asked_all;        /* 1: the window asked for reaches the present */
        uint32_t caught_up;        /* 1: the last good reading did */
        uint32_t steady;           /* 1: when data last came, most buckets before it had data */
        Counts seen_new, seen_old; /* present step so far, unsettled buckets included: for people */
        usec_t alarms_asked;       /* age at which the outstanding or last reading of alarms was asked for */
        usec_t alarms_age;         /* like read_age, of alarms */
        uint64_t missed; /* a bit per check: buckets of this step were folded that it has not seen */
        CheckState checks[PLAN_CHECKS_MAX];
} JudgeState;

/* A RevisionId that the alias had before the present one, as a fingerprint: it never comes back, so a read
 * that shows it is old. */
typedef struct PastRevision {
        uint64_t fingerprint; /* 0: none */
} PastRevision;
#define PAST_REVISIONS_MAX 8

/* Deploying a function's code, and putting the old one back. */
typedef struct CodeState {
        char revision[REVISION_SIZE]; /* $LATEST's, as last seen */
        char sha[CODE_SHA_SIZE];      /* $LATEST's code: before it is "known", what it was before we came */
        char old_sha[CODE_SHA_SIZE];  /* restoring: the old version's */
        char planned[CODE_SHA_SIZE]; /* of what is deployed: by the plan, by the zip as preflight read it, or
                                        by Lambda's reply; "": nobody has said it yet */
        usec_t since;              /* age since which the present wait, or the restoring, goes on; 0: not */
        uint64_t version_restored; /* 0: none yet */
        uint32_t known;            /* 1: "sha" is the new version's */
        uint32_t touched;          /* bits of target-code.h: what may have had its effect */
        uint32_t unsure;           /* and what of that was never replied to */
        uint32_t missing;          /* 1: the alias is not there, and to be created */
        uint32_t restore_done;     /* 1: restored, or given up, or nothing to restore */
        uint32_t restore_asked;    /* 1: the old code may be back in $LATEST */
} CodeState;

struct TargetState {
        uint32_t stage;       /* Stage */
        uint32_t touched;     /* 1: a write may have changed the alias */
        uint32_t unsure;      /* 1: a write since the last known RevisionId may still land */
        uint32_t told_weight; /* the new version's weight in the last REPORT_WEIGHT_SET */
        uint64_t place;       /* plan_target_place() as it began; 0: not yet */
        uint64_t version_old, version_new;
        Route route; /* as last read or confirmed */
        Route want;  /* what the outstanding or last write says */
        Route lost;  /* an earlier write whose outcome was never learnt; primary == 0: none */
        char revision[REVISION_SIZE];          /* belongs to route */
        PastRevision past[PAST_REVISIONS_MAX]; /* newest first */
        uint64_t strange; /* reads in a row that showed what nobody of us has written, or no alias at all */
        uint64_t role, dead_letter; /* of the old version, for the comparison in preflight */
        char role_arn[ARN_TEXT_SIZE],
                        dead_letter_arn[ARN_TEXT_SIZE]; /* the same for people; "": not known */
        Op alias_op; /* reads and writes of alias and versions, and preflight's of the rest: one at a time */
        CodeState code;
        uint32_t concurrency; /* provisioned on the alias: 1 + how much; 0: not known */
        uint32_t moved;       /* 1: a promotion may have changed the alias's primary version */
        usec_t moving_since;  /* age since which Lambda itself is seen to move the traffic; 0: it does not */
        Op poll_op;           /* reading metrics */
        Op alarm_op;          /* reading alarms, from the first traffic on */
        usec_t next_poll;     /* age */
        usec_t next_alarms;   /* age */
        usec_t seen_wall;     /* when "route" and "revision" were last seen; wall; 0: not known */
        usec_t failing_since; /* age of the first failure in a row of forward writes or reads; 0: none. In a
                                 rollback: since when the old version is not back */
        char error[ERROR_TEXT_SIZE]; /* AWS's words on the last failure; "" after a success */
        JudgeState judge;
};

/* Why the rollout turned around or ended. */
typedef enum Reason {
        REASON_NONE,
        REASON_BREACH,
        REASON_BLIND,
        REASON_DEADLINE,
        REASON_FOREIGN,
        REASON_REFUSED,      /* AWS refuses the write for good */
        REASON_CANNOT_WRITE, /* a forward write failed for max_blind */
        REASON_ALIAS_MISSING,
        REASON_VERSION_MISSING, /* "which" tells old or new */
        REASON_VERSION_STATE,   /* not Active */
        REASON_ALIAS_ELSEWHERE, /* points to another version than the plan's "from" */
        REASON_ALIAS_SPLIT,     /* has weights already */
        REASON_ALREADY_THERE,   /* points to "to" already */
        REASON_ROLE_DIFFERS,
        REASON_DEAD_LETTER_DIFFERS,
        REASON_DENIED,
        REASON_INVALID, /* AWS does not accept a read of preflight */
        REASON_ALARM_MISSING,
        REASON_ALARM_RINGING,   /* before anything was done */
        REASON_NOTHING_NEW,     /* publishing gives the old version again: its code is $LATEST's */
        REASON_CODE_FOREIGN,    /* somebody else deploys to the function */
        REASON_CODE_DIFFERS,    /* the code that Lambda has is not what the plan's sha256 says */
        REASON_CODE_REFUSED,    /* AWS, or the shell, refuses the code as it is */
        REASON_UPDATE_FAILED,   /* Lambda could not take the code over */
        REASON_VERSION_FAILED,  /* the new version will never be Active */
        REASON_CODE_STUCK,      /* Lambda has not come to an end with the code */
        REASON_CANNOT_DEPLOY,   /* the calls failed for too long */
        REASON_PACKAGE_DIFFERS, /* a zip for a function of images, or the other way round */
        REASON_ALIAS_REFUSED,   /* AWS refuses to create the alias */
        REASON_PROVISIONING,  /* Lambda has not moved the traffic of an alias with provisioned concurrency */
        REASON_WINDOW,        /* it closed while an alias was split, and the plan says to go back then */
        REASON_SUPERSEDED,    /* a newer plan for one of its aliases came, and the plan gives way */
        REASON_QUERY_REFUSED, /* CloudWatch does not accept the query of a check */
} Reason;
#define REASON_COUNT (REASON_QUERY_REFUSED + 1)

/* What is known of a moment that traffic must wait for, before it moves forward again. */
typedef enum Gated {
        GATED_NOT,
        GATED_READ_AGAIN, /* nothing of the wave was written yet, and its aliases are to be read before it is
                           */
        GATED_TOLD,       /* waits for its window or "not_before", and that was said; then the same */
} Gated;
#define GATED_COUNT (GATED_TOLD + 1)

struct RolloutState {
        uint32_t phase; /* Phase */
        uint32_t step;  /* index of the present step; n_steps while promoting and baking */
        uint64_t next_op;
        uint64_t next_seq; /* of the next report */
        Prng prng;
        uint8_t plan_sha256[PLAN_HASH_SIZE];

        /* Time: "age" is the observed time since START. It never runs backwards, is immune to steps of the
         * wall clock and goes on over a restart of the daemon, not over a reboot (nobody can say how long
         * that took). */
        usec_t age;
        Now last;        /* the moment of the last event */
        usec_t step_age; /* age at which the step's (or the bake's) weight was confirmed everywhere; 0: not
                            yet */
        usec_t step_wall;
        usec_t started_wall, ended_wall;
        usec_t persisted_age; /* age at the last PERSIST */

        /* The turning point, once there is one. */
        uint32_t reason;         /* Reason */
        uint32_t reason_target;  /* index */
        uint32_t reason_check;   /* index, for REASON_BREACH, REASON_ALARM_*, REASON_QUERY_REFUSED
                                    and REASON_BLIND (n_checks: nothing at all could be seen) */
        uint32_t reason_step;    /* step at that moment */
        uint64_t reason_version; /* for the REASON_VERSION_* and REASON_ALIAS_ELSEWHERE: which one was found
                                  */

        uint32_t wave;    /* index of the present one, or of the one that turned around */
        uint32_t gated;   /* Gated */
        usec_t due_since; /* age from which the deadline counts: not while nothing was touched yet, and the
                             plan's own time has not come */

        uint32_t n_targets;
        uint32_t holding; /* what the last REPORT_HOLDING said: 1 + check * 256 + cause; 0: none in this step
                           */
        TargetState targets[];
};

/* Bytes of a state for n targets. */
static inline size_t rollout_state_size(uint32_t n_targets) {
        return sizeof(RolloutState) + n_targets * sizeof(TargetState);
}
_Static_assert(sizeof(RolloutState) + sizeof(TargetState) <= 4096, "a single-target rollout fits in 4 KiB");
