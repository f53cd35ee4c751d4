#include "unit/daemon/store-sample.h"

#include "lib/test.h"

/* Test texts are short: one that is not is a mistake of the test. */
static void put(char *dst, size_t size, const char *text, size_t n) {
        EXPECT(n < size);
        memcpy(dst, text, n);
        dst[n] = '\0';
}

int rows_take(const StoreRow *row, void *userdata) {
        Rows *rows = userdata;
        size_t used = strlen(rows->ids);

        (void) snprintf(rows->ids + used, sizeof(rows->ids) - used, "%s ", row->id);
        put(rows->last_record, sizeof(rows->last_record), row->record, MIN(row->record_size, (size_t) 60));
        put(rows->last_plan, sizeof(rows->last_plan), row->plan_text, row->plan_size);
        put(rows->last_path, sizeof(rows->last_path), row->plan_path, strlen(row->plan_path));
        rows->last_number = row->number;
        rows->last_hash = row->plan_sha256[0];
        return 0;
}

void ended_take(int error, void *userdata) {
        static size_t order;
        Ended *e = userdata;

        e->is_done++;
        e->error = error;
        e->order = ++order;
}

void sample_first(Sample *s, const char *name, uint64_t number) {
        sample_later(s, name, number);
        memset(s->sha256, 0xa0 + (int) number, sizeof(s->sha256));
        (void) snprintf(s->plan, sizeof(s->plan), "plan of %s\n", name);
        (void) snprintf(s->path, sizeof(s->path), "/plans/%s.yaml", name);
        s->change.plan_path = s->path;
        s->change.plan_text = s->plan;
        s->change.plan_size = strlen(s->plan);
        s->change.plan_sha256 = s->sha256;
}

void sample_later(Sample *s, const char *name, uint64_t number) {
        *s = (Sample){};
        (void) snprintf(s->id, sizeof(s->id), "%s@%ju", name, (uintmax_t) number);
        (void) snprintf(s->record, sizeof(s->record), "record of %s", s->id);
        s->change = (StoreChange){
                .id = s->id,
                .name = name,
                .number = number,
                .phase = "shifting",
                .wall = 100,
                .record = s->record,
        };
}

static bool is_ended(void *userdata) {
        return ((const Ended *) userdata)->is_done > 0;
}

int sample_run(Rig *g, Store *store, const StoreChange *change) {
        Ended e = {};

        EXPECT_OK(store_commit(store, change, ended_take, &e));
        rig_run_until(g, is_ended, &e);
        EXPECT_INT(e.is_done, 1);
        return e.error;
}

void sample_commit(Rig *g, Store *store, const char *name, uint64_t number, const char *phase, usec_t ended,
                const char *path) {
        Sample s;

        sample_first(&s, name, number);
        s.change.phase = phase;
        if (path)
                s.change.plan_path = path;
        if (ended > 0) {
                s.change.is_terminal = true;
                s.change.wall = ended;
        }
        EXPECT_OK(sample_run(g, store, &s.change));
}
