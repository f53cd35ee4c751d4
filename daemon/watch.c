#include "daemon/watch.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "aws/digest.h"
#include "base/alloc.h"
#include "base/fd.h"
#include "base/fs.h"
#include "base/map.h"
#include "base/str.h"
#include "base/usec.h"
#include "daemon/clock.h"
#include "daemon/file-identity.h"
#include "daemon/log.h"

#define DEBOUNCE (50 * USEC_PER_MSEC)
/* For files that no event told of: those that were there before us, and hard links. */
#define STABLE_FOR (2 * USEC_PER_SEC)
#define RESCAN_EVERY (60 * USEC_PER_SEC)
#define DIRECTORY_RETRY (2 * USEC_PER_SEC)
#define READS_PER_SCAN 64

typedef struct Entry {
        char *path;        /* owned */
        const char *name;  /* the part of path behind the directory */
        FileIdentity seen; /* at the last scan */
        usec_t seen_since; /* since when it looks like that, mono */
        bool closed;       /* a writer closed it, or it was moved in, and nobody has written since */
        bool written;      /* somebody has it open and has written: it is read when that one closes it */
        bool taken;        /* "seen" was given out: nothing to do until it changes */
        bool has_content;  /* sha256 is what was given out last */
        bool was_refused;
        uint64_t scan; /* number of the last scan that met it */
        uint8_t sha256[PLAN_HASH_SIZE];
} Entry;

struct Watch {
        sd_event *event;
        char *directory;
        WatchHandlers handlers;
        void *userdata;
        sd_event_source *timer, *inotify;
        usec_t due;   /* of the timer, mono */
        Map *entries; /* name -> Entry, owned */
        uint64_t scan;
        bool missing; /* said so */
        bool crowded; /* said so */
};

static Entry *entry_free(Entry *e) {
        if (!e)
                return NULL;
        free(e->path);
        free(e);
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP(Entry *, entry_free);

/* The timer only ever moves nearer here; each scan sets it anew. */
static void scan_within(Watch *w, usec_t span) {
        usec_t due = usec_add(clock_mono(), span);
        int r;

        if (due >= w->due)
                return;
        w->due = due;
        r = sd_event_source_set_time(w->timer, due);
        if (r >= 0)
                r = sd_event_source_set_enabled(w->timer, SD_EVENT_ONESHOT);
        if (r < 0)
                log_message(LOG_ERR, "%s: cannot plan the next scan: %s", w->directory, strerror(-r));
}

static bool name_is_plan(const char *name) {
        return name[0] != '.' && (str_ends_with(name, ".yaml") || str_ends_with(name, ".yml"));
}

static Entry *entry_get(Watch *w, const char *name) {
        _cleanup_(entry_freep) Entry *e = map_get(w->entries, name);

        if (e)
                return TAKE_PTR(e);
        e = alloc_one(Entry);
        if (!e)
                return NULL;
        e->path = alloc_printf("%s/%s", w->directory, name);
        if (!e->path)
                return NULL;
        e->name = e->path + strlen(w->directory) + 1;
        if (map_put(w->entries, name, e) < 0)
                return NULL;
        return TAKE_PTR(e);
}

static void refuse(Watch *w, Entry *e, const char *reason) {
        e->taken = true;
        e->was_refused = true;
        w->handlers.refused(e->path, reason, w->userdata);
}

/* Whoever may change a plan may move production traffic. */
static const char *reason_not_to_read(const struct stat *st, const struct stat *directory) {
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

/* Gives the content out unless it is what was given out before. Not settled yet: -EAGAIN. */
static int take(Watch *w, Entry *e, int dir_fd) {
        _cleanup_(freep) char *text = NULL;
        _cleanup_(freep) char *stem = NULL;
        WatchFile file = { .path = e->path };
        struct stat before, after;
        FileIdentity identity;
        bool same;
        int r;

        r = fs_read(dir_fd, e->name, false, PLAN_BYTES_MAX, &text, &file.size, &before);
        if (r < 0)
                return r;
        if (fstatat(dir_fd, e->name, &after, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        identity = file_identity_of(&after);
        if (!file_identity_equal(&identity, &e->seen) || file.size != (size_t) after.st_size)
                return -EAGAIN;
        stem = alloc_copy_bytes(e->name, strlen(e->name) - (str_ends_with(e->name, ".yaml") ? 5 : 4));
        if (!stem)
                return -ENOMEM;
        r = digest_sha256(text, file.size, file.sha256);
        if (r < 0)
                return r;
        same = e->has_content && !e->was_refused && memcmp(e->sha256, file.sha256, PLAN_HASH_SIZE) == 0;
        memcpy(e->sha256, file.sha256, PLAN_HASH_SIZE);
        e->has_content = true;
        e->was_refused = false;
        e->taken = true;
        if (same)
                return 0;
        file.text = text;
        file.stem = stem;
        w->handlers.changed(&file, w->userdata);
        return 0;
}

static void take_or_refuse(Watch *w, Entry *e, int dir_fd) {
        char reason[160];
        int r = take(w, e, dir_fd);

        switch (r < 0 ? -r : 0) {
        case 0:
                return;
        case EAGAIN:
        case ENOENT:
                scan_within(w, DEBOUNCE);
                return;
        case EFBIG:
                refuse(w, e, "is larger than 256 KiB");
                return;
        case ELOOP:
        case ENOTSUP:
                refuse(w, e, "is not a regular file");
                return;
        default:
                (void) snprintf(reason, sizeof(reason), "cannot be read: %s", strerror(-r));
                refuse(w, e, reason);
                /* Not the file's fault, maybe: chown and chmod show, a healed disk does not. */
                e->taken = false;
        }
}

/* Half a plan can be a valid plan, so nothing is read before its writer is done with it. */
static bool entry_is_complete(Watch *w, const Entry *e, const Now *now) {
        usec_t touched = file_identity_touched(&e->seen);
        usec_t stable_at = usec_add(e->seen_since, STABLE_FOR);

        if (e->closed)
                return true;
        if (e->written)
                return false;
        if (now->mono >= stable_at || (touched <= now->wall && now->wall - touched >= STABLE_FOR))
                return true;
        scan_within(w, usec_sub(stable_at, now->mono));
        return false;
}

/* Looks at one name. True when it is to be read in this scan. */
static bool inspect(Watch *w, const char *name, const struct stat *st, const struct stat *directory,
                const Now *now, Entry **ret) {
        Entry *e = entry_get(w, name);
        FileIdentity identity = file_identity_of(st);
        const char *reason;

        if (!e) {
                log_message(LOG_ERR, "%s/%s: not looked at: out of memory", w->directory, name);
                return false;
        }
        *ret = e;
        e->scan = w->scan;
        if (!file_identity_equal(&identity, &e->seen)) {
                e->seen = identity;
                e->seen_since = now->mono;
                e->taken = false;
        }
        if (e->taken)
                return false;
        reason = reason_not_to_read(st, directory);
        if (reason) {
                refuse(w, e, reason);
                return false;
        }
        return entry_is_complete(w, e, now);
}

static int compare_age(const void *a, const void *b) {
        const Entry *x = *(Entry *const *) a, *y = *(Entry *const *) b;

        if (x->seen.modified.tv_sec != y->seen.modified.tv_sec)
                return x->seen.modified.tv_sec < y->seen.modified.tv_sec ? -1 : 1;
        if (x->seen.modified.tv_nsec != y->seen.modified.tv_nsec)
                return x->seen.modified.tv_nsec < y->seen.modified.tv_nsec ? -1 : 1;
        return strcmp(x->name, y->name);
}

/* Oldest first, so that plans for one alias queue up in the order in which they were written. */
static void take_ready(Watch *w, Entry **ready, size_t n, int dir_fd) {
        if (n > 1)
                qsort(ready, n, sizeof(*ready), compare_age);
        for (size_t i = 0; i < n && i < READS_PER_SCAN; i++)
                take_or_refuse(w, ready[i], dir_fd);
        if (n > READS_PER_SCAN)
                scan_within(w, 0);
}

static void drop_gone(Watch *w) {
        const char *name;
        void *value;
        size_t cursor = 0;

        while (map_next(w->entries, &cursor, &name, &value)) {
                _cleanup_(entry_freep) Entry *e = value;

                if (e->scan == w->scan) {
                        e = NULL;
                        continue;
                }
                (void) map_remove(w->entries, name);
                if (e->has_content || e->was_refused)
                        w->handlers.gone(e->path, w->userdata);
        }
}

static int read_names(Watch *w, DIR *dir, Entry ***ret_ready, size_t *ret_n) {
        _cleanup_(freep) Entry **ready = NULL;
        size_t n = 0, room = 0, seen = 0;
        struct stat directory, st;
        Now now;

        clock_read(&now);
        if (fstat(dirfd(dir), &directory) < 0)
                return -errno;
        for (;;) {
                struct dirent *d;
                Entry *e;

                errno = 0;
                d = readdir(dir);
                if (!d && errno != 0)
                        return -errno;
                if (!d || seen == WATCH_FILES_MAX)
                        break;
                if (!name_is_plan(d->d_name) || fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                seen++;
                if (n == room) {
                        Entry **grown = alloc_resize(ready, room + 256, sizeof(*ready));

                        if (!grown)
                                return -ENOMEM;
                        ready = grown;
                        room += 256;
                }
                if (inspect(w, d->d_name, &st, &directory, &now, &e))
                        ready[n++] = e;
        }
        if (seen == WATCH_FILES_MAX && !w->crowded)
                log_message(LOG_ERR, "%s: more than %d plans; the others are not looked at", w->directory,
                                WATCH_FILES_MAX);
        w->crowded = seen == WATCH_FILES_MAX;
        *ret_ready = TAKE_PTR(ready);
        *ret_n = n;
        return 0;
}

static void closedirp(DIR **dir) {
        if (*dir)
                (void) closedir(*dir);
}

static int scan(Watch *w) {
        _cleanup_(closedirp) DIR *dir = NULL;
        _cleanup_(freep) Entry **ready = NULL;
        size_t n = 0;
        int r;

        dir = opendir(w->directory);
        if (!dir)
                return -errno;
        w->scan++;
        r = read_names(w, dir, &ready, &n);
        if (r < 0)
                return r;
        take_ready(w, ready, n, dirfd(dir));
        if (!w->crowded)
                drop_gone(w);
        return 0;
}

/* Events were lost: who is still writing is no longer known, and stability must do. */
static void forget_writers(Watch *w) {
        void *value;
        size_t cursor = 0;

        while (map_next(w->entries, &cursor, NULL, &value))
                ((Entry *) value)->written = false;
}

static void entry_note(Entry *e, uint32_t mask) {
        if (mask & (IN_CLOSE_WRITE | IN_MOVED_TO)) {
                e->closed = true;
                e->written = false;
        } else if (mask & IN_MODIFY) {
                e->closed = false;
                e->written = true;
        }
}

static int watch_on_inotify(sd_event_source *source, const struct inotify_event *e, void *userdata) {
        Watch *w = userdata;
        Entry *entry;

        /* The directory itself is gone or elsewhere: the scan finds out, and watches what is there then. */
        if (e->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) {
                w->inotify = sd_event_source_disable_unref(w->inotify);
                forget_writers(w);
        } else if (e->mask & IN_Q_OVERFLOW) {
                forget_writers(w);
        } else {
                if (e->len == 0 || !name_is_plan(e->name))
                        return 0;
                entry = entry_get(w, e->name);
                if (entry)
                        entry_note(entry, e->mask);
        }
        scan_within(w, DEBOUNCE);
        return 0;
}

static int follow_directory(Watch *w) {
        int r;

        if (w->inotify)
                return 0;
        r = sd_event_add_inotify(w->event, &w->inotify, w->directory,
                        IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_MODIFY | IN_ATTRIB | IN_DELETE |
                                        IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
                        watch_on_inotify, w);
        if (r >= 0)
                (void) sd_event_source_set_description(w->inotify, "watch-inotify");
        return r;
}

static int watch_on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        Watch *w = userdata;
        int r, k;

        w->due = USEC_INFINITY;
        /* Followed first, then read: what changes in between is seen by one of the two. */
        k = follow_directory(w);
        r = scan(w);
        if (r < 0) {
                if (!w->missing)
                        log_message(LOG_ERR, "%s: cannot look for plans: %s; trying on, live rollouts go on",
                                        w->directory, strerror(-r));
                w->missing = true;
                w->inotify = sd_event_source_disable_unref(w->inotify);
                scan_within(w, DIRECTORY_RETRY);
                return 0;
        }
        if (w->missing)
                log_message(LOG_NOTICE, "%s: is back", w->directory);
        w->missing = false;
        if (k < 0)
                log_message(LOG_WARNING, "%s: no notice of changes (%s); looking every %d s instead",
                                w->directory, strerror(-k), (int) (DIRECTORY_RETRY / USEC_PER_SEC));
        scan_within(w, k < 0 ? DIRECTORY_RETRY : RESCAN_EVERY);
        return 0;
}

static void create_directory(const char *directory) {
        struct stat st;

        if (mkdir(directory, 0755) < 0 && errno != EEXIST)
                log_message(LOG_WARNING, "%s: cannot be created: %s", directory, strerror(errno));
        else if (stat(directory, &st) >= 0 && (st.st_mode & S_IWOTH))
                log_message(LOG_WARNING, "%s: anybody may write there, and so start rollouts; chmod o-w it",
                                directory);
}

int watch_new(sd_event *event, const char *directory, const WatchHandlers *handlers, void *userdata,
                Watch **ret) {
        _cleanup_(watch_freep) Watch *w = alloc_one(Watch);
        int r;

        if (!w)
                return -ENOMEM;
        w->event = sd_event_ref(event);
        w->directory = alloc_copy_string(directory);
        w->entries = map_new();
        if (!w->directory || !w->entries)
                return -ENOMEM;
        w->handlers = *handlers;
        w->userdata = userdata;
        w->due = clock_mono();
        r = sd_event_add_time(event, &w->timer, CLOCK_BOOTTIME, w->due, 1, watch_on_timer, w);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(w->timer, "watch-scan");
        create_directory(directory);
        *ret = TAKE_PTR(w);
        return 0;
}

Watch *watch_free(Watch *w) {
        const char *name;
        void *value;
        size_t cursor = 0;

        if (!w)
                return NULL;
        w->inotify = sd_event_source_disable_unref(w->inotify);
        w->timer = sd_event_source_disable_unref(w->timer);
        while (w->entries && map_next(w->entries, &cursor, &name, &value))
                (void) entry_free(value);
        w->entries = map_free(w->entries);
        free(w->directory);
        w->event = sd_event_unref(w->event);
        free(w);
        return NULL;
}

void watch_again(Watch *w, const char *path) {
        const char *name = str_after(path, w->directory);
        Entry *e = name && name[0] == '/' ? map_get(w->entries, name + 1) : NULL;

        if (e) {
                e->taken = false;
                e->has_content = false;
        }
}
