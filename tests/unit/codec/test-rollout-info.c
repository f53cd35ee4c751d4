#include "codec/rollout-info.h"

#include <stdlib.h>

#include "base/usec.h"
#include "lib/test.h"

static const PlanTarget target = { .function = "checkout",
        .alias = "live",
        .region = "eu-west-1",
        .from = 41,
        .to = 42 };
static const PlanStep steps[] = {
        { .weight = 500, .hold = 10 * USEC_PER_MINUTE },
        { .weight = 2525, .hold = 20 * USEC_PER_MINUTE, .min_requests = 100 },
};
static const PlanCheck checks[] = {
        { .name = "errors", .kind = CHECK_ERROR_RATE, .max = 0.05, .min_requests = 100 },
        { .name = "slow", .kind = CHECK_DURATION, .max = 800, .min_requests = 1, .stat = "p99" },
};
static const Plan plan = {
        .name = "checkout",
        .targets = &target,
        .n_targets = 1,
        .steps = steps,
        .n_steps = 2,
        .checks = checks,
        .n_checks = 2,
        .bake = 30 * USEC_PER_MINUTE,
        .deadline = PLAN_DEFAULT_DEADLINE,
};

static RolloutState *state_new(Phase phase) {
        RolloutState *st = calloc(1, rollout_state_size(1));

        EXPECT(st);
        rollout_init(st, &plan, 1);
        st->phase = phase;
        st->plan_sha256[0] = 0xab;
        st->plan_sha256[31] = 0x01;
        st->targets[0].version_old = 41;
        st->targets[0].version_new = 42;
        return st;
}

static void fill(RolloutInfo *info, RolloutInfoSpace *space, const RolloutState *st,
                const RolloutView *view) {
        rollout_info_fill(info, space, "checkout@7", "/etc/canaryd/plans/checkout.yaml", &plan, st, view);
}

TEST(a_shifting_one) {
        RolloutState *st = state_new(PHASE_SHIFTING);
        RolloutView view = {
                .wait = WAIT_HOLD, .left = 5, .weight_wanted = 2525, .weight_actual = 500, .total_left = 6
        };
        static RolloutInfoSpace space;
        RolloutInfo info;

        st->step = 1;
        st->started_wall = 1234;
        st->targets[0].judge.seen_new = (Counts){ .invocations = 41, .errors = 1 };
        st->targets[0].judge.seen_old = (Counts){ .invocations = 395, .errors = 4 };
        st->targets[0].judge.checks[1] = (CheckState){ .verdict = VERDICT_UNKNOWN,
                .cause = CAUSE_FEW_SAMPLES,
                .value = 212,
                .samples = 41,
                .window_start = 60,
                .window_end = 120 };
        (void) snprintf(st->targets[0].error, ERROR_TEXT_SIZE, "Rate exceeded");
        fill(&info, &space, st, &view);
        EXPECT_STR(info.id, "checkout@7");
        EXPECT_STR(info.name, "checkout");
        EXPECT_STR(info.plan_sha256, "ab00000000000000000000000000000000000000000000000000000000000001");
        EXPECT_STR(info.phase, "shifting");
        EXPECT_STR(info.region, "eu-west-1");
        EXPECT_INT(info.version_old, 41);
        EXPECT_INT(info.version_new, 42);
        EXPECT_INT(info.step, 2);
        EXPECT_INT(info.steps, 3);
        EXPECT_NEAR(info.weight_wanted, 25.25, 0);
        EXPECT_NEAR(info.weight_actual, 5, 0);
        EXPECT_STR(info.wait_kind, "hold");
        EXPECT(strlen(info.wait) > 0);
        EXPECT_INT(info.left, 5);
        EXPECT_INT(info.total_left, 6);
        EXPECT_INT(info.started, 1234);
        EXPECT_STR(info.reason, "none");
        EXPECT_STR(info.reason_text, "");
        EXPECT_NEAR(info.invocations_new, 41, 0);
        EXPECT_NEAR(info.errors_old, 4, 0);
        EXPECT_STR(info.error, "Rate exceeded");
        EXPECT_INT(info.n_checks, 2);
        EXPECT_STR(info.checks[0].kind, "error_rate");
        EXPECT_STR(info.checks[0].stat, "");
        EXPECT_STR(info.checks[1].stat, "p99");
        EXPECT_STR(info.checks[1].verdict, "unknown");
        EXPECT_STR(info.checks[1].cause, "few-samples");
        EXPECT_NEAR(info.checks[1].limit, 800, 0);
        EXPECT_INT(info.checks[1].window_end, 120);
        EXPECT_INT(info.n_ladder, 3);
        EXPECT_INT(info.ladder[1].min_requests, 100);
        EXPECT_NEAR(info.ladder[2].weight, 100, 0);
        EXPECT_INT(info.ladder[2].hold, 30 * USEC_PER_MINUTE);
        free(st);
}

TEST(a_queued_one_has_not_begun) {
        RolloutState *st = state_new(PHASE_QUEUED);
        RolloutView view = { .wait = WAIT_TURN, .left = USEC_INFINITY };
        static RolloutInfoSpace space;
        RolloutInfo info;

        st->targets[0].version_old = st->targets[0].version_new = 0;
        fill(&info, &space, st, &view);
        EXPECT_INT(info.step, 0);
        EXPECT_INT(info.version_old, 41); /* from the plan, until the alias was read */
        EXPECT_INT(info.version_new, 42);
        EXPECT_STR(info.wait_kind, "turn");
        free(st);
}

TEST(a_breach_names_its_numbers) {
        RolloutState *st = state_new(PHASE_ROLLED_BACK);
        RolloutView view = { .wait = WAIT_NOTHING };
        static RolloutInfoSpace space;
        RolloutInfo info;

        st->reason = REASON_BREACH;
        st->reason_step = 1;
        st->step = 1;
        st->targets[0].judge.checks[0] = (CheckState){
                .verdict = VERDICT_BREACH,
                .value = 0.0813,
                .samples = 812,
                .window_start = (13 * 60 + 40) * USEC_PER_MINUTE,
                .window_end = (13 * 60 + 41) * USEC_PER_MINUTE,
        };
        fill(&info, &space, st, &view);
        EXPECT_STR(info.wait, "");
        EXPECT_STR(info.wait_kind, "nothing");
        EXPECT_INT(info.step, 2);
        EXPECT_STR(info.reason, "breach");
        EXPECT_CONTAINS(info.reason_text, "errors is 8.13 %");
        EXPECT_CONTAINS(info.reason_text, "limit 5 % (812 requests, 13:40:00-13:41:00 UTC)");
        st->reason_check = 99;
        fill(&info, &space, st, &view);
        EXPECT_STR(info.reason_text, "a check was crossed");
        free(st);
}

TEST(an_alarm_that_rang) {
        static const PlanCheck alarm = { .name = "x", .kind = CHECK_ALARM, .alarm = "checkout-5xx" };
        RolloutState *st = state_new(PHASE_ROLLED_BACK);
        RolloutView view = { .wait = WAIT_NOTHING };
        Plan by_alarm = plan;
        static RolloutInfoSpace space;
        RolloutInfo info;

        by_alarm.checks = &alarm;
        by_alarm.n_checks = 1;
        st->reason = REASON_BREACH;
        st->targets[0].judge.checks[0] =
                        (CheckState){ .verdict = VERDICT_BREACH, .window_start = 1768478400 * USEC_PER_SEC };
        rollout_info_fill(&info, &space, "checkout@7", "", &by_alarm, st, &view);
        EXPECT_STR(info.reason_text, "alarm \"checkout-5xx\" is in ALARM since 2026-01-15T12:00:00Z");
        EXPECT_STR(info.checks[0].kind, "alarm");
        free(st);
}

TEST(every_reason_and_phase_has_words) {
        RolloutState *st = state_new(PHASE_REJECTED);
        RolloutView view = { .wait = WAIT_NOTHING };
        static RolloutInfoSpace space;
        RolloutInfo info;

        for (uint32_t reason = 1; reason < REASON_COUNT; reason++) {
                st->reason = reason;
                fill(&info, &space, st, &view);
                EXPECT(strlen(info.reason_text) > 10);
                EXPECT(strcmp(info.reason, "?") != 0);
        }
        for (uint32_t phase = 0; phase < PHASE_COUNT; phase++) {
                st->phase = phase;
                st->step = st->reason_step = 1000; /* beyond the plan: shown as the last one */
                fill(&info, &space, st, &view);
                EXPECT(info.step <= info.steps);
        }
        free(st);
}

TEST(every_wait_has_a_word_of_its_own) {
        for (int a = WAIT_NOTHING; a <= WAIT_WINDOW; a++) {
                EXPECT(strlen(wait_to_string((Wait) a)) > 1);
                for (int b = WAIT_NOTHING; b < a; b++)
                        EXPECT(strcmp(wait_to_string((Wait) a), wait_to_string((Wait) b)) != 0);
        }
        EXPECT_STR(wait_to_string((Wait) 99), "?");
}

static void expect_sound(const InfoTable *table, size_t size) {
        for (size_t i = 0; i < table->n; i++) {
                EXPECT(table->fields[i].offset + 8 <= size);
                for (size_t k = 0; k < i; k++) {
                        EXPECT(strcmp(table->fields[i].name, table->fields[k].name) != 0);
                        EXPECT(table->fields[i].offset != table->fields[k].offset);
                }
        }
}

TEST(tables_name_each_member_once) {
        expect_sound(rollout_info_table(), sizeof(RolloutInfo));
        expect_sound(check_info_table(), sizeof(CheckInfo));
        expect_sound(step_info_table(), sizeof(StepInfo));
        expect_sound(target_info_table(), sizeof(TargetInfo));
        /* All of them, all of RolloutInfo but the three arrays. */
        EXPECT_INT(check_info_table()->n * 8, sizeof(CheckInfo));
        EXPECT_INT(step_info_table()->n * 8, sizeof(StepInfo));
        EXPECT_INT(target_info_table()->n * 8, sizeof(TargetInfo));
        EXPECT_INT(rollout_info_table()->n * 8 + 48, sizeof(RolloutInfo));
}

TEST(access_by_table) {
        RolloutInfo info = { .id = "x" };

        EXPECT(info_get(&info, &rollout_info_table()->fields[0]) == (const void *) &info.id);
        EXPECT(info_at(&info, &rollout_info_table()->fields[1]) == (void *) &info.name);
}

TEST(a_ladder_as_long_as_can_be) {
        static PlanStep many[PLAN_STEPS_MAX + 1];
        StepInfo ladder[PLAN_STEPS_MAX + 1];
        Plan long_plan = { .steps = many, .n_steps = PLAN_STEPS_MAX, .bake = 7 };

        EXPECT_INT(rollout_info_ladder(&long_plan, ladder), PLAN_STEPS_MAX + 1);
        EXPECT_INT(ladder[PLAN_STEPS_MAX].hold, 7);
        long_plan.n_steps = PLAN_STEPS_MAX + 1;
        EXPECT_INT(rollout_info_ladder(&long_plan, ladder), PLAN_STEPS_MAX + 1);
        long_plan.n_steps = 0;
        EXPECT_INT(rollout_info_ladder(&long_plan, ladder), 1);
}

/* A group: what is shown is that of the present wave, and in the end that of the one that turned it around.
 */
TEST(the_target_that_matters) {
        static const PlanTarget targets[] = {
                { .function = "a", .alias = "live", .region = "eu-west-1", .to = 42 },
                { .function = "b", .alias = "live", .region = "us-east-1", .to = 17 },
                { .function = "c", .alias = "live", .region = "us-east-1", .to = 5 },
        };
        static const PlanWave waves[] = {
                { .name = "first", .first_target = 0, .n_targets = 1, .bake = USEC_PER_HOUR },
                { .name = "rest", .first_target = 1, .n_targets = 2, .bake = USEC_PER_MINUTE },
        };
        Plan group = plan;
        RolloutState *st = calloc(1, rollout_state_size(3));
        RolloutView view = { .wait = WAIT_HOLD, .weight_wanted = WEIGHT_FULL, .weight_actual = WEIGHT_FULL };
        static RolloutInfoSpace space; /* too much for the stack of an instrumented build */
        RolloutInfo info;

        EXPECT(st);
        group.targets = targets;
        group.n_targets = 3;
        group.waves = waves;
        group.n_waves = 2;
        rollout_init(st, &group, 1);
        st->phase = PHASE_SHIFTING;
        st->wave = 1;
        st->targets[1].version_new = 17;
        st->targets[1].want = st->targets[1].route = (Route){ .primary = 16, .extra = 17, .weight = 500 };
        (void) snprintf(st->targets[2].error, sizeof(st->targets[2].error), "Rate exceeded");
        rollout_info_fill(&info, &space, "fleet@1", "/p", &group, st, &view);
        EXPECT_STR(info.function, "b");
        EXPECT_INT((int) info.weight_wanted, 5);
        EXPECT_INT((int) info.weight_actual, 5);
        EXPECT_STR(info.error, "Rate exceeded");
        EXPECT_INT(info.ladder[info.n_ladder - 1].hold, USEC_PER_MINUTE);
        EXPECT_INT(info.target_count, 3);
        st->reason = REASON_BREACH;
        st->reason_target = 2;
        st->targets[2].version_new = 5;
        rollout_info_fill(&info, &space, "fleet@1", "/p", &group, st, &view);
        EXPECT_STR(info.function, "c");
        EXPECT_INT(info.version_new, 5);
        st->reason_target = 99;
        rollout_info_fill(&info, &space, "fleet@1", "/p", &group, st, &view);
        EXPECT_STR(info.function, "a");
        free(st);
}
