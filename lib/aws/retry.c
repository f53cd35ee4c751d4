#include "aws/retry.h"

#include "base/usec.h"

#define BASE (50 * USEC_PER_MSEC)
#define BASE_THROTTLED (1 * USEC_PER_SEC)
#define CAP (20 * USEC_PER_SEC)
#define WISH_BEYOND_MAX (5 * USEC_PER_SEC)
#define COST 14u
#define COST_THROTTLED 5u

void retry_quota_init(RetryQuota *q) {
        *q = (RetryQuota){ .left = RETRY_QUOTA_FULL };
}

static RetryVerdict retry_after_pause(Retry *r, RetryQuota *q, bool is_throttled, usec_t retry_after,
                Prng *prng, usec_t *ret_delay) {
        unsigned cost = is_throttled ? COST_THROTTLED : COST;
        usec_t full = (is_throttled ? BASE_THROTTLED : BASE) << (r->attempts - 1), own;

        if (q->left < cost)
                return RETRY_NO;
        q->left -= cost;
        r->taken = cost;
        own = (usec_t) (prng_unit(prng) * (double) usec_min(full, CAP));
        *ret_delay = usec_max(own, usec_min(retry_after, own + WISH_BEYOND_MAX));
        return RETRY_AFTER;
}

RetryVerdict retry_decide(Retry *r, RetryQuota *q, AwsFault fault, bool is_repeatable, bool clock_moved,
                usec_t retry_after, Prng *prng, usec_t *ret_delay) {
        if (++r->attempts >= RETRY_ATTEMPTS_MAX)
                return RETRY_NO;
        switch (fault) {
        case AWS_THROTTLED:
        case AWS_TRANSIENT:
                if (!is_repeatable)
                        return RETRY_NO;
                return retry_after_pause(r, q, fault == AWS_THROTTLED, retry_after, prng, ret_delay);
        case AWS_UNREACHABLE:
                return retry_after_pause(r, q, false, retry_after, prng, ret_delay);
        case AWS_EXPIRED:
                if (r->has_refreshed)
                        return RETRY_NO;
                r->has_refreshed = true;
                *ret_delay = 0;
                return RETRY_WITH_FRESH_CREDS;
        case AWS_CLOCK:
                if (r->has_corrected || !clock_moved)
                        return RETRY_NO;
                r->has_corrected = true;
                *ret_delay = 0;
                return RETRY_WITH_CLOCK;
        case AWS_OK:
        case AWS_DENIED:
        case AWS_CONFLICT:
        case AWS_PRECONDITION:
        case AWS_MISSING:
        case AWS_INVALID:
        case AWS_PERMANENT:
                return RETRY_NO;
        }
        ASSERT_NEVER();
        return RETRY_NO;
}

void retry_succeeded(Retry *r, RetryQuota *q) {
        unsigned back = r->taken > 0 ? r->taken : 1;

        q->left = MIN(q->left + back, RETRY_QUOTA_FULL);
        r->taken = 0;
}
