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
#include "daemon/log.h"
#include "daemon/watch-entry.h"

#define DEBOUNCE (50 * USEC_PER_MSEC)
#define RESCAN_EVERY (60 * USEC_PER_SEC)
#define DIRECTORY_RETRY (2 * USEC_PER_SEC)
#define READS_PER_SCAN 64

struct Watch {
        sd_event *event;
        char *directory;
        WatchHandlers handlers;
        void *userdata;
        sd_event_source *timer, *inotify;
        usec_t due;   /* of the timer, mono */
        Map *entries; /* name -> WatchEntry, owned */
        uint64_t scan;
        dev_t followed_device; /* the directory that inotify tells of */
        ino_t followed_inode;
        bool missing; /* said so, as of all these */
        bool crowded;
        bool open_to_all;
        bool unnotified;
};

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

static WatchEntry *entry_get(Watch *w, const char *name) {
        _cleanup_(watch_entry_freep) WatchEntry *e = map_get(w->entries, name);

        if (e)
                return TAKE_PTR(e);
        e = watch_entry_new(w->directory, name);
        if (!e)
                return NULL;
        if (map_put(w->entries, name, e) < 0)
                return NULL;
        return TAKE_PTR(e);
}

static void refuse(Watch *w, WatchEntry *e, const char *reason) {
        bool dropped = watch_entry_is_dropped(e);

        e->was_refused = true;
        watch_entry_answer(e);
        w->handlers.refused(e->path, reason, dropped, w->userdata);
}

/* Reads what the scan saw, and nothing else: neither a file that was put in its place meanwhile, nor one
 * that changed while it was read. -EAGAIN: it did. */
static int read_seen(const WatchEntry *e, int dir_fd, char **ret_text, size_t *ret_size) {
        _cleanup_(freep) char *text = NULL;
        struct stat opened, after;
        FileIdentity first, last;
        size_t size;
        int r;

        r = fs_read(dir_fd, e->name, false, PLAN_BYTES_MAX, &text, &size, &opened);
        if (r < 0)
                return r;
        if (fstatat(dir_fd, e->name, &after, AT_SYMLINK_NOFOLLOW) < 0)
                return -errno;
        first = file_identity_of(&opened);
        last = file_identity_of(&after);
        if (!file_identity_equal(&first, &e->seen) || !file_identity_equal(&last, &e->seen) ||
                        size != (size_t) after.st_size)
                return -EAGAIN;
        *ret_text = TAKE_PTR(text);
        *ret_size = size;
        return 0;
}

/* Gives the content out unless nobody has touched it since. Not settled yet: -EAGAIN. */
static int take(Watch *w, WatchEntry *e, int dir_fd) {
        _cleanup_(freep) char *text = NULL;
        _cleanup_(freep) char *stem = NULL;
        WatchFile file = { .path = e->path };
        int r;

        r = read_seen(e, dir_fd, &text, &file.size);
        if (r < 0)
                return r;
        stem = alloc_copy_bytes(e->name, strlen(e->name) - (str_ends_with(e->name, ".yaml") ? 5 : 4));
        if (!stem)
                return -ENOMEM;
        r = digest_sha256(text, file.size, file.sha256);
        if (r < 0)
                return r;
        file.text = text;
        file.stem = stem;
        file.again = e->has_content && !e->was_refused &&
                        memcmp(e->sha256, file.sha256, PLAN_HASH_SIZE) == 0;
        file.dropped = e->closed && watch_entry_is_dropped(e);
        memcpy(e->sha256, file.sha256, PLAN_HASH_SIZE);
        e->has_content = true;
        e->was_refused = false;
        if (file.again && !watch_entry_is_dropped(e)) {
                watch_entry_answer(e);
                return 0;
        }
        watch_entry_answer(e);
        w->handlers.changed(&file, w->userdata);
        return 0;
}

static void take_or_refuse(Watch *w, WatchEntry *e, int dir_fd) {
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

/* Looks at one name. True when it is to be read in this scan. */
static bool inspect(Watch *w, const char *name, const struct stat *st, const struct stat *directory,
                const Now *now, WatchEntry **ret) {
        WatchEntry *e = entry_get(w, name);
        const char *reason;
        usec_t wait;

        if (!e) {
                log_message(LOG_ERR, "%s/%s: not looked at: out of memory", w->directory, name);
                return false;
        }
        *ret = e;
        e->scan = w->scan;
        watch_entry_look(e, st, now->mono);
        if (e->taken)
                return false;
        reason = watch_reason_not_to_read(st, directory);
        if (reason) {
                refuse(w, e, reason);
                return false;
        }
        if (watch_entry_is_complete(e, now, &wait))
                return true;
        if (wait != USEC_INFINITY)
                scan_within(w, wait);
        return false;
}

/* Oldest first, so that plans for one alias queue up in the order in which they were written. */
static void take_ready(Watch *w, WatchEntry **ready, size_t n, int dir_fd) {
        if (n > 1)
                qsort(ready, n, sizeof(*ready), watch_entry_compare_age);
        for (size_t i = 0; i < n && i < READS_PER_SCAN; i++)
                take_or_refuse(w, ready[i], dir_fd);
        if (n > READS_PER_SCAN)
                scan_within(w, 0);
}

/* Of a crowd others may be seen each time: who is missed then is forgotten, but may well be there. */
static void drop_gone(Watch *w) {
        const char *name;
        void *value;
        size_t cursor = 0;

        while (map_next(w->entries, &cursor, &name, &value)) {
                _cleanup_(watch_entry_freep) WatchEntry *e = value;

                if (e->scan == w->scan) {
                        e = NULL;
                        continue;
                }
                (void) map_remove(w->entries, name);
                if (!w->crowded && (e->has_content || e->was_refused))
                        w->handlers.gone(e->path, w->userdata);
        }
}

static int read_names(
                Watch *w, DIR *dir, const struct stat *directory, WatchEntry ***ret_ready, size_t *ret_n) {
        _cleanup_(freep) WatchEntry **ready = NULL;
        size_t n = 0, room = 0, seen = 0;
        struct stat st;
        Now now;

        clock_read(&now);
        for (;;) {
                struct dirent *d;
                WatchEntry *e;

                errno = 0;
                d = readdir(dir);
                if (!d && errno != 0)
                        return -errno;
                if (!d || seen == WATCH_FILES_MAX)
                        break;
                if (!watch_name_is_plan(d->d_name) ||
                                fstatat(dirfd(dir), d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
                        continue;
                seen++;
                if (n == room) {
                        WatchEntry **grown = alloc_resize(ready, room + 256, sizeof(*ready));

                        if (!grown)
                                return -ENOMEM;
                        ready = grown;
                        room += 256;
                }
                if (inspect(w, d->d_name, &st, directory, &now, &e))
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

/* Events were lost: who is still writing, and who has closed, is no longer known, and stability must do. */
static void forget_writers(Watch *w) {
        void *value;
        size_t cursor = 0;

        while (map_next(w->entries, &cursor, NULL, &value)) {
                WatchEntry *e = value;

                e->closed = e->written = false;
        }
}

static void unfollow(Watch *w) {
        w->inotify = sd_event_source_disable_unref(w->inotify);
        forget_writers(w);
}

/* Where anybody may rename and link, owner and mode of a file say nothing about who put it there. */
static bool is_open_to_all(Watch *w, const struct stat *directory) {
        bool open_to_all = (directory->st_mode & S_IWOTH) != 0;

        if (open_to_all && !w->open_to_all)
                log_message(LOG_ERR,
                                "%s: anybody may write there, and so start rollouts: no plan is read until "
                                "\"chmod o-w\"; live rollouts go on",
                                w->directory);
        else if (!open_to_all && w->open_to_all)
                log_message(LOG_NOTICE, "%s: plans are read again", w->directory);
        w->open_to_all = open_to_all;
        return open_to_all;
}

static int scan(Watch *w) {
        _cleanup_(closedirp) DIR *dir = NULL;
        _cleanup_(freep) WatchEntry **ready = NULL;
        struct stat directory;
        size_t n = 0;
        int r;

        dir = opendir(w->directory);
        if (!dir)
                return -errno;
        if (fstat(dirfd(dir), &directory) < 0)
                return -errno;
        /* Another one goes by this name now, and nothing told: a parent was renamed, something mounted. */
        if (w->inotify &&
                        (directory.st_dev != w->followed_device || directory.st_ino != w->followed_inode)) {
                unfollow(w);
                scan_within(w, 0);
        }
        if (is_open_to_all(w, &directory))
                return 0;
        w->scan++;
        r = read_names(w, dir, &directory, &ready, &n);
        if (r < 0)
                return r;
        take_ready(w, ready, n, dirfd(dir));
        drop_gone(w);
        return 0;
}

static int watch_on_inotify(sd_event_source *source, const struct inotify_event *e, void *userdata) {
        Watch *w = userdata;
        WatchEntry *entry;

        /* The directory itself is gone or elsewhere: the scan finds out, and watches what is there then. */
        if (e->mask & (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)) {
                unfollow(w);
        } else if (e->mask & IN_Q_OVERFLOW) {
                forget_writers(w);
        } else if (e->len > 0) { /* else its own mode or owner changed */
                if (!watch_name_is_plan(e->name))
                        return 0;
                /* Names that no scan comes to look at would only pile up. */
                entry = w->open_to_all || w->crowded ? map_get(w->entries, e->name) : entry_get(w, e->name);
                if (entry)
                        watch_entry_note(entry, e->mask);
        }
        scan_within(w, DEBOUNCE);
        return 0;
}

static int follow_directory(Watch *w) {
        struct stat st;
        int r;

        if (w->inotify)
                return 0;
        r = sd_event_add_inotify(w->event, &w->inotify, w->directory,
                        IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE | IN_MODIFY | IN_ATTRIB | IN_DELETE |
                                        IN_MOVED_FROM | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR,
                        watch_on_inotify, w);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(w->inotify, "watch-inotify");
        if (stat(w->directory, &st) < 0)
                return -errno;
        w->followed_device = st.st_dev;
        w->followed_inode = st.st_ino;
        return 0;
}

/* Without notices the directory is looked at every now and then, which finds everything, only later. */
static void report_notices(Watch *w, int error) {
        if (error < 0 && !w->unnotified)
                log_message(LOG_WARNING, "%s: no notice of changes (%s); looking every %d s instead",
                                w->directory, strerror(-error), (int) (DIRECTORY_RETRY / USEC_PER_SEC));
        w->unnotified = error < 0;
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
                unfollow(w);
                scan_within(w, DIRECTORY_RETRY);
                return 0;
        }
        if (w->missing)
                log_message(LOG_NOTICE, "%s: is back", w->directory);
        w->missing = false;
        report_notices(w, k);
        scan_within(w, k < 0 ? DIRECTORY_RETRY : RESCAN_EVERY);
        return 0;
}

static void create_directory(const char *directory) {
        if (mkdir(directory, 0755) < 0 && errno != EEXIST)
                log_message(LOG_WARNING, "%s: cannot be created: %s", directory, strerror(errno));
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
                (void) watch_entry_free(value);
        w->entries = map_free(w->entries);
        free(w->directory);
        w->event = sd_event_unref(w->event);
        free(w);
        return NULL;
}

void watch_again(Watch *w, const char *path) {
        const char *name = str_after(path, w->directory);
        WatchEntry *e = name && name[0] == '/' ? map_get(w->entries, name + 1) : NULL;

        if (e) {
                e->taken = false;
                e->has_content = false;
        }
}
