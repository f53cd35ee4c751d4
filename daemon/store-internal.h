#pragma once

/* Shared by the store*.c files and nobody else. */

#include <sqlite3.h>

#include "daemon/store.h"

#define STORE_REASON_MAX 320

/* Every statement is prepared once, on first use. */
typedef enum StoreSql {
        SQL_BEGIN,
        SQL_COMMIT,
        SQL_ROLLBACK,
        SQL_SAVEPOINT,
        SQL_RELEASE,
        SQL_ROLLBACK_TO,
        SQL_INSERT_ROLLOUT,
        SQL_UPDATE_ROLLOUT,
        SQL_LAST_EVENT,
        SQL_INSERT_EVENT,
        SQL_LIVE,
        SQL_FINISHED,
        SQL_ONE,
        SQL_LAST_OF,
        SQL_LAST_FROM,
} StoreSql;
#define STORE_SQL_COUNT (SQL_LAST_FROM + 1)

/* A queued change: one block of memory, the texts behind the structure. */
typedef struct Change Change;
struct Change {
        Change *next;
        StoreChange value; /* points into memory of its own */
        StoreDone done;    /* NULL: nobody wants to know any more */
        void *userdata;
        int error;
        char *memory; /* owned */
};

typedef struct ChangeList {
        Change *first, *last;
        size_t n;
} ChangeList;

struct Store {
        sd_event *event;
        sqlite3 *db;
        int lock_fd;
        sqlite3_stmt *statements[STORE_SQL_COUNT];
        ChangeList queued;                /* waiting for the transaction of this turn */
        ChangeList answered;              /* committed or refused, callbacks still to run */
        sd_event_source *commit_source;   /* when nothing more urgent is pending */
        sd_event_source *patience_source; /* and after a moment even if something is */
};

/* 0 for SQLITE_OK, SQLITE_ROW and SQLITE_DONE, else the negative errno that says it best. */
int store_errno(int code);

/* The cached statement, reset and without bindings. */
int store_statement(Store *s, StoreSql sql, sqlite3_stmt **ret);
/* Runs one that returns no rows. */
int store_run(Store *s, StoreSql sql);

/* store-schema.c: checks what is there, creates what is not. */
int store_prepare(Store *s, const char *path, char reterr[static STORE_REASON_MAX]);
const char *store_sql_text(StoreSql sql);

/* store-commit.c */
int store_attach_commit(Store *s);
void store_drop_changes(ChangeList *list);
