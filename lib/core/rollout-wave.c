#include "base/usec.h"
#include "core/target.h"

bool target_is_in_play(const RolloutState *st, const Plan *plan, uint32_t i) {
        PlanWave wave = plan_wave(plan, st->wave);

        switch ((Phase) st->phase) {
        case PHASE_PREFLIGHT:
        case PHASE_PUBLISHING:
                return true;
        case PHASE_SHIFTING:
        case PHASE_PROMOTING:
        case PHASE_BAKING:
                return i >= wave.first_target && i < wave.first_target + wave.n_targets;
        case PHASE_ROLLING_BACK:
        case PHASE_RESTORING:
                /* Those of later waves have nothing to go back from, at most something to leave off. */
                return plan->wave_failure_all || i >= wave.first_target;
        case PHASE_QUEUED:
        case PHASE_SUCCEEDED:
        case PHASE_ROLLED_BACK:
        case PHASE_REJECTED:
        case PHASE_RELEASED:
                return false;
        }
        return false;
}

uint32_t wave_first_target(const Step *s) {
        return plan_wave(s->plan, s->state->wave).first_target;
}

static uint32_t end_of_wave(const Step *s) {
        PlanWave wave = plan_wave(s->plan, s->state->wave);

        return wave.first_target + wave.n_targets;
}

bool wave_is_settled(const Step *s) {
        for (uint32_t i = wave_first_target(s); i < end_of_wave(s); i++)
                if (!target_is_settled(&s->state->targets[i]))
                        return false;
        return true;
}

void wave_report(Step *s, ReportKind kind) {
        for (uint32_t i = wave_first_target(s); i < end_of_wave(s); i++)
                (void) step_report(s, kind, i);
}

void wave_begin(Step *s) {
        RolloutState *st = s->state;

        step_enter(s, s->plan->n_steps == 0 ? PHASE_PROMOTING : PHASE_SHIFTING);
        st->step = 0;
        /* Preflight has read those of the first wave a moment ago. */
        st->gated = st->wave > 0 ? GATED_READ_AGAIN : GATED_NOT;
        if (s->plan->n_waves > 0)
                (void) step_report(s, REPORT_WAVE_BEGUN, wave_first_target(s));
}

/* They are written together, so that one tells for all. */
bool wave_is_written(const Step *s) {
        const TargetState *first = &s->state->targets[wave_first_target(s)];

        return route_weight_of(&first->want, first->version_new) != 0;
}

bool wave_is_ready(Step *s) {
        RolloutState *st = s->state;

        if (!wave_is_settled(s) || !gate_may_pass(s))
                return false;
        if (st->gated == GATED_NOT)
                return true;
        st->gated = GATED_NOT;
        s->persist = true;
        for (uint32_t i = wave_first_target(s); i < end_of_wave(s); i++)
                target_read_back(s, i);
        return false;
}

void wave_finish(Step *s) {
        RolloutState *st = s->state;

        if (s->plan->n_waves > 0)
                (void) step_report(s, REPORT_WAVE_BAKED, wave_first_target(s));
        if (st->wave + 1 == plan_n_waves(s->plan)) {
                end_succeeded(s);
                return;
        }
        for (uint32_t i = wave_first_target(s); i < end_of_wave(s); i++)
                target_forget_ops(s, i);
        st->wave++;
        wave_begin(s);
}
