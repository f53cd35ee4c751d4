#pragma once

/* Who may start: one live rollout per alias, the others wait in the order in which they came. */

#include "core/types.h"

typedef struct AdmitEntry {
        uint64_t order;             /* of acceptance: smaller came earlier */
        const char *const *targets; /* n keys "account/region/function/alias" (account: "" where no role is
                                       assumed), compared as text */
        uint32_t n_targets;
        Phase phase;
} AdmitEntry;

/* True when entries[index] is queued and no live or earlier queued entry shares a target with it.
 * ret_blocker: index of the first entry in the way, when false and there is one. */
bool admit_may_start(const AdmitEntry *entries, size_t n, size_t index, size_t *ret_blocker);
