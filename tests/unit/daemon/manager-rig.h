#pragma once

/* A manager with its real store, watcher and core, between a fake exec and no bus. */

#include "codec/conf.h"
#include "daemon/manager.h"
#include "unit/daemon/rig.h"

typedef struct ManagerRig {
        Rig *rig;
        Conf conf;
        Manager *manager;
} ManagerRig;

ManagerRig *manager_rig_new(void); /* nothing is started yet; forgets trail and fake exec */
ManagerRig *manager_rig_free(ManagerRig *g);
DEFINE_TRIVIAL_CLEANUP(ManagerRig *, manager_rig_free);

void manager_rig_start(ManagerRig *g);
void manager_rig_stop(ManagerRig *g); /* as a crash: nothing is said to anybody */

/* A good plan called "name" for FUNCTION:live as plans/FILE. "to" makes its content. */
void manager_rig_drop(
                const ManagerRig *g, const char *file, const char *name, const char *function, unsigned to);

/* Runs the loop until exec has been asked n times altogether. */
void manager_rig_wait_calls(ManagerRig *g, size_t n);
/* Runs the loop until a rollout is in a phase; "": until it is not there at all. */
void manager_rig_wait_phase(ManagerRig *g, const char *id, const char *phase);
/* Runs the loop until there are that many refusals. */
void manager_rig_wait_refusals(ManagerRig *g, size_t n);

/* "checkout@1:preflight mailer@1:queued ", live ones first, then finished ones. */
const char *manager_rig_list(ManagerRig *g);
/* "PATH'S NAME: message\n" each */
const char *manager_rig_refusals(ManagerRig *g);
