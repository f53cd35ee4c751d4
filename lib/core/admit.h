#pragma once

/* Who may start: one live rollout per alias, the others wait in the order in which they came. */

#include "core/types.h"

typedef struct AdmitEntry {
        uint64_t order;             /* of acceptance: smaller came earlier */
        const char *const *targets; /* n keys "account/region/function/alias" (account: "" where no role is
                                       assumed), compared as text */
        uint32_t n_targets;
        Phase phase;
        bool gives_way; /* its plan says NEWER_SUPERSEDES */
} AdmitEntry;

/* True when entries[index] is queued and no live or earlier queued entry shares a target with it.
 * ret_blocker: index of the first entry in the way, when false and there is one. */
bool admit_may_start(const AdmitEntry *entries, size_t n, size_t index, size_t *ret_blocker);

/* True when entries[index] gives way, is not over or on its way back yet, and a plan that came later waits
 * for one of its targets: it is to get EVENT_SUPERSEDE. ret_newer: index of the first such. */
bool admit_must_give_way(const AdmitEntry *entries, size_t n, size_t index, size_t *ret_newer);
