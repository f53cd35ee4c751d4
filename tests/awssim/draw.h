#pragma once

/* Random draws that depend on nothing but their key, so that the same question always gets the same answer.
 */

#include "base/prng.h"

/* A generator for one draw: mixes the parts of a key into a seed. */
Prng draw_from_key(uint64_t seed, const uint64_t *parts, size_t n);

/* How many of n events with probability p happen: exact inversion where few are expected, else the normal
 * approximation. */
uint64_t draw_binomial(Prng *p, uint64_t n, double probability);
double draw_normal(Prng *p); /* mean 0, deviation 1 */
