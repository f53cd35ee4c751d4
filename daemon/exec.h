#pragma once

/* Effects on AWS: an action of the brain goes out, an event comes back. Knows nothing of rollouts beyond
 * that. */

#include <systemd/sd-event.h>

#include "codec/conf.h"
#include "core/action.h"
#include "core/event.h"
#include "core/plan.h"

typedef struct Exec Exec;
typedef struct ExecOp ExecOp;

/* The completion: event->target and event->op_id are those of the action. Never called from inside
 * exec_start(). */
typedef void (*ExecDone)(const Event *event, void *userdata);

int exec_new(sd_event *event, const Conf *conf, Exec **ret, char reterr[static 320]);
Exec *exec_free(Exec *e);
DEFINE_TRIVIAL_CLEANUP(Exec *, exec_free);

/* Starts an effect of the brain's (not CANCEL, which is exec_withdraw()). One completion follows, whatever
 * happens (missing credentials and bad regions too), unless exec_cancel() comes first. plan and action are
 * borrowed for this call only. -ENOMEM: no completion will come. */
int exec_start(Exec *e, const Plan *plan, const Action *action, ExecDone done, void *userdata, ExecOp **ret);
void exec_cancel(ExecOp *op); /* NULL is fine */
/* True: it has not left yet; it is gone now, and no completion comes. False: it goes on as if nothing had
 * been said. */
bool exec_withdraw(ExecOp *op);
