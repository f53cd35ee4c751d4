#pragma once

/* When a call that failed is sent again: the SDKs' "standard" mode (aws-facts 9.3). Values; no clock. */

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
        unsigned taken;     /* of the quota, by the last retry */
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

/* is_repeatable: sending it twice does no harm (reads). What is not is sent again only when it surely did
 * not happen. clock_moved: the reply changed our idea of the endpoint's clock by a minute or more. */
RetryVerdict retry_decide(Retry *r, RetryQuota *q, AwsFault fault, bool is_repeatable, bool clock_moved,
                usec_t retry_after, Prng *prng, usec_t *ret_delay);
void retry_succeeded(Retry *r, RetryQuota *q);
