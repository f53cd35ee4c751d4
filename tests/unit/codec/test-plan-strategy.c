#include "golden.h"

#include "base/alloc.h"
#include "base/str.h"

static char *read_strategy(const char *strategy) {
        _cleanup_(freep) char *lines =
                        alloc_printf("strategy: %s\ndeadline: 100d\nhealth: {checks: none}\n", strategy);

        EXPECT(lines);
        return golden_plan_with(lines);
}

static void expect(const char *strategy, const char *words) {
        _cleanup_(freep) char *found = read_strategy(strategy);

        EXPECT_CONTAINS(found, words);
}

/* The same steps as those that are written out. */
static void expect_like(const char *strategy, const char *steps) {
        _cleanup_(freep) char *lines = alloc_printf(
                        "steps: [%s{weight: 100%%}]\ndeadline: 100d\nhealth: {checks: none}\n", steps);
        _cleanup_(freep) char *wanted = golden_plan_with(lines), *found = read_strategy(strategy);

        EXPECT_STR(found, wanted);
}

#define STEP(weight, hold) "{weight: " #weight "%, hold: " #hold "}, "
#define TENS(hold)     \
        STEP(10, hold) \
        STEP(20, hold) \
        STEP(30, hold) \
        STEP(40, hold) STEP(50, hold) STEP(60, hold) STEP(70, hold) STEP(80, hold) STEP(90, hold)

TEST(names) {
        expect_like("all-at-once", "");
        expect_like("linear-10-every-1m", TENS(1m));
        expect_like("linear-50-every-1h30m", STEP(50, 1h30m));
        expect_like("linear-99-every-1ms", STEP(99, 1ms));
        expect_like("canary-1-for-1d", STEP(1, 1d));
        expect_like("canary-010-for-5m", STEP(10, 5m));
}

TEST(names_of_codedeploy) {
        expect_like("AllAtOnce", "");
        expect_like("CodeDeployDefault.LambdaAllAtOnce", "");
        expect_like("Canary10Percent5Minutes", STEP(10, 5m));
        expect_like("Canary10Percent10Minutes", STEP(10, 10m));
        expect_like("Canary10Percent15Minutes", STEP(10, 15m));
        expect_like("CodeDeployDefault.LambdaCanary10Percent30Minutes", STEP(10, 30m));
        expect_like("CodeDeployDefault.LambdaLinear10PercentEvery1Minute", TENS(1m));
        expect_like("Linear10PercentEvery2Minutes", TENS(2m));
        expect_like("Linear10PercentEvery3Minutes", TENS(3m));
        expect_like("Linear10PercentEvery10Minutes", TENS(10m));
        expect("CodeDeployDefault.ECSAllAtOnce", "\"strategy\" must be one of");
        expect("CodeDeployDefault.Lambda", "\"strategy\" must be one of");
}

TEST(maps) {
        expect_like("{linear: {by: 0.3, every: 1m}}", STEP(30, 1m) STEP(60, 1m) STEP(90, 1m));
        expect_like("{canary: {weight: 5%, for: 2m}}", STEP(5, 2m));
        expect_like("{exponential: {from: 10%, factor: 3, every: 1m}}",
                        STEP(10, 1m) STEP(30, 1m) STEP(90, 1m));
        expect_like("{exponential: {from: 1%, factor: 100, every: 1m}}", STEP(1, 1m));
        expect_like("{exponential: {from: 97%, factor: 1.01, every: 1m}}",
                        STEP(97, 1m) STEP(98, 1m) STEP(99, 1m));
}

TEST(limits) {
        expect("{linear: {by: 0.99%, every: 1m}}", "more than 100 steps");
        expect("{linear: {by: 1%, every: 1m}}", "weight 99 % hold 1m");
        expect("{exponential: {from: 1%, factor: 1.00, every: 1m}}", "more than 1 and at most 100");
        expect("{exponential: {from: 1%, factor: 100.01, every: 1m}}", "more than 1 and at most 100");
        expect("{exponential: {from: 1%, factor: 1.01, every: 1m}}", "weight 99 % hold 1m");
        expect("linear-0-every-1m", "from 1 to 99");
        expect("linear-100-every-1m", "from 1 to 99");
        expect("linear--every-1m", "from 1 to 99");
        expect("linear-4294967306-every-1m", "from 1 to 99");
        expect("canary-5-for-0s", "from 1 to 99");
        expect("canary-5-every-1m", "canary-SHARE-for-TIME");
}
