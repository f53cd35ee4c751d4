#include "daemon/aws-clock.h"

#include "base/timefmt.h"
#include "base/usec.h"
#include "daemon/clock.h"
#include "daemon/log.h"

/* Servers behind one name differ by less, and whole seconds hide less. */
#define NOISE ((int64_t) (3 * USEC_PER_SEC))
/* A first reply that took longer says too little. */
#define FIRST_TRIP_MAX (10 * USEC_PER_SEC)
#define TRIP_MAX (15 * USEC_PER_MINUTE)
/* Far beyond the year 9999, and differences still fit. */
#define TIME_MAX ((usec_t) INT64_MAX / 4)

/* The host's clock is worth a word when it is further off, and right again when it is this near. */
#define OFF_MIN ((int64_t) (30 * USEC_PER_SEC))
#define RIGHT_MAX ((int64_t) (10 * USEC_PER_SEC))
#define OFF_STEP ((int64_t) USEC_PER_MINUTE)
#define OFF_ROUND (5 * USEC_PER_SEC)

static int64_t magnitude(int64_t x) {
        return x < 0 ? -x : x;
}

void aws_clock_read(const AwsClock *c, Now *ret) {
        clock_read(ret);
        if (!c->is_set)
                return;
        ret->wall = c->ahead >= 0 ? usec_add(ret->mono, (usec_t) c->ahead)
                                  : usec_sub(ret->mono, (usec_t) -c->ahead);
}

void aws_clock_remember(AwsClock *c, const Now *then) {
        Now now;

        clock_read(&now);
        if (c->is_heard || then->boot == 0 || then->boot != now.boot || then->mono > now.mono ||
                        then->wall == 0 || then->wall > TIME_MAX || then->mono < c->heard_mono)
                return;
        c->ahead = (int64_t) then->wall - (int64_t) then->mono;
        c->heard_mono = then->mono;
        c->is_set = true;
}

static void say_how_far_off(AwsClock *c, const char *host) {
        char by[TIME_TEXT_MAX];
        int64_t off;
        Now now;

        clock_read(&now);
        off = (int64_t) now.wall - ((int64_t) now.mono + c->ahead);
        if (c->told_off != 0 && magnitude(off) <= RIGHT_MAX) {
                c->told_off = 0;
                log_message(LOG_NOTICE, "the host's clock is right again, by that of %s", host);
        }
        if (magnitude(off) <= OFF_MIN || (c->told_off != 0 && magnitude(off - c->told_off) <= OFF_STEP))
                return;
        c->told_off = off;
        duration_format(usec_floor((usec_t) magnitude(off) + OFF_ROUND / 2, OFF_ROUND), by);
        log_message(LOG_WARNING,
                        "the host's clock is %s %s AWS's (by that of %s): rollouts go by AWS's, but check NTP, "
                        "for example with timedatectl",
                        by, off < 0 ? "behind" : "ahead of", host);
}

/* Into the interval: it follows what drifts, and stays where a slow reply says no more than it did. */
static int64_t clamp(int64_t x, const int64_t within[static 2]) {
        return x < within[0] ? within[0] : x > within[1] ? within[1] : x;
}

static void adopt(AwsClock *c, int64_t ahead, const AwsClockWord *word) {
        c->ahead = ahead;
        c->is_set = c->is_heard = true;
        c->is_metrics = word->is_metrics;
        c->is_doubted = false;
        say_how_far_off(c, word->host);
}

bool aws_clock_hear(AwsClock *c, const AwsClockWord *word) {
        bool is_first = !c->is_heard || (word->is_metrics && !c->is_metrics);
        int64_t said[2], both[2];
        Now now;

        clock_read(&now);
        if (word->date == 0 || word->has_age || word->elapsed > TRIP_MAX || word->date > TIME_MAX ||
                        now.mono > TIME_MAX || (c->is_metrics && !word->is_metrics))
                return true;
        /* The far side read its clock at some moment of the trip, and cut the fraction of the second off. */
        said[0] = (int64_t) word->date - (int64_t) now.mono;
        said[1] = said[0] + (int64_t) word->elapsed + (int64_t) USEC_PER_SEC;
        if (c->is_set && magnitude(clamp(c->ahead, said) - c->ahead) <= NOISE) {
                adopt(c, clamp(c->ahead, said), word);
                return true;
        }
        if (is_first) {
                if (word->elapsed <= FIRST_TRIP_MAX)
                        adopt(c, said[0] + (said[1] - said[0]) / 2, word);
                return true;
        }
        both[0] = said[0] > c->doubt[0] ? said[0] : c->doubt[0];
        both[1] = said[1] < c->doubt[1] ? said[1] : c->doubt[1];
        if (c->is_doubted && both[0] - both[1] <= NOISE) {
                adopt(c, both[0] + (both[1] - both[0]) / 2, word);
                return true;
        }
        c->is_doubted = true;
        c->doubt[0] = said[0];
        c->doubt[1] = said[1];
        return false;
}
