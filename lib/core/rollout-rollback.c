#include "base/usec.h"
#include "core/judge.h"
#include "core/target.h"

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

Report *rollback_begin(Step *s, Reason reason, uint32_t target, uint32_t check) {
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
        if (reason == REASON_BLIND)
                r->cause = (uint32_t) blind_cause(s, target);
        for (uint32_t i = st->n_targets; i > 0; i--)
                if (target_is_in_play(st, s->plan, i - 1))
                        go_back(s, i - 1);
        return r;
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
        return REASON_NONE;
}

bool rollback_if_needed(Step *s) {
        RolloutState *st = s->state;

        for (uint32_t i = 0; i < st->n_targets; i++) {
                uint32_t check;
                Reason reason = target_is_in_play(st, s->plan, i) ? target_turns(s, i, &check) : REASON_NONE;

                if (reason == REASON_NONE)
                        continue;
                rollback_begin(s, reason, i, check);
                return true;
        }
        if (usec_sub(st->age, st->due_since) >= s->plan->deadline)
                rollback_begin(s, REASON_DEADLINE, wave_first_target(s), 0);
        else if (gate_turns(s))
                rollback_begin(s, REASON_WINDOW, wave_first_target(s), 0);
        else
                return false;
        return true;
}

void supersede(Step *s) {
        Report *r = NULL;

        switch ((Phase) s->state->phase) {
        case PHASE_QUEUED:
        case PHASE_PREFLIGHT:
                r = end_rejected(s, REASON_SUPERSEDED, 0, 0);
                break;
        case PHASE_PUBLISHING:
        case PHASE_SHIFTING:
        case PHASE_PROMOTING:
        case PHASE_BAKING:
                r = rollback_begin(s, REASON_SUPERSEDED, wave_first_target(s), 0);
                break;
        case PHASE_ROLLING_BACK:
        case PHASE_RESTORING:
        case PHASE_SUCCEEDED:
        case PHASE_ROLLED_BACK:
        case PHASE_REJECTED:
        case PHASE_RELEASED:
                break;
        }
        if (r)
                step_copy_text(r->error, sizeof(r->error), s->event->by);
}

bool rolling_back_progress(Step *s) {
        RolloutState *st = s->state;
        bool any_touched = false, any_released = false;

        for (uint32_t i = 0; i < st->n_targets; i++) {
                const TargetState *t = &st->targets[i];

                /* Those of waves that stay where they are count: they are not as they were found. */
                any_touched |= t->touched != 0;
                if (!target_is_in_play(st, s->plan, i))
                        continue;
                any_released |= t->stage == STAGE_RELEASED;
                if (t->stage != STAGE_RELEASED && t->touched && !target_is_settled(t))
                        return false;
        }
        if (any_released)
                end_released(s);
        else if (any_touched)
                end_rolled_back(s);
        else
                (void) end_rejected(s, (Reason) st->reason, st->reason_target, st->reason_version);
        return true;
}
