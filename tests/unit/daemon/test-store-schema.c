#include <fcntl.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "daemon/store-internal.h"
#include "lib/test.h"
#include "unit/daemon/rig.h"
#include "unit/daemon/store-sample.h"

static int try_open(Rig *g, char reason[static 320]) {
        Store *s = NULL;
        int r;

        reason[0] = '\0';
        r = store_open(g->event, g->state, &s, reason);
        (void) store_close(s);
        return r;
}

static void run_sql(const Rig *g, const char *sql) {
        _cleanup_(freep) char *path = rig_path(g, "state/canaryd.db");
        sqlite3 *db = NULL;

        EXPECT_INT(sqlite3_open(path, &db), SQLITE_OK);
        EXPECT_INT(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        EXPECT_INT(sqlite3_close(db), SQLITE_OK);
}

static Rig *rig_with_store(void) {
        Rig *g = rig_new();
        char reason[320];

        EXPECT_OK(try_open(g, reason));
        return g;
}

static void ask(Store *s, const char *sql, char ret[static 64]) {
        sqlite3_stmt *statement = NULL;

        EXPECT_INT(sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL), SQLITE_OK);
        EXPECT_INT(sqlite3_step(statement), SQLITE_ROW);
        (void) snprintf(ret, 64, "%s", (const char *) sqlite3_column_text(statement, 0));
        (void) sqlite3_finalize(statement);
}

TEST(a_commit_is_on_the_disk_and_the_rules_are_enforced) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        static const char *const wanted[][2] = {
                { "PRAGMA journal_mode", "wal" },
                { "PRAGMA synchronous", "2" },
                { "PRAGMA foreign_keys", "1" },
                { "PRAGMA user_version", "1" },
                { "PRAGMA busy_timeout", "0" },
                { "PRAGMA application_id", "1667329633" },
                { "SELECT group_concat(name, ' ') FROM (SELECT name FROM sqlite_schema WHERE type = "
                  "'table' ORDER BY name)",
                                "event rollout" },
        };
        char reason[320], answer[64];
        Store *s = NULL;

        EXPECT_OK(store_open(g->event, g->state, &s, reason));
        for (size_t i = 0; i < ELEMENTSOF(wanted); i++) {
                ask(s, wanted[i][0], answer);
                EXPECT_STR(answer, wanted[i][1]);
        }
        (void) store_close(s);
}

TEST(every_statement_is_understood) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        char reason[320];
        Store *s = NULL;

        EXPECT_OK(store_open(g->event, g->state, &s, reason));
        for (StoreSql sql = 0; sql < STORE_SQL_COUNT; sql++) {
                sqlite3_stmt *statement = NULL, *again = NULL;

                EXPECT_OK(store_statement(s, sql, &statement));
                EXPECT_OK(store_statement(s, sql, &again));
                EXPECT(statement && statement == again);
        }
        (void) store_close(s);
}

TEST(a_newer_store_is_left_alone) {
        _cleanup_(rig_freep) Rig *g = rig_with_store();
        char reason[320];

        run_sql(g, "PRAGMA user_version = 2");
        EXPECT_INT(try_open(g, reason), -EPROTONOSUPPORT);
        EXPECT_CONTAINS(reason, "newer canaryd (format 2, this one knows 1); install that version again");
}

TEST(the_database_of_another_program_is_left_alone) {
        _cleanup_(rig_freep) Rig *g = rig_with_store(), *other = rig_new();
        char reason[320];

        run_sql(g, "PRAGMA application_id = 7");
        EXPECT_INT(try_open(g, reason), -EMEDIUMTYPE);
        EXPECT_CONTAINS(reason, "database of another program");

        EXPECT_OK(mkdir(other->state, 0700));
        run_sql(other, "CREATE TABLE cats (name)");
        EXPECT_INT(try_open(other, reason), -EMEDIUMTYPE);
        run_sql(other, "INSERT INTO cats VALUES ('Tom')");
}

TEST(a_start_that_was_cut_short_is_made_good) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        char reason[320];

        /* The file is created before its tables: an empty one is what a crash in between leaves. */
        EXPECT_OK(mkdir(g->state, 0700));
        rig_write(g, "state/canaryd.db", "");
        EXPECT_OK(try_open(g, reason));
        EXPECT_OK(try_open(g, reason));
}

TEST(what_is_no_database_is_refused_and_kept) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(freep) char *path = rig_path(g, "state/canaryd.db");
        _cleanup_(freep) char *text = NULL;
        char reason[320];
        size_t size;

        EXPECT_OK(mkdir(g->state, 0700));
        rig_write(g, "state/canaryd.db", "once upon a time, and for much longer than sixteen bytes");
        EXPECT_INT(try_open(g, reason), -EUCLEAN);
        EXPECT_CONTAINS(reason, "canaryd.db: damaged (file is not a database); restore a backup");
        EXPECT_CONTAINS(reason, "forgets every rollout");
        EXPECT_OK(fs_read(AT_FDCWD, path, false, 4096, &text, &size, NULL));
        EXPECT_STR(text, "once upon a time, and for much longer than sixteen bytes");
}

TEST(damage_inside_is_found_at_the_start) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(freep) char *path = rig_path(g, "state/canaryd.db");
        char reason[320], noise[4096];
        Store *s = NULL;
        int fd;

        EXPECT_OK(store_open(g->event, g->state, &s, reason));
        for (uint64_t i = 1; i <= 50; i++)
                sample_commit(g, s, "checkout", i, "shifting", 0, NULL);
        (void) store_close(s);

        /* Every page but the first one, which holds the header and the schema. */
        memset(noise, 0x5a, sizeof(noise));
        fd = open(path, O_WRONLY | O_CLOEXEC);
        EXPECT(fd >= 0);
        for (off_t at = 4096, end = lseek(fd, 0, SEEK_END); at < end; at += 4096)
                EXPECT_INT(pwrite(fd, noise, sizeof(noise), at), sizeof(noise));
        EXPECT_OK(close(fd));
        EXPECT_INT(try_open(g, reason), -EUCLEAN);
        EXPECT_CONTAINS(reason, "damaged (");
        EXPECT_CONTAINS(reason, ".recover");
}

TEST(a_file_that_cannot_be_written_is_refused) {
        _cleanup_(rig_freep) Rig *g = rig_with_store();
        _cleanup_(freep) char *path = rig_path(g, "state/canaryd.db"), *lock = rig_path(g, "state/lock");
        char reason[320];
        int r;

        if (geteuid() != 0)
                test_skip("only root can become somebody who may read and not write");
        EXPECT_OK(chmod(g->directory, 0755));
        EXPECT_OK(chmod(g->state, 0755));
        EXPECT_OK(chmod(path, 0444));
        EXPECT_OK(chmod(lock, 0666));
        EXPECT_OK(seteuid(65534));
        r = try_open(g, reason);
        EXPECT_OK(seteuid(0));
        EXPECT_INT(r, -EROFS);
        EXPECT_CONTAINS(reason, "cannot be written; give canaryd's user the file and its directory");
}

TEST(a_shell_that_holds_the_write_lock_is_named_as_the_reason) {
        _cleanup_(rig_freep) Rig *g = rig_with_store();
        _cleanup_(freep) char *path = rig_path(g, "state/canaryd.db");
        char reason[320];
        sqlite3 *db = NULL;
        int r;

        EXPECT_INT(sqlite3_open(path, &db), SQLITE_OK);
        EXPECT_INT(sqlite3_exec(db, "PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE", NULL, NULL, NULL),
                        SQLITE_OK);
        r = try_open(g, reason);
        EXPECT_INT(sqlite3_close(db), SQLITE_OK);
        EXPECT_INT(r, -EBUSY);
        EXPECT_CONTAINS(reason, "locked by another program");
        EXPECT_OK(try_open(g, reason));
}
