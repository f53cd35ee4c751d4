#pragma once

/* How fast one API family of one account and region may be asked: a token bucket of our own in front of
 * AWS's, whose last tokens are reserved for what matters most, and which slows down when AWS
 * throttles all the same and recovers afterwards. A value; time is an argument (monotonic). */

#include "base/macro.h"

/* Who goes first. A lane may use the bucket only while more tokens stay behind than are reserved for the
 * lanes above it: promote leaves 5 % of what the bucket holds (at least one token), step 20 %, poll 30 %,
 * preflight 50 %. But never more than all but one: whoever finds the bucket full gets a token, however small
 * it is. A rollback leaves nothing and may overdraw, down to minus one burst; what is overdrawn comes back
 * at half the configured rate at least, however slow AWS has made the rest. */
typedef enum RateLane {
        RATE_ROLLBACK, /* may overdraw; after that it waits for half the configured pace at most */
        RATE_PROMOTE,
        RATE_STEP,
        RATE_POLL,
        RATE_PREFLIGHT,
} RateLane;
#define RATE_LANE_COUNT (RATE_PREFLIGHT + 1)

typedef struct RateBucket {
        double rate_max; /* tokens per second, as configured */
        double rate;     /* at present: rate_max unless AWS throttled */
        double burst;    /* tokens it holds when full; slowed down, in proportion less, but at least one */
        double tokens;   /* may be negative after rollbacks */
        usec_t filled;   /* mono: when "tokens" was right */
        usec_t slowed;   /* mono: the last time that made it slower; 0: never */
        usec_t grown;    /* mono: when "rate" last changed */
} RateBucket;

#define RATE_FLOOR 0.5                        /* per second: no throttling slows down further */
#define RATE_RECOVERY (60 * (usec_t) 1000000) /* from nothing to the full rate, without throttling */

/* Whatever the numbers: the rate is at least 0.01/s, the burst at least one token. */
void rate_init(RateBucket *b, double rate, double burst, usec_t now);

/* Takes a token. 0: taken. Otherwise nothing was taken, and the span after which it is worth asking again.
 */
usec_t rate_take(RateBucket *b, RateLane lane, usec_t now);
/* A call that was given a token never left. */
void rate_give_back(RateBucket *b, usec_t now);
/* AWS answered. Throttled: the rate falls to 70 %, once per second at most, since calls sent together are
 * refused together. Otherwise it grows back with the time since the last answer. The room that a rollback
 * has for overdrawing does not shrink with the rate. */
void rate_note(RateBucket *b, bool throttled, usec_t now);

/* The span after which an unused bucket is as good as a new one; 0: it is. */
usec_t rate_until_fresh(const RateBucket *b, usec_t now);
