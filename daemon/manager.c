#include "daemon/manager.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/str.h"
#include "core/admit.h"
#include "daemon/aws-env.h"
#include "daemon/log.h"
#include "daemon/manager-internal.h"
#include "daemon/notify.h"

static Manager *manager_from(void *userdata) {
        Manager *m = userdata;

        assert(m->magic == MANAGER_MAGIC);
        return m;
}

void manager_review_soon(Manager *m) {
        int r = sd_event_source_set_enabled(m->review, SD_EVENT_ONESHOT);

        if (r < 0)
                log_message(LOG_ALERT, "cannot look after the rollouts: %s", strerror(-r));
}

static void manager_on_runner(Runner *runner, void *userdata) {
        manager_review_soon(manager_from(userdata));
}

static void free_retired(Manager *m) {
        size_t cursor = 0;
        const char *id;
        void *value;

        while (map_next(m->slots, &cursor, &id, &value)) {
                Slot *slot = value;

                if (!runner_is_retired(slot->runner))
                        continue;
                (void) map_remove(m->slots, id);
                (void) slot_free(slot);
        }
}

static size_t list_slots(Manager *m, Slot **slots, AdmitEntry *entries) {
        size_t cursor = 0, n = 0;
        const char *id;
        void *value;

        for (; map_next(m->slots, &cursor, &id, &value); n++) {
                slots[n] = value;
                entries[n] = (AdmitEntry){
                        .order = n,
                        .targets = (const char *const *) slots[n]->keys,
                        .n_targets = slots[n]->n_keys,
                        .phase = (Phase) runner_state(slots[n]->runner)->phase,
                        .gives_way = runner_plan(slots[n]->runner)->on_newer_plan == NEWER_SUPERSEDES,
                };
        }
        return n;
}

/* Those whose plan says so turn around, or leave the queue, for a newer plan of one of their aliases. */
static void supersede(Slot **slots, AdmitEntry *entries, size_t n) {
        size_t newer;

        for (size_t i = 0; i < n; i++) {
                if (runner_trouble(slots[i]->runner) || !admit_must_give_way(entries, n, i, &newer))
                        continue;
                runner_supersede(slots[i]->runner, runner_id(slots[newer]->runner));
                entries[i].phase = (Phase) runner_state(slots[i]->runner)->phase;
        }
}

static int start_admitted(Manager *m) {
        _cleanup_(freep) AdmitEntry *entries = alloc_array(map_size(m->slots), sizeof(AdmitEntry));
        _cleanup_(freep) Slot **slots = alloc_array(map_size(m->slots), sizeof(Slot *));
        size_t n, blocker = 0;

        if (!entries || !slots)
                return -ENOMEM;
        n = list_slots(m, slots, entries);
        supersede(slots, entries, n);
        for (size_t i = 0; i < n; i++) {
                if (entries[i].phase != PHASE_QUEUED || runner_trouble(slots[i]->runner))
                        continue;
                if (admit_may_start(entries, n, i, &blocker)) {
                        slot_put_behind(slots[i], NULL);
                        runner_start(slots[i]->runner);
                        entries[i].phase = PHASE_PREFLIGHT;
                } else
                        slot_put_behind(slots[i], runner_id(slots[blocker]->runner));
        }
        return 0;
}

static void put_count(char *text, size_t size, size_t n, const char *what) {
        size_t used = strlen(text);

        if (n > 0)
                (void) snprintf(text + used, size - used, ", %zu %s", n, what);
}

static void make_status(Manager *m, char status[static MANAGER_STATUS_MAX]) {
        size_t cursor = 0, n = m->n_lost, back = 0, frozen = m->n_lost, unrecorded = 0;
        const char *id;
        void *value;

        while (map_next(m->slots, &cursor, &id, &value)) {
                const Runner *r = ((const Slot *) value)->runner;

                n++;
                back += runner_state(r)->phase == PHASE_ROLLING_BACK;
                frozen += runner_trouble(r) != NULL;
                unrecorded += runner_is_unrecorded(r);
        }
        if (n == 0)
                (void) snprintf(status, MANAGER_STATUS_MAX, "no rollouts");
        else
                (void) snprintf(status, MANAGER_STATUS_MAX, "%zu rollout%s", n, n == 1 ? "" : "s");
        put_count(status, MANAGER_STATUS_MAX, back, "rolling back");
        put_count(status, MANAGER_STATUS_MAX, frozen, "frozen");
        put_count(status, MANAGER_STATUS_MAX, unrecorded, "refused by the store");
}

static void update_status(Manager *m) {
        char status[MANAGER_STATUS_MAX];

        make_status(m, status);
        if (streq(status, m->status))
                return;
        (void) str_copy(m->status, sizeof(m->status), status);
        notify_status(status);
}

/* Whatever changed: what has ended goes, whose turn it is starts, and systemd hears the sum. */
static int manager_on_review(sd_event_source *source, void *userdata) {
        Manager *m = manager_from(userdata);
        int r;

        free_retired(m);
        r = start_admitted(m);
        if (r < 0)
                log_message(LOG_ERR, "nothing is started for now: %s", strerror(-r));
        update_status(m);
        return 0;
}

int manager_new(sd_event *event, const Conf *conf, Manager **ret) {
        _cleanup_(manager_freep) Manager *m = alloc_one(Manager);
        int r;

        if (!m)
                return -ENOMEM;
        m->magic = MANAGER_MAGIC;
        m->event = sd_event_ref(event);
        m->conf = conf;
        m->slots = map_new();
        m->refusals = map_new();
        m->shared.actions = alloc_one(ActionList);
        if (!m->slots || !m->refusals || !m->shared.actions)
                return -ENOMEM;
        r = sd_event_add_defer(event, &m->review, manager_on_review, m);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(m->review, "manager-review");
        *ret = TAKE_PTR(m);
        return 0;
}

Manager *manager_free(Manager *m) {
        size_t cursor = 0;
        const char *id;
        void *value;

        if (!m)
                return NULL;
        m->bus = bus_free(m->bus);
        m->watch = watch_free(m->watch);
        m->review = sd_event_source_disable_unref(m->review);
        m->refusal_lines = sd_event_source_disable_unref(m->refusal_lines);
        manager_drop_accepts(m);
        while (m->slots && map_next(m->slots, &cursor, &id, &value))
                (void) slot_free(value);
        m->slots = map_free(m->slots);
        manager_drop_refusals(m);
        m->refusals = map_free(m->refusals);
        m->exec = exec_free(m->exec);
        m->store = store_close(m->store);
        free(m->shared.actions);
        m->event = sd_event_unref(m->event);
        m->magic = 0;
        free(m);
        return NULL;
}

static int fail(int r, const char *what) {
        log_message(LOG_ERR, "%s", what);
        return r;
}

static int open_all(Manager *m) {
        char reason[320] = "";
        int r;

        r = store_open(m->event, m->conf->state, &m->store, reason);
        if (r < 0)
                return fail(r, reason);
        aws_env_read(&m->env);
        r = exec_new(m->event, m->conf, &m->env, &m->exec, reason);
        if (r < 0)
                return fail(r, reason);
        m->defaults = (PlanDefaults){
                .region = exec_region(m->exec),
                .role_arn = m->conf->aws_role_arn,
                .external_id = m->conf->aws_external_id,
        };
        if (!m->defaults.region)
                log_message(LOG_WARNING,
                                "no region is known, so that plans without one of their own are refused: " MANAGER_REGION_ADVICE);
        m->shared.event = m->event;
        m->shared.store = m->store;
        m->shared.exec = m->exec;
        m->shared.on_change = manager_on_runner;
        m->shared.userdata = m;
        r = manager_load(m);
        if (r < 0) {
                log_message(LOG_ERR, "%s: cannot be loaded: %s", m->conf->state, strerror(-r));
                return r;
        }
        return 0;
}

int manager_start(Manager *m) {
        char reason[320] = "";
        int r;

        r = open_all(m);
        if (r < 0)
                return r;
        r = watch_new(m->event, m->conf->plans, manager_watch_handlers(), m, &m->watch);
        if (r < 0) {
                log_message(LOG_ERR, "%s: cannot be watched: %s", m->conf->plans, strerror(-r));
                return r;
        }
        r = fs_make_directory(m->conf->run, 0755);
        if (r < 0) {
                log_message(LOG_ERR, "%s: cannot be created: %s", m->conf->run, strerror(-r));
                return r;
        }
        r = bus_new(m->event, m, m->conf->run, &m->bus, reason);
        if (r < 0)
                return fail(r, reason);
        make_status(m, m->status);
        notify_ready(m->status);
        log_message(LOG_INFO, "ready: %s; plans from %s", m->status, m->conf->plans);
        return 0;
}

const char *manager_plans(const Manager *m) {
        return m->conf->plans;
}

static int show_slot(const Slot *slot, ManagerEachRollout each, void *userdata) {
        const Runner *r = slot->runner;

        return each(&(ManagerRollout){ .id = runner_id(r),
                                    .plan_path = runner_plan_path(r),
                                    .plan = runner_plan(r),
                                    .state = runner_state(r),
                                    .waits_for = runner_waits_for(r),
                                    .silence = runner_silence(r),
                                    .behind = slot->behind,
                                    .trouble = runner_trouble(r) },
                        userdata);
}

typedef struct Shown {
        Manager *manager;
        ManagerEachRollout each;
        void *userdata;
} Shown;

/* One that has just ended may be in the store already and still have its runner. */
static int on_finished_row(const StoreRow *row, void *userdata) {
        const Shown *shown = userdata;

        if (map_get(shown->manager->slots, row->id))
                return 0;
        return manager_show_row(shown->manager, row, shown->each, shown->userdata);
}

int manager_each_rollout(Manager *m, size_t finished, ManagerEachRollout each, void *userdata) {
        Shown shown = { .manager = m, .each = each, .userdata = userdata };
        size_t cursor = 0;
        const char *id;
        void *value;
        int r;

        while (map_next(m->slots, &cursor, &id, &value)) {
                r = show_slot(value, each, userdata);
                if (r < 0)
                        return r;
        }
        return finished == 0 ? 0 : store_load_finished(m->store, finished, on_finished_row, &shown);
}

int manager_find_rollout(Manager *m, const char *id, ManagerEachRollout each, void *userdata) {
        Shown shown = { .manager = m, .each = each, .userdata = userdata };
        const Slot *slot = map_get(m->slots, id);

        return slot ? show_slot(slot, each, userdata)
                    : store_load_one(m->store, id, on_finished_row, &shown);
}
