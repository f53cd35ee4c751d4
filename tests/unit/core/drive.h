#pragma once

/* Drives one rollout of one target through the brain by hand: the calls it asks for, the replies that the
 * test picks. */

#include "core/rollout.h"
#include "core/trace.h"
#include "lib/fake-alias.h"
#include "lib/fake-function.h"
#include "lib/test.h"

typedef struct Drive {
        Plan plan;
        PlanTarget target;
        PlanStep steps[3];
        PlanCheck checks[3];
        RolloutState *state;
        ActionList *actions; /* of the last event */
        Now now;
        FakeAlias alias;
        FakeFunction function;
        Action alias_effect, poll_effect, alarm_effect; /* outstanding; op_id 0: none */
        bool version_active;
        uint64_t role[2], dead_letter[2]; /* old, new */
        double new_requests, new_errors;  /* per bucket, in metrics replies */
        double duration;
        AlarmSays alarm_says; /* of every alarm */
        bool takes_history;   /* preflight's reading of metrics is the test's to answer; else it is answered
                                 at once */
} Drive;

/* 5 % for 10 min, 50 % for 10 min, bake 5 min; error_rate at most 5 %; alias on 41, plan to 42. */
Drive *drive_new(void);
Drive *drive_free(Drive *d);
DEFINE_TRIVIAL_CLEANUP(Drive *, drive_free);

int drive_event(Drive *d, Event *e); /* checks the invariants after it */
void drive_start(Drive *d);
void drive_tick(Drive *d); /* moves the clock to the deadline first */
void drive_wait(Drive *d, usec_t span);
void drive_resume(Drive *d);
void drive_reply(Drive *d);               /* the alias effect, as Lambda would answer */
void drive_answer(Drive *d, Event *e);    /* the alias effect, with this event's members */
void drive_refuse(Drive *d, Fault fault); /* the alias effect failed */
void drive_metrics(Drive *d);             /* the poll, with the drive's rates, up to the present */
void drive_blind(Drive *d, Fault fault);  /* the poll failed */
/* The poll, like drive_metrics(), but for one check that could not be read. */
void drive_metrics_but(Drive *d, uint32_t check, Fault fault);
void drive_alarms(Drive *d); /* the reading of alarms, preflight's too, as alarm_says */
void drive_alarms_blind(Drive *d, Fault fault);
/* Replies well and ticks until the phase (and, in PHASE_SHIFTING, the step's hold) is reached; fails after
 * 500 events. */
void drive_to(Drive *d, Phase phase);
void drive_to_hold(Drive *d, uint32_t step);

const Action *drive_action(const Drive *d, ActionKind kind); /* first of the last event; NULL */
const Report *drive_report(const Drive *d, ReportKind kind);
TargetState *drive_target(Drive *d);
