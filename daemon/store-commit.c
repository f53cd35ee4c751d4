#include <string.h>

#include "aws/digest.h"
#include "base/alloc.h"
#include "base/usec.h"
#include "daemon/store-internal.h"

/* A commit waits until nothing more urgent is pending, so that one fsync serves all rollouts of this turn of
 * the loop; but not longer than this, and not for more changes than that. */
#define COMMIT_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 10)
#define PATIENCE_PRIORITY (SD_EVENT_PRIORITY_NORMAL - 10)
#define PATIENCE (10 * USEC_PER_MSEC)
#define BATCH_MAX 256

static Change *change_free(Change *c) {
        if (!c)
                return NULL;
        free(c->memory);
        free(c);
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP(Change *, change_free);

static void list_append(ChangeList *list, Change *take) {
        take->next = NULL;
        if (list->last)
                list->last->next = take;
        else
                list->first = take;
        list->last = take;
        list->n++;
}

static Change *list_take_first(ChangeList *list) {
        Change *c = list->first;

        if (!c)
                return NULL;
        list->first = c->next;
        if (!list->first)
                list->last = NULL;
        list->n--;
        return c;
}

void store_drop_changes(ChangeList *list) {
        Change *c;

        while ((c = list_take_first(list)))
                (void) change_free(c);
}

static size_t text_size(const char *s) {
        return s ? strlen(s) + 1 : 0;
}

static const char *put_bytes(char **at, const void *bytes, size_t n) {
        char *start = *at;

        if (!bytes)
                return NULL;
        memcpy(start, bytes, n);
        *at += n;
        return start;
}

/* Copies a change into one block: events first, as they have the strictest alignment, then the texts. */
static int change_new(const StoreChange *value, Change **ret) {
        _cleanup_(change_freep) Change *c = alloc_one(Change);
        size_t size = value->n_events * sizeof(StoreEvent) + text_size(value->id) + text_size(value->name) +
                        text_size(value->phase) + text_size(value->record) + text_size(value->plan_path) +
                        (value->plan_text ? value->plan_size : 0) +
                        (value->plan_sha256 ? PLAN_HASH_SIZE : 0);
        StoreEvent *events;
        char *at;

        for (size_t i = 0; i < value->n_events; i++)
                size += text_size(value->events[i].kind) + text_size(value->events[i].json);
        if (!c)
                return -ENOMEM;
        c->memory = alloc_zero(size);
        if (!c->memory)
                return -ENOMEM;
        events = (StoreEvent *) (void *) c->memory;
        at = c->memory + value->n_events * sizeof(StoreEvent);
        c->value = *value;
        c->value.events = events;
        c->value.id = put_bytes(&at, value->id, text_size(value->id));
        c->value.name = put_bytes(&at, value->name, text_size(value->name));
        c->value.phase = put_bytes(&at, value->phase, text_size(value->phase));
        c->value.record = put_bytes(&at, value->record, text_size(value->record));
        c->value.plan_path = put_bytes(&at, value->plan_path, text_size(value->plan_path));
        c->value.plan_text = put_bytes(&at, value->plan_text, value->plan_size);
        c->value.plan_sha256 = (const uint8_t *) put_bytes(&at, value->plan_sha256, (size_t) PLAN_HASH_SIZE);
        for (size_t i = 0; i < value->n_events; i++) {
                events[i] = value->events[i];
                events[i].kind = put_bytes(&at, value->events[i].kind, text_size(value->events[i].kind));
                events[i].json = put_bytes(&at, value->events[i].json, text_size(value->events[i].json));
        }
        *ret = TAKE_PTR(c);
        return 0;
}

static void bind_text(sqlite3_stmt *statement, int index, const char *text) {
        (void) sqlite3_bind_text(statement, index, text, -1, SQLITE_STATIC);
}

static void bind_usec(sqlite3_stmt *statement, int index, usec_t t) {
        (void) sqlite3_bind_int64(statement, index, (sqlite3_int64) (t & INT64_MAX));
}

/* The bindings of a cached statement must not outlive what they point to. */
static int finish(sqlite3_stmt *statement) {
        int code = sqlite3_step(statement);

        (void) sqlite3_reset(statement);
        (void) sqlite3_clear_bindings(statement);
        return store_errno(code);
}

static int insert_rollout(Store *s, const StoreChange *c) {
        sqlite3_stmt *statement;
        int r;

        r = store_statement(s, SQL_INSERT_ROLLOUT, &statement);
        if (r < 0)
                return r;
        bind_text(statement, 1, c->id);
        bind_text(statement, 2, c->name);
        (void) sqlite3_bind_int64(statement, 3, (sqlite3_int64) c->number);
        bind_text(statement, 4, c->phase);
        bind_usec(statement, 5, c->wall);
        if (c->is_terminal)
                bind_usec(statement, 6, c->wall);
        bind_text(statement, 7, c->record);
        bind_text(statement, 8, c->plan_path ? c->plan_path : "");
        (void) sqlite3_bind_blob64(statement, 9, c->plan_text, c->plan_size, SQLITE_STATIC);
        (void) sqlite3_bind_blob(statement, 10, c->plan_sha256, PLAN_HASH_SIZE, SQLITE_STATIC);
        return finish(statement);
}

static int update_rollout(Store *s, const StoreChange *c) {
        sqlite3_stmt *statement;
        int r;

        r = store_statement(s, SQL_UPDATE_ROLLOUT, &statement);
        if (r < 0)
                return r;
        bind_text(statement, 1, c->id);
        bind_text(statement, 2, c->phase);
        bind_usec(statement, 3, c->wall);
        if (c->is_terminal)
                bind_usec(statement, 4, c->wall);
        bind_text(statement, 5, c->record);
        r = finish(statement);
        if (r < 0)
                return r;
        return sqlite3_changes(s->db) == 1 ? 0 : -ENOENT;
}

/* Sequence number and hash of the newest event; 0 and zeros when there is none yet. */
static int last_event(Store *s, const char *id, uint64_t *ret_seq, uint8_t ret_hash[static DIGEST_SIZE]) {
        sqlite3_stmt *statement;
        int code, r;

        r = store_statement(s, SQL_LAST_EVENT, &statement);
        if (r < 0)
                return r;
        bind_text(statement, 1, id);
        memset(ret_hash, 0, DIGEST_SIZE);
        *ret_seq = 0;
        code = sqlite3_step(statement);
        if (code == SQLITE_ROW) {
                const void *hash = sqlite3_column_blob(statement, 1);

                if (!hash || sqlite3_column_bytes(statement, 1) != DIGEST_SIZE)
                        r = -EUCLEAN;
                else
                        memcpy(ret_hash, hash, DIGEST_SIZE);
                *ret_seq = (uint64_t) sqlite3_column_int64(statement, 0);
        }
        (void) sqlite3_reset(statement);
        (void) sqlite3_clear_bindings(statement);
        return r < 0 ? r : store_errno(code);
}

static char *put_u64(char *at, uint64_t value) {
        for (int shift = 56; shift >= 0; shift -= 8)
                *at++ = (char) (unsigned char) (value >> shift);
        return at;
}

/* store-schema.c says what the hash covers. */
static int hash_event(const char *id, const StoreEvent *e, uint8_t hash[static DIGEST_SIZE]) {
        size_t size = DIGEST_SIZE + text_size(id) + 16 + text_size(e->kind) + strlen(e->json);
        _cleanup_(freep) char *bytes = alloc_zero(size + 1);
        char *at = bytes;

        if (!bytes)
                return -ENOMEM;
        (void) put_bytes(&at, hash, (size_t) DIGEST_SIZE);
        (void) put_bytes(&at, id, text_size(id));
        at = put_u64(at, e->seq);
        at = put_u64(at, e->wall);
        (void) put_bytes(&at, e->kind, text_size(e->kind));
        (void) put_bytes(&at, e->json, strlen(e->json));
        return digest_sha256(bytes, size, hash);
}

static int insert_event(Store *s, const char *id, const StoreEvent *e, uint8_t hash[static DIGEST_SIZE]) {
        sqlite3_stmt *statement;
        int r;

        r = hash_event(id, e, hash);
        if (r < 0)
                return r;
        r = store_statement(s, SQL_INSERT_EVENT, &statement);
        if (r < 0)
                return r;
        bind_text(statement, 1, id);
        (void) sqlite3_bind_int64(statement, 2, (sqlite3_int64) e->seq);
        bind_usec(statement, 3, e->wall);
        bind_text(statement, 4, e->kind);
        bind_text(statement, 5, e->json);
        (void) sqlite3_bind_blob(statement, 6, hash, DIGEST_SIZE, SQLITE_STATIC);
        return finish(statement);
}

static int apply(Store *s, const StoreChange *c) {
        uint8_t hash[DIGEST_SIZE];
        uint64_t seq;
        int r;

        r = c->plan_text ? insert_rollout(s, c) : update_rollout(s, c);
        if (r < 0 || c->n_events == 0)
                return r;
        r = last_event(s, c->id, &seq, hash);
        for (size_t i = 0; i < c->n_events && r >= 0; i++) {
                /* The compare of compare-and-swap: somebody else has written on from here. */
                if (c->events[i].seq <= seq)
                        return -EEXIST;
                seq = c->events[i].seq;
                r = insert_event(s, c->id, &c->events[i], hash);
        }
        return r;
}

static int apply_in_savepoint(Store *s, const StoreChange *c) {
        int r, k;

        r = store_run(s, SQL_SAVEPOINT);
        if (r < 0)
                return r;
        r = apply(s, c);
        /* Out of space or memory, SQLite may have rolled back the transaction as a whole. */
        if (sqlite3_get_autocommit(s->db))
                return r < 0 ? r : -EIO;
        if (r < 0) {
                k = store_run(s, SQL_ROLLBACK_TO);
                if (k < 0)
                        return k;
        }
        k = store_run(s, SQL_RELEASE);
        return r < 0 ? r : k;
}

/* Gives every change of the list that has no error of its own yet this one. */
static void refuse_all(Change *first, int error) {
        for (Change *c = first; c; c = c->next)
                if (c->error == 0)
                        c->error = error;
}

static void commit_batch(Store *s, Change *first) {
        int r;

        r = store_run(s, SQL_BEGIN);
        if (r < 0) {
                refuse_all(first, r);
                return;
        }
        for (Change *c = first; c; c = c->next) {
                c->error = apply_in_savepoint(s, &c->value);
                if (sqlite3_get_autocommit(s->db)) {
                        refuse_all(first, c->error < 0 ? c->error : -EIO);
                        return;
                }
        }
        r = store_run(s, SQL_COMMIT);
        if (r < 0)
                refuse_all(first, r);
        if (!sqlite3_get_autocommit(s->db))
                (void) store_run(s, SQL_ROLLBACK);
}

static int arm(Store *s) {
        bool idle = !s->queued.first;
        int r;

        r = sd_event_source_set_enabled(s->commit_source, idle ? SD_EVENT_OFF : SD_EVENT_ONESHOT);
        if (r < 0)
                return r;
        if (idle)
                return sd_event_source_set_enabled(s->patience_source, SD_EVENT_OFF);
        r = sd_event_source_set_time_relative(s->patience_source, PATIENCE);
        return r < 0 ? r : sd_event_source_set_enabled(s->patience_source, SD_EVENT_ONESHOT);
}

static void flush(Store *s) {
        ChangeList batch = {};
        Change *c;

        while (batch.n < BATCH_MAX && (c = list_take_first(&s->queued)))
                list_append(&batch, c);
        if (batch.first)
                commit_batch(s, batch.first);
        while ((c = list_take_first(&batch)))
                list_append(&s->answered, c);
        /* One at a time off the list: a callback may forget those behind it. */
        while ((c = list_take_first(&s->answered))) {
                if (c->done)
                        c->done(c->error, c->userdata);
                (void) change_free(c);
        }
}

static int store_on_turn(sd_event_source *source, void *userdata) {
        Store *s = userdata;

        flush(s);
        return arm(s);
}

static int store_on_patience(sd_event_source *source, uint64_t usec, void *userdata) {
        return store_on_turn(source, userdata);
}

int store_attach_commit(Store *s) {
        int r;

        r = sd_event_add_defer(s->event, &s->commit_source, store_on_turn, s);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(s->commit_source, "store-commit");
        r = sd_event_source_set_priority(s->commit_source, COMMIT_PRIORITY);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(
                        s->event, &s->patience_source, CLOCK_BOOTTIME, 0, 1, store_on_patience, s);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(s->patience_source, "store-patience");
        r = sd_event_source_set_priority(s->patience_source, PATIENCE_PRIORITY);
        return r < 0 ? r : arm(s);
}

int store_commit(Store *s, const StoreChange *change, StoreDone done, void *userdata) {
        Change *c;
        int r;

        assert(change->id && change->phase && change->record);
        assert(!change->plan_text || (change->name && change->plan_sha256));
        r = change_new(change, &c);
        if (r < 0)
                return r;
        c->done = done;
        c->userdata = userdata;
        list_append(&s->queued, c);
        /* Only the first of a turn arms; the rest rides along. */
        if (s->queued.n > 1)
                return 0;
        r = arm(s);
        if (r < 0)
                (void) change_free(list_take_first(&s->queued));
        return r;
}

void store_forget(Store *s, const void *userdata) {
        for (Change *c = s->queued.first; c; c = c->next)
                if (c->userdata == userdata)
                        c->done = NULL;
        for (Change *c = s->answered.first; c; c = c->next)
                if (c->userdata == userdata)
                        c->done = NULL;
}
