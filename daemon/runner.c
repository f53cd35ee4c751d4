#include "daemon/runner.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/usec.h"
#include "core/invariant.h"
#include "core/trace.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/runner-internal.h"

#define RESTART_AFTER USEC_PER_SEC
#define SAY_AGAIN_AFTER (10 * USEC_PER_MINUTE)
#define PLACE_MAX 1024

Runner *runner_from(void *userdata) {
        Runner *r = userdata;

        assert(r->magic == RUNNER_MAGIC);
        return r;
}

void runner_changed(Runner *r) {
        if (r->shared->on_change)
                r->shared->on_change(r, r->shared->userdata);
}

static bool phase_ended(const Runner *r) {
        return phase_is_terminal((Phase) r->state->phase);
}

/* The one timer. While a commit is under way its callback is what moves the runner on. */
void runner_arm(Runner *r) {
        usec_t due = USEC_INFINITY;
        Now now;
        int k;

        exec_clock_read(r->shared->exec, &now);
        switch (r->mode) {
        case RUNNER_IDLE:
                due = r->restart_due ? r->attention : rollout_deadline(r->state, &r->doc->plan, &now);
                if (r->is_unrecorded)
                        due = usec_min(due, r->attention);
                break;
        case RUNNER_PARKED:
                due = r->attention;
                break;
        case RUNNER_COMMITTING:
        case RUNNER_RETIRED:
                break;
        }
        if (due == USEC_INFINITY) {
                (void) sd_event_source_set_enabled(r->timer, SD_EVENT_OFF);
                return;
        }
        k = sd_event_source_set_time(r->timer, due);
        if (k >= 0)
                k = sd_event_source_set_enabled(r->timer, SD_EVENT_ONESHOT);
        if (k < 0)
                log_rollout(LOG_ALERT, r->id, "cannot set its timer: %s", strerror(-k));
}

static EventCopy *take_queued(Runner *r) {
        EventCopy *c = r->queue_first;

        if (!c)
                return NULL;
        r->queue_first = c->next;
        if (!r->queue_first)
                r->queue_last = NULL;
        r->queue_n--;
        return c;
}

static void drop_queue(Runner *r) {
        EventCopy *c;

        while ((c = take_queued(r)))
                (void) event_copy_free(c);
}

/* Where the first target is to be looked for, and how it was left. Where it began somewhere else than where
 * its plan leads now, the plan's region would be the wrong one. */
static void put_place(const Runner *r, Buf *out) {
        const PlanTarget *planned = &r->doc->plan.targets[0];
        const TargetState *t = &r->state->targets[0];
        bool is_there = t->place == 0 || t->place == plan_target_place(planned);
        char weight[16];

        (void) buf_printf(out, "%s:%s", planned->function, planned->alias);
        if (is_there && planned->region)
                (void) buf_printf(out, " in %s", planned->region);
        if (t->route.primary == 0)
                return;
        (void) buf_printf(out, " (when last seen, on version %llu", (unsigned long long) t->route.primary);
        if (t->route.extra != 0) {
                weight_format(t->route.weight, weight);
                (void) buf_printf(out, " with %s on version %llu", weight,
                                (unsigned long long) t->route.extra);
        }
        (void) buf_puts(out, ")");
}

void runner_park(Runner *r, const char *format, ...) {
        const Plan *plan = &r->doc->plan;
        _cleanup_(buf_done) Buf place = BUF_INIT(PLACE_MAX);
        bool is_begun = r->state->phase != PHASE_QUEUED;
        char others[64] = "";
        va_list args;

        va_start(args, format);
        (void) vsnprintf(r->trouble, sizeof(r->trouble), format, args);
        va_end(args);
        if (plan->n_targets > 1)
                (void) snprintf(others, sizeof(others), " and the other %u target%s of its plan",
                                (unsigned) plan->n_targets - 1, plan->n_targets > 2 ? "s" : "");
        put_place(r, &place);
        /* "queued" is also what stands for a record that cannot be read. */
        log_rollout(LOG_ALERT, r->id, "FROZEN%s%s, look after %s%s by hand: %s",
                        is_begun ? " in phase " : "",
                        is_begun ? phase_to_string((Phase) r->state->phase) : "", buf_text(&place), others,
                        r->trouble);
        r->mode = RUNNER_PARKED;
        r->attention = usec_add(clock_mono(), SAY_AGAIN_AFTER);
        drop_queue(r);
        /* A write that waits for its turn would leave with nobody to look after what it does. */
        runner_withdraw_effects(r);
        runner_arm(r);
        runner_changed(r);
}

void runner_restart_later(Runner *r) {
        if (!r->restart_due)
                log_rollout(LOG_ERR, r->id, "an event was lost for want of memory; resuming in a moment");
        r->restart_due = true;
        r->attention = usec_add(clock_mono(), RESTART_AFTER);
        drop_queue(r);
        runner_cancel_effects(r);
        runner_arm(r);
}

static void wake_drain(Runner *r) {
        int k = sd_event_source_set_enabled(r->drain, SD_EVENT_ONESHOT);

        if (k < 0)
                log_rollout(LOG_ALERT, r->id, "cannot queue an event: %s", strerror(-k));
}

void runner_queue_event(Runner *r, const Event *event) {
        EventCopy *c;

        if (r->restart_due || r->mode == RUNNER_PARKED || r->mode == RUNNER_RETIRED)
                return;
        if (r->queue_n == RUNNER_QUEUE_MAX || event_copy_new(event, &c) < 0) {
                runner_restart_later(r);
                return;
        }
        if (r->queue_last)
                r->queue_last->next = c;
        else
                r->queue_first = c;
        r->queue_last = c;
        r->queue_n++;
        if (r->mode == RUNNER_IDLE)
                wake_drain(r);
}

/* Replaces the state by the stepped one and has done what the step asks for. */
static void adopt(Runner *r) {
        RolloutState *before = r->state;
        bool moved = before->phase != r->next->phase;
        const ActionList *actions = r->shared->actions;
        bool record = false;

        for (size_t i = 0; i < actions->n; i++)
                record |= actions->items[i].kind == ACTION_PERSIST ||
                                actions->items[i].kind == ACTION_REPORT;
        r->state = r->next;
        r->next = before;
        runner_keep_warm(r);
        if (record)
                runner_commit(r);
        else
                runner_start_effects(r);
        if (moved)
                runner_changed(r);
}

static void step(Runner *r, const Event *event) {
        const Plan *plan = &r->doc->plan;
        const char *broken;
        Now now;
        int k;

        exec_clock_read(r->shared->exec, &now);
        memcpy(r->next, r->state, r->state_size);
        k = rollout_step(r->next, plan, event, &now, r->shared->actions);
        if (k == -ESTALE)
                return;
        if (k < 0) {
                log_rollout(LOG_ERR, r->id,
                                "event %s makes no sense in phase %s, ignored; please report this",
                                event_kind_to_string(event->kind), phase_to_string((Phase) r->state->phase));
                return;
        }
        broken = invariant_broken(r->state, r->next, plan, r->shared->actions);
        if (broken) {
                runner_park(r, "event %s broke the rule \"%s\"; please report this",
                                event_kind_to_string(event->kind), broken);
                return;
        }
        if (runner_keep_actions(r, r->shared->actions) < 0) {
                runner_restart_later(r);
                return;
        }
        adopt(r);
}

void runner_take_event(Runner *r, const Event *event) {
        switch (r->mode) {
        case RUNNER_IDLE:
                /* Those that wait came first. */
                if (r->queue_first || r->restart_due) {
                        runner_queue_event(r, event);
                        return;
                }
                step(r, event);
                runner_arm(r);
                return;
        case RUNNER_COMMITTING:
                runner_queue_event(r, event);
                return;
        case RUNNER_PARKED:
        case RUNNER_RETIRED:
                return;
        }
}

/* One event per turn of the loop, so that a busy rollout does not keep the others waiting. */
static int runner_on_drain(sd_event_source *source, void *userdata) {
        Runner *r = runner_from(userdata);
        _cleanup_(event_copy_freep) EventCopy *c = r->mode == RUNNER_IDLE ? take_queued(r) : NULL;

        if (!c)
                return 0;
        step(r, &c->event);
        runner_arm(r);
        if (r->queue_first && r->mode == RUNNER_IDLE)
                wake_drain(r);
        return 0;
}

static void restart(Runner *r) {
        r->restart_due = false;
        runner_take_event(
                        r, &(Event){ .kind = r->state->phase == PHASE_QUEUED ? EVENT_START : EVENT_RESUME });
}

static int runner_on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Runner *r = runner_from(userdata);
        bool attention = clock_mono() >= r->attention;

        switch (r->mode) {
        case RUNNER_IDLE:
                if (attention && r->restart_due)
                        restart(r);
                else if (attention && r->is_unrecorded)
                        runner_commit(r);
                else if (!phase_ended(r))
                        runner_take_event(r, &(Event){ .kind = EVENT_TICK });
                break;
        case RUNNER_PARKED:
                log_rollout(LOG_ALERT, r->id, "still FROZEN: %s", r->trouble);
                r->attention = usec_add(clock_mono(), SAY_AGAIN_AFTER);
                break;
        case RUNNER_COMMITTING:
        case RUNNER_RETIRED:
                return 0;
        }
        runner_arm(r);
        return 0;
}

static int attach(Runner *r) {
        int k;

        k = sd_event_add_time(
                        r->shared->event, &r->timer, CLOCK_BOOTTIME, USEC_INFINITY, 1, runner_on_timer, r);
        if (k < 0)
                return k;
        (void) sd_event_source_set_description(r->timer, "runner-timer");
        k = sd_event_add_defer(r->shared->event, &r->drain, runner_on_drain, r);
        if (k < 0)
                return k;
        (void) sd_event_source_set_description(r->drain, "runner-queue");
        k = sd_event_source_set_enabled(r->drain, SD_EVENT_OFF);
        return k < 0 ? k : runner_attach_silence(r);
}

int runner_new(const RunnerShared *shared, const RunnerId *id, PlanDoc **take_doc, RolloutState **take_state,
                Runner **ret) {
        _cleanup_(runner_freep) Runner *r = alloc_one(Runner);
        int k;

        if (!r)
                return -ENOMEM;
        r->magic = RUNNER_MAGIC;
        r->shared = shared;
        r->number = id->number;
        r->id = alloc_copy_string(id->id);
        r->name = alloc_copy_string(id->name);
        r->plan_path = alloc_copy_string(id->plan_path);
        r->state_size = rollout_state_size((*take_doc)->plan.n_targets);
        r->next = alloc_zero(r->state_size);
        r->warm = alloc_array((*take_doc)->plan.n_targets, sizeof(ExecWarm *));
        if (!r->id || !r->name || !r->plan_path || !r->next || !r->warm)
                return -ENOMEM;
        k = attach(r);
        if (k < 0)
                return k;
        r->doc = TAKE_PTR(*take_doc);
        r->state = TAKE_PTR(*take_state);
        *ret = TAKE_PTR(r);
        return 0;
}

Runner *runner_free(Runner *r) {
        if (!r)
                return NULL;
        r->timer = sd_event_source_disable_unref(r->timer);
        r->drain = sd_event_source_disable_unref(r->drain);
        r->silence = sd_event_source_disable_unref(r->silence);
        if (r->mode == RUNNER_COMMITTING)
                store_forget(r->shared->store, r);
        runner_cancel_effects(r);
        runner_let_cool(r);
        free(r->warm);
        drop_queue(r);
        free(r->effects);
        free(r->unsaved);
        free(r->state);
        free(r->next);
        r->doc = plan_doc_free(r->doc);
        free(r->plan_path);
        free(r->name);
        free(r->id);
        r->magic = 0;
        free(r);
        return NULL;
}

void runner_start(Runner *r) {
        runner_take_event(r, &(Event){ .kind = EVENT_START });
}

void runner_supersede(Runner *r, const char *by) {
        runner_take_event(r, &(Event){ .kind = EVENT_SUPERSEDE, .by = by });
}

void runner_resume(Runner *r) {
        runner_take_event(r, &(Event){ .kind = EVENT_RESUME });
}

const char *runner_id(const Runner *r) {
        return r->id;
}

const char *runner_name(const Runner *r) {
        return r->name;
}

uint64_t runner_number(const Runner *r) {
        return r->number;
}

const char *runner_plan_path(const Runner *r) {
        return r->plan_path;
}

const Plan *runner_plan(const Runner *r) {
        return &r->doc->plan;
}

const RolloutState *runner_state(const Runner *r) {
        return r->state;
}

const char *runner_trouble(const Runner *r) {
        return r->mode == RUNNER_PARKED ? r->trouble : NULL;
}

const char *runner_waits_for(const Runner *r) {
        const char *what = NULL;

        for (const RunnerOp *op = r->ops; op && !what; op = op->next)
                what = exec_waits_for(op->exec);
        return what;
}

bool runner_is_unrecorded(const Runner *r) {
        return r->is_unrecorded;
}

bool runner_is_retired(const Runner *r) {
        return r->mode == RUNNER_RETIRED;
}
