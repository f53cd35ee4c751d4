#include "daemon/store.h"

#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "daemon/store-internal.h"
#include "lib/fault.h"
#include "lib/test.h"
#include "unit/daemon/rig.h"
#include "unit/daemon/store-sample.h"

static Store *open_store(Rig *g) {
        char reason[320] = "";
        Store *s = NULL;
        int r = store_open(g->event, g->state, &s, reason);

        if (r < 0)
                FAIL("store_open: %s: %s", strerror(-r), reason);
        return s;
}

TEST(what_was_committed_is_there_after_a_restart) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Store *s = open_store(g);
        Rows rows = {};

        sample_commit(g, s, "checkout", 1, "shifting", 0, NULL);
        sample_commit(g, s, "mailer", 4, "queued", 0, NULL);
        s = store_close(s);
        s = open_store(g);
        EXPECT_OK(store_load_live(s, rows_take, &rows));
        EXPECT_STR(rows.ids, "checkout@1 mailer@4 ");
        EXPECT_STR(rows.last_record, "record of mailer@4");
        EXPECT_STR(rows.last_plan, "plan of mailer\n");
        EXPECT_STR(rows.last_path, "/plans/mailer.yaml");
        EXPECT_INT(rows.last_number, 4);
        EXPECT_INT(rows.last_hash, 0xa0 + 4);
        (void) store_close(s);
}

TEST(finished_ones_are_listed_newest_first_and_are_not_live) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Store *s = open_store(g);
        Rows live = {}, finished = {}, two = {};

        sample_commit(g, s, "a", 1, "succeeded", 300, NULL);
        sample_commit(g, s, "b", 1, "rolled-back", 500, NULL);
        sample_commit(g, s, "c", 1, "shifting", 0, NULL);
        sample_commit(g, s, "d", 1, "rejected", 400, NULL);
        EXPECT_OK(store_load_live(s, rows_take, &live));
        EXPECT_STR(live.ids, "c@1 ");
        EXPECT_OK(store_load_finished(s, 100, rows_take, &finished));
        EXPECT_STR(finished.ids, "b@1 d@1 a@1 ");
        EXPECT_OK(store_load_finished(s, 2, rows_take, &two));
        EXPECT_STR(two.ids, "b@1 d@1 ");
        (void) store_close(s);
}

static int refuse_row(const StoreRow *row, void *userdata) {
        (*(size_t *) userdata)++;
        return -ECANCELED;
}

TEST(a_walk_ends_where_its_callback_says_so) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Store *s = open_store(g);
        Rows rows = {};
        size_t n = 0;

        sample_commit(g, s, "a", 1, "shifting", 0, NULL);
        sample_commit(g, s, "b", 1, "shifting", 0, NULL);
        EXPECT_INT(store_load_live(s, refuse_row, &n), -ECANCELED);
        EXPECT_INT(n, 1);
        EXPECT_INT(store_load_one(s, "a@1", refuse_row, &n), -ECANCELED);
        EXPECT_OK(store_load_one(s, "b@1", rows_take, &rows));
        EXPECT_STR(rows.ids, "b@1 ");
        EXPECT_INT(store_load_one(s, "b@2", rows_take, &rows), -ENOENT);
        (void) store_close(s);
}

TEST(the_last_of_a_name_and_of_a_file) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Store *s = open_store(g);
        uint8_t sha256[PLAN_HASH_SIZE];
        uint64_t number = 77;

        EXPECT_OK(store_last_of(s, "checkout", &number, sha256));
        EXPECT_INT(number, 0);
        sample_commit(g, s, "checkout", 9, "succeeded", 5, "/plans/one.yaml");
        sample_commit(g, s, "checkout", 10, "shifting", 0, "/plans/two.yaml");
        sample_commit(g, s, "checkout2", 30, "shifting", 0, "/plans/one.yaml");
        EXPECT_OK(store_last_of(s, "checkout", &number, sha256));
        EXPECT_INT(number, 10);
        EXPECT_INT(sha256[0], 0xa0 + 10);
        EXPECT_OK(store_last_from(s, "checkout", "/plans/one.yaml", sha256));
        EXPECT_INT(sha256[0], 0xa0 + 9);
        EXPECT_INT(store_last_from(s, "checkout", "/plans/three.yaml", sha256), -ENOENT);
        (void) store_close(s);
}

TEST(only_its_owner_can_read_it) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        static const char *const names[] = { "state/canaryd.db", "state/canaryd.db-wal", "state/lock" };
        Store *s;
        struct stat st;

        (void) umask(0);
        s = open_store(g);
        sample_commit(g, s, "a", 1, "shifting", 0, NULL);
        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_(freep) char *path = rig_path(g, names[i]);

                EXPECT_OK(stat(path, &st));
                EXPECT_INT(st.st_mode & 07777, 0600);
        }
        EXPECT_OK(stat(g->state, &st));
        EXPECT_INT(st.st_mode & 07777, 0700);
        (void) store_close(s);
}

TEST(a_second_daemon_is_refused_while_the_first_one_lives) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Store *s = open_store(g), *second = NULL;
        char reason[320] = "";

        EXPECT_INT(store_open(g->event, g->state, &second, reason), -EBUSY);
        EXPECT_CONTAINS(reason, "in use by another canaryd; stop that one");
        EXPECT(!second);
        s = store_close(s);
        s = open_store(g);
        (void) store_close(s);
}

TEST(a_directory_that_cannot_be_used_is_named) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Store *s = NULL;
        char reason[320] = "";

        rig_write(g, "state", "not a directory");
        EXPECT_INT(store_open(g->event, g->state, &s, reason), -ENOTDIR);
        EXPECT_CONTAINS(reason, g->state);
        EXPECT_INT(store_open(g->event, "/nonexistent/deeper/state", &s, reason), -ENOENT);
        EXPECT_CONTAINS(reason, "/nonexistent/deeper/state: No such file or directory");
        EXPECT(!s);
}

TEST(a_directory_of_somebody_else_is_refused) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Store *s = NULL;
        char reason[320] = "";
        int r;

        if (geteuid() != 0)
                test_skip("only root can become somebody else");
        EXPECT_OK(mkdir(g->state, 0755));
        EXPECT_OK(chmod(g->directory, 0755));
        EXPECT_OK(seteuid(65534));
        r = store_open(g->event, g->state, &s, reason);
        EXPECT_OK(seteuid(0));
        EXPECT_INT(r, -EACCES);
        EXPECT_CONTAINS(reason, "Permission denied");
}

TEST(out_of_memory_opens_nothing_and_leaks_nothing) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        char reason[320] = "";

        FAULT_LOOP {
                Store *s = NULL;
                int r = store_open(g->event, g->state, &s, reason);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        (void) store_close(s);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT(!s);
        }
}

TEST(errors_of_sqlite_are_told_apart) {
        static const struct {
                int code, error;
        } pairs[] = {
                { SQLITE_OK, 0 },
                { SQLITE_ROW, 0 },
                { SQLITE_DONE, 0 },
                { SQLITE_NOMEM, -ENOMEM },
                { SQLITE_IOERR_NOMEM, -ENOMEM },
                { SQLITE_IOERR_FSYNC, -EIO },
                { SQLITE_FULL, -ENOSPC },
                { SQLITE_READONLY_DBMOVED, -EROFS },
                { SQLITE_BUSY, -EBUSY },
                { SQLITE_BUSY_SNAPSHOT, -EBUSY },
                { SQLITE_CORRUPT_INDEX, -EUCLEAN },
                { SQLITE_NOTADB, -EUCLEAN },
                { SQLITE_CONSTRAINT_PRIMARYKEY, -EEXIST },
                { SQLITE_CONSTRAINT_UNIQUE, -EEXIST },
                { SQLITE_CONSTRAINT_FOREIGNKEY, -EINVAL },
                { SQLITE_CANTOPEN, -EACCES },
                { SQLITE_TOOBIG, -EFBIG },
                { SQLITE_MISUSE, -EIO },
        };

        for (size_t i = 0; i < ELEMENTSOF(pairs); i++)
                EXPECT_INT(store_errno(pairs[i].code), pairs[i].error);
}
