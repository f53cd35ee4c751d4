#include "golden.h"

#include "base/alloc.h"

static void expect(const char *lines, const char *words) {
        _cleanup_(freep) char *all = alloc_printf("%s\nhealth: {checks: none}\n", lines);
        _cleanup_(freep) char *found = golden_plan_with(all);

        EXPECT_CONTAINS(found, words);
}

TEST(steps) {
        expect("steps: [{weight: 1%, hold: 1m}, {weight: 2%, hold: 1ms}]",
                        "weight 1 % hold 1m min_requests 0\nweight 2 % ");
        expect("steps: [{weight: 1%, hold: 1m, min_requests: 0}]", "min_requests 0\ntimes bake 0s");
        expect("steps: [{weight: 1%, hold: 1m, min_requests: 1000000000}]", "min_requests 1000000000");
}

TEST(the_last_step_of_100_is_the_promotion) {
        expect("steps: [{weight: 1%, hold: 1m}, {weight: 100%}]",
                        "weight 1 % hold 1m min_requests 0\ntimes bake 0s");
        expect("steps: [{weight: 1%, hold: 1m}, {weight: 100%, hold: 9m}]",
                        "weight 1 % hold 1m min_requests 0\ntimes bake 9m");
        expect("steps: [{weight: 1%, hold: 1m}, {weight: 100%}]\nbake: 9m", "times bake 9m");
        expect("steps: [{weight: 100%, hold: 9m}]\nbake: 0s", "at 100 % the hold is the bake");
        expect("steps: [{weight: 100%, min_requests: 9}]", "has no meaning at 100 %");
        expect("steps: [{weight: 100%}, {weight: 100%}]", "nothing can follow");
}

TEST(order) {
        expect("steps: [{weight: 2%, hold: 1m}, {weight: 1%, hold: 1m}]", "but 1% follows 2 %");
        expect("steps: [{weight: 1.50%, hold: 1m}, {weight: 1.50%, hold: 1m}]", "but 1.50% follows 1.5 %");
        /* One wrong step does not make the next ones wrong. */
        expect("steps: [{weight: 9%, hold: 1m}, {weight: 1%, hold: 1m}, {weight: 9%, hold: 1m}]",
                        "but 9% follows 9 %");
}

TEST(missing) {
        expect("steps: [{weight: 1%}]", "a step needs \"hold\"");
        expect("steps: [{hold: 1m}]", "a step needs \"weight\"");
        expect("steps: [{weight: 1%, hold: }]", "\"hold\" has no value");
        expect("steps: []", "an empty list; for all at once write");
        expect("steps: 10%", "\"steps\" must be a list of steps, found \"10%\"");
        expect("steps: [[1%, 1m]]", "a step must be a map");
}
