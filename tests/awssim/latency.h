#pragma once

/* How long invocations took: a mixture of log-normal distributions, kept as one part per version. */

#include "base/forward.h"

#define LATENCY_PARTS_MAX 64

typedef struct LatencyPart {
        double mean;   /* milliseconds */
        double spread; /* deviation of the logarithm, > 0 */
        double count;
} LatencyPart;

typedef struct LatencyMix {
        LatencyPart parts[LATENCY_PARTS_MAX];
        size_t n_parts;
} LatencyMix;

/* Parts of the same mean and spread are joined; past LATENCY_PARTS_MAX they go to the nearest. */
void latency_add(LatencyMix *mix, double mean, double spread, double count);

double latency_count(const LatencyMix *mix);
double latency_sum(const LatencyMix *mix);
/* q in (0, 1); 0 for an empty mixture. */
double latency_quantile(const LatencyMix *mix, double q);
