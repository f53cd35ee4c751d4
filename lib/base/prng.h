#pragma once

/* A seeded generator as a value (SplitMix64, Steele, Lea & Flood 2014): same seed, same stream. Not for
 * secrets. Pure. */

#include "base/forward.h"

struct Prng {
        uint64_t state;
};

static inline uint64_t prng_next(Prng *p) {
        uint64_t z = (p->state += UINT64_C(0x9e3779b97f4a7c15));

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        return z ^ (z >> 31);
}

/* Uniform in [0, n); 0 for n = 0. The bias of the modulo is below 2^-32 for every n used here. */
static inline uint64_t prng_below(Prng *p, uint64_t n) {
        return n == 0 ? 0 : prng_next(p) % n;
}

/* Uniform in [0, 1). */
static inline double prng_unit(Prng *p) {
        return (double) (prng_next(p) >> 11) * 0x1.0p-53;
}
