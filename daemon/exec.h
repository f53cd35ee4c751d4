#pragma once

/* Effects on AWS: an action of the brain goes out, an event comes back. Knows nothing of rollouts beyond
 * that. */

#include <systemd/sd-event.h>

#include "aws/env.h"
#include "codec/conf.h"
#include "core/action.h"
#include "core/event.h"
#include "core/plan.h"

typedef struct Exec Exec;
typedef struct ExecOp ExecOp;
typedef struct ExecWarm ExecWarm;

/* The completion: event->target and event->op_id are those of the action. Never called from inside
 * exec_start(). */
typedef void (*ExecDone)(const Event *event, void *userdata);

/* env: outlives the Exec. */
int exec_new(sd_event *event, const Conf *conf, const AwsEnv *env, Exec **ret, char reterr[static 320]);
Exec *exec_free(Exec *e);
DEFINE_TRIVIAL_CLEANUP(Exec *, exec_free);

/* Of targets whose plan names none. Borrowed; NULL: nobody says. */
const char *exec_region(const Exec *e);

/* The moment as AWS sees it: what the brain has to be given. */
void exec_clock_read(const Exec *e, Now *ret);
/* What the brain was given in an earlier life of the daemon: good until AWS itself is heard. */
void exec_clock_remember(Exec *e, const Now *then);

/* Starts any effect but CANCEL. One completion follows, whatever happens (missing credentials and bad
 * regions too), unless exec_cancel() comes first. rollout (its id), plan and action are borrowed for this
 * call only. -ENOMEM: no completion will come. */
int exec_start(Exec *e, const char *rollout, const Plan *plan, const Action *action, ExecDone done,
                void *userdata, ExecOp **ret);
void exec_cancel(ExecOp *op); /* NULL is fine */
/* ACTION_CANCEL: what has not left does not leave, and no completion comes: true. What has left goes on and
 * completes: false. */
bool exec_withdraw(ExecOp *op);
/* What keeps it from leaving, for people: "credentials"... NULL: nothing, or nobody knows. */
const char *exec_waits_for(const ExecOp *op);

/* Keeps a connection for rollbacks of this target ready as long as it is held. */
int exec_warm_new(Exec *e, const Plan *plan, uint32_t target, ExecWarm **ret);
ExecWarm *exec_warm_free(ExecWarm *w);
DEFINE_TRIVIAL_CLEANUP(ExecWarm *, exec_warm_free);
