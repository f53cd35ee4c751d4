#include "core/plan.h"

#include "base/usec.h"
#include "unit/core/drive.h"

static void expect_fault(Drive *d, PlanFault expected, uint32_t at) {
        uint32_t index = 77;

        EXPECT_INT(plan_check(&d->plan, &index), expected);
        EXPECT_INT(index, at);
}

TEST(a_good_plan) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        expect_fault(d, PLAN_OK, 77);
        EXPECT_INT(plan_shortest(&d->plan), 25 * USEC_PER_MINUTE);
}

TEST(targets) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->target.to = 41;
        expect_fault(d, PLAN_SAME_VERSION, 0);
        d->target.to = 0;
        expect_fault(d, PLAN_NO_VERSION, 0);
        d->plan.n_targets = 0;
        expect_fault(d, PLAN_NO_TARGET, 0);
        d->plan.n_targets = PLAN_TARGETS_MAX + 1;
        expect_fault(d, PLAN_TOO_MANY, 0);
}

TEST(waves) {
        static const PlanWave whole[] = { { .name = "all", .n_targets = 1, .bake = USEC_PER_HOUR } };
        static const PlanWave empty[] = { { .name = "none" }, { .name = "all", .n_targets = 1 } };
        static const PlanWave late[] = { { .name = "all", .first_target = 1, .n_targets = 1 } };
        static const PlanWave many[] = { { .name = "all", .n_targets = 2 } };
        _cleanup_(drive_freep) Drive *d = drive_new();

        EXPECT_INT(plan_n_waves(&d->plan), 1);
        EXPECT_INT(plan_wave(&d->plan, 0).n_targets, 1);
        d->plan.n_waves = 1;
        d->plan.waves = whole;
        expect_fault(d, PLAN_OK, 77);
        EXPECT_INT(plan_shortest(&d->plan), 25 * USEC_PER_MINUTE - d->plan.bake + USEC_PER_HOUR);
        d->plan.waves = late;
        expect_fault(d, PLAN_WAVE, 0);
        d->plan.waves = many;
        expect_fault(d, PLAN_WAVE, 0);
        d->plan.waves = empty;
        d->plan.n_waves = 2;
        expect_fault(d, PLAN_WAVE, 0);
        d->plan.n_waves = PLAN_WAVES_MAX + 1;
        expect_fault(d, PLAN_TOO_MANY, 0);
}

TEST(something_to_shift_to) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->target.publish.kind = PUBLISH_LATEST;
        expect_fault(d, PLAN_NO_VERSION, 0);
        d->target.to = 0;
        expect_fault(d, PLAN_OK, 77);
}

TEST(steps) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->steps[1].weight = 500;
        expect_fault(d, PLAN_WEIGHT_ORDER, 1);
        d->steps[1].weight = WEIGHT_FULL;
        expect_fault(d, PLAN_WEIGHT_RANGE, 1);
        d->steps[0].weight = 0;
        expect_fault(d, PLAN_WEIGHT_RANGE, 0);
        d->plan.n_steps = PLAN_STEPS_MAX + 1;
        expect_fault(d, PLAN_TOO_MANY, 0);
}

TEST(checks) {
        static const double bad[] = { -0.1, 1.01, INFINITY, NAN };
        _cleanup_(drive_freep) Drive *d = drive_new();

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                d->checks[0].max = bad[i];
                expect_fault(d, PLAN_CHECK_LIMIT, 0);
        }
        d->checks[0].max = 1;
        expect_fault(d, PLAN_OK, 77);
        d->checks[0].kind = CHECK_DURATION;
        d->checks[0].max = 800;
        expect_fault(d, PLAN_OK, 77);
        d->plan.n_checks = 0;
        expect_fault(d, PLAN_CHECKS_MISSING, 0);
        d->plan.checks_none = true;
        expect_fault(d, PLAN_OK, 77);
}

TEST(times) {
        static const usec_t good[] = { 1, 5, 10, 30, 60, 300, 86400 }, bad[] = { 0, 2, 45, 90, 86460 };
        _cleanup_(drive_freep) Drive *d = drive_new();

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                d->plan.period = good[i] * USEC_PER_SEC;
                expect_fault(d, PLAN_OK, 77);
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                d->plan.period = bad[i] * USEC_PER_SEC;
                expect_fault(d, PLAN_PERIOD, 77);
        }
        d->plan.period = USEC_PER_SEC;
        d->plan.settled_after = METRIC_ROWS_MAX / 2 * USEC_PER_SEC;
        expect_fault(d, PLAN_OK, 77);
        d->plan.settled_after += USEC_PER_SEC;
        expect_fault(d, PLAN_SETTLED, 77);
        d->plan.settled_after = 0;
        d->plan.every = USEC_PER_SEC - 1;
        expect_fault(d, PLAN_EVERY, 77);
        d->plan.every = USEC_PER_HOUR + 1;
        expect_fault(d, PLAN_EVERY, 77);
        d->plan.every = USEC_PER_HOUR;
        d->plan.deadline = plan_shortest(&d->plan) - 1;
        expect_fault(d, PLAN_DEADLINE, 77);
        d->steps[0].hold = USEC_INFINITY;
        EXPECT(plan_shortest(&d->plan) == USEC_INFINITY);
}

TEST(an_alarm_has_a_name_and_nothing_else_has) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->checks[0].alarm = "checkout-5xx";
        expect_fault(d, PLAN_CHECK_ALARM, 0);
        d->checks[0].kind = CHECK_ALARM;
        d->checks[0].max = 0;
        expect_fault(d, PLAN_OK, 77);
        d->checks[0].alarm = NULL;
        expect_fault(d, PLAN_CHECK_ALARM, 0);
}

TEST(what_is_read) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        EXPECT(plan_reads_metrics(&d->plan) && !plan_reads_alarms(&d->plan));
        d->checks[0].kind = CHECK_ALARM;
        EXPECT(!plan_reads_metrics(&d->plan) && plan_reads_alarms(&d->plan));
        d->steps[1].min_requests = 1;
        EXPECT(plan_reads_metrics(&d->plan) && plan_reads_alarms(&d->plan));
        d->plan.n_checks = 0; /* time alone decides */
        EXPECT(!plan_reads_metrics(&d->plan) && !plan_reads_alarms(&d->plan));
}

TEST(a_place_is_account_region_function_and_alias) {
        static const PlanTarget targets[] = {
                { .function = "f", .alias = "a", .region = "eu-west-1" },
                { .function = "f", .alias = "a", .region = "eu-west-2" },
                { .function = "f", .alias = "b", .region = "eu-west-1" },
                { .function = "g", .alias = "a", .region = "eu-west-1" },
                { .function = "f", .alias = "a" },
                { .function = "f",
                                .alias = "a",
                                .region = "eu-west-1",
                                .role_arn = "arn:aws:iam::1:role/x" },
                { .function = "f",
                                .alias = "a",
                                .region = "eu-west-1",
                                .role_arn = "arn:aws:iam::2:role/x" },
                { .function = "arn:aws:lambda:eu-west-1:1:function:f", .alias = "a", .region = "eu-west-1" },
        };
        PlanTarget renamed = targets[5];

        for (size_t i = 0; i < ELEMENTSOF(targets); i++) {
                EXPECT(plan_target_place(&targets[i]) != 0);
                for (size_t j = 0; j < i; j++)
                        EXPECT(plan_target_place(&targets[i]) != plan_target_place(&targets[j]));
        }
        /* Another role of the same account leads to the same alias. */
        renamed.role_arn = "arn:aws:iam::1:role/y";
        EXPECT(plan_target_place(&renamed) == plan_target_place(&targets[5]));
}

TEST(the_account_of_a_target) {
        static const struct {
                const char *function, *role, *account;
        } cases[] = {
                { "checkout", NULL, "" },
                { "123456789012:function:checkout", NULL, "123456789012" },
                { "arn:aws:lambda:eu-west-1:123456789012:function:checkout", "arn:aws:iam::2:role/x",
                                "123456789012" },
                { "checkout", "arn:aws:iam::2:role/x", "2" },
                { "checkout", "nonsense", "" },
                { "arn:aws:lambda", "arn:aws:iam::2:role/x", "2" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const PlanTarget target = { .function = cases[i].function, .role_arn = cases[i].role };
                size_t n = 99;
                const char *account = plan_target_account(&target, &n);

                EXPECT_INT(n, strlen(cases[i].account));
                EXPECT(memcmp(account, cases[i].account, n) == 0);
        }
}

TEST(targets_that_are_the_same) {
        static const char arn[] = "arn:aws:lambda:eu-west-1:123456789012:function:f";
        static const char role[] = "arn:aws:iam::123456789012:role/r";
        const PlanTarget name = { .function = "f", .alias = "a" };
        PlanTarget other = name;

        EXPECT(plan_target_same(&name, &other));
        other.alias = "b";
        EXPECT(!plan_target_same(&name, &other));
        other = (PlanTarget){ .function = "g", .alias = "a" };
        EXPECT(!plan_target_same(&name, &other));
        /* Left open on one side only: nobody knows yet. */
        other = (PlanTarget){ .function = "f", .alias = "a", .region = "eu-west-1" };
        EXPECT(!plan_target_same(&name, &other));
        other = (PlanTarget){ .function = "f", .alias = "a", .role_arn = role };
        EXPECT(!plan_target_same(&name, &other));
        /* The same account by ARN and by role. */
        other = (PlanTarget){ .function = arn, .alias = "a", .region = "eu-west-1" };
        EXPECT(plan_target_same(&other,
                        &(PlanTarget){ .function = "f",
                                        .alias = "a",
                                        .region = "eu-west-1",
                                        .role_arn = role }));
        EXPECT(!plan_target_same(&other,
                        &(PlanTarget){ .function = "f",
                                        .alias = "a",
                                        .region = "us-east-1",
                                        .role_arn = role }));
}

TEST(targets_twice) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        PlanTarget both[2] = { d->target, d->target };

        d->plan.targets = both;
        d->plan.n_targets = 2;
        expect_fault(d, PLAN_DUPLICATE, 1);
        both[1].alias = "another";
        expect_fault(d, PLAN_OK, 77);
}

TEST(an_alias_is_created_on_something) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->target.create_alias = true;
        d->target.from = 0;
        expect_fault(d, PLAN_CREATE_ALIAS, 0);
        d->target.from = 41;
        expect_fault(d, PLAN_OK, 77);
}

TEST(window) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->plan.window = (PlanWindow){ .days = 1, .from = 1439, .until = 1439, .n_offsets = 1 };
        expect_fault(d, PLAN_OK, 77);
        d->plan.window.from = 1440;
        expect_fault(d, PLAN_WINDOW, 77);
        d->plan.window = (PlanWindow){ .days = 1, .until = 1440, .n_offsets = 1 };
        expect_fault(d, PLAN_WINDOW, 77);
        d->plan.window = (PlanWindow){ .days = 0x80, .n_offsets = 1 };
        expect_fault(d, PLAN_WINDOW, 77);
        d->plan.window = (PlanWindow){ .days = 1 };
        expect_fault(d, PLAN_WINDOW, 77);
        d->plan.window = (PlanWindow){ .days = 1, .n_offsets = WINDOW_OFFSETS_MAX + 1 };
        expect_fault(d, PLAN_WINDOW, 77);
}
