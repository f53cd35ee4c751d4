#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "codec/record.h"
#include "core/trace.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/manager-internal.h"

#define ROLLOUT_ID_MAX (PLAN_NAME_MAX + 24)

/* A thousand bad files must not fill the journal, and least of all keep the lines of a rollback out of it.
 */
static void say_refused(Manager *m, const char *path, const char *message) {
        if (manager_may_log_refusal(m, 1))
                log_plan_refused(path, message);
}

/* Refuses a file for what is around it. The same reason again is no news; retry: it may pass by itself. */
static void refuse_file(Manager *m, const char *path, bool retry, const char *format, ...) _printf_(4, 5);
static void refuse_file(Manager *m, const char *path, bool retry, const char *format, ...) {
        char message[DIAG_MESSAGE_MAX];
        va_list args;

        va_start(args, format);
        (void) vsnprintf(message, sizeof(message), format, args);
        va_end(args);
        if (!manager_is_refused_for(m, path, message))
                say_refused(m, path, message);
        manager_refuse(m, path, NULL, message);
        if (retry)
                watch_again(m->watch, path);
}

static void refuse_content(Manager *m, const WatchFile *file, const DiagList *diags) {
        const char *message = "is not a plan";

        for (size_t i = diags->n; i > 0; i--)
                if (diags->entries[i - 1].level == DIAG_ERROR)
                        message = diags->entries[i - 1].message;
        if (manager_may_log_refusal(m, diags->n))
                log_plan_findings(file->path, diags, file->text, file->size);
        manager_refuse(m, file->path, diags, message);
}

/* The same mistakes again. Whoever dropped it waits for an answer; the findings are in the journal already.
 * False: nothing is known of them. */
static bool refuse_again(Manager *m, const WatchFile *file) {
        const DiagList *diags = manager_refused_for(m, file->path);

        for (size_t i = 0; diags && i < diags->n; i++) {
                const Diag *d = &diags->entries[i];
                char message[DIAG_MESSAGE_MAX + 128];

                if (d->level != DIAG_ERROR)
                        continue;
                (void) snprintf(message, sizeof(message),
                                "the same content again, refused as before: line %u, column %u: %s", d->line,
                                d->column, d->message);
                say_refused(m, file->path, message);
                manager_touch_refusal(m, file->path);
                return true;
        }
        return false;
}

static Accept **find_accept(Manager *m, const Accept *accept) {
        Accept **link = &m->accepts;

        while (*link && *link != accept)
                link = &(*link)->next;
        assert(*link);
        return link;
}

static void unlink_accept(Manager *m, Accept *accept) {
        *find_accept(m, accept) = accept->next;
        m->n_accepts--;
}

void manager_drop_accepts(Manager *m) {
        while (m->accepts) {
                Accept *accept = m->accepts;

                store_forget(m->store, accept);
                unlink_accept(m, accept);
                (void) slot_free(accept->slot);
                free(accept);
        }
}

/* The plan is durable: from now on the rollout exists. */
static void manager_on_accepted(int error, void *userdata) {
        _cleanup_(freep) Accept *accept = userdata;
        _cleanup_(slot_freep) Slot *slot = TAKE_PTR(accept->slot);
        Manager *m = accept->manager;
        const Runner *runner = slot->runner;
        int r = error;

        unlink_accept(m, accept);
        if (r >= 0)
                r = map_put(m->slots, runner_id(runner), slot);
        if (r < 0) {
                refuse_file(m, runner_plan_path(runner), true,
                                "cannot be recorded in the store: %s; it is tried again in a minute",
                                strerror(-r));
                return;
        }
        slot = NULL;
        log_plan_accepted(runner_id(runner), runner_plan_path(runner), runner_plan(runner));
        manager_review_soon(m);
}

/* What the store says, and what is on its way there. */
static int last_of(Manager *m, const char *name, const char *path, uint64_t *ret_number,
                const uint8_t sha256[static PLAN_HASH_SIZE], bool *ret_known) {
        uint8_t last[PLAN_HASH_SIZE];
        uint64_t number;
        bool known;
        int r;

        for (const Accept *a = m->accepts; a; a = a->next)
                if (streq(runner_name(a->slot->runner), name)) {
                        *ret_number = runner_number(a->slot->runner);
                        *ret_known = memcmp(runner_plan(a->slot->runner)->sha256, sha256, PLAN_HASH_SIZE) ==
                                        0;
                        return 0;
                }
        r = store_last_of(m->store, name, &number, last);
        if (r < 0)
                return r;
        known = number > 0 && memcmp(last, sha256, PLAN_HASH_SIZE) == 0;
        if (number > 0 && !known) {
                /* Two files may share a name; each is known by what it started last. */
                r = store_last_from(m->store, name, path, last);
                if (r < 0 && r != -ENOENT)
                        return r;
                known = r >= 0 && memcmp(last, sha256, PLAN_HASH_SIZE) == 0;
        }
        *ret_number = number;
        *ret_known = known;
        return 0;
}

static int record(Manager *m, const WatchFile *file, Accept *accept) {
        _cleanup_(freep) char *text = NULL;
        const Runner *runner = accept->slot->runner;
        StoreChange change;
        Now now;
        int r;

        r = record_encode(runner_state(runner), &text);
        if (r < 0)
                return r;
        exec_clock_read(m->exec, &now);
        change = (StoreChange){
                .id = runner_id(runner),
                .name = runner_name(runner),
                .number = runner_number(runner),
                .phase = phase_to_string(PHASE_QUEUED),
                .wall = now.wall,
                .record = text,
                .plan_path = file->path,
                .plan_text = file->text,
                .plan_size = file->size,
                .plan_sha256 = file->sha256,
        };
        return store_commit(m->store, &change, manager_on_accepted, accept);
}

static int make_slot(Manager *m, const WatchFile *file, PlanDoc **take_doc, uint64_t number, Slot **ret) {
        _cleanup_(freep) RolloutState *state = NULL;
        const Plan *plan = &(*take_doc)->plan;
        char id[ROLLOUT_ID_MAX], name[PLAN_NAME_MAX + 1];
        Now now;
        int r;

        r = str_copy(name, sizeof(name), plan->name);
        if (r < 0)
                return r;
        (void) snprintf(id, sizeof(id), "%s@%ju", name, (uintmax_t) number);
        state = alloc_zero(rollout_state_size(plan->n_targets));
        if (!state)
                return -ENOMEM;
        clock_read(&now);
        rollout_init(state, plan, str_fingerprint(id, strlen(id)) ^ now.wall);
        return slot_new(m, &(RunnerId){ .id = id, .name = name, .plan_path = file->path, .number = number },
                        take_doc, &state, ret);
}

static int accept_plan(Manager *m, const WatchFile *file, PlanDoc **take_doc, uint64_t number) {
        _cleanup_(freep) Accept *accept = alloc_one(Accept);
        _cleanup_(slot_freep) Slot *slot = NULL;
        int r;

        if (!accept)
                return -ENOMEM;
        r = make_slot(m, file, take_doc, number, &slot);
        if (r < 0)
                return r;
        accept->manager = m;
        accept->slot = slot;
        r = record(m, file, accept);
        if (r < 0)
                return r;
        slot = NULL;
        accept->next = m->accepts;
        m->accepts = TAKE_PTR(accept);
        m->n_accepts++;
        return 0;
}

static void consider(Manager *m, const WatchFile *file, const DiagList *diags, PlanDoc **take_doc) {
        const char *name = (*take_doc)->plan.name;
        uint64_t number;
        bool known;
        int r;

        r = last_of(m, name, file->path, &number, file->sha256, &known);
        if (r < 0) {
                refuse_file(m, file->path, true,
                                "the store cannot be read: %s; it is tried again in a minute", strerror(-r));
                return;
        }
        if (known) {
                log_message(file->dropped ? LOG_INFO : LOG_DEBUG,
                                "%s: nothing to do: %s was started with this very content already; any change, "
                                "a comment will do, makes it a new rollout",
                                file->path, name);
                manager_forget_refusal(m, file->path);
                return;
        }
        if (map_size(m->slots) + m->n_accepts >= LIVE_ROLLOUTS_MAX) {
                refuse_file(m, file->path, true,
                                "%d rollouts are live, and that is the limit; it is tried again "
                                "every minute",
                                LIVE_ROLLOUTS_MAX);
                return;
        }
        log_plan_findings(file->path, diags, file->text, file->size);
        r = accept_plan(m, file, take_doc, number + 1);
        if (r < 0)
                refuse_file(m, file->path, true, "cannot be taken in: %s; it is tried again in a minute",
                                strerror(-r));
        else
                manager_forget_refusal(m, file->path);
}

static void manager_on_changed(const WatchFile *file, void *userdata) {
        _cleanup_(freep) DiagList *diags = alloc_one(DiagList);
        _cleanup_(plan_doc_freep) PlanDoc *doc = NULL;
        const PlanTarget *homeless;
        Manager *m = userdata;
        int r = diags ? 0 : -ENOMEM;
        Now now;

        clock_read(&now);
        if (file->again && refuse_again(m, file))
                return;
        if (r >= 0)
                r = plan_parse(file->text, file->size, file->stem, file->sha256, now.wall, diags, &doc);
        if (r >= 0)
                r = plan_doc_fill(doc, &m->defaults, diags);
        if (r == -EBADMSG)
                refuse_content(m, file, diags);
        else if (r < 0)
                refuse_file(m, file->path, true, "cannot be read: %s", strerror(-r));
        if (r < 0)
                return;
        homeless = find_without_region(&doc->plan);
        if (homeless)
                refuse_file(m, file->path, false,
                                "no region is known for function \"%.64s\": add \"region\" to the plan; or " MANAGER_REGION_ADVICE,
                                homeless->function);
        else
                consider(m, file, diags, &doc);
}

static void manager_on_refused(const char *path, const char *reason, bool dropped, void *userdata) {
        Manager *m = userdata;

        if (dropped)
                manager_forget_refusal(m, path); /* so that it is said again */
        refuse_file(m, path, false, "%s", reason);
}

static void manager_on_gone(const char *path, void *userdata) {
        Manager *m = userdata;
        size_t cursor = 0;
        const char *id;
        void *value;

        manager_forget_refusal(m, path);
        while (map_next(m->slots, &cursor, &id, &value)) {
                const Slot *slot = value;

                if (streq(runner_plan_path(slot->runner), path))
                        log_rollout(LOG_NOTICE, id, "%s is gone, which changes nothing: the rollout goes on",
                                        path);
        }
}

const WatchHandlers *manager_watch_handlers(void) {
        static const WatchHandlers handlers = {
                .changed = manager_on_changed,
                .refused = manager_on_refused,
                .gone = manager_on_gone,
        };

        return &handlers;
}
