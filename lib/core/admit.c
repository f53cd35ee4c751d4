#include "core/admit.h"

#include <string.h>

#include "core/rollout.h"

static bool share_a_target(const AdmitEntry *a, const AdmitEntry *b) {
        for (uint32_t i = 0; i < a->n_targets; i++)
                for (uint32_t j = 0; j < b->n_targets; j++)
                        if (strcmp(a->targets[i], b->targets[j]) == 0)
                                return true;
        return false;
}

bool admit_may_start(const AdmitEntry *entries, size_t n, size_t index, size_t *ret_blocker) {
        const AdmitEntry *me = &entries[index];

        if (me->phase != PHASE_QUEUED)
                return false;
        for (size_t i = 0; i < n; i++) {
                const AdmitEntry *other = &entries[i];
                bool is_ahead = other->phase == PHASE_QUEUED ? other->order < me->order
                                                             : !phase_is_terminal(other->phase);

                if (i == index || !is_ahead || !share_a_target(me, other))
                        continue;
                *ret_blocker = i;
                return false;
        }
        return true;
}

static bool goes_forward(Phase p) {
        switch (p) {
        case PHASE_QUEUED:
        case PHASE_PREFLIGHT:
        case PHASE_PUBLISHING:
        case PHASE_SHIFTING:
        case PHASE_PROMOTING:
        case PHASE_BAKING:
                return true;
        case PHASE_ROLLING_BACK:
        case PHASE_RESTORING:
        case PHASE_SUCCEEDED:
        case PHASE_ROLLED_BACK:
        case PHASE_REJECTED:
        case PHASE_RELEASED:
                return false;
        }
        return false;
}

bool admit_must_give_way(const AdmitEntry *entries, size_t n, size_t index, size_t *ret_newer) {
        const AdmitEntry *me = &entries[index];

        if (!me->gives_way || !goes_forward(me->phase))
                return false;
        for (size_t i = 0; i < n; i++) {
                const AdmitEntry *other = &entries[i];

                if (other->phase != PHASE_QUEUED || other->order <= me->order || !share_a_target(me, other))
                        continue;
                *ret_newer = i;
                return true;
        }
        return false;
}
