#pragma once

/* One line per rollout, the worst first; then the plans that were refused. */

#include "daemon/ctl/view.h"

/* Sorts the rollouts in place. -ENOMEM. */
int view_list(RolloutInfo *rollouts, size_t n_rollouts, const RefusalInfo *refusals, size_t n_refusals,
                const Style *style, Buf *out);
