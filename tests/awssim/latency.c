#include "awssim/latency.h"

#include <math.h>

#include "base/macro.h"

void latency_add(LatencyMix *mix, double mean, double spread, double count) {
        LatencyPart *nearest = NULL;
        double distance = INFINITY;

        if (!(count > 0) || !(mean > 0))
                return;
        for (size_t i = 0; i < mix->n_parts; i++) {
                double d = fabs(mix->parts[i].mean - mean) + fabs(mix->parts[i].spread - spread);

                if (d < distance) {
                        distance = d;
                        nearest = mix->parts + i;
                }
        }
        if (nearest && (distance < 1e-9 || mix->n_parts == LATENCY_PARTS_MAX)) {
                nearest->mean = (nearest->mean * nearest->count + mean * count) / (nearest->count + count);
                nearest->count += count;
                return;
        }
        mix->parts[mix->n_parts++] = (LatencyPart){ .mean = mean, .spread = spread, .count = count };
}

double latency_count(const LatencyMix *mix) {
        double n = 0;

        for (size_t i = 0; i < mix->n_parts; i++)
                n += mix->parts[i].count;
        return n;
}

double latency_sum(const LatencyMix *mix) {
        double sum = 0;

        for (size_t i = 0; i < mix->n_parts; i++)
                sum += mix->parts[i].count * mix->parts[i].mean;
        return sum;
}

/* The share of the mixture at or below exp(x). */
static double mix_below(const LatencyMix *mix, double x, double total) {
        double sum = 0;

        for (size_t i = 0; i < mix->n_parts; i++) {
                const LatencyPart *p = mix->parts + i;
                double mu = log(p->mean) - p->spread * p->spread / 2;

                sum += p->count * erfc((mu - x) / (p->spread * M_SQRT2)) / 2;
        }
        return sum / total;
}

double latency_quantile(const LatencyMix *mix, double q) {
        double low = INFINITY, high = -INFINITY, total = latency_count(mix);

        if (mix->n_parts == 0)
                return 0;
        for (size_t i = 0; i < mix->n_parts; i++) {
                double mu = log(mix->parts[i].mean), reach = 12 * mix->parts[i].spread + 1;

                low = MIN(low, mu - reach);
                high = MAX(high, mu + reach);
        }
        for (int i = 0; i < 60; i++) {
                double middle = (low + high) / 2;

                if (mix_below(mix, middle, total) < q)
                        low = middle;
                else
                        high = middle;
        }
        return exp(high);
}
