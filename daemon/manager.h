#pragma once

/* Owns everything: loop, store, watcher, effects, bus and the rollouts. */

#include <systemd/sd-event.h>

#include "base/diag.h"
#include "codec/conf.h"
#include "core/rollout.h"

typedef struct Manager Manager;

/* A rollout as others may look at it; borrowed for the duration of the callback. */
typedef struct ManagerRollout {
        const char *id;
        const char *plan_path;
        const Plan *plan;
        const RolloutState *state;
        const char *waits_for; /* what keeps its calls from leaving; NULL: nothing */
        usec_t silence;        /* for how long AWS owes an answer; 0: not noticeably */
        const char *behind;    /* queued: the rollout that it waits for; NULL: none */
        const char *trouble;   /* why it is frozen and waits for somebody; NULL: it is not */
} ManagerRollout;

/* A plan file that was refused. */
typedef struct ManagerRefusal {
        const char *path;
        usec_t wall;
        const DiagList *diags; /* NULL: refused for another reason */
        const char *message;   /* one line: the first finding, or that other reason */
} ManagerRefusal;

typedef int (*ManagerEachRollout)(const ManagerRollout *rollout, void *userdata);
typedef int (*ManagerEachRefusal)(const ManagerRefusal *refusal, void *userdata);

int manager_new(sd_event *event, const Conf *conf, Manager **ret);
Manager *manager_free(Manager *m);
DEFINE_TRIVIAL_CLEANUP(Manager *, manager_free);

/* Loads the store, resumes what is live, starts watching, opens the bus socket. Then READY. */
int manager_start(Manager *m);

/* The directory that it watches. */
const char *manager_plans(const Manager *m);

/* Live rollouts in order of acceptance, then up to "finished" finished ones, newest first. */
int manager_each_rollout(Manager *m, size_t finished, ManagerEachRollout each, void *userdata);
int manager_find_rollout(Manager *m, const char *id, ManagerEachRollout each, void *userdata); /* -ENOENT */
int manager_each_refusal(Manager *m, ManagerEachRefusal each, void *userdata);
