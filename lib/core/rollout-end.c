#include "core/target.h"

static void end(Step *s, Phase outcome) {
        step_enter(s, outcome);
        s->state->ended_wall = s->now->wall;
        for (uint32_t i = 0; i < s->state->n_targets; i++) {
                target_forget_ops(s, i);
                if (s->state->targets[i].stage != STAGE_RELEASED)
                        s->state->targets[i].stage = STAGE_IDLE;
        }
}

Report *end_rejected(Step *s, Reason reason, uint32_t target, uint64_t version) {
        s->state->reason = (uint32_t) reason;
        s->state->reason_target = target;
        s->state->reason_version = version;
        /* For those who look at it later. */
        if (s->event->op_id != 0 && s->event->target == target && s->event->fault != FAULT_NONE)
                target_note_error(&s->state->targets[target], s->event);
        end(s, PHASE_REJECTED);
        return step_report(s, REPORT_REJECTED, target);
}

void end_succeeded(Step *s) {
        end(s, PHASE_SUCCEEDED);
        (void) step_report(s, REPORT_SUCCEEDED, 0);
}

/* What people wait for is told when it is so; that the old code comes back is another matter. */
void end_rolled_back(Step *s) {
        const RolloutState *st = s->state;
        bool restores = restoring_is_wanted(s);
        Report *r;

        if (restores)
                restoring_begin(s);
        else
                end(s, PHASE_ROLLED_BACK);
        r = step_report(s, REPORT_ROLLED_BACK, st->reason_target);
        if (r->unshifted)
                step_copy_text(r->error, sizeof(r->error), st->targets[st->reason_target].error);
}

void end_restored(Step *s) {
        end(s, PHASE_ROLLED_BACK);
}

/* Whatever turned it around, in the end somebody else took over. */
void end_released(Step *s) {
        RolloutState *st = s->state;

        st->reason = REASON_FOREIGN;
        for (uint32_t i = st->n_targets; i > 0; i--)
                if (st->targets[i - 1].stage == STAGE_RELEASED)
                        st->reason_target = i - 1;
        end(s, PHASE_RELEASED);
        (void) step_report(s, REPORT_RELEASED, s->state->reason_target);
}
