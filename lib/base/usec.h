#pragma once

/* Saturating time arithmetic: USEC_INFINITY is "never" and stays so. Pure. */

#include "base/forward.h"

#define USEC_PER_MSEC ((usec_t) 1000)
#define USEC_PER_SEC ((usec_t) 1000000)
#define USEC_PER_MINUTE (60 * USEC_PER_SEC)
#define USEC_PER_HOUR (60 * USEC_PER_MINUTE)
#define USEC_PER_DAY (24 * USEC_PER_HOUR)
#define USEC_INFINITY UINT64_MAX

static inline usec_t usec_add(usec_t a, usec_t b) {
        return a > USEC_INFINITY - b ? USEC_INFINITY : a + b;
}

/* Zero when b is later than a: a span is never negative. */
static inline usec_t usec_sub(usec_t a, usec_t b) {
        if (a == USEC_INFINITY)
                return USEC_INFINITY;
        return a > b ? a - b : 0;
}

static inline usec_t usec_min(usec_t a, usec_t b) {
        return a < b ? a : b;
}

static inline usec_t usec_max(usec_t a, usec_t b) {
        return a > b ? a : b;
}

/* The multiple of "grid" at or before t; grid > 0. */
static inline usec_t usec_floor(usec_t t, usec_t grid) {
        return t - t % grid;
}

/* The multiple of "grid" at or after t; grid > 0. */
static inline usec_t usec_ceil(usec_t t, usec_t grid) {
        return t % grid == 0 ? t : usec_add(usec_floor(t, grid), grid);
}
