#pragma once

#include "base/prng.h"
#include "core/types.h"

/* The span to wait before the next attempt: half to all of min(cap, base * 2^attempt), at random; a wish of
 * AWS (retry_after) is honoured up to 5 s beyond that, as the SDKs do. Throttling starts at one second. */
usec_t backoff_delay(uint32_t attempt, Fault fault, usec_t retry_after, bool is_rollback, Prng *prng);
