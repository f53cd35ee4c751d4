#include "core/backoff.h"

#include "base/usec.h"

#define BASE (200 * USEC_PER_MSEC)
#define BASE_THROTTLED (1 * USEC_PER_SEC)
#define CAP (20 * USEC_PER_SEC)
#define CAP_ROLLBACK (5 * USEC_PER_SEC)
#define WISH_BEYOND_MAX (5 * USEC_PER_SEC)

usec_t backoff_delay(uint32_t attempt, Fault fault, usec_t retry_after, bool is_rollback, Prng *prng) {
        usec_t base = fault == FAULT_THROTTLED ? BASE_THROTTLED : BASE;
        usec_t cap = is_rollback ? CAP_ROLLBACK : CAP;
        usec_t full = attempt < 16 ? usec_min(base << attempt, cap) : cap;
        usec_t delay = full / 2 + prng_below(prng, full / 2 + 1);

        return usec_max(delay, usec_min(retry_after, usec_add(delay, WISH_BEYOND_MAX)));
}
