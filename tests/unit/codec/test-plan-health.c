#include "golden.h"

#include "base/alloc.h"

static void expect(const char *health, const char *words) {
        _cleanup_(freep) char *all =
                        alloc_printf("steps: [{weight: 1%%, hold: 1m}]\nhealth: {%s}\n", health);
        _cleanup_(freep) char *found = golden_plan_with(all);

        EXPECT_CONTAINS(found, words);
}

TEST(defaults) {
        expect("checks: none", "every 30s period 1m settled_after 3m max_blind 10m\nchecks none\n");
}

TEST(every_at_its_limits) {
        expect("every: 1s, checks: none", "every 1s");
        expect("every: 1h, max_blind: 1h, checks: none", "every 1h");
        expect("every: 999ms, checks: none", "less than the minimum of 1s");
        expect("every: 3601s, max_blind: 2h, checks: none", "more than the maximum of 1h");
}

TEST(periods) {
        static const char *const good[] = { "1s", "5s", "10s", "30s", "1m", "60s", "2m", "1h", "1d" };
        static const char *const bad[] = { "2s", "15s", "45s", "90s", "1m1s", "500ms", "0s", "2d", "25h" };

        for (size_t i = 0; i < ELEMENTSOF(good); i++) {
                _cleanup_(freep) char *health = alloc_printf("period: %s, checks: none", good[i]);

                expect(health, "checks none");
        }
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(freep) char *health = alloc_printf("period: %s, checks: none", bad[i]);

                expect(health, ": error: \"period\"");
        }
}

/* The rule of plan-yaml.h. */
TEST(settled_after_auto) {
        expect("period: 1s, settled_after: auto, checks: none", "settled_after 3m");
        expect("period: 5s, checks: none", "settled_after 3m");
        expect("period: 30s, checks: none", "settled_after 3m");
        expect("period: 1m, settled_after: auto, checks: none", "settled_after 3m");
        expect("period: 2m, checks: none", "settled_after 6m");
}

TEST(settled_after_at_its_limit) {
        expect("period: 1s, settled_after: 5040s, checks: none", "settled_after 1h24m");
        expect("period: 1s, settled_after: 5041s, checks: none", "more than 1h24m, which is 5040 buckets");
        expect("settled_after: later, checks: none", "the word auto, or a duration");
        expect("settled_after: [auto], checks: none", "found a list");
}

TEST(blindness) {
        expect("every: 30s, max_blind: 30s, checks: none", "max_blind 30s");
        expect("every: 30s, max_blind: 29s, checks: none",
                        "\"max_blind\" (29s) is shorter than \"every\" (30s)");
        expect("every: 11m, checks: none", "\"max_blind\" (10m) is shorter than \"every\" (11m)");
}

TEST(checks_or_none) {
        expect("checks: [{metric: errors, max: 1}]", "check errors: errors > 1 ");
        expect("checks: none", "checks none");
        expect("checks: None", "must be a list of checks, or the word none, found \"None\"");
        expect("checks: []", "found an empty list");
        expect("checks: {metric: errors}", "found a map");
        expect("every: 5s", "\"health\" needs \"checks\"");
}
