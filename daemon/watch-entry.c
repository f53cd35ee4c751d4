#include "daemon/watch-entry.h"

#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"

/* For files that no event told of: those that were there before us, and hard links. */
#define STABLE_FOR (2 * USEC_PER_SEC)

WatchEntry *watch_entry_free(WatchEntry *e) {
        if (!e)
                return NULL;
        free(e->path);
        free(e);
        return NULL;
}

WatchEntry *watch_entry_new(const char *directory, const char *name) {
        _cleanup_(watch_entry_freep) WatchEntry *e = alloc_one(WatchEntry);

        if (!e)
                return NULL;
        e->path = alloc_printf("%s/%s", directory, name);
        if (!e->path)
                return NULL;
        e->name = e->path + strlen(directory) + 1;
        return TAKE_PTR(e);
}

bool watch_name_is_plan(const char *name) {
        return name[0] != '.' && (str_ends_with(name, ".yaml") || str_ends_with(name, ".yml"));
}

/* Whoever may change a plan may move production traffic. */
const char *watch_reason_not_to_read(const struct stat *st, const struct stat *directory) {
        if (S_ISLNK(st->st_mode))
                return "is a symbolic link; plans are read from regular files only";
        if (!S_ISREG(st->st_mode))
                return "is not a regular file";
        if (st->st_uid != 0 && st->st_uid != directory->st_uid && st->st_uid != geteuid())
                return "belongs to another user; it must belong to root, to the directory's owner or to "
                       "canaryd's user";
        if (st->st_mode & (S_IWGRP | S_IWOTH))
                return "can be written by others than its owner; chmod go-w it";
        if (st->st_size > (off_t) PLAN_BYTES_MAX)
                return "is larger than 256 KiB";
        return NULL;
}

void watch_entry_note(WatchEntry *e, uint32_t mask) {
        if (mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) {
                e->closed = true;
                e->written = false;
                /* Two writes within a tick of the file system's clock leave the same times behind. */
                e->taken = false;
        } else if (mask & IN_MODIFY) {
                e->closed = false;
                e->written = true;
        } else if (mask & (IN_CREATE | IN_DELETE | IN_MOVED_FROM)) {
                /* What goes by the name now is another file, and nothing is known about its writer. */
                e->closed = e->written = false;
        }
}

void watch_entry_look(WatchEntry *e, const struct stat *st, usec_t mono) {
        FileIdentity identity = file_identity_of(st);

        if (file_identity_equal(&identity, &e->seen))
                return;
        e->seen = identity;
        e->seen_since = mono;
        e->taken = false;
}

bool watch_entry_is_complete(const WatchEntry *e, const Now *now, usec_t *ret_wait) {
        usec_t touched = file_identity_touched(&e->seen);
        usec_t stable_at = usec_add(e->seen_since, STABLE_FOR);

        if (e->closed)
                return true;
        if (e->written) {
                *ret_wait = USEC_INFINITY;
                return false;
        }
        if (now->mono >= stable_at || (touched <= now->wall && now->wall - touched >= STABLE_FOR))
                return true;
        *ret_wait = usec_sub(stable_at, now->mono);
        return false;
}

bool watch_entry_is_dropped(const WatchEntry *e) {
        return !file_identity_same_file(&e->seen, &e->answered) ||
                        (e->closed && !file_identity_same_data(&e->seen, &e->answered));
}

void watch_entry_answer(WatchEntry *e) {
        e->answered = e->seen;
        e->taken = true;
}

int watch_entry_compare_age(const void *a, const void *b) {
        const WatchEntry *x = *(WatchEntry *const *) a, *y = *(WatchEntry *const *) b;

        if (x->seen.modified.tv_sec != y->seen.modified.tv_sec)
                return x->seen.modified.tv_sec < y->seen.modified.tv_sec ? -1 : 1;
        if (x->seen.modified.tv_nsec != y->seen.modified.tv_nsec)
                return x->seen.modified.tv_nsec < y->seen.modified.tv_nsec ? -1 : 1;
        return strcmp(x->name, y->name);
}
