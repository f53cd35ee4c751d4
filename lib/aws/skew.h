#pragma once

/* How wrong our wall clock is in the eyes of one endpoint, from the Date of its replies. */

#include "base/macro.h"

#define SKEW_TRIP_MAX (15 * 60 * (usec_t) 1000000) /* replies that took longer say nothing */

typedef struct Skew {
        int64_t offset; /* usec to be added to our wall clock; 0 while it is known to be right */
} Skew;

/* date: of the reply (0: it had none), whole seconds. wall: ours at receipt. Errors of up to two seconds are
 * noise and count as none, and so is what a reply's long way may explain: an offset that fits is kept. A
 * reply from a cache (has_age) says nothing. True: our idea changed by a minute or more. */
bool skew_learn(Skew *s, usec_t date, bool has_age, usec_t wall, usec_t elapsed);

/* For the time of signatures only: leases and timers go by our own clocks. */
usec_t skew_apply(const Skew *s, usec_t wall);
