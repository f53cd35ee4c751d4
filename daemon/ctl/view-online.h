#pragma once

/* What preflight found, alias by alias, and what would come of it. */

#include "daemon/ctl/online.h"

void view_online(const OnlineFindings *f, const Plan *plan, const Style *style, Buf *out);
/* The same as a member "preflight" of the object that is open. */
void view_online_json(const OnlineFindings *f, const Plan *plan, Buf *out);
