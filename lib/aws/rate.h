#pragma once

/* How fast one API family of one account and region may be asked: a token bucket of our own in front of
 * AWS's (aws-facts 9.1), whose last tokens are reserved for what matters most, and which slows down when AWS
 * throttles all the same and recovers afterwards. A value; time is an argument (monotonic). */

#include "base/macro.h"

/* Who goes first. A lane may use the bucket only while more tokens are left than the lanes above it have
 * reserved. */
typedef enum RateLane {
        RATE_ROLLBACK, /* may overdraw: never waits for more than the bucket's own pace after a burst */
        RATE_PROMOTE,
        RATE_STEP,
        RATE_POLL,
        RATE_PREFLIGHT,
} RateLane;
#define RATE_LANE_COUNT (RATE_PREFLIGHT + 1)

typedef struct RateBucket {
        double rate_max; /* tokens per second, as configured */
        double rate;     /* at present: rate_max unless AWS throttled */
        double burst;    /* tokens it holds when full */
        double tokens;   /* may be negative after rollbacks */
        usec_t filled;   /* mono: when "tokens" was right */
        usec_t slowed;   /* mono: the last time AWS throttled; 0: never */
} RateBucket;

void rate_init(RateBucket *b, double rate, double burst, usec_t now);

/* Takes a token. 0: taken. Otherwise nothing was taken, and the span after which it is worth asking again.
 */
usec_t rate_take(RateBucket *b, RateLane lane, usec_t now);
/* A call that was given a token never left. */
void rate_give_back(RateBucket *b, usec_t now);
/* AWS answered: throttled or not. */
void rate_note(RateBucket *b, bool throttled, usec_t now);
