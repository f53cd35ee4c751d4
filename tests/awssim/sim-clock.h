#pragma once

/* The simulator's only look at the clocks; everything else gets the time as an argument. */

#include "base/usec.h"

usec_t clock_wall(void);      /* since the Unix epoch */
usec_t clock_monotonic(void); /* since boot */
