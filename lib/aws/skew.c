#include "aws/skew.h"

#include "base/usec.h"

#define NOISE ((int64_t) (2 * USEC_PER_SEC))
#define LEAP ((int64_t) USEC_PER_MINUTE)
/* Far beyond the year 9999, and differences still fit. */
#define TIME_MAX ((usec_t) INT64_MAX / 4)

static int64_t magnitude(int64_t x) {
        return x < 0 ? -x : x;
}

bool skew_learn(Skew *s, usec_t date, bool has_age, usec_t wall, usec_t elapsed) {
        int64_t low, high, offset;

        if (date == 0 || has_age || elapsed > SKEW_TRIP_MAX || date > TIME_MAX || wall > TIME_MAX)
                return false;
        /* The far side read its clock at some moment of the trip, and cut the fraction of the second off. */
        low = (int64_t) date - (int64_t) wall;
        high = low + (int64_t) elapsed + (int64_t) USEC_PER_SEC;
        if (s->offset >= low && s->offset <= high)
                return false;
        offset = low + (high - low) / 2;
        if (magnitude(offset) <= NOISE || (low <= 0 && high >= 0))
                offset = 0;
        if (magnitude(offset - s->offset) < LEAP) {
                s->offset = offset;
                return false;
        }
        s->offset = offset;
        return true;
}

usec_t skew_apply(const Skew *s, usec_t wall) {
        if (s->offset >= 0)
                return usec_add(wall, (usec_t) s->offset);
        return usec_sub(wall, (usec_t) -s->offset);
}
