#include "base/usec.h"
#include "core/target.h"
#include "core/window.h"

/* The wall clock may be set at any time, and a timer on a moment of it would not notice. */
#define LOOK_AT_LEAST_EVERY USEC_PER_MINUTE

bool gate_may_pass(Step *s) {
        RolloutState *st = s->state;
        usec_t opens = plan_opens(s->plan, s->now->wall);
        Report *r;

        if (opens <= s->now->wall)
                return true;
        if (st->gated == GATED_TOLD)
                return false;
        st->gated = GATED_TOLD;
        r = step_report(s, REPORT_WAITING, wave_first_target(s));
        r->opens = opens;
        r->next = usec_sub(opens, s->now->wall);
        return false;
}

/* What the clock of the window may end: aliases that are split. A promotion has begun in time. */
static bool is_limited(const RolloutState *st, const Plan *plan) {
        const TargetState *first = &st->targets[plan_wave(plan, st->wave).first_target];

        return st->phase == PHASE_SHIFTING && plan->window.days != 0 &&
                        plan->window.at_end == WINDOW_ROLL_BACK &&
                        route_weight_of(&first->want, first->version_new) != 0;
}

bool gate_turns(const Step *s) {
        return is_limited(s->state, s->plan) && !window_is_open(&s->plan->window, s->now->wall);
}

usec_t gate_due(const RolloutState *st, const Plan *plan) {
        usec_t wall = st->last.wall, due = USEC_INFINITY;

        if (st->gated != GATED_TOLD && !is_limited(st, plan))
                return USEC_INFINITY;
        if (st->gated == GATED_TOLD && plan_opens(plan, wall) > wall)
                due = usec_sub(plan_opens(plan, wall), wall);
        if (is_limited(st, plan))
                due = usec_min(due, usec_sub(window_closes(&plan->window, wall), wall));
        return usec_min(due, LOOK_AT_LEAST_EVERY);
}
