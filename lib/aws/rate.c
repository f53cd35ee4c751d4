#include "aws/rate.h"

#include <math.h>

#include "base/usec.h"

#define RATE_MIN 0.01
#define SLOW_DOWN 0.7
#define SLOW_DOWN_PAUSE USEC_PER_SEC
/* What adding up fractions may lose. */
#define ROUNDING 1e-9

void rate_init(RateBucket *b, double rate, double burst, usec_t now) {
        double r = rate >= RATE_MIN ? rate : RATE_MIN, n = burst >= 1 ? burst : 1; /* NaN is neither */

        *b = (RateBucket){ .rate_max = r, .rate = r, .burst = n, .tokens = n, .filled = now, .grown = now };
}

static double to_seconds(usec_t span) {
        return (double) span / (double) USEC_PER_SEC;
}

/* Rounded up; never 0. */
static usec_t from_seconds(double seconds) {
        double usec = ceil(seconds * (double) USEC_PER_SEC);

        if (usec < 1)
                return 1;
        return usec < (double) USEC_PER_DAY ? (usec_t) usec : USEC_PER_DAY;
}

/* What it holds when full, at the present rate: AWS has just said that there is no such burst to be had. */
static double capacity(const RateBucket *b) {
        return fmax(1, b->burst * (b->rate / b->rate_max));
}

/* Only rollbacks overdraw, and those that wait are not to crawl because others were throttled. */
static double pace_overdrawn(const RateBucket *b) {
        return fmax(b->rate, b->rate_max / 2);
}

static double tokens_at(const RateBucket *b, usec_t now) {
        double seconds = to_seconds(usec_sub(now, b->filled)), tokens = b->tokens;

        if (tokens < 0) {
                double paid = fmin(seconds, -tokens / pace_overdrawn(b));

                tokens += paid * pace_overdrawn(b);
                seconds -= paid;
        }
        return fmin(capacity(b), tokens + b->rate * seconds);
}

static void fill(RateBucket *b, usec_t now) {
        b->tokens = tokens_at(b, now);
        b->filled = usec_max(b->filled, now);
}

/* How many tokens this lane leaves behind for the ones above it. */
static double reserve(const RateBucket *b, RateLane lane) {
        double full = capacity(b), kept = 0;

        switch (lane) {
        case RATE_ROLLBACK:
                return -b->burst;
        case RATE_PROMOTE:
                kept = full * 0.05;
                break;
        case RATE_STEP:
                kept = full * 0.20;
                break;
        case RATE_POLL:
                kept = full * 0.30;
                break;
        case RATE_PREFLIGHT:
                kept = full * 0.50;
                break;
        }
        return fmin(fmax(kept, 1), full - 1);
}

/* The span until there are so many tokens more. */
static usec_t time_for(const RateBucket *b, double missing) {
        double overdrawn = fmin(missing, fmax(0, -b->tokens));

        return from_seconds(overdrawn / pace_overdrawn(b) + (missing - overdrawn) / b->rate);
}

usec_t rate_take(RateBucket *b, RateLane lane, usec_t now) {
        double missing;

        fill(b, now);
        missing = reserve(b, lane) + 1 - b->tokens;
        if (missing > ROUNDING)
                return time_for(b, missing);
        b->tokens -= 1;
        return 0;
}

void rate_give_back(RateBucket *b, usec_t now) {
        fill(b, now);
        b->tokens = fmin(capacity(b), b->tokens + 1);
}

void rate_note(RateBucket *b, bool throttled, usec_t now) {
        fill(b, now);
        if (!throttled) {
                double share = to_seconds(usec_sub(now, b->grown)) / to_seconds(RATE_RECOVERY);

                b->rate = fmin(b->rate_max, b->rate + b->rate_max * share);
                b->grown = usec_max(b->grown, now);
                return;
        }
        if (b->slowed != 0 && usec_sub(now, b->slowed) < SLOW_DOWN_PAUSE)
                return;
        b->rate = fmax(fmin(RATE_FLOOR, b->rate_max), b->rate * SLOW_DOWN);
        b->tokens = fmin(b->tokens, capacity(b));
        b->slowed = b->grown = usec_max(now, 1);
}

usec_t rate_until_fresh(const RateBucket *b, usec_t now) {
        double missing = capacity(b) - tokens_at(b, now);
        usec_t filling = missing > ROUNDING ? from_seconds(missing / b->rate) : 0;

        if (b->rate >= b->rate_max)
                return filling;
        return usec_max(filling, usec_sub(usec_add(b->grown, RATE_RECOVERY), now));
}
