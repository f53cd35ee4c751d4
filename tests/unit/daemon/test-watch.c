#include "daemon/watch.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/digest.h"
#include "base/alloc.h"
#include "base/fd.h"
#include "lib/fault.h"
#include "lib/test.h"
#include "unit/daemon/log-capture.h"
#include "unit/daemon/rig.h"

/* What the watcher said: "+stem:text " for content, "-name " for gone, "!name: reason " for refused. */
typedef struct Seen {
        char text[8192];
        size_t n;
        size_t wanted;
} Seen;

static void note(Seen *s, const char *format, ...) _printf_(2, 3);
static void note(Seen *s, const char *format, ...) {
        size_t used = strlen(s->text);
        va_list args;

        va_start(args, format);
        (void) vsnprintf(s->text + used, sizeof(s->text) - used, format, args);
        va_end(args);
        s->n++;
}

static const char *name_of(const char *path) {
        return strrchr(path, '/') + 1;
}

static void on_changed(const WatchFile *file, void *userdata) {
        uint8_t sha256[PLAN_HASH_SIZE];

        EXPECT_OK(digest_sha256(file->text, file->size, sha256));
        EXPECT(memcmp(sha256, file->sha256, PLAN_HASH_SIZE) == 0);
        note(userdata, "%c%s:%.40s ", file->again ? '=' : '+', file->stem,
                        file->size < 40 ? file->text : "long");
}

static void on_refused(const char *path, const char *reason, bool dropped, void *userdata) {
        note(userdata, "!%s: %s%s ", name_of(path), reason, dropped ? "" : " (still)");
}

static void on_gone(const char *path, void *userdata) {
        note(userdata, "-%s ", name_of(path));
}

static const WatchHandlers handlers = { .changed = on_changed, .refused = on_refused, .gone = on_gone };

static Watch *watch_plans(Rig *g, Seen *seen) {
        Watch *w = NULL;

        EXPECT_OK(watch_new(g->event, g->plans, &handlers, seen, &w));
        return w;
}

static bool is_seen(void *userdata) {
        const Seen *s = userdata;

        return s->n >= s->wanted;
}

/* Waits for n more words of the watcher. */
static void wait_for(Rig *g, Seen *seen, size_t n) {
        seen->wanted = seen->n + n;
        rig_run_until(g, is_seen, seen);
}

static void expect_next(Rig *g, Seen *seen, const char *expected) {
        seen->text[0] = '\0';
        wait_for(g, seen, 1);
        EXPECT_STR(seen->text, expected);
}

/* Past the first scan, so that what comes now comes by inotify. */
static Watch *watch_empty(Rig *g, Seen *seen) {
        Watch *w = watch_plans(g, seen);

        rig_settle(g);
        EXPECT_STR(seen->text, "");
        return w;
}

TEST(what_is_there_at_the_start_is_read_once_it_is_stable) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(watch_freep) Watch *w = NULL;
        Seen seen = {};
        usec_t start = rig_now();

        EXPECT_OK(mkdir(g->plans, 0755));
        rig_write(g, "plans/checkout.yaml", "one");
        w = watch_plans(g, &seen);
        expect_next(g, &seen, "+checkout:one ");
        EXPECT(rig_now() - start >= USEC_PER_SEC);
}

TEST(an_old_file_is_read_at_once) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(watch_freep) Watch *w = NULL;
        Seen seen = {};
        usec_t start;

        EXPECT_OK(mkdir(g->plans, 0755));
        rig_write(g, "plans/checkout.yaml", "one");
        rig_run_for(g, 2100 * USEC_PER_MSEC); /* it ages; a daemon that crashes each second must still take
                                                 it */
        start = rig_now();
        w = watch_plans(g, &seen);
        expect_next(g, &seen, "+checkout:one ");
        EXPECT(rig_now() - start < USEC_PER_SEC);
}

TEST(the_directory_is_created) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Seen seen = {};
        _cleanup_(watch_freep) _unused_ Watch *w = watch_empty(g, &seen);
        struct stat st;

        EXPECT_OK(stat(g->plans, &st));
        EXPECT(S_ISDIR(st.st_mode));
}

TEST(closed_and_moved_in_files_are_read_at_once) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Seen seen = {};
        _cleanup_(watch_freep) _unused_ Watch *w = watch_empty(g, &seen);
        _cleanup_(freep) char *from = rig_path(g, "new"), *to = rig_path(g, "plans/b.yml");
        usec_t start = rig_now();

        rig_write(g, "plans/a.yaml", "one");
        expect_next(g, &seen, "+a:one ");
        rig_write(g, "new", "two");
        EXPECT_OK(rename(from, to));
        expect_next(g, &seen, "+b:two ");
        EXPECT(rig_now() - start < USEC_PER_SEC);
}

TEST(a_file_that_is_being_written_is_left_alone) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Seen seen = {};
        _cleanup_(watch_freep) _unused_ Watch *w = watch_empty(g, &seen);
        _cleanup_(freep) char *path = rig_path(g, "plans/a.yaml");
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

        EXPECT(fd >= 0);
        /* Half a plan may be a valid one: however long its writer takes, it is not read before it is closed.
         */
        EXPECT_INT(write(fd, "x", 1), 1);
        rig_run_for(g, 2500 * USEC_PER_MSEC);
        EXPECT_STR(seen.text, "");
        EXPECT_INT(write(fd, "y", 1), 1);
        EXPECT_OK(close(fd));
        expect_next(g, &seen, "+a:xy ");
        rig_run_for(g, 200 * USEC_PER_MSEC);
        EXPECT_STR(seen.text, "+a:xy ");
}

TEST(a_file_that_was_never_closed_is_read_once_it_is_stable) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Seen seen = {};
        _cleanup_(watch_freep) _unused_ Watch *w = watch_empty(g, &seen);
        _cleanup_(freep) char *from = rig_path(g, "new"), *to = rig_path(g, "plans/a.yaml");
        usec_t start;

        rig_write(g, "new", "linked");
        start = rig_now();
        EXPECT_OK(link(from, to));
        expect_next(g, &seen, "+a:linked ");
        EXPECT(rig_now() - start >= USEC_PER_SEC);
}

TEST(only_other_content_is_news) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(freep) char *path = rig_path(g, "plans/a.yaml");
        Seen seen = {};
        _cleanup_(watch_freep) _unused_ Watch *w = watch_empty(g, &seen);

        rig_write(g, "plans/a.yaml", "one");
        expect_next(g, &seen, "+a:one ");
        EXPECT_OK(chmod(path, 0600));
        rig_write(g, "plans/b.yaml", "other");
        expect_next(g, &seen, "+b:other ");
        rig_write(g, "plans/a.yaml", "two");
        expect_next(g, &seen, "+a:two ");
        rig_write(g, "plans/a.yaml", "one");
        expect_next(g, &seen, "+a:one ");
}

TEST(the_same_content_dropped_again_is_said_to_be_so) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Seen seen = {};
        _cleanup_(watch_freep) _unused_ Watch *w = watch_empty(g, &seen);
        _cleanup_(freep) char *from = rig_path(g, "new"), *to = rig_path(g, "plans/a.yaml");

        rig_write(g, "plans/a.yaml", "one");
        expect_next(g, &seen, "+a:one ");
        rig_write(g, "plans/a.yaml", "one");
        expect_next(g, &seen, "=a:one ");
        rig_write(g, "new", "one");
        EXPECT_OK(rename(from, to));
        expect_next(g, &seen, "=a:one ");
        /* Once each, and not for what is only looked at anew. */
        EXPECT_OK(chmod(to, 0600));
        rig_run_for(g, 200 * USEC_PER_MSEC);
        EXPECT_STR(seen.text, "=a:one ");
}

TEST(what_is_refused_and_dropped_again_is_refused_again) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Seen seen = {};
        _cleanup_(watch_freep) _unused_ Watch *w = watch_empty(g, &seen);
        _cleanup_(freep) char *link = rig_path(g, "plans/a.yaml");

        for (unsigned i = 0; i < 2; i++) {
                EXPECT_OK(symlink("b", link));
                expect_next(g, &seen,
                                "!a.yaml: is a symbolic link; plans are read from regular files only ");
                EXPECT_OK(unlink(link));
                expect_next(g, &seen, "-a.yaml ");
        }
}

TEST(nothing_is_read_where_anybody_may_write) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(freep) char *text = NULL;
        Seen seen = {};
        _cleanup_(watch_freep) _unused_ Watch *w = watch_empty(g, &seen);

        rig_write(g, "plans/a.yaml", "one");
        expect_next(g, &seen, "+a:one ");
        capture_begin();
        EXPECT_OK(chmod(g->plans, 01777));
        rig_write(g, "plans/b.yaml", "two");
        rig_run_for(g, 200 * USEC_PER_MSEC);
        EXPECT_STR(seen.text, "+a:one ");
        EXPECT_OK(chmod(g->plans, 0755));
        expect_next(g, &seen, "+b:two ");
        text = capture_end();
        EXPECT_CONTAINS(text,
                        "plans: anybody may write there, and so start rollouts: no plan is read until ");
        EXPECT_CONTAINS(text, "plans: plans are read again\n");
}

/* Whoever may make names there must not make us remember them all. */
TEST(names_that_nobody_looks_at_are_not_kept) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(watch_freep) Watch *w = NULL;
        size_t n = 0, bytes;
        Seen seen = { 0 };

        w = watch_empty(g, &seen);
        capture_begin();
        EXPECT_OK(chmod(g->plans, 01777));
        rig_run_for(g, 200 * USEC_PER_MSEC);
        fault_tally(&n, &bytes);
        for (unsigned i = 0; i < 200; i++) {
                _cleanup_(freep) char *name = alloc_printf("plans/%u.yaml", i);
                _cleanup_(freep) char *path = rig_path(g, name);

                rig_write(g, name, "one");
                EXPECT_INT(unlink(path), 0);
        }
        fault_tally(&n, &bytes);
        rig_run_for(g, 200 * USEC_PER_MSEC);
        fault_tally(&n, &bytes);
        EXPECT(n < 100);
        EXPECT_STR(seen.text, "");
        free(capture_end());
}

TEST(another_directory_by_the_same_name_is_followed) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(freep) char *above = rig_path(g, "above"), *away = rig_path(g, "away"),
                              *plans = rig_path(g, "above/plans");
        _cleanup_(watch_freep) Watch *w = NULL;
        Seen seen = {};

        EXPECT_OK(mkdir(above, 0755));
        EXPECT_OK(watch_new(g->event, plans, &handlers, &seen, &w));
        rig_settle(g);
        /* No event tells of this one. */
        EXPECT_OK(rename(above, away));
        EXPECT_OK(mkdir(above, 0755));
        EXPECT_OK(mkdir(plans, 0755));
        rig_write(g, "away/plans/kick.yaml", "x");
        rig_run_for(g, 200 * USEC_PER_MSEC);
        EXPECT_STR(seen.text, "");
        rig_write(g, "above/plans/a.yaml", "one");
        expect_next(g, &seen, "+a:one ");
}

TEST(other_names_are_none_of_our_business) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Seen seen = {};
        _cleanup_(watch_freep) _unused_ Watch *w = watch_empty(g, &seen);

        rig_write(g, "plans/.a.yaml", "x");
        rig_write(g, "plans/a.yaml.swp", "x");
        rig_write(g, "plans/a.yaml~", "x");
        rig_write(g, "plans/readme.txt", "x");
        rig_write(g, "plans/z.yaml", "z");
        expect_next(g, &seen, "+z:z ");
}

TEST(what_is_not_a_regular_file_of_a_trusted_owner_is_refused) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(freep) char *fifo = rig_path(g, "plans/fifo.yaml"), *link = rig_path(g, "plans/link.yaml"),
                              *folder = rig_path(g, "plans/folder.yaml"),
                              *shared = rig_path(g, "plans/shared.yaml"),
                              *theirs = rig_path(g, "plans/theirs.yaml");
        _cleanup_(watch_freep) Watch *w = NULL;
        Seen seen = {};
        bool root = geteuid() == 0;

        EXPECT_OK(mkdir(g->plans, 0755));
        EXPECT_OK(mkfifo(fifo, 0644));
        EXPECT_OK(symlink("/etc/hostname", link));
        EXPECT_OK(mkdir(folder, 0755));
        rig_write(g, "plans/shared.yaml", "x");
        EXPECT_OK(chmod(shared, 0664));
        if (root) {
                rig_write(g, "plans/theirs.yaml", "x");
                EXPECT_OK(chown(theirs, 65534, 65534));
        }
        w = watch_plans(g, &seen);
        wait_for(g, &seen, root ? 5 : 4);
        EXPECT_CONTAINS(seen.text, "!fifo.yaml: is not a regular file ");
        EXPECT_CONTAINS(seen.text,
                        "!link.yaml: is a symbolic link; plans are read from regular files only ");
        EXPECT_CONTAINS(seen.text, "!folder.yaml: is not a regular file ");
        EXPECT_CONTAINS(seen.text, "!shared.yaml: can be written by others than its owner; chmod go-w it ");
        if (root)
                EXPECT_CONTAINS(seen.text, "!theirs.yaml: belongs to another user; ");
        EXPECT(!strchr(seen.text, '+'));
}

TEST(a_plan_may_have_256_kib_and_no_byte_more) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Seen seen = {};
        _cleanup_(watch_freep) _unused_ Watch *w = watch_empty(g, &seen);
        _cleanup_(freep) char *text = alloc_zero(PLAN_BYTES_MAX + 2);

        EXPECT(text);
        memset(text, '#', PLAN_BYTES_MAX);
        rig_write(g, "plans/a.yaml", text);
        expect_next(g, &seen, "+a:long ");
        text[PLAN_BYTES_MAX] = '#';
        rig_write(g, "plans/a.yaml", text);
        expect_next(g, &seen, "!a.yaml: is larger than 256 KiB ");
}

TEST(a_refused_file_is_taken_once_it_is_made_good) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Seen seen = {};
        _cleanup_(watch_freep) _unused_ Watch *w = watch_empty(g, &seen);
        _cleanup_(freep) char *path = rig_path(g, "plans/a.yaml");

        rig_write(g, "plans/a.yaml", "one");
        expect_next(g, &seen, "+a:one ");
        EXPECT_OK(chmod(path, 0666));
        expect_next(g, &seen, "!a.yaml: can be written by others than its owner; chmod go-w it (still) ");
        EXPECT_OK(chmod(path, 0600));
        expect_next(g, &seen, "+a:one ");
}

TEST(what_is_deleted_or_renamed_is_gone) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Seen seen = {};
        _cleanup_(watch_freep) _unused_ Watch *w = watch_empty(g, &seen);
        _cleanup_(freep) char *a = rig_path(g, "plans/a.yaml"), *b = rig_path(g, "plans/b.yaml");

        rig_write(g, "plans/a.yaml", "one");
        expect_next(g, &seen, "+a:one ");
        EXPECT_OK(rename(a, b));
        seen.text[0] = '\0';
        wait_for(g, &seen, 2);
        EXPECT_CONTAINS(seen.text, "-a.yaml ");
        EXPECT_CONTAINS(seen.text, "+b:one ");
        EXPECT_OK(unlink(b));
        expect_next(g, &seen, "-b.yaml ");
}

TEST(older_files_come_first) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(watch_freep) Watch *w = NULL;
        Seen seen = {};
        static const char *const names[] = { "plans/b.yaml", "plans/c.yaml", "plans/a.yaml" };

        EXPECT_OK(mkdir(g->plans, 0755));
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_(freep) char *path = rig_path(g, names[i]);
                struct timespec times[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 + (time_t) i } };

                rig_write(g, names[i], "x");
                EXPECT_OK(utimensat(AT_FDCWD, path, times, 0));
        }
        w = watch_plans(g, &seen);
        wait_for(g, &seen, 3);
        EXPECT_STR(seen.text, "+b:x +c:x +a:x ");
}

TEST(many_files_are_read_in_portions_and_none_is_left_out) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Seen seen = {};
        _cleanup_(watch_freep) _unused_ Watch *w = watch_empty(g, &seen);

        for (unsigned i = 0; i < 200; i++) {
                char name[64];

                (void) snprintf(name, sizeof(name), "plans/n%u.yaml", i);
                rig_write(g, name, "x");
        }
        wait_for(g, &seen, 200);
        EXPECT_INT(seen.n, 200);
}

TEST(what_is_to_be_seen_again_is_given_out_at_the_next_scan) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Seen seen = {};
        _cleanup_(watch_freep) _unused_ Watch *w = watch_empty(g, &seen);
        _cleanup_(freep) char *path = rig_path(g, "plans/a.yaml");

        rig_write(g, "plans/a.yaml", "one");
        expect_next(g, &seen, "+a:one ");
        watch_again(w, path);
        watch_again(w, "/elsewhere/a.yaml");
        rig_write(g, "plans/z.yaml", "z");
        seen.text[0] = '\0';
        wait_for(g, &seen, 2);
        EXPECT_STR(seen.text, "+a:one +z:z ");
}

TEST(lost_notices_lose_nothing) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Seen seen = {};
        _cleanup_(watch_freep) _unused_ Watch *w = watch_empty(g, &seen);
        _cleanup_(freep) char *path = rig_path(g, "plans/noise.yaml");

        /* More than the kernel queues by default. */
        for (size_t i = 0; i < 8000; i++) {
                int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);

                EXPECT(fd >= 0);
                EXPECT_OK(close(fd));
                EXPECT_OK(unlink(path));
        }
        rig_write(g, "plans/a.yaml", "one");
        expect_next(g, &seen, "+a:one ");
}

TEST(a_directory_that_goes_away_is_waited_for) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(freep) char *away = rig_path(g, "away"), *text = NULL;
        Seen seen = {};
        _cleanup_(watch_freep) _unused_ Watch *w = watch_empty(g, &seen);

        rig_write(g, "plans/a.yaml", "one");
        expect_next(g, &seen, "+a:one ");
        capture_begin();
        EXPECT_OK(rename(g->plans, away));
        rig_run_for(g, 200 * USEC_PER_MSEC);
        EXPECT_OK(rename(away, g->plans));
        rig_write(g, "plans/b.yaml", "two");
        /* Not "gone": nobody deleted the plans. */
        expect_next(g, &seen, "+b:two ");
        text = capture_end();
        EXPECT_CONTAINS(text, "err ");
        EXPECT_CONTAINS(text,
                        "cannot look for plans: No such file or directory; trying on, live rollouts go on\n");
        EXPECT_CONTAINS(text, "plans: is back\n");
}

TEST(out_of_memory_watches_nothing_and_leaks_nothing) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Seen seen = {};

        FAULT_LOOP {
                Watch *w = NULL;
                int r = watch_new(g->event, g->plans, &handlers, &seen, &w);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        w = watch_free(w);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT(!w);
        }
}
