#pragma once

/* The traffic model. Every bucket of (alias, version) has fixed counts, drawn from seed and bucket number
 * alone, so two polls never see different pasts; how much of them is visible grows as the bucket ages. */

#include "awssim/latency.h"
#include "awssim/world.h"

typedef struct TrafficTotal {
        uint64_t invocations; /* errors included */
        uint64_t errors;
        LatencyMix latency;
} TrafficTotal;

/* Adds what is visible at "now" of the bucket (as wide as the scenario's resolution) that starts at
 * "bucket".
 */
void traffic_add_bucket(const World *w, const Function *f, const Alias *a, const Version *v, usec_t bucket,
                usec_t now, TrafficTotal *total);
