#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "daemon/store-internal.h"

#define APPLICATION_ID 0x63616e61 /* "cana", for file(1) */
#define FORMAT_VERSION 1
#define TEXT_OF_(x) #x
#define TEXT_OF(x) TEXT_OF_(x)

/* "accepted" is the order in which rollouts came. "ended" is NULL while a rollout lives. An event's hash is
 * SHA-256 over: the hash of the event before it (32 zero bytes for the first), the rollout's id and a NUL,
 * seq and time as 8 bytes each, big end first, the kind and a NUL, and the JSON text. */
static const char schema[] =
                "BEGIN IMMEDIATE;"
                "CREATE TABLE rollout ("
                " accepted INTEGER PRIMARY KEY,"
                " id TEXT NOT NULL UNIQUE,"
                " name TEXT NOT NULL,"
                " number INTEGER NOT NULL,"
                " phase TEXT NOT NULL,"
                " started INTEGER NOT NULL,"
                " changed INTEGER NOT NULL,"
                " ended INTEGER,"
                " record TEXT NOT NULL,"
                " plan_path TEXT NOT NULL,"
                " plan_text BLOB NOT NULL,"
                " plan_sha256 BLOB NOT NULL CHECK (length(plan_sha256) = 32),"
                " UNIQUE (name, number)"
                ") STRICT;"
                "CREATE INDEX rollout_live ON rollout (accepted) WHERE ended IS NULL;"
                "CREATE INDEX rollout_ended ON rollout (ended) WHERE ended IS NOT NULL;"
                "CREATE TABLE event ("
                " rollout TEXT NOT NULL REFERENCES rollout (id) ON DELETE CASCADE,"
                " seq INTEGER NOT NULL,"
                " time INTEGER NOT NULL,"
                " kind TEXT NOT NULL,"
                " json TEXT NOT NULL,"
                " hash BLOB NOT NULL CHECK (length(hash) = 32),"
                " PRIMARY KEY (rollout, seq)"
                ") STRICT, WITHOUT ROWID;"
                "PRAGMA application_id = " TEXT_OF(APPLICATION_ID) ";"
                                                                   "PRAGMA user_version = " TEXT_OF(
                                                                                   FORMAT_VERSION) ";"
                                                                                                   "COMMIT";

#define ROW_COLUMNS "id, name, number, record, plan_path, plan_text, plan_sha256"

static const char *const statements[STORE_SQL_COUNT] = {
        [SQL_BEGIN] = "BEGIN IMMEDIATE",
        [SQL_COMMIT] = "COMMIT",
        [SQL_ROLLBACK] = "ROLLBACK",
        [SQL_SAVEPOINT] = "SAVEPOINT change",
        [SQL_RELEASE] = "RELEASE change",
        [SQL_ROLLBACK_TO] = "ROLLBACK TO change",
        [SQL_INSERT_ROLLOUT] =
                        "INSERT INTO rollout (id, name, number, phase, started, changed, ended, record,"
                        " plan_path, plan_text, plan_sha256)"
                        " VALUES (?1, ?2, ?3, ?4, ?5, ?5, ?6, ?7, ?8, ?9, ?10)",
        [SQL_UPDATE_ROLLOUT] =
                        "UPDATE rollout SET phase = ?2, changed = ?3, ended = ?4, record = ?5 WHERE id = ?1",
        [SQL_LAST_EVENT] = "SELECT seq, hash FROM event WHERE rollout = ?1 ORDER BY seq DESC LIMIT 1",
        [SQL_INSERT_EVENT] = "INSERT INTO event (rollout, seq, time, kind, json, hash)"
                             " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        [SQL_LIVE] = "SELECT " ROW_COLUMNS " FROM rollout WHERE ended IS NULL ORDER BY accepted LIMIT ?1",
        [SQL_FINISHED] = "SELECT " ROW_COLUMNS " FROM rollout WHERE ended IS NOT NULL"
                         " ORDER BY ended DESC, accepted DESC LIMIT ?1",
        [SQL_ONE] = "SELECT " ROW_COLUMNS " FROM rollout WHERE id = ?1",
        [SQL_LAST_OF] = "SELECT number, plan_sha256 FROM rollout WHERE name = ?1"
                        " ORDER BY number DESC LIMIT 1",
        [SQL_LAST_FROM] = "SELECT plan_sha256 FROM rollout WHERE name = ?1 AND plan_path = ?2"
                          " ORDER BY number DESC LIMIT 1",
};

const char *store_sql_text(StoreSql sql) {
        return statements[sql];
}

static int say(char reterr[static STORE_REASON_MAX], int error, const char *format, ...) _printf_(3, 4);
static int say(char reterr[static STORE_REASON_MAX], int error, const char *format, ...) {
        va_list args;

        va_start(args, format);
        (void) vsnprintf(reterr, STORE_REASON_MAX, format, args);
        va_end(args);
        return error;
}

/* What SQLite found wrong, in the words of somebody who can do something about it. */
static int say_failed(const Store *s, const char *path, int code, char reterr[static STORE_REASON_MAX]) {
        int r = store_errno(code);

        switch (code & 0xff) {
        case SQLITE_NOTADB:
        case SQLITE_CORRUPT:
                return say(reterr, r,
                                "%s: damaged (%s); restore a backup, or salvage it with "
                                "\"sqlite3 canaryd.db .recover\"; moving it away starts an empty store and "
                                "forgets every rollout in it",
                                path, sqlite3_errmsg(s->db));
        case SQLITE_READONLY:
                return say(reterr, r,
                                "%s: cannot be written; give canaryd's user the file and its directory",
                                path);
        case SQLITE_BUSY:
                return say(reterr, r, "%s: locked by another program (a sqlite3 shell?); end that one first",
                                path);
        default:
                return say(reterr, r, "%s: %s", path, sqlite3_errmsg(s->db));
        }
}

/* One value of one row, as text; "" when there is no row. */
static int query_text(Store *s, const char *sql, char *ret, size_t size) {
        sqlite3_stmt *statement = NULL;
        int code;

        ret[0] = '\0';
        code = sqlite3_prepare_v2(s->db, sql, -1, &statement, NULL);
        if (code == SQLITE_OK) {
                code = sqlite3_step(statement);
                if (code == SQLITE_ROW) {
                        const char *text = (const char *) sqlite3_column_text(statement, 0);

                        (void) snprintf(ret, size, "%s", text ? text : "");
                        code = SQLITE_OK;
                } else if (code == SQLITE_DONE)
                        code = SQLITE_OK;
        }
        (void) sqlite3_finalize(statement);
        return code;
}

static int check_identity(
                Store *s, const char *path, bool *ret_fresh, char reterr[static STORE_REASON_MAX]) {
        char application[32], version[32], tables[32];
        int code;

        code = query_text(s, "PRAGMA application_id", application, sizeof(application));
        if (code == SQLITE_OK)
                code = query_text(s, "PRAGMA user_version", version, sizeof(version));
        if (code == SQLITE_OK)
                code = query_text(s, "SELECT count(*) FROM sqlite_schema", tables, sizeof(tables));
        if (code != SQLITE_OK)
                return say_failed(s, path, code, reterr);

        *ret_fresh = streq(application, "0") && streq(version, "0") && streq(tables, "0");
        if (*ret_fresh)
                return 0;
        if (!streq(application, "1667329633"))
                return say(reterr, -EMEDIUMTYPE,
                                "%s: is a database of another program; move it away or set \"state:\" to "
                                "another directory",
                                path);
        if (!streq(version, TEXT_OF(FORMAT_VERSION)))
                return say(reterr, -EPROTONOSUPPORT,
                                "%s: written by a newer canaryd (format %s, this one knows %d); install that "
                                "version again, or move the file away once no rollout in it is live",
                                path, version, FORMAT_VERSION);
        return 0;
}
STATIC_ASSERT(APPLICATION_ID == 1667329633);

static int check_health(Store *s, const char *path, char reterr[static STORE_REASON_MAX]) {
        char answer[160];
        int code;

        code = query_text(s, "PRAGMA quick_check(1)", answer, sizeof(answer));
        if (code != SQLITE_OK)
                return say_failed(s, path, code, reterr);
        if (!streq(answer, "ok"))
                return say(reterr, -EUCLEAN,
                                "%s: damaged (%.80s); restore a backup, or salvage it with "
                                "\"sqlite3 canaryd.db .recover\"; moving it away starts an empty store and "
                                "forgets every rollout in it",
                                path, answer);
        return 0;
}

static int set_modes(Store *s, const char *path, char reterr[static STORE_REASON_MAX]) {
        char answer[32];
        int code;

        code = query_text(s, "PRAGMA journal_mode = WAL", answer, sizeof(answer));
        if (code == SQLITE_OK && !streq(answer, "wal"))
                return say(reterr, -EOPNOTSUPP,
                                "%s: its file system cannot do write-ahead logging; put \"state:\" on a local "
                                "one",
                                path);
        /* FULL, because NORMAL may lose the last commits when the power fails. */
        if (code == SQLITE_OK)
                code = sqlite3_exec(s->db,
                                "PRAGMA synchronous = FULL;"
                                "PRAGMA foreign_keys = ON;"
                                "PRAGMA trusted_schema = OFF;"
                                "PRAGMA cell_size_check = ON;"
                                "PRAGMA journal_size_limit = 16777216",
                                NULL, NULL, NULL);
        return code == SQLITE_OK ? 0 : say_failed(s, path, code, reterr);
}

int store_prepare(Store *s, const char *path, char reterr[static STORE_REASON_MAX]) {
        bool fresh = false;
        int code, r;

        (void) sqlite3_extended_result_codes(s->db, 1);
        (void) sqlite3_busy_timeout(s->db, 0);
        (void) sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        if (sqlite3_db_readonly(s->db, "main") == 1)
                return say_failed(s, path, SQLITE_READONLY, reterr);
        r = check_identity(s, path, &fresh, reterr);
        if (r < 0)
                return r;
        if (!fresh) {
                r = check_health(s, path, reterr);
                if (r < 0)
                        return r;
        }
        r = set_modes(s, path, reterr);
        if (r < 0 || !fresh)
                return r;
        code = sqlite3_exec(s->db, schema, NULL, NULL, NULL);
        return code == SQLITE_OK ? 0 : say_failed(s, path, code, reterr);
}
