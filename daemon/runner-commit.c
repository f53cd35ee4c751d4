#include <string.h>

#include "base/alloc.h"
#include "base/usec.h"
#include "codec/record.h"
#include "codec/report-json.h"
#include "core/trace.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/runner-internal.h"

#define COMMIT_AGAIN_AFTER (5 * USEC_PER_SEC)

static bool is_effect(ActionKind kind) {
        switch (kind) {
        case ACTION_READ_ALIAS:
        case ACTION_READ_VERSION:
        case ACTION_WRITE_ALIAS:
        case ACTION_READ_METRICS:
        case ACTION_READ_ALARMS:
        case ACTION_READ_FUNCTION:
        case ACTION_UPDATE_CODE:
        case ACTION_PUBLISH_VERSION:
        case ACTION_CREATE_ALIAS:
        case ACTION_READ_CONCURRENCY:
        case ACTION_READ_CODE:
        case ACTION_CANCEL:
                return true;
        case ACTION_PERSIST:
        case ACTION_REPORT:
                return false;
        }
        return false;
}

/* While the store refuses, reports wait here. There is an end to it: the oldest ones go, they are in the
 * journal. */
static size_t make_room(Runner *r, size_t n) {
        size_t drop = r->n_unsaved + n > RUNNER_UNSAVED_MAX ? r->n_unsaved + n - RUNNER_UNSAVED_MAX : 0;

        drop = MIN(drop, r->n_unsaved);
        if (drop == 0)
                return r->n_unsaved;
        log_rollout(LOG_ERR, r->id,
                        "%zu events could not be stored for too long and are in the journal only", drop);
        memmove(r->unsaved, r->unsaved + drop, (r->n_unsaved - drop) * sizeof(Report));
        r->n_unsaved -= drop;
        r->n_said -= MIN(drop, r->n_said);
        return r->n_unsaved;
}

int runner_keep_actions(Runner *r, const ActionList *actions) {
        _cleanup_(freep) Action *effects = NULL;
        size_t n_reports = 0, n_effects = 0;
        Report *unsaved;

        for (size_t i = 0; i < actions->n; i++) {
                n_reports += actions->items[i].kind == ACTION_REPORT;
                n_effects += is_effect(actions->items[i].kind);
        }
        effects = alloc_array(n_effects, sizeof(Action));
        unsaved = alloc_resize(r->unsaved, make_room(r, n_reports) + n_reports, sizeof(Report));
        if (unsaved)
                r->unsaved = unsaved;
        if (!effects || !unsaved)
                return -ENOMEM;
        n_effects = 0;
        for (size_t i = 0; i < actions->n; i++) {
                if (actions->items[i].kind == ACTION_REPORT)
                        r->unsaved[r->n_unsaved++] = actions->items[i].report;
                else if (is_effect(actions->items[i].kind))
                        effects[n_effects++] = actions->items[i];
        }
        free(r->effects);
        r->effects = TAKE_PTR(effects);
        r->n_effects = n_effects;
        return 0;
}

void runner_cancel_effects(Runner *r) {
        while (r->ops) {
                RunnerOp *op = r->ops;

                r->ops = op->next;
                exec_cancel(op->exec);
                free(op);
        }
}

void runner_withdraw_effects(Runner *r) {
        for (RunnerOp **link = &r->ops, *op; (op = *link);) {
                if (!exec_withdraw(op->exec)) {
                        link = &op->next;
                        continue;
                }
                *link = op->next;
                free(op);
        }
}

static void runner_on_done(const Event *event, void *userdata) {
        RunnerOp *op = userdata;
        Runner *r = runner_from(op->runner);
        RunnerOp **link = &r->ops;

        while (*link != op) {
                assert(*link);
                link = &(*link)->next;
        }
        *link = op->next;
        free(op);
        runner_take_event(r, event);
}

/* As if the effect had come back like this; by way of the loop, never from inside the step that wants it. */
static void complete(Runner *r, const Action *a, Fault fault, const char *error) {
        runner_queue_event(r,
                        &(Event){
                                        .kind = action_completion(a->kind),
                                        .target = a->target,
                                        .op_id = a->op_id,
                                        .fault = fault,
                                        .error = error,
                        });
}

/* What has left goes on, and comes back as an event that the core calls stale. */
static void cancel_effect(Runner *r, uint64_t op_id) {
        for (RunnerOp **link = &r->ops; *link; link = &(*link)->next) {
                RunnerOp *op = *link;

                if (op->op_id != op_id)
                        continue;
                if (exec_withdraw(op->exec)) {
                        *link = op->next;
                        free(op);
                }
                return;
        }
}

static void start_effect(Runner *r, const Action *a) {
        RunnerOp *op;
        int k;

        if (a->kind == ACTION_CANCEL) {
                cancel_effect(r, a->op_id);
                return;
        }
        op = alloc_one(RunnerOp);
        k = op ? 0 : -ENOMEM;
        if (op) {
                op->runner = r;
                op->op_id = a->op_id;
                op->kind = a->kind;
                op->target = a->target;
                op->since = clock_mono();
                k = exec_start(r->shared->exec, r->id, &r->doc->plan, a, runner_on_done, op, &op->exec);
        }
        if (k < 0) {
                free(op);
                complete(r, a, FAULT_UNREACHABLE, strerror(-k));
                return;
        }
        op->next = r->ops;
        r->ops = op;
        runner_watch_silence(r);
}

void runner_start_effects(Runner *r) {
        _cleanup_(freep) Action *effects = TAKE_PTR(r->effects);
        size_t n = r->n_effects;

        r->n_effects = 0;
        for (size_t i = 0; i < n && !r->restart_due; i++)
                start_effect(r, &effects[i]);
}

/* The intent is not durable: only what puts traffic back on the old version may go out nevertheless. */
static void start_unrecorded_effects(Runner *r, int error) {
        _cleanup_(freep) Action *effects = TAKE_PTR(r->effects);
        size_t n = r->n_effects;

        r->n_effects = 0;
        for (size_t i = 0; i < n && !r->restart_due; i++) {
                if (effects[i].even_unrecorded)
                        start_effect(r, &effects[i]);
                else
                        complete(r, &effects[i], FAULT_STORE, strerror(-error));
        }
}

static void say_reports(Runner *r) {
        for (; r->n_said < r->n_unsaved; r->n_said++)
                log_report(r->id, r->plan_path, &r->unsaved[r->n_said], &r->doc->plan);
}

static void say_refused(const Runner *r, int error) {
        size_t forward = 0, back = 0;

        for (size_t i = 0; i < r->n_effects; i++) {
                back += r->effects[i].even_unrecorded && r->effects[i].kind != ACTION_CANCEL;
                forward += !r->effects[i].even_unrecorded;
        }
        log_rollout(LOG_ALERT, r->id, "the store refuses to record it: %s; %s%s", strerror(-error),
                        forward > 0 ? "it goes no further until that works; " : "",
                        back > 0 ? "rolling back all the same" : "trying again");
}

static void settle(Runner *r, int error) {
        r->mode = RUNNER_IDLE;
        if (error == -EEXIST) {
                say_reports(r);
                r->n_effects = 0;
                runner_park(r,
                                "its log in the store was written by somebody else; is another canaryd at "
                                "work on a copy of this store?");
                return;
        }
        if (error < 0)
                say_refused(r, error);
        say_reports(r);
        if (error < 0) {
                Now now;

                clock_read(&now);
                r->attention = usec_add(now.mono, COMMIT_AGAIN_AFTER);
                start_unrecorded_effects(r, error);
        } else {
                r->n_unsaved = r->n_said = 0;
                runner_start_effects(r);
        }
        if (r->is_unrecorded != (error < 0)) {
                r->is_unrecorded = error < 0;
                if (error >= 0)
                        log_rollout(LOG_NOTICE, r->id, "the store has recorded it again");
                runner_changed(r);
        }
        if (error >= 0 && phase_is_terminal((Phase) r->state->phase)) {
                r->mode = RUNNER_RETIRED;
                runner_cancel_effects(r);
                runner_changed(r);
        } else if (r->queue_first)
                (void) sd_event_source_set_enabled(r->drain, SD_EVENT_ONESHOT);
        runner_arm(r);
}

static void runner_on_committed(int error, void *userdata) {
        settle(runner_from(userdata), error);
}

static void free_events(StoreEvent *events, char **texts, size_t n) {
        for (size_t i = 0; texts && i < n; i++)
                free(texts[i]);
        free(texts);
        free(events);
}

static int encode_events(const Runner *r, StoreEvent *events, char **texts) {
        for (size_t i = 0; i < r->n_unsaved; i++) {
                const Report *report = &r->unsaved[i];
                int k = report_encode(report, &r->doc->plan, &texts[i]);

                if (k < 0)
                        return k;
                events[i] = (StoreEvent){
                        .seq = report->seq,
                        .wall = report->wall,
                        .kind = report_kind_to_string(report->kind),
                        .json = texts[i],
                };
        }
        return 0;
}

static int submit(Runner *r, const StoreEvent *events) {
        _cleanup_(freep) char *record = NULL;
        StoreChange change;
        int k;

        k = record_encode(r->state, &record);
        if (k < 0)
                return k;
        change = (StoreChange){
                .id = r->id,
                .name = r->name,
                .number = r->number,
                .phase = phase_to_string((Phase) r->state->phase),
                .is_terminal = phase_is_terminal((Phase) r->state->phase),
                .wall = r->state->last.wall,
                .record = record,
                .events = events,
                .n_events = r->n_unsaved,
        };
        return store_commit(r->shared->store, &change, runner_on_committed, r);
}

void runner_commit(Runner *r) {
        StoreEvent *events = alloc_array(r->n_unsaved, sizeof(StoreEvent));
        char **texts = alloc_array(r->n_unsaved, sizeof(char *));
        int k = events && texts ? encode_events(r, events, texts) : -ENOMEM;

        if (k >= 0)
                k = submit(r, events);
        free_events(events, texts, r->n_unsaved);
        if (k < 0)
                settle(r, k);
        else
                r->mode = RUNNER_COMMITTING;
}
