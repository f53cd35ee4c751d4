#pragma once

/* Shared by the runner*.c files and nobody else. */

#include "daemon/event-copy.h"
#include "daemon/runner.h"

#define RUNNER_MAGIC 0x72756e72u
#define RUNNER_QUEUE_MAX (4 * PLAN_TARGETS_MAX)
#define RUNNER_UNSAVED_MAX 256
#define RUNNER_TROUBLE_MAX 480

/* One effect under way. */
typedef struct RunnerOp RunnerOp;
struct RunnerOp {
        RunnerOp *next;
        Runner *runner;
        uint64_t op_id; /* of the action */
        ActionKind kind;
        uint32_t target;
        usec_t since; /* mono */
        ExecOp *exec;
};

/* Exactly one of these holds. */
typedef enum RunnerMode {
        RUNNER_IDLE,       /* takes events as they come */
        RUNNER_COMMITTING, /* a commit is under way: events wait, effects too */
        RUNNER_PARKED,
        RUNNER_RETIRED,
} RunnerMode;

struct Runner {
        uint32_t magic;
        RunnerMode mode;
        const RunnerShared *shared;
        char *id, *name, *plan_path;
        uint64_t number;
        PlanDoc *doc;
        RolloutState *state, *next; /* present, and room for the one after it */
        size_t state_size;
        sd_event_source *timer, *drain, *silence;
        usec_t silence_said; /* mono; 0: never */

        EventCopy *queue_first, *queue_last; /* events that came while a commit was under way */
        size_t queue_n;
        RunnerOp *ops;
        ExecWarm **warm; /* one per target, NULL: there is nothing to roll back */

        Action *effects; /* of the step whose commit is under way */
        size_t n_effects;
        Report *unsaved; /* reports not durable yet, oldest first */
        size_t n_unsaved;
        size_t n_said;      /* the first so many of them are in the journal already */
        bool is_unrecorded; /* the last commit was refused: state and reports are ahead of the store */
        bool restart_due;   /* an event was lost: to be resumed, as after a restart of the daemon */
        usec_t attention;   /* mono; when to commit again, resume, or say again that it is parked */
        char trouble[RUNNER_TROUBLE_MAX];
};

/* runner.c */
Runner *runner_from(void *userdata); /* the checked cast of callbacks */
void runner_take_event(Runner *r, const Event *event);
void runner_arm(Runner *r);
void runner_restart_later(Runner *r); /* an event could not be kept: as after a crash, in a second */
void runner_queue_event(Runner *r, const Event *event);
void runner_changed(Runner *r);

/* runner-commit.c */
/* Takes reports and effects of the list over before the state is replaced. -ENOMEM: nothing changed. */
int runner_keep_actions(Runner *r, const ActionList *actions);
void runner_commit(Runner *r);           /* state and unsaved reports -> store; then the effects */
void runner_start_effects(Runner *r);    /* at once */
void runner_cancel_effects(Runner *r);   /* those under way */
void runner_withdraw_effects(Runner *r); /* those under way that have not left yet */

/* runner-silence.c: says in the journal when AWS does not answer. */
int runner_attach_silence(Runner *r);
void runner_watch_silence(Runner *r); /* calls have begun */

/* runner-warm.c */
void runner_keep_warm(Runner *r); /* connections for what may have to be rolled back */
void runner_let_cool(Runner *r);
