#include "base/macro.h"
#include "codec/rollout-info.h"
#include "core/judge.h"

#define FIELD(type_, member) \
        { .name = #member, .type = (type_), .offset = offsetof(TargetInfo, member) }

static const InfoField fields[] = {
        FIELD(INFO_TEXT, function),
        FIELD(INFO_TEXT, alias),
        FIELD(INFO_TEXT, region),
        FIELD(INFO_TEXT, wave),
        FIELD(INFO_KNOWN, version_old),
        FIELD(INFO_KNOWN, version_new),
        FIELD(INFO_NUMBER, weight_wanted),
        FIELD(INFO_NUMBER, weight_actual),
        FIELD(INFO_TEXT, verdict),
        FIELD(INFO_TEXT, check),
        FIELD(INFO_TEXT, cause),
        FIELD(INFO_NUMBER, invocations_new),
        FIELD(INFO_NUMBER, errors_new),
        FIELD(INFO_NUMBER, invocations_old),
        FIELD(INFO_NUMBER, errors_old),
        FIELD(INFO_TEXT, error),
};

const InfoTable *target_info_table(void) {
        static const InfoTable table = { ELEMENTSOF(fields), fields };

        return &table;
}

static const char *or_empty(const char *s) {
        return s ? s : "";
}

static double percent_of(const Route *route, uint64_t version) {
        uint32_t weight = route->extra == version                   ? route->weight
                        : route->primary == version && version != 0 ? WEIGHT_FULL - route->weight
                                                                    : 0;

        return (double) weight / WEIGHT_PERCENT;
}

static void fill_verdict(TargetInfo *ret, const Plan *plan, const JudgeState *judge) {
        uint32_t check = 0;
        Verdict verdict = VERDICT_UNKNOWN;

        ret->check = "";
        ret->cause = cause_to_string(CAUSE_NONE);
        if (judge_breached(judge, plan, &check))
                verdict = VERDICT_BREACH;
        else if (judge->exposed_since != 0 && judge_healthy(judge, plan, &check))
                verdict = VERDICT_HEALTHY;
        ret->verdict = verdict_to_string(verdict);
        if (verdict == VERDICT_HEALTHY || check >= plan->n_checks)
                return;
        ret->check = plan->checks[check].name;
        ret->cause = cause_to_string((Cause) judge->checks[check].cause);
}

static void fill_one(TargetInfo *ret, const Plan *plan, const RolloutState *state, uint32_t i) {
        const PlanTarget *planned = &plan->targets[i];
        const TargetState *t = &state->targets[i];
        const JudgeState *judge = &t->judge;

        *ret = (TargetInfo){
                .function = planned->function,
                .alias = planned->alias,
                .region = or_empty(planned->region),
                .wave = plan->n_waves > 0 ? or_empty(plan->waves[plan_wave_of(plan, i)].name) : "",
                .version_old = t->version_old > 0 ? t->version_old : planned->from,
                .version_new = t->version_new > 0 ? t->version_new : planned->to,
                .weight_actual = percent_of(&t->route, t->version_new),
                .weight_wanted = percent_of(
                                phase_is_live((Phase) state->phase) ? &t->want : &t->route, t->version_new),
                .invocations_new = judge->seen_new.invocations,
                .errors_new = judge->seen_new.errors,
                .invocations_old = judge->seen_old.invocations,
                .errors_old = judge->seen_old.errors,
                .error = t->error,
        };
        fill_verdict(ret, plan, judge);
}

size_t target_info_fill(
                TargetInfo ret[static PLAN_TARGETS_MAX], const Plan *plan, const RolloutState *state) {
        size_t n = MIN(state->n_targets, (uint32_t) PLAN_TARGETS_MAX);

        if (n < 2)
                return 0;
        for (uint32_t i = 0; i < n; i++)
                fill_one(&ret[i], plan, state, i);
        return n;
}
