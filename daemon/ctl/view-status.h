#pragma once

/* All about one rollout, a screen of 80 cells. The second line says what it waits for. */

#include "daemon/ctl/view.h"

/* -ENOMEM. */
int view_status(const RolloutInfo *info, const Style *style, Buf *out);
