#include <string.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "daemon/manager-internal.h"

static Refusal *refusal_free(Refusal *f) {
        if (!f)
                return NULL;
        free(f->path);
        free(f->message);
        free(f->diags);
        free(f);
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP(Refusal *, refusal_free);

static int on_minute(sd_event_source *source, uint64_t usec, void *userdata) {
        Manager *m = userdata;

        if (m->n_refusals_unsaid > 0)
                log_message(LOG_ERR,
                                "%zu more files were refused within this minute and are not listed here; "
                                "\"canaryctl list\" has the last %d with their reasons",
                                m->n_refusals_unsaid, MANAGER_REFUSALS_MAX);
        m->n_refusal_lines = m->n_refusals_unsaid = 0;
        m->refusal_lines = sd_event_source_disable_unref(m->refusal_lines);
        return 0;
}

bool manager_may_log_refusal(Manager *m, size_t n) {
        if (m->event && !m->refusal_lines) {
                int r = sd_event_add_time_relative(m->event, &m->refusal_lines, CLOCK_BOOTTIME,
                                USEC_PER_MINUTE, USEC_PER_SEC, on_minute, m);

                /* Without a timer nobody would begin anew. */
                if (r < 0)
                        m->n_refusal_lines = m->n_refusals_unsaid = 0;
                else
                        (void) sd_event_source_set_description(m->refusal_lines, "refusal-lines");
        }
        if (m->n_refusal_lines + n > MANAGER_REFUSAL_LINES_MAX) {
                m->n_refusals_unsaid++;
                return false;
        }
        m->n_refusal_lines += n;
        return true;
}

const DiagList *manager_refused_for(Manager *m, const char *path) {
        const Refusal *f = map_get(m->refusals, path);

        return f ? f->diags : NULL;
}

void manager_touch_refusal(Manager *m, const char *path) {
        Refusal *f = map_get(m->refusals, path);
        Now now;

        clock_read(&now);
        if (f)
                f->wall = now.wall;
}

void manager_forget_refusal(Manager *m, const char *path) {
        (void) refusal_free(map_remove(m->refusals, path));
}

bool manager_is_refused_for(Manager *m, const char *path, const char *message) {
        const Refusal *f = map_get(m->refusals, path);

        return f && streq(f->message, message);
}

static void drop_oldest(Manager *m) {
        size_t cursor = 0;
        const char *path;
        void *value;

        if (!map_next(m->refusals, &cursor, &path, &value))
                return;
        (void) map_remove(m->refusals, path);
        (void) refusal_free(value);
}

static int keep(Manager *m, const char *path, const DiagList *diags, const char *message) {
        _cleanup_(refusal_freep) Refusal *f = alloc_one(Refusal);
        Now now;
        int r;

        if (!f)
                return -ENOMEM;
        f->path = alloc_copy_string(path);
        f->message = alloc_copy_string(message);
        f->diags = diags ? alloc_one(DiagList) : NULL;
        if (!f->path || !f->message || (diags && !f->diags))
                return -ENOMEM;
        if (diags)
                *f->diags = *diags;
        clock_read(&now);
        f->wall = now.wall;
        manager_forget_refusal(m, path);
        if (map_size(m->refusals) >= MANAGER_REFUSALS_MAX)
                drop_oldest(m);
        r = map_put(m->refusals, path, f);
        if (r >= 0)
                f = NULL;
        return r;
}

void manager_refuse(Manager *m, const char *path, const DiagList *diags, const char *message) {
        int r = keep(m, path, diags, message);

        if (r < 0)
                log_message(LOG_WARNING, "%s: the refusal is not kept for canaryctl: %s", path,
                                strerror(-r));
}

void manager_drop_refusals(Manager *m) {
        while (m->refusals && map_size(m->refusals) > 0)
                drop_oldest(m);
}

int manager_each_refusal(Manager *m, ManagerEachRefusal each, void *userdata) {
        size_t cursor = 0;
        const char *path;
        void *value;
        int r = 0;

        while (r >= 0 && map_next(m->refusals, &cursor, &path, &value)) {
                const Refusal *f = value;

                r = each(&(ManagerRefusal){ .path = f->path,
                                         .wall = f->wall,
                                         .diags = f->diags,
                                         .message = f->message },
                                userdata);
        }
        return r < 0 ? r : 0;
}
