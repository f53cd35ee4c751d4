#include "base/usec.h"
#include "core/judge.h"
#include "core/target.h"

static void write_weights(Step *s, uint32_t weight) {
        RolloutState *st = s->state;

        st->gated = GATED_NOT;
        for (uint32_t i = 0; i < st->n_targets; i++) {
                TargetState *t = &st->targets[i];
                Route want = { .primary = t->version_old, .extra = t->version_new, .weight = weight };

                if (!target_is_in_play(st, s->plan, i))
                        continue;
                if (weight == WEIGHT_FULL)
                        want = (Route){ .primary = t->version_new };
                judge_expose(&t->judge, s->plan, s->now->wall);
                target_write(s, i, &want);
        }
}

static void promote(Step *s) {
        step_enter(s, PHASE_PROMOTING);
        s->state->step = s->plan->n_steps;
        write_weights(s, WEIGHT_FULL);
}

/* The weight is in force on every alias: the time and the evidence of this step begin now. */
static void begin_hold(Step *s) {
        RolloutState *st = s->state;

        st->step_age = st->age;
        st->step_wall = s->now->wall;
        st->holding = 0;
        s->persist = true;
        for (uint32_t i = 0; i < st->n_targets; i++) {
                if (!target_is_in_play(st, s->plan, i))
                        continue;
                judge_begin_step(&st->targets[i].judge, s->plan, s->now->wall);
                st->targets[i].next_poll = st->targets[i].next_alarms = st->age;
        }
}

/* Says once what a step waits for beyond its time; again when that changes. */
static void say_holding(Step *s, uint32_t target, uint32_t check, Cause cause) {
        uint32_t what = 1 + check * 256 + (uint32_t) cause;
        const JudgeState *j = &s->state->targets[target].judge;
        Report *r;

        if (s->state->holding == what)
                return;
        s->state->holding = what;
        r = step_report(s, REPORT_HOLDING, target);
        r->check = check;
        r->cause = (uint32_t) cause;
        r->verdict = VERDICT_UNKNOWN;
        r->samples = j->step_new.invocations;
        if (check < s->plan->n_checks) {
                r->value = j->checks[check].value;
                r->limit = s->plan->checks[check].max;
                r->samples = j->checks[check].samples;
        }
}

static bool target_may_leave(Step *s, uint32_t i, usec_t hold, uint32_t min_requests) {
        const JudgeState *j = &s->state->targets[i].judge;
        usec_t end = usec_add(s->state->step_age, hold);
        uint32_t check = 0;

        /* Only a reading that was asked for after the hold was over has seen all of it. */
        if (plan_reads_metrics(s->plan) &&
                        (j->read_age == 0 || j->read_age < end || !j->caught_up ||
                                        judge_was_ahead(j, s->plan, s->now->wall)))
                return false;
        if (plan_reads_alarms(s->plan) && (j->alarms_age == 0 || j->alarms_age < end))
                return false;
        if (!judge_healthy(j, s->plan, &check)) {
                say_holding(s, i, check, (Cause) j->checks[check].cause);
                return false;
        }
        if (j->step_new.invocations < min_requests) {
                say_holding(s, i, s->plan->n_checks, CAUSE_FEW_SAMPLES);
                return false;
        }
        return true;
}

bool shifting_may_leave(Step *s, usec_t hold, uint32_t min_requests) {
        RolloutState *st = s->state;
        bool may = true;

        if (st->step_age == 0 || st->age < usec_add(st->step_age, hold) || !wave_is_settled(s))
                return false;
        if (s->plan->n_checks == 0)
                return true;
        for (uint32_t i = 0; i < st->n_targets && may; i++)
                may = !target_is_in_play(st, s->plan, i) || target_may_leave(s, i, hold, min_requests);
        return may;
}

bool shifting_progress(Step *s) {
        RolloutState *st = s->state;
        const PlanStep *step = &s->plan->steps[st->step];

        if (!wave_is_written(s)) {
                if (wave_is_ready(s))
                        write_weights(s, step->weight);
                return false;
        }
        if (st->step_age == 0) {
                if (wave_is_settled(s))
                        begin_hold(s);
                return false;
        }
        if (!shifting_may_leave(s, step->hold, step->min_requests) || !gate_may_pass(s))
                return false;
        wave_report(s, REPORT_STEP_PASSED);
        if (st->step + 1 == s->plan->n_steps) {
                promote(s);
                return true;
        }
        st->step++;
        st->step_age = 0;
        st->holding = 0;
        write_weights(s, s->plan->steps[st->step].weight);
        return true;
}

bool promoting_progress(Step *s) {
        usec_t bake = plan_wave(s->plan, s->state->wave).bake;

        if (!wave_is_written(s)) {
                if (wave_is_ready(s))
                        write_weights(s, WEIGHT_FULL);
                return false;
        }
        if (!wave_is_settled(s))
                return false;
        wave_report(s, REPORT_PROMOTED);
        if (bake == 0) {
                wave_finish(s);
                return true;
        }
        step_enter(s, PHASE_BAKING);
        begin_hold(s);
        step_report(s, REPORT_BAKING, wave_first_target(s))->next = bake;
        return true;
}
