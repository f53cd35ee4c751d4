#pragma once

/* Changes for a store, and what came back of it. */

#include "daemon/store.h"
#include "unit/daemon/rig.h"

/* What store_load_*() gave out. */
typedef struct Rows {
        char ids[512]; /* each with a space behind it */
        char last_record[64], last_plan[64], last_path[64];
        uint64_t last_number;
        uint8_t last_hash; /* its first byte */
} Rows;

int rows_take(const StoreRow *row, void *userdata);

/* How a commit ended; a StoreDone. */
typedef struct Ended {
        size_t is_done;
        int error;
        size_t order; /* 1: the first of the process */
} Ended;

void ended_take(int error, void *userdata);

/* The first change of NAME@NUMBER; events may be added by the caller. Its texts live in the sample. */
typedef struct Sample {
        char id[64], record[128], plan[128], path[128];
        uint8_t sha256[PLAN_HASH_SIZE];
        StoreChange change;
} Sample;

void sample_first(Sample *s, const char *name, uint64_t number);
void sample_later(Sample *s, const char *name, uint64_t number); /* not the first one */

/* Commits a first change and waits for it. ended: 0 while it lives. path: NULL for the usual one. */
void sample_commit(Rig *g, Store *store, const char *name, uint64_t number, const char *phase, usec_t ended,
                const char *path);
/* Commits any change and waits; the error of its callback. */
int sample_run(Rig *g, Store *store, const StoreChange *change);
