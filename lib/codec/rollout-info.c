#include "codec/rollout-info.h"

#include <stdio.h>

#include "base/macro.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "core/target.h"

#define FIELD(type_, struct_, member, name_) \
        { .name = (name_), .type = (type_), .offset = offsetof(struct_, member) }

static const InfoField rollout_info_fields[] = {
        FIELD(INFO_TEXT, RolloutInfo, id, "id"),
        FIELD(INFO_TEXT, RolloutInfo, name, "name"),
        FIELD(INFO_TEXT, RolloutInfo, plan_path, "plan_path"),
        FIELD(INFO_TEXT, RolloutInfo, plan_sha256, "plan_sha256"),
        FIELD(INFO_TEXT, RolloutInfo, phase, "phase"),
        FIELD(INFO_TEXT, RolloutInfo, function, "function"),
        FIELD(INFO_TEXT, RolloutInfo, alias, "alias"),
        FIELD(INFO_TEXT, RolloutInfo, region, "region"),
        FIELD(INFO_KNOWN, RolloutInfo, version_old, "version_old"),
        FIELD(INFO_KNOWN, RolloutInfo, version_new, "version_new"),
        FIELD(INFO_COUNT, RolloutInfo, target_count, "target_count"),
        FIELD(INFO_COUNT, RolloutInfo, wave, "wave"),
        FIELD(INFO_COUNT, RolloutInfo, waves, "waves"),
        FIELD(INFO_COUNT, RolloutInfo, step, "step"),
        FIELD(INFO_COUNT, RolloutInfo, steps, "steps"),
        FIELD(INFO_NUMBER, RolloutInfo, weight_wanted, "weight_wanted"),
        FIELD(INFO_NUMBER, RolloutInfo, weight_actual, "weight_actual"),
        FIELD(INFO_TEXT, RolloutInfo, wait_kind, "wait_kind"),
        FIELD(INFO_TEXT, RolloutInfo, wait, "wait"),
        FIELD(INFO_SPAN, RolloutInfo, left, "left_usec"),
        FIELD(INFO_SPAN, RolloutInfo, total_left, "total_left_usec"),
        FIELD(INFO_KNOWN, RolloutInfo, started, "started_usec"),
        FIELD(INFO_KNOWN, RolloutInfo, ended, "ended_usec"),
        FIELD(INFO_TEXT, RolloutInfo, reason, "reason"),
        FIELD(INFO_TEXT, RolloutInfo, reason_text, "reason_text"),
        FIELD(INFO_NUMBER, RolloutInfo, invocations_new, "invocations_new"),
        FIELD(INFO_NUMBER, RolloutInfo, errors_new, "errors_new"),
        FIELD(INFO_NUMBER, RolloutInfo, invocations_old, "invocations_old"),
        FIELD(INFO_NUMBER, RolloutInfo, errors_old, "errors_old"),
        FIELD(INFO_TEXT, RolloutInfo, error, "error"),
};

const InfoTable *rollout_info_table(void) {
        static const InfoTable table = { ELEMENTSOF(rollout_info_fields), rollout_info_fields };

        return &table;
}

static const InfoField check_info_fields[] = {
        FIELD(INFO_TEXT, CheckInfo, name, "name"),
        FIELD(INFO_TEXT, CheckInfo, kind, "kind"),
        FIELD(INFO_TEXT, CheckInfo, stat, "stat"),
        FIELD(INFO_TEXT, CheckInfo, verdict, "verdict"),
        FIELD(INFO_TEXT, CheckInfo, cause, "cause"),
        FIELD(INFO_NUMBER, CheckInfo, value, "value"),
        FIELD(INFO_NUMBER, CheckInfo, limit, "limit"),
        FIELD(INFO_NUMBER, CheckInfo, samples, "samples"),
        FIELD(INFO_KNOWN, CheckInfo, window_start, "window_start_usec"),
        FIELD(INFO_KNOWN, CheckInfo, window_end, "window_end_usec"),
};

const InfoTable *check_info_table(void) {
        static const InfoTable table = { ELEMENTSOF(check_info_fields), check_info_fields };

        return &table;
}

static const InfoField step_info_fields[] = {
        FIELD(INFO_NUMBER, StepInfo, weight, "weight"),
        FIELD(INFO_SPAN, StepInfo, hold, "hold_usec"),
        FIELD(INFO_COUNT, StepInfo, min_requests, "min_requests"),
};

const InfoTable *step_info_table(void) {
        static const InfoTable table = { ELEMENTSOF(step_info_fields), step_info_fields };

        return &table;
}

const void *info_get(const void *info, const InfoField *field) {
        return (const uint8_t *) info + field->offset;
}

void *info_at(void *info, const InfoField *field) {
        return (uint8_t *) info + field->offset;
}

const char *wait_to_string(Wait w) {
        static const char *const names[] = {
                [WAIT_NOTHING] = "nothing",
                [WAIT_TURN] = "turn",
                [WAIT_AWS] = "aws",
                [WAIT_RETRY] = "retry",
                [WAIT_HOLD] = "hold",
                [WAIT_BAKE] = "bake",
                [WAIT_EVIDENCE] = "evidence",
                [WAIT_REQUESTS] = "requests",
                [WAIT_UPDATE] = "update",
                [WAIT_ACTIVE] = "active",
                [WAIT_LAMBDA] = "lambda",
                [WAIT_SIGHT] = "sight",
                [WAIT_WINDOW] = "window",
        };

        return (size_t) w < ELEMENTSOF(names) ? names[w] : "?";
}

static double percent(uint32_t weight) {
        return (double) weight / WEIGHT_PERCENT;
}

static const char *or_empty(const char *s) {
        return s ? s : "";
}

static void alarm_format(const PlanCheck *rule, const CheckState *check, char ret[static TRACE_TEXT_MAX]) {
        char since[TIME_TEXT_MAX] = "";

        if (check->window_start != 0)
                time_format_rfc3339(check->window_start, since);
        (void) snprintf(ret, TRACE_TEXT_MAX, "alarm \"%.255s\" is in ALARM%s%s", rule->alarm,
                        since[0] != '\0' ? " since " : "", since);
}

/* "error_rate is 8.13 %, limit 5 % (812 requests, 13:40:00-13:41:00 UTC)" */
static void breach_format(const Plan *plan, const RolloutState *state, const TargetState *target,
                char ret[static TRACE_TEXT_MAX]) {
        char value[32], limit[32], from[TIME_TEXT_MAX], until[TIME_TEXT_MAX];
        const CheckState *check;
        const PlanCheck *rule;

        if (state->reason_check >= MIN(plan->n_checks, (uint32_t) PLAN_CHECKS_MAX)) {
                (void) str_copy(ret, TRACE_TEXT_MAX, "a check was crossed");
                return;
        }
        rule = &plan->checks[state->reason_check];
        check = &target->judge.checks[state->reason_check];
        check_value_format(rule, check->value, value);
        check_value_format(rule, rule->max, limit);
        if (rule->kind == CHECK_ALARM) {
                alarm_format(rule, check, ret);
                return;
        }
        time_format_clock(check->window_start, from);
        time_format_clock(check->window_end, until);
        (void) snprintf(ret, TRACE_TEXT_MAX, "%s is %s, limit %s (%.0f requests, %s-%s UTC)", rule->name,
                        value, limit, check->samples, from, until);
}

/* The turning point: the sentence of a finished rollout holds for one that is on its way back, too. */
static void reason_format(const Plan *plan, const RolloutState *state, const TargetState *target,
                char ret[static TRACE_TEXT_MAX]) {
        ret[0] = '\0';
        if (state->reason == REASON_BREACH)
                breach_format(plan, state, target, ret);
        else if (state->reason != REASON_NONE)
                view_format(&(RolloutView){ .wait = WAIT_NOTHING }, state, plan, ret);
}

/* 1-based, with the 100 % as the last one; where a rollout turned around is what people ask for afterwards.
 */
static uint64_t step_shown(const Plan *plan, const RolloutState *state) {
        switch ((Phase) state->phase) {
        case PHASE_QUEUED:
        case PHASE_PREFLIGHT:
        case PHASE_PUBLISHING:
        case PHASE_REJECTED:
                return 0;
        case PHASE_SHIFTING:
        case PHASE_PROMOTING:
        case PHASE_BAKING:
        case PHASE_SUCCEEDED:
                return (uint64_t) MIN(state->step, plan->n_steps) + 1;
        case PHASE_ROLLING_BACK:
        case PHASE_RESTORING:
        case PHASE_ROLLED_BACK:
        case PHASE_RELEASED:
                return (uint64_t) MIN(state->reason_step, plan->n_steps) + 1;
        }
        return 0;
}

size_t rollout_info_ladder(const Plan *plan, StepInfo ret[static PLAN_STEPS_MAX + 1]) {
        size_t n = MIN(plan->n_steps, (uint32_t) PLAN_STEPS_MAX);

        for (size_t i = 0; i < n; i++)
                ret[i] = (StepInfo){
                        .weight = percent(plan->steps[i].weight),
                        .hold = plan->steps[i].hold,
                        .min_requests = plan->steps[i].min_requests,
                };
        ret[n] = (StepInfo){ .weight = 100, .hold = plan->bake };
        return n + 1;
}

/* The target that all the rest is about. */
static uint32_t target_shown(const Plan *plan, const RolloutState *state) {
        uint32_t shown = state->reason != REASON_NONE ? state->reason_target
                                                      : plan_wave(plan, state->wave).first_target;

        return shown < state->n_targets ? shown : 0;
}

/* Of the target that is shown, or of the first that has any. */
static const char *error_of(const RolloutState *state, uint32_t shown) {
        for (uint32_t i = 0; i < state->n_targets && state->targets[shown].error[0] == '\0'; i++)
                if (state->targets[i].error[0] != '\0')
                        return state->targets[i].error;
        return state->targets[shown].error;
}

/* The view's weights are those of the first target. */
static void fill_weights(RolloutInfo *ret, const RolloutState *state, uint32_t shown) {
        const TargetState *t = &state->targets[shown];
        uint32_t actual = route_weight_of(&t->route, t->version_new);

        if (shown == 0)
                return;
        ret->weight_actual = percent(actual);
        ret->weight_wanted = phase_is_live((Phase) state->phase)
                        ? percent(route_weight_of(&t->want, t->version_new))
                        : ret->weight_actual;
}

static void fill_details(RolloutInfo *ret, RolloutInfoSpace *space, const Plan *plan,
                const RolloutState *state, const TargetState *target) {
        ret->n_checks = MIN(plan->n_checks, (uint32_t) PLAN_CHECKS_MAX);
        ret->checks = space->checks;
        for (size_t i = 0; i < ret->n_checks; i++) {
                const PlanCheck *rule = &plan->checks[i];
                const CheckState *check = &target->judge.checks[i];

                space->checks[i] = (CheckInfo){
                        .name = rule->name,
                        .kind = check_kind_to_string(rule->kind),
                        .stat = or_empty(rule->stat),
                        .verdict = verdict_to_string((Verdict) check->verdict),
                        .cause = cause_to_string((Cause) check->cause),
                        .value = check->value,
                        .limit = rule->max,
                        .samples = check->samples,
                        .window_start = check->window_start,
                        .window_end = check->window_end,
                };
        }
        ret->n_ladder = rollout_info_ladder(plan, space->ladder);
        if (state->wave < plan_n_waves(plan))
                space->ladder[ret->n_ladder - 1].hold = plan_wave(plan, state->wave).bake;
        ret->ladder = space->ladder;
}

void rollout_info_fill(RolloutInfo *ret, RolloutInfoSpace *space, const char *id, const char *plan_path,
                const Plan *plan, const RolloutState *state, const RolloutView *view) {
        uint32_t turned = state->reason_target < state->n_targets ? state->reason_target : 0;
        uint32_t shown = target_shown(plan, state);
        const TargetState *target = &state->targets[shown];
        const PlanTarget *planned = &plan->targets[shown];
        const JudgeState *judge = &target->judge;

        for (size_t i = 0; i < PLAN_HASH_SIZE; i++)
                (void) snprintf(space->plan_sha256 + 2 * i, 3, "%02x", state->plan_sha256[i]);
        space->wait[0] = '\0';
        if (view->wait != WAIT_NOTHING)
                view_format(view, state, plan, space->wait);
        reason_format(plan, state, &state->targets[turned], space->reason_text);
        *ret = (RolloutInfo){
                .id = id,
                .name = or_empty(plan->name),
                .plan_path = or_empty(plan_path),
                .plan_sha256 = space->plan_sha256,
                .phase = phase_to_string((Phase) state->phase),
                .function = planned->function,
                .alias = planned->alias,
                .region = or_empty(planned->region),
                .version_old = target->version_old > 0 ? target->version_old : planned->from,
                .version_new = target->version_new > 0 ? target->version_new : planned->to,
                .target_count = plan->n_targets,
                .wave = plan->n_waves > 0 ? (uint64_t) state->wave + 1 : 0,
                .waves = plan->n_waves,
                .step = step_shown(plan, state),
                .steps = (uint64_t) plan->n_steps + 1,
                .weight_wanted = percent(view->weight_wanted),
                .weight_actual = percent(view->weight_actual),
                .wait_kind = wait_to_string(view->wait),
                .wait = space->wait,
                .left = view->left,
                .total_left = view->total_left,
                .started = state->started_wall,
                .ended = state->ended_wall,
                .reason = reason_to_string((Reason) state->reason),
                .reason_text = space->reason_text,
                .invocations_new = judge->seen_new.invocations,
                .errors_new = judge->seen_new.errors,
                .invocations_old = judge->seen_old.invocations,
                .errors_old = judge->seen_old.errors,
                .error = error_of(state, shown),
        };
        fill_weights(ret, state, shown);
        fill_details(ret, space, plan, state, target);
        ret->targets = space->targets;
        ret->n_targets = target_info_fill(space->targets, plan, state);
}
