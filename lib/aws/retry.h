#pragma once

/* When a call that failed is sent again: the SDKs' "standard" mode. Values; no clock. */

#include "aws/fault.h"
#include "base/prng.h"

#define RETRY_ATTEMPTS_MAX 3 /* in total */
#define RETRY_QUOTA_FULL 500u

/* Shared by all calls to one endpoint: while the far side is down, retries run dry and calls fail at once.
 */
typedef struct RetryQuota {
        unsigned left; /* 0..RETRY_QUOTA_FULL */
} RetryQuota;

/* One call's tries. Zeroed at its begin. */
typedef struct Retry {
        unsigned attempts;  /* made so far */
        unsigned taken;     /* of the quota, by the last retry that cost any */
        bool has_refreshed; /* the credentials, for this call */
        bool has_corrected; /* the clock */
} Retry;

typedef enum RetryVerdict {
        RETRY_NO,
        RETRY_AFTER,            /* *ret_delay */
        RETRY_WITH_FRESH_CREDS, /* expired: one refresh, one retry */
        RETRY_WITH_CLOCK, /* the signature's time was refused, and the offset learnt from this very reply
                             differs: one retry */
} RetryVerdict;

void retry_quota_init(RetryQuota *q);

/* What becomes of an attempt that failed (it is counted here). is_repeatable: sending it twice does no harm
 * (reads). What is not is sent again only when it surely did not happen, and not at all when throttled:
 * pacing writes is the caller's business. clock_moved: our idea of the endpoint's clock is by now a minute
 * or more from the one that this attempt was signed with, whichever reply taught it. retry_after: AWS's
 * wish, honoured up to 5 s beyond our own delay; 0: none. ret_delay: set unless RETRY_NO. */
RetryVerdict retry_decide(Retry *r, RetryQuota *q, AwsFault fault, bool is_repeatable, bool clock_moved,
                usec_t retry_after, Prng *prng, usec_t *ret_delay);
/* Gives the quota back what the last retry took; a call that never took any adds one. */
void retry_succeeded(Retry *r, RetryQuota *q);
