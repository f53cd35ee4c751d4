#pragma once

/* The durable store: rollouts and their event logs. A commit completes by callback and may be refused, so
 * that another kind of store can stand behind this header. Behind it now: SQLite, WAL, synchronous=FULL. */

#include <systemd/sd-event.h>

#include "base/macro.h"
#include "core/types.h"

typedef struct Store Store;

typedef struct StoreEvent {
        uint64_t seq;
        usec_t wall;
        const char *kind;
        const char *json;
} StoreEvent;

/* One rollout's new record and events; everything is copied. plan_text only with the first change of a
 * rollout. */
typedef struct StoreChange {
        const char *id;   /* "checkout@7" */
        const char *name; /* "checkout" */
        uint64_t number;  /* 7 */
        const char *phase;
        bool is_terminal;
        usec_t wall;
        const char *record;
        const char *plan_path; /* first change only: where the plan was found, for people */
        const char *plan_text; /* first change only */
        size_t plan_size;
        const uint8_t *plan_sha256; /* PLAN_HASH_SIZE bytes; first change only */
        const StoreEvent *events;
        size_t n_events;
} StoreChange;

typedef struct StoreRow {
        const char *id, *name, *record, *plan_path, *plan_text;
        uint64_t number;
        size_t record_size, plan_size;
        const uint8_t *plan_sha256;
} StoreRow;

/* error: 0 = durable; -EEXIST: an event with that sequence number is there already (another writer);
 * -ENOSPC, -EIO... Never called from inside store_commit(). */
typedef void (*StoreDone)(int error, void *userdata);
typedef int (*StoreEach)(const StoreRow *row, void *userdata);

/* Opens or creates DIR/canaryd.db. Refuses a store that is locked by another daemon, newer, or corrupt, with
 * the way out in reterr; never recreates one. */
int store_open(sd_event *event, const char *directory, Store **ret, char reterr[static 320]);
Store *store_close(Store *s); /* commits nothing more; pending callbacks are dropped */
DEFINE_TRIVIAL_CLEANUP(Store *, store_close);

/* Live rollouts, oldest first. Stops at the first negative return of "each" and returns it. */
int store_load_live(Store *s, StoreEach each, void *userdata);
/* Finished ones, newest first. */
int store_load_finished(Store *s, size_t limit, StoreEach each, void *userdata);
/* The highest number under a name (0: none) and that rollout's plan hash. */
int store_last_of(
                Store *s, const char *name, uint64_t *ret_number, uint8_t ret_sha256[static PLAN_HASH_SIZE]);
/* The plan hash of the last rollout under that name that came from that file. -ENOENT: there is none. */
int store_last_from(Store *s, const char *name, const char *plan_path,
                uint8_t ret_sha256[static PLAN_HASH_SIZE]);
int store_load_one(Store *s, const char *id, StoreEach each, void *userdata); /* -ENOENT */

/* Queues a change. All changes queued in one turn of the loop are committed in one transaction, each in a
 * savepoint of its own so that one refused change does not take the others down; then the callbacks run in
 * the order queued. -ENOMEM: not queued. */
int store_commit(Store *s, const StoreChange *change, StoreDone done, void *userdata);
/* Forget the callbacks with this userdata (its owner goes away); the changes stay queued. */
void store_forget(Store *s, const void *userdata);
