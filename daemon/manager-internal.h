#pragma once

/* Shared by the manager*.c files and nobody else. */

#include "base/map.h"
#include "daemon/bus.h"
#include "daemon/manager.h"
#include "daemon/runner.h"
#include "daemon/watch.h"

#define MANAGER_MAGIC 0x6d616e61u
#define MANAGER_REFUSALS_MAX 1000
#define MANAGER_STATUS_MAX 160
/* Records about refused files in the journal, per minute. */
#define MANAGER_REFUSAL_LINES_MAX 1000

/* A live rollout and the aliases that it takes, as "region/function/alias". */
typedef struct Slot {
        Runner *runner;
        char **keys;
        uint32_t n_keys;
        char *behind; /* id of the rollout that has one of its aliases; NULL: it is not in the queue */
} Slot;

/* A plan whose first record is on its way to the store. */
typedef struct Accept Accept;
struct Accept {
        Accept *next;
        Manager *manager;
        Slot *slot;
};

typedef struct Refusal {
        char *path, *message;
        usec_t wall;
        DiagList *diags; /* NULL: refused without a look inside */
} Refusal;

struct Manager {
        uint32_t magic;
        sd_event *event;
        const Conf *conf;
        AwsEnv env;
        PlanDefaults defaults; /* borrowed from conf and exec */
        Store *store;
        Exec *exec;
        Watch *watch;
        Bus *bus;
        RunnerShared shared;
        Map *slots;                     /* id -> Slot, owned, in order of acceptance */
        Map *refusals;                  /* path -> Refusal, owned */
        size_t n_refusal_lines;         /* since refusal_lines is running */
        size_t n_refusals_unsaid;       /* files that were refused without a line of their own */
        sd_event_source *refusal_lines; /* runs for a minute from the first line on */
        Accept *accepts;                /* newest first */
        size_t n_accepts;
        size_t n_lost; /* live rollouts in the store of which not even the plan can be read */
        sd_event_source *review;
        char status[MANAGER_STATUS_MAX];
};

/* manager.c */
void manager_review_soon(Manager *m);

/* Where a daemon that knows no region can be told one. */
#define MANAGER_REGION_ADVICE                                                                            \
        "set \"region\" under \"aws\" in the daemon's configuration, AWS_REGION in its environment, or " \
        "\"region\" in its AWS profile, and restart it"

/* manager-slot.c */
/* Takes doc and state over on success. */
int slot_new(const Manager *m, const RunnerId *id, PlanDoc **take_doc, RolloutState **take_state,
                Slot **ret);
/* It waits for that rollout, which is said once; NULL: for nobody any more. */
void slot_put_behind(Slot *s, const char *id);
Slot *slot_free(Slot *s);
DEFINE_TRIVIAL_CLEANUP(Slot *, slot_free);
/* "account/region/function/alias" with the function's bare name, however the plan spells it. */
char *target_key(const PlanTarget *t);
/* The first target that nobody names a region for, NULL: all have one. */
const PlanTarget *find_without_region(const Plan *plan);

/* manager-load.c */
/* The live rollouts of the store; those past their turn are resumed. */
int manager_load(Manager *m);
/* Reads a stored rollout back for somebody to look at; what cannot be read is left out. */
int manager_show_row(const Manager *m, const StoreRow *row, ManagerEachRollout each, void *userdata);

/* manager-plan.c: what the watcher says. */
const WatchHandlers *manager_watch_handlers(void);
void manager_drop_accepts(Manager *m);

/* manager-refusal.c */
void manager_refuse(Manager *m, const char *path, const DiagList *diags, const char *message);
/* Whether n more records about a refused file may be written; those that may not are counted, and the sum is
 * reported at the end of the minute. */
bool manager_may_log_refusal(Manager *m, size_t n);
/* Why a file's content was refused; NULL: it was not, or nobody knows any more. */
const DiagList *manager_refused_for(Manager *m, const char *path);
void manager_touch_refusal(Manager *m, const char *path); /* it was refused just now, once more */
bool manager_is_refused_for(Manager *m, const char *path, const char *message);
void manager_forget_refusal(Manager *m, const char *path);
void manager_drop_refusals(Manager *m);
