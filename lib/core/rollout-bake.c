#include "core/target.h"

bool baking_progress(Step *s) {
        if (!shifting_may_leave(s, plan_wave(s->plan, s->state->wave).bake, 0))
                return false;
        wave_finish(s);
        return true;
}
