#pragma once

/* Report -> the JSON object of the event log: only members that the kind gives a meaning to, names as in
 * design section 7 in lower case (function, alias, old_version, step, weight_to, check, value, limit,
 * window_start...). */

#include "core/action.h"
#include "core/plan.h"

/* One line of JSON, owned by the caller. Times as RFC 3339, weights in per cent, the plan's hash included.
 */
int report_encode(const Report *report, const Plan *plan, char **ret);
