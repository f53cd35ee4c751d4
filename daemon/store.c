#include "daemon/store.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "base/fs.h"
#include "daemon/store-internal.h"

#define DATABASE_NAME "canaryd.db"
#define LOCK_NAME "lock"

int store_errno(int code) {
        switch (code & 0xff) {
        case SQLITE_OK:
        case SQLITE_ROW:
        case SQLITE_DONE:
                return 0;
        case SQLITE_NOMEM:
                return -ENOMEM;
        case SQLITE_FULL:
                return -ENOSPC;
        case SQLITE_READONLY:
                return -EROFS;
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
                return -EBUSY;
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
                return -EUCLEAN;
        case SQLITE_PERM:
        case SQLITE_AUTH:
        case SQLITE_CANTOPEN:
                return -EACCES;
        case SQLITE_TOOBIG:
                return -EFBIG;
        case SQLITE_CONSTRAINT:
                return code == SQLITE_CONSTRAINT_PRIMARYKEY || code == SQLITE_CONSTRAINT_UNIQUE ? -EEXIST
                                                                                                : -EINVAL;
        default:
                return code == SQLITE_IOERR_NOMEM ? -ENOMEM : -EIO;
        }
}

int store_statement(Store *s, StoreSql sql, sqlite3_stmt **ret) {
        int code;

        if (!s->statements[sql]) {
                code = sqlite3_prepare_v3(s->db, store_sql_text(sql), -1, SQLITE_PREPARE_PERSISTENT,
                                &s->statements[sql], NULL);
                if (code != SQLITE_OK)
                        return store_errno(code);
        }
        (void) sqlite3_reset(s->statements[sql]);
        (void) sqlite3_clear_bindings(s->statements[sql]);
        *ret = s->statements[sql];
        return 0;
}

int store_run(Store *s, StoreSql sql) {
        sqlite3_stmt *statement;
        int r, code;

        r = store_statement(s, sql, &statement);
        if (r < 0)
                return r;
        code = sqlite3_step(statement);
        (void) sqlite3_reset(statement);
        return store_errno(code);
}

static int say_errno(char reterr[static STORE_REASON_MAX], const char *path, int r) {
        (void) snprintf(reterr, STORE_REASON_MAX, "%s: %s", path, strerror(-r));
        return r;
}

/* One daemon per store. The lock goes away with the process, however it ends. */
static int take_lock(int dir_fd, const char *directory, int *ret, char reterr[static STORE_REASON_MAX]) {
        _cleanup_(fd_closep) int fd = -EBADF;

        fd = openat(dir_fd, LOCK_NAME, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);
        if (fd < 0)
                return say_errno(reterr, directory, -errno);
        if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
                if (errno != EWOULDBLOCK)
                        return say_errno(reterr, directory, -errno);
                (void) snprintf(reterr, STORE_REASON_MAX,
                                "%s: in use by another canaryd; stop that one, or set \"state:\" to another "
                                "directory",
                                directory);
                return -EBUSY;
        }
        *ret = TAKE_FD(fd);
        return 0;
}

/* SQLite would create the file by the umask; its companions (-wal, -shm) get the mode of this one. */
static int create_file(int dir_fd, const char *path, char reterr[static STORE_REASON_MAX]) {
        _cleanup_(fd_closep) int fd = -EBADF;

        fd = openat(dir_fd, DATABASE_NAME, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return errno == EEXIST ? 0 : say_errno(reterr, path, -errno);
        return fsync(dir_fd) < 0 ? say_errno(reterr, path, -errno) : 0;
}

static int open_database(Store *s, const char *path, char reterr[static STORE_REASON_MAX]) {
        int code;

        code = sqlite3_open_v2(path, &s->db,
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_NOFOLLOW |
                                        SQLITE_OPEN_PRIVATECACHE,
                        NULL);
        if (code != SQLITE_OK) {
                (void) snprintf(reterr, STORE_REASON_MAX, "%s: %s", path,
                                s->db ? sqlite3_errmsg(s->db) : "out of memory");
                return store_errno(code);
        }
        return store_prepare(s, path, reterr);
}

int store_open(sd_event *event, const char *directory, Store **ret, char reterr[static 320]) {
        _cleanup_(store_closep) Store *s = NULL;
        _cleanup_(fd_closep) int dir_fd = -EBADF;
        _cleanup_(freep) char *path = NULL;
        int r;

        s = alloc_one(Store);
        path = alloc_printf("%s/" DATABASE_NAME, directory);
        if (!s || !path)
                return say_errno(reterr, directory, -ENOMEM);
        s->lock_fd = -EBADF;
        s->event = sd_event_ref(event);

        r = fs_make_directory(directory, 0700);
        if (r < 0)
                return say_errno(reterr, directory, r);
        dir_fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (dir_fd < 0)
                return say_errno(reterr, directory, -errno);
        r = take_lock(dir_fd, directory, &s->lock_fd, reterr);
        if (r < 0)
                return r;
        r = create_file(dir_fd, path, reterr);
        if (r < 0)
                return r;
        r = open_database(s, path, reterr);
        if (r < 0)
                return r;
        r = store_attach_commit(s);
        if (r < 0)
                return say_errno(reterr, directory, r);
        *ret = TAKE_PTR(s);
        return 0;
}

Store *store_close(Store *s) {
        if (!s)
                return NULL;
        s->commit_source = sd_event_source_disable_unref(s->commit_source);
        s->patience_source = sd_event_source_disable_unref(s->patience_source);
        store_drop_changes(&s->queued);
        store_drop_changes(&s->answered);
        for (size_t i = 0; i < STORE_SQL_COUNT; i++)
                (void) sqlite3_finalize(s->statements[i]);
        (void) sqlite3_close(s->db);
        s->lock_fd = fd_close(s->lock_fd);
        s->event = sd_event_unref(s->event);
        free(s);
        return NULL;
}

static const char *column_text(sqlite3_stmt *statement, int column) {
        const char *text = (const char *) sqlite3_column_text(statement, column);

        return text ? text : "";
}

static int read_hash(sqlite3_stmt *statement, int column, uint8_t ret[static PLAN_HASH_SIZE]) {
        const void *bytes = sqlite3_column_blob(statement, column);

        if (!bytes || sqlite3_column_bytes(statement, column) != PLAN_HASH_SIZE)
                return -EUCLEAN;
        memcpy(ret, bytes, PLAN_HASH_SIZE);
        return 0;
}

/* The row's memory is SQLite's and lasts until the next step. */
static int give_row(sqlite3_stmt *statement, StoreEach each, void *userdata) {
        uint8_t sha256[PLAN_HASH_SIZE];
        StoreRow row;
        int r;

        r = read_hash(statement, 6, sha256);
        if (r < 0)
                return r;
        row = (StoreRow){
                .id = column_text(statement, 0),
                .name = column_text(statement, 1),
                .number = (uint64_t) sqlite3_column_int64(statement, 2),
                .record = column_text(statement, 3),
                .plan_path = column_text(statement, 4),
                .plan_text = column_text(statement, 5),
                .plan_sha256 = sha256,
        };
        /* The sizes come after the conversions, as SQLite documents it. */
        row.record_size = (size_t) sqlite3_column_bytes(statement, 3);
        row.plan_size = (size_t) sqlite3_column_bytes(statement, 5);
        return each(&row, userdata);
}

static int give_rows(sqlite3_stmt *statement, StoreEach each, void *userdata) {
        int code, r = 0;

        while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
                r = give_row(statement, each, userdata);
                if (r < 0)
                        break;
        }
        (void) sqlite3_reset(statement);
        return r < 0 ? r : store_errno(code);
}

static int load_many(Store *s, StoreSql sql, size_t limit, StoreEach each, void *userdata) {
        sqlite3_stmt *statement;
        int r;

        r = store_statement(s, sql, &statement);
        if (r < 0)
                return r;
        (void) sqlite3_bind_int64(statement, 1, limit > INT64_MAX ? -1 : (sqlite3_int64) limit);
        return give_rows(statement, each, userdata);
}

int store_load_live(Store *s, StoreEach each, void *userdata) {
        return load_many(s, SQL_LIVE, SIZE_MAX, each, userdata);
}

int store_load_finished(Store *s, size_t limit, StoreEach each, void *userdata) {
        return load_many(s, SQL_FINISHED, limit, each, userdata);
}

int store_load_one(Store *s, const char *id, StoreEach each, void *userdata) {
        sqlite3_stmt *statement;
        int code, r;

        r = store_statement(s, SQL_ONE, &statement);
        if (r < 0)
                return r;
        (void) sqlite3_bind_text(statement, 1, id, -1, SQLITE_STATIC);
        code = sqlite3_step(statement);
        r = code == SQLITE_ROW ? give_row(statement, each, userdata)
                               : (code == SQLITE_DONE ? -ENOENT : store_errno(code));
        (void) sqlite3_reset(statement);
        return r;
}

int store_last_of(Store *s, const char *name, uint64_t *ret_number,
                uint8_t ret_sha256[static PLAN_HASH_SIZE]) {
        sqlite3_stmt *statement;
        int code, r;

        r = store_statement(s, SQL_LAST_OF, &statement);
        if (r < 0)
                return r;
        (void) sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW)
                r = read_hash(statement, 1, ret_sha256);
        if (r >= 0 && code == SQLITE_ROW)
                *ret_number = (uint64_t) sqlite3_column_int64(statement, 0);
        else if (code == SQLITE_DONE)
                *ret_number = 0;
        (void) sqlite3_reset(statement);
        return r < 0 ? r : store_errno(code);
}

int store_last_from(Store *s, const char *name, const char *plan_path,
                uint8_t ret_sha256[static PLAN_HASH_SIZE]) {
        sqlite3_stmt *statement;
        int code, r;

        r = store_statement(s, SQL_LAST_FROM, &statement);
        if (r < 0)
                return r;
        (void) sqlite3_bind_text(statement, 1, name, -1, SQLITE_STATIC);
        (void) sqlite3_bind_text(statement, 2, plan_path, -1, SQLITE_STATIC);
        code = sqlite3_step(statement);
        r = code == SQLITE_ROW ? read_hash(statement, 0, ret_sha256)
                               : (code == SQLITE_DONE ? -ENOENT : store_errno(code));
        (void) sqlite3_reset(statement);
        return r;
}
