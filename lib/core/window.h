#pragma once

/* When traffic may move forward: arithmetic on a plan's window and "not_before". All moments are wall-clock
 * ones. Of each of its days a window has one span, however the clocks are changed meanwhile: it begins when
 * the local time first reaches "from" (or passes it), and ends when it first reaches "until" after that. */

#include "core/plan.h"

bool window_is_open(const PlanWindow *window, usec_t wall);

/* The first moment from "wall" on at which it is open; USEC_INFINITY: never again. */
usec_t window_opens(const PlanWindow *window, usec_t wall);

/* The first moment from "wall" on at which it is closed; USEC_INFINITY: never again. */
usec_t window_closes(const PlanWindow *window, usec_t wall);

/* The first moment from "wall" on at which the plan lets traffic move forward. */
usec_t plan_opens(const Plan *plan, usec_t wall);

/* The time of day in the window's zone (UTC where there is no window). */
typedef struct LocalTime {
        uint32_t weekday; /* 0: Monday */
        uint32_t minute;  /* of the day */
} LocalTime;

LocalTime window_local(const PlanWindow *window, usec_t wall);
