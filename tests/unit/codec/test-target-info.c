#include "base/alloc.h"
#include "codec/rollout-info.h"
#include "lib/test.h"

static const PlanTarget targets[] = {
        { .function = "checkout", .alias = "live", .region = "eu-west-1", .from = 41, .to = 42 },
        { .function = "mailer", .alias = "live", .from = 7, .to = 8 },
};
static const PlanWave waves[] = {
        { .name = "first", .n_targets = 1 },
        { .name = "second", .first_target = 1, .n_targets = 1 },
};
static const PlanCheck check = { .name = "errors", .max = 0.05, .min_requests = 1 };

static Plan plan_of(uint32_t n) {
        return (Plan){ .targets = targets, .n_targets = n, .checks = &check, .n_checks = 1 };
}

static RolloutState *state_of(const Plan *plan) {
        RolloutState *state = alloc_zero(rollout_state_size(plan->n_targets));

        EXPECT(state);
        rollout_init(state, plan, 1);
        return state;
}

TEST(one_target_needs_no_list) {
        Plan plan = plan_of(1);
        _cleanup_(freep) RolloutState *state = state_of(&plan);
        TargetInfo info[PLAN_TARGETS_MAX];

        EXPECT_INT(target_info_fill(info, &plan, state), 0);
}

TEST(each_target_says_where_it_is) {
        Plan plan = plan_of(2);
        _cleanup_(freep) RolloutState *state = state_of(&plan);
        TargetInfo info[PLAN_TARGETS_MAX];
        TargetState *t = &state->targets[0];

        plan.waves = waves;
        plan.n_waves = 2;
        state->phase = PHASE_SHIFTING;
        t->route = (Route){ .primary = 41, .extra = 42, .weight = 500 };
        t->want = (Route){ .primary = 41, .extra = 42, .weight = 2500 };
        t->judge.exposed_since = 1;
        t->judge.checks[0].verdict = VERDICT_BREACH;
        t->judge.seen_new = (Counts){ 100, 7 };
        state->targets[1].judge.checks[0].cause = CAUSE_NOT_READ;
        EXPECT_INT(target_info_fill(info, &plan, state), 2);
        EXPECT_STR(info[0].region, "eu-west-1");
        EXPECT_STR(info[0].wave, "first");
        EXPECT_NEAR(info[0].weight_actual, 5, 1e-9);
        EXPECT_NEAR(info[0].weight_wanted, 25, 1e-9);
        EXPECT_STR(info[0].verdict, "breach");
        EXPECT_STR(info[0].check, "errors");
        EXPECT_NEAR(info[0].errors_new, 7, 1e-9);
        EXPECT_STR(info[1].function, "mailer");
        EXPECT_STR(info[1].region, "");
        EXPECT_STR(info[1].wave, "second");
        EXPECT_INT(info[1].version_new, 8);
        EXPECT_NEAR(info[1].weight_actual, 0, 1e-9);
        EXPECT_STR(info[1].verdict, "unknown");
        t->judge.checks[0].verdict = VERDICT_HEALTHY;
        EXPECT_INT(target_info_fill(info, &plan, state), 2);
        EXPECT_STR(info[0].verdict, "healthy");
        EXPECT_STR(info[0].check, "");
}
