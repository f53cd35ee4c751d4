#include <signal.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "aws/digest.h"
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

static int count_commit(void *userdata) {
        (*(size_t *) userdata)++;
        return 0;
}

static bool all_ended(void *userdata) {
        const Ended *e = userdata;

        return e[0].is_done && e[1].is_done && e[2].is_done;
}

TEST(what_is_queued_in_one_turn_is_one_transaction) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Store *s = open_store(g);
        Ended ended[3] = {};
        Sample samples[3];
        size_t n_commits = 0;

        (void) sqlite3_commit_hook(s->db, count_commit, &n_commits);
        for (size_t i = 0; i < 3; i++) {
                sample_first(&samples[i], "checkout", i + 1);
                EXPECT_OK(store_commit(s, &samples[i].change, ended_take, &ended[i]));
                EXPECT_INT(ended[i].is_done, 0);
        }
        EXPECT_INT(n_commits, 0);
        rig_run_until(g, all_ended, ended);
        EXPECT_INT(n_commits, 1);
        for (size_t i = 0; i < 3; i++)
                EXPECT_INT(ended[i].error, 0);
        EXPECT(ended[0].order < ended[1].order && ended[1].order < ended[2].order);
        (void) store_close(s);
}

static int never_idle(sd_event_source *source, void *userdata) {
        return sd_event_source_set_enabled(source, SD_EVENT_ON);
}

TEST(a_loop_that_is_never_idle_does_not_starve_a_commit) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Store *s = open_store(g);
        sd_event_source *busy = NULL;

        EXPECT_OK(sd_event_add_defer(g->event, &busy, never_idle, NULL));
        EXPECT_OK(sd_event_source_set_enabled(busy, SD_EVENT_ON));
        sample_commit(g, s, "checkout", 1, "shifting", 0, NULL);
        (void) sd_event_source_disable_unref(busy);
        (void) store_close(s);
}

static void commit_again(int error, void *userdata) {
        Store *s = *(Store **) userdata;
        Sample later;

        EXPECT_INT(error, 0);
        sample_later(&later, "checkout", 1);
        later.change.phase = "baking";
        EXPECT_OK(store_commit(s, &later.change, NULL, NULL));
}

TEST(a_callback_may_commit_again) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Store *s = open_store(g);
        Sample first;

        sample_first(&first, "checkout", 1);
        EXPECT_OK(store_commit(s, &first.change, commit_again, &s));
        rig_settle(g);
        EXPECT_INT(s->queued.n, 0);
        (void) store_close(s);
}

TEST(more_changes_than_a_transaction_takes_are_all_committed) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Store *s = open_store(g);
        Ended ended = {};
        size_t n_commits = 0;

        (void) sqlite3_commit_hook(s->db, count_commit, &n_commits);
        for (uint64_t i = 1; i <= 600; i++) {
                Sample sample;

                sample_first(&sample, "checkout", i);
                EXPECT_OK(store_commit(s, &sample.change, ended_take, &ended));
        }
        rig_settle(g);
        EXPECT_INT(ended.is_done, 600);
        EXPECT_INT(n_commits, 3);
        (void) store_close(s);
}

TEST(a_sequence_number_is_taken_once) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Store *s = open_store(g);
        StoreEvent one = { .seq = 1, .wall = 5, .kind = "started", .json = "{}" };
        StoreEvent other = { .seq = 1, .wall = 6, .kind = "rejected", .json = "{}" };
        Ended ended[3] = {};
        Sample samples[3];
        Rows rows = {};

        sample_commit(g, s, "checkout", 1, "queued", 0, NULL);
        sample_commit(g, s, "mailer", 1, "queued", 0, NULL);
        for (size_t i = 0; i < 3; i++) {
                sample_later(&samples[i], i == 2 ? "mailer" : "checkout", 1);
                samples[i].change.events = i == 1 ? &other : &one;
                samples[i].change.n_events = 1;
        }
        samples[1].change.record = "the loser's";
        for (size_t i = 0; i < 3; i++)
                EXPECT_OK(store_commit(s, &samples[i].change, ended_take, &ended[i]));
        rig_run_until(g, all_ended, ended);
        EXPECT_INT(ended[0].error, 0);
        EXPECT_INT(ended[1].error, -EEXIST);
        EXPECT_INT(ended[2].error, 0);
        /* The loser's record is gone with its event. */
        EXPECT_OK(store_load_one(s, "checkout@1", rows_take, &rows));
        EXPECT_STR(rows.last_record, "record of checkout@1");
        EXPECT_INT(sample_run(g, s, &samples[1].change), -EEXIST);
        (void) store_close(s);
}

TEST(a_rollout_is_created_once_and_never_by_an_update) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Store *s = open_store(g);
        Sample first, later;

        sample_first(&first, "checkout", 1);
        sample_later(&later, "nobody", 1);
        EXPECT_INT(sample_run(g, s, &first.change), 0);
        EXPECT_INT(sample_run(g, s, &first.change), -EEXIST);
        EXPECT_INT(sample_run(g, s, &later.change), -ENOENT);
        (void) store_close(s);
}

static void expect_chain(Store *s, const char *id, size_t n_expected) {
        uint8_t last[DIGEST_SIZE] = {}, hash[DIGEST_SIZE];
        sqlite3_stmt *q = NULL;
        size_t n = 0;

        EXPECT_INT(sqlite3_prepare_v2(s->db,
                                   "SELECT seq, time, kind, json, hash FROM event WHERE rollout = ? ORDER BY seq",
                                   -1, &q, NULL),
                        SQLITE_OK);
        (void) sqlite3_bind_text(q, 1, id, -1, SQLITE_STATIC);
        for (; sqlite3_step(q) == SQLITE_ROW; n++) {
                unsigned char bytes[512];
                size_t at = 0;
                uint64_t numbers[2] = { (uint64_t) sqlite3_column_int64(q, 0),
                        (uint64_t) sqlite3_column_int64(q, 1) };

                memcpy(bytes, last, DIGEST_SIZE);
                at = DIGEST_SIZE;
                memcpy(bytes + at, id, strlen(id) + 1);
                at += strlen(id) + 1;
                for (size_t i = 0; i < 16; i++)
                        bytes[at++] = (unsigned char) (numbers[i / 8] >> (56 - 8 * (i % 8)));
                memcpy(bytes + at, sqlite3_column_text(q, 2), (size_t) sqlite3_column_bytes(q, 2) + 1);
                at += (size_t) sqlite3_column_bytes(q, 2) + 1;
                memcpy(bytes + at, sqlite3_column_text(q, 3), (size_t) sqlite3_column_bytes(q, 3));
                at += (size_t) sqlite3_column_bytes(q, 3);
                EXPECT_OK(digest_sha256(bytes, at, hash));
                EXPECT_INT(sqlite3_column_bytes(q, 4), DIGEST_SIZE);
                EXPECT(memcmp(sqlite3_column_blob(q, 4), hash, DIGEST_SIZE) == 0);
                memcpy(last, hash, DIGEST_SIZE);
        }
        (void) sqlite3_finalize(q);
        EXPECT_INT(n, n_expected);
}

TEST(each_event_carries_the_hash_of_the_one_before) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Store *s = open_store(g);
        StoreEvent two[] = {
                { .seq = 1, .wall = 1111, .kind = "started", .json = "{\"a\":1}" },
                { .seq = 2, .wall = 0x123456789abcde, .kind = "weight-intent", .json = "{\"weight\":5}" },
        };
        StoreEvent third = { .seq = 3, .wall = 3333, .kind = "weight-set", .json = "{}" };
        Sample later;

        sample_commit(g, s, "checkout", 1, "queued", 0, NULL);
        sample_commit(g, s, "mailer", 1, "queued", 0, NULL);
        sample_later(&later, "checkout", 1);
        later.change.events = two;
        later.change.n_events = 2;
        EXPECT_INT(sample_run(g, s, &later.change), 0);
        /* A restart in between: the chain goes on from what is stored. */
        (void) store_close(s);
        s = open_store(g);
        later.change.events = &third;
        later.change.n_events = 1;
        EXPECT_INT(sample_run(g, s, &later.change), 0);
        sample_later(&later, "mailer", 1);
        later.change.events = two;
        later.change.n_events = 2;
        EXPECT_INT(sample_run(g, s, &later.change), 0);
        expect_chain(s, "checkout@1", 3);
        expect_chain(s, "mailer@1", 2);
        (void) store_close(s);
}

/* Fills the rest of the transaction: a full disk usually strikes in the middle of something. */
static void fill(Sample *s, char *noise, size_t size) {
        memset(noise, 'x', size - 1);
        noise[size - 1] = '\0';
        s->change.record = noise;
}

TEST(a_full_disk_is_an_answer_and_heals) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Store *s = open_store(g);
        static char noise[256 * 1024];
        Ended ended[3] = {};
        Sample samples[3];
        Rows rows = {};

        sample_commit(g, s, "checkout", 1, "queued", 0, NULL);
        EXPECT_INT(sqlite3_exec(s->db, "PRAGMA max_page_count = 12", NULL, NULL, NULL), SQLITE_OK);
        for (size_t i = 0; i < 3; i++) {
                sample_first(&samples[i], "mailer", i + 1);
                if (i == 1)
                        fill(&samples[i], noise, sizeof(noise));
                EXPECT_OK(store_commit(s, &samples[i].change, ended_take, &ended[i]));
        }
        rig_run_until(g, all_ended, ended);
        EXPECT_INT(ended[1].error, -ENOSPC);
        /* What SQLite has rolled back with it must not be called durable. */
        EXPECT_OK(store_load_live(s, rows_take, &rows));
        for (size_t i = 0; i < 3; i += 2)
                EXPECT((ended[i].error == 0) == (strstr(rows.ids, samples[i].id) != NULL));

        EXPECT_INT(sqlite3_exec(s->db, "PRAGMA max_page_count = 100000", NULL, NULL, NULL), SQLITE_OK);
        EXPECT_INT(sample_run(g, s, &samples[1].change), 0);
        (void) store_close(s);
}

TEST(a_write_that_fails_is_an_answer_and_heals) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(freep) char *wal = rig_path(g, "state/canaryd.db-wal");
        Store *s = open_store(g);
        struct rlimit before, limit;
        struct stat st;
        Sample sample;
        Rows rows = {};
        int r;

        sample_commit(g, s, "checkout", 1, "queued", 0, NULL);
        EXPECT_OK(stat(wal, &st));
        EXPECT(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
        EXPECT_OK(getrlimit(RLIMIT_FSIZE, &before));
        limit = before;
        limit.rlim_cur = (rlim_t) st.st_size + 100;
        EXPECT_OK(setrlimit(RLIMIT_FSIZE, &limit));
        sample_first(&sample, "mailer", 1);
        r = sample_run(g, s, &sample.change);
        EXPECT_OK(setrlimit(RLIMIT_FSIZE, &before));
        EXPECT_INT(r, -EIO);
        EXPECT_OK(store_load_live(s, rows_take, &rows));
        EXPECT_STR(rows.ids, "checkout@1 ");

        EXPECT_INT(sample_run(g, s, &sample.change), 0);
        (void) store_close(s);
        s = open_store(g);
        EXPECT_OK(store_load_one(s, "mailer@1", rows_take, &rows));
        (void) store_close(s);
}

TEST(a_lock_held_by_somebody_else_is_an_answer) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(freep) char *path = rig_path(g, "state/canaryd.db");
        Store *s = open_store(g);
        sqlite3 *db = NULL;
        Sample sample;

        sample_first(&sample, "mailer", 1);
        EXPECT_INT(sqlite3_open(path, &db), SQLITE_OK);
        EXPECT_INT(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        EXPECT_INT(sample_run(g, s, &sample.change), -EBUSY);
        EXPECT_INT(sqlite3_close(db), SQLITE_OK);
        EXPECT_INT(sample_run(g, s, &sample.change), 0);
        (void) store_close(s);
}

TEST(what_is_forgotten_is_committed_without_a_word) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Store *s = open_store(g);
        Ended kept = {}, forgotten = {};
        Sample first, second;
        Rows rows = {};

        sample_first(&first, "a", 1);
        sample_first(&second, "b", 1);
        EXPECT_OK(store_commit(s, &first.change, ended_take, &forgotten));
        EXPECT_OK(store_commit(s, &second.change, ended_take, &kept));
        store_forget(s, &forgotten);
        rig_settle(g);
        EXPECT_INT(forgotten.is_done, 0);
        EXPECT_INT(kept.is_done, 1);
        EXPECT_OK(store_load_live(s, rows_take, &rows));
        EXPECT_STR(rows.ids, "a@1 b@1 ");
        (void) store_close(s);
}

TEST(closing_drops_what_is_queued) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Store *s = open_store(g);
        Ended ended = {};
        Sample first;
        Rows rows = {};

        sample_first(&first, "a", 1);
        EXPECT_OK(store_commit(s, &first.change, ended_take, &ended));
        (void) store_close(s);
        rig_settle(g);
        EXPECT_INT(ended.is_done, 0);
        s = open_store(g);
        EXPECT_OK(store_load_live(s, rows_take, &rows));
        EXPECT_STR(rows.ids, "");
        (void) store_close(s);
}

TEST(out_of_memory_queues_nothing) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        Store *s = open_store(g);
        StoreEvent event = { .seq = 1, .wall = 5, .kind = "started", .json = "{}" };
        Sample first;

        sample_first(&first, "a", 1);
        first.change.events = &event;
        first.change.n_events = 1;
        FAULT_LOOP {
                int r = store_commit(s, &first.change, NULL, NULL);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT_INT(s->queued.n, 0);
        }
        EXPECT_INT(s->queued.n, 1);
        (void) store_close(s);
}
