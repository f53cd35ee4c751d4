#include "base/usec.h"
#include "core/judge.h"
#include "core/target.h"
#include "core/window.h"

static usec_t age_at(const RolloutState *st, const Now *now) {
        if (st->age == 0 || st->last.boot != now->boot || phase_is_terminal((Phase) st->phase))
                return st->age;
        return usec_add(st->age, usec_sub(now->mono, st->last.mono));
}

static usec_t present_hold(const RolloutState *st, const Plan *plan) {
        if (st->phase == PHASE_BAKING)
                return plan_wave(plan, st->wave).bake;
        return st->phase == PHASE_SHIFTING && st->step < plan->n_steps ? plan->steps[st->step].hold : 0;
}

static usec_t waves_to_come(const RolloutState *st, const Plan *plan) {
        usec_t left = 0;

        for (uint32_t wave = st->wave + 1; wave < plan_n_waves(plan); wave++) {
                for (uint32_t i = 0; i < plan->n_steps; i++)
                        left = usec_add(left, plan->steps[i].hold);
                left = usec_add(left, plan_wave(plan, wave).bake);
        }
        return left;
}

static usec_t total_left(const RolloutState *st, const Plan *plan, usec_t age) {
        usec_t left = 0;

        switch ((Phase) st->phase) {
        case PHASE_QUEUED:
        case PHASE_PREFLIGHT:
        case PHASE_PUBLISHING:
                return plan_shortest(plan);
        case PHASE_SHIFTING:
        case PHASE_PROMOTING:
                for (uint32_t i = st->step + 1; i < plan->n_steps; i++)
                        left = usec_add(left, plan->steps[i].hold);
                left = usec_add(left, plan_wave(plan, st->wave).bake);
                break;
        case PHASE_BAKING:
                break;
        case PHASE_ROLLING_BACK:
        case PHASE_RESTORING:
        case PHASE_SUCCEEDED:
        case PHASE_ROLLED_BACK:
        case PHASE_REJECTED:
        case PHASE_RELEASED:
                return 0;
        }
        left = usec_add(left, waves_to_come(st, plan));
        return usec_add(left,
                        usec_sub(present_hold(st, plan),
                                        st->step_age != 0 ? usec_sub(age, st->step_age) : 0));
}

/* A call that is outstanding or waits for its retry comes before anything else. */
static bool view_calls(const RolloutState *st, usec_t age, RolloutView *v) {
        for (uint32_t i = 0; i < st->n_targets; i++) {
                const Op *op = &st->targets[i].alias_op;

                if (op->id == 0 && op->retry_at == 0)
                        continue;
                v->target = i;
                v->wait = op->id != 0 && op->attempt == 0 ? WAIT_AWS : WAIT_RETRY;
                v->fault = op->fault;
                v->left = op->retry_at != 0 ? usec_sub(op->retry_at, age) : 0;
                return true;
        }
        return false;
}

static bool view_evidence(const RolloutState *st, const Plan *plan, RolloutView *v) {
        const PlanStep *step = st->step < plan->n_steps ? &plan->steps[st->step] : NULL;

        for (uint32_t i = 0; i < st->n_targets; i++) {
                const JudgeState *j = &st->targets[i].judge;
                uint32_t check = 0;

                if (!target_is_in_play(st, plan, i))
                        continue;
                v->target = i;
                if (!judge_healthy(j, plan, &check)) {
                        v->wait = WAIT_EVIDENCE;
                        v->check = check;
                        v->cause = j->checks[check].cause;
                        if (v->cause == CAUSE_FEW_SAMPLES || v->cause == CAUSE_UNSETTLED) {
                                v->have = j->checks[check].samples;
                                v->need = plan->checks[check].min_requests;
                        }
                        return true;
                }
                if (st->phase == PHASE_SHIFTING && step && j->step_new.invocations < step->min_requests) {
                        v->wait = WAIT_REQUESTS;
                        v->have = j->step_new.invocations;
                        v->need = step->min_requests;
                        return true;
                }
        }
        v->target = 0;
        return false;
}

static bool view_blindness(const RolloutState *st, const Plan *plan, usec_t age, RolloutView *v) {
        for (uint32_t i = 0; i < st->n_targets; i++) {
                Cause cause;
                uint32_t check;
                usec_t since;

                if (!target_is_in_play(st, plan, i))
                        continue;
                since = judge_blind_since(&st->targets[i].judge, plan, &check, &cause);

                if (since == 0)
                        continue;
                v->wait = WAIT_SIGHT;
                v->target = i;
                v->check = check;
                v->cause = (uint32_t) cause;
                v->left = usec_sub(usec_add(since, plan->max_blind), age);
                return true;
        }
        return false;
}

static bool view_hold(const RolloutState *st, const Plan *plan, usec_t age, RolloutView *v) {
        usec_t hold = present_hold(st, plan);

        if (st->step_age == 0 || usec_sub(age, st->step_age) >= hold)
                return false;
        v->wait = st->phase == PHASE_BAKING ? WAIT_BAKE : WAIT_HOLD;
        v->left = usec_sub(hold, usec_sub(age, st->step_age));
        return true;
}

static bool view_window(const RolloutState *st, const Plan *plan, const Now *now, RolloutView *v) {
        usec_t opens = plan_opens(plan, now->wall);

        if (st->gated != GATED_TOLD || opens <= now->wall)
                return false;
        v->wait = WAIT_WINDOW;
        v->target = plan_wave(plan, st->wave).first_target;
        v->opens = opens;
        v->left = usec_sub(opens, now->wall);
        return true;
}

void rollout_view(const RolloutState *st, const Plan *plan, const Now *now, RolloutView *ret) {
        usec_t age = age_at(st, now);
        const TargetState *first = &st->targets[0];
        const TargetState *moving = &st->targets[plan_wave(plan, st->wave).first_target];
        RolloutView v = { .left = USEC_INFINITY };

        v.weight_actual = route_weight_of(&first->route, first->version_new);
        v.weight_wanted = phase_is_live((Phase) st->phase)
                        ? route_weight_of(&first->want, first->version_new)
                        : v.weight_actual;
        v.weight_of_wave = route_weight_of(&moving->want, moving->version_new);
        v.total_left = total_left(st, plan, age);
        if (phase_is_terminal((Phase) st->phase)) {
                v.wait = WAIT_NOTHING;
        } else if (st->phase == PHASE_QUEUED) {
                v.wait = WAIT_TURN;
        } else if (!view_calls(st, age, &v) && !view_blindness(st, plan, age, &v)) {
                if (!view_window(st, plan, now, &v) && !view_hold(st, plan, age, &v) &&
                                !view_evidence(st, plan, &v))
                        v.wait = WAIT_AWS;
        }
        *ret = v;
}
