#include "base/usec.h"
#include "core/judge.h"
#include "core/target-code.h"

static void report_breach(Step *s, uint32_t target, uint32_t check) {
        const CheckState *c = &s->state->targets[target].judge.checks[check];
        Report *r = step_report(s, REPORT_BREACH, target);

        r->check = check;
        r->verdict = VERDICT_BREACH;
        r->value = c->value;
        r->limit = s->plan->checks[check].max;
        r->samples = c->samples;
        r->window_start = c->window_start;
        r->window_end = c->window_end;
        /* What the alarm says was noted when it was read, a moment ago. */
        if (s->plan->checks[check].kind == CHECK_ALARM)
                step_copy_text(r->error, sizeof(r->error), s->state->targets[target].error);
}

static void go_back(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        Route want = { .primary = t->version_old };

        code_forget(t);
        (void) target_forget_op(s, i, &t->poll_op);
        (void) target_forget_op(s, i, &t->alarm_op);
        if (t->stage == STAGE_RELEASED)
                return;
        if (!t->touched) {
                t->stage = STAGE_IDLE;
                target_forget_ops(s, i);
                return;
        }
        target_write(s, i, &want);
}

static Cause blind_cause(const Step *s, uint32_t target) {
        uint32_t check;
        Cause cause;

        (void) judge_blind_since(&s->state->targets[target].judge, s->plan, &check, &cause);
        return cause;
}

void rollback_begin(Step *s, Reason reason, uint32_t target, uint32_t check) {
        RolloutState *st = s->state;
        Report *r;

        st->reason = (uint32_t) reason;
        st->reason_target = target;
        st->reason_check = check;
        st->reason_step = st->step;
        if (reason == REASON_BREACH)
                report_breach(s, target, check);
        step_enter(s, PHASE_ROLLING_BACK);
        r = step_report(s, REPORT_ROLLBACK_STARTED, target);
        r->weight_to = 0;
        if (r->unshifted)
                step_copy_text(r->error, sizeof(r->error), st->targets[target].error);
        if (reason == REASON_BLIND)
                r->cause = (uint32_t) blind_cause(s, target);
        for (uint32_t i = st->n_targets; i > 0; i--)
                go_back(s, i - 1);
}

/* A write that AWS refuses for what it is will be refused again. */
static bool is_refused_for_good(const Step *s, uint32_t i) {
        const TargetState *t = &s->state->targets[i];
        const Event *e = s->event;

        return e->kind == EVENT_ALIAS_WRITTEN && e->target == i && t->stage == STAGE_WRITE &&
                        (e->fault == FAULT_INVALID || e->fault == FAULT_MISSING);
}

static Reason target_turns(const Step *s, uint32_t i, uint32_t *ret_check) {
        const TargetState *t = &s->state->targets[i];
        const JudgeState *j = &t->judge;
        usec_t age = s->state->age, blind;
        Cause cause;

        *ret_check = 0;
        if (t->stage == STAGE_RELEASED)
                return REASON_FOREIGN;
        if (judge_breached(j, s->plan, ret_check))
                return REASON_BREACH;
        blind = judge_blind_since(j, s->plan, ret_check, &cause);
        if (blind != 0 && usec_sub(age, blind) >= s->plan->max_blind)
                return REASON_BLIND;
        *ret_check = 0;
        if (is_refused_for_good(s, i))
                return REASON_REFUSED;
        if (t->failing_since != 0 && usec_sub(age, t->failing_since) >= s->plan->max_blind)
                return REASON_CANNOT_WRITE;
        if (age >= target_move_end(t))
                return REASON_PROVISIONING;
        return REASON_NONE;
}

bool rollback_if_needed(Step *s) {
        RolloutState *st = s->state;

        for (uint32_t i = 0; i < st->n_targets; i++) {
                uint32_t check;
                Reason reason = target_turns(s, i, &check);

                if (reason == REASON_NONE)
                        continue;
                rollback_begin(s, reason, i, check);
                return true;
        }
        if (st->age >= s->plan->deadline) {
                rollback_begin(s, REASON_DEADLINE, 0, 0);
                return true;
        }
        return false;
}

bool rolling_back_progress(Step *s) {
        RolloutState *st = s->state;
        bool any_touched = false, any_released = false;

        for (uint32_t i = 0; i < st->n_targets; i++) {
                const TargetState *t = &st->targets[i];

                any_released |= t->stage == STAGE_RELEASED;
                any_touched |= t->touched != 0;
                if (t->stage != STAGE_RELEASED && t->touched && !target_is_settled(t))
                        return false;
        }
        if (any_released)
                end_released(s);
        else if (any_touched || publishing_touched(st))
                end_rolled_back(s);
        else
                (void) end_rejected(s, (Reason) st->reason, st->reason_target, st->reason_version);
        return true;
}
