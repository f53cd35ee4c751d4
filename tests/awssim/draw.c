#include "awssim/draw.h"

#include <math.h>

/* Below this the inversion walks a few dozen steps; above it the normal approximation is good. */
#define INVERSION_MEAN_MAX 40.0

Prng draw_from_key(uint64_t seed, const uint64_t *parts, size_t n) {
        Prng p = { .state = seed };

        for (size_t i = 0; i < n; i++)
                p.state = prng_next(&p) ^ parts[i];
        return p;
}

double draw_normal(Prng *p) {
        double u = 1 - prng_unit(p), v = prng_unit(p); /* u in (0, 1]: its logarithm is finite */

        return sqrt(-2 * log(u)) * cos(2 * M_PI * v);
}

static uint64_t binomial_inversion(Prng *p, uint64_t n, double probability) {
        double odds = probability / (1 - probability);
        double term = pow(1 - probability, (double) n), u = prng_unit(p);
        uint64_t k = 0;

        while (u >= term && k < n) {
                u -= term;
                k++;
                term *= odds * (double) (n - k + 1) / (double) k;
        }
        return k;
}

uint64_t draw_binomial(Prng *p, uint64_t n, double probability) {
        double mean, value;

        if (n == 0 || !(probability > 0))
                return 0;
        if (probability >= 1)
                return n;
        if (probability > 0.5)
                return n - draw_binomial(p, n, 1 - probability);
        mean = (double) n * probability;
        if (mean < INVERSION_MEAN_MAX)
                return binomial_inversion(p, n, probability);
        value = round(mean + sqrt(mean * (1 - probability)) * draw_normal(p));
        if (value <= 0)
                return 0;
        return value >= (double) n ? n : (uint64_t) value;
}
