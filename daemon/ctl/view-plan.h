#pragma once

/* What a plan will do if it starts now: which aliases, in which order, and when at the earliest. */

#include "codec/plan-yaml.h"
#include "daemon/ctl/render.h"

void view_plan(const Plan *plan, const Style *style, usec_t now, Buf *out);
/* The same as members of the object that is open, with "ladder" and "shortest_usec" as ever. */
void view_plan_json(const Plan *plan, usec_t now, Buf *out);
