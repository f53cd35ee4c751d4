#pragma once

/* One live rollout: its state, its plan, one timer, and the calls that are under way. Events go in, actions
 * come out, and no effect starts before the state that wants it is durable. All decisions are the core's. */

#include <systemd/sd-event.h>

#include "codec/plan-yaml.h"
#include "core/rollout.h"
#include "daemon/exec.h"
#include "daemon/store.h"

typedef struct Runner Runner;

/* What the runners of a daemon share. Outlives them all. */
typedef struct RunnerShared {
        sd_event *event;
        Store *store;
        Exec *exec;
        ActionList *actions; /* for the duration of one step */
        /* Something that others look at is different now: phase, trouble, retirement. May be called from
         * inside of runner_start() and runner_resume(); must not free the runner. */
        void (*on_change)(Runner *runner, void *userdata);
        void *userdata;
} RunnerShared;

typedef struct RunnerId {
        const char *id, *name, *plan_path;
        uint64_t number;
} RunnerId;

/* Takes doc and state over on success; copies the texts. Does nothing until told. */
int runner_new(const RunnerShared *shared, const RunnerId *id, PlanDoc **take_doc, RolloutState **take_state,
                Runner **ret);
Runner *runner_free(Runner *r); /* cancels its calls; queued commits still happen */
DEFINE_TRIVIAL_CLEANUP(Runner *, runner_free);

void runner_start(Runner *r); /* its turn on the alias has come */
/* A newer plan, of the rollout "by", came, and this one gives way. */
void runner_supersede(Runner *r, const char *by);
void runner_resume(Runner *r); /* its record was loaded from the store */
/* Nothing more is done with it, its alias stays taken, and that is said again and again. */
void runner_park(Runner *r, const char *format, ...) _printf_(2, 3);

const char *runner_id(const Runner *r);
const char *runner_name(const Runner *r);
uint64_t runner_number(const Runner *r);
const char *runner_plan_path(const Runner *r);
const Plan *runner_plan(const Runner *r);
const RolloutState *runner_state(const Runner *r);
const char *runner_trouble(const Runner *r);   /* why it is parked; NULL: it is not */
const char *runner_waits_for(const Runner *r); /* as exec_waits_for(), of any of its calls */
usec_t runner_silence(const Runner *r);        /* for how long AWS owes an answer; 0: not noticeably */
bool runner_is_unrecorded(const Runner *r);    /* its last commit was refused; it keeps trying */
bool runner_is_retired(const Runner *r);       /* ended, and that is durable: to be freed */
