#include "golden.h"

#include "base/alloc.h"
#include "base/str.h"

/* No word of the language is ignored, and none of the ones to come is called unknown. */
static void expect_refused(const char *lines, const char *word) {
        _cleanup_(freep) char *found = golden_plan_with(lines);
        _cleanup_(freep) char *words =
                        alloc_printf("error: \"%s\" is not supported by this version of canaryd; ", word);

        EXPECT_CONTAINS(found, words);
        EXPECT(!strstr(found, "unknown key"));
}

TEST(words_at_the_top) {
        static const char *const words[] = { "fix_forward", "revert_for" };

        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                _cleanup_(freep) char *lines = alloc_printf(
                                "%s: 1\nsteps: [{weight: 1%%, hold: 1m}]\nhealth: {checks: none}\n",
                                words[i]);

                expect_refused(lines, words[i]);
        }
}

TEST(words_of_health) {
        static const char *const words[] = { "hold_at_most", "when_unsure", "regression" };

        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                _cleanup_(freep) char *lines = alloc_printf(
                                "steps: [{weight: 1%%, hold: 1m}]\nhealth: {checks: none, %s: off}\n",
                                words[i]);

                expect_refused(lines, words[i]);
        }
}

TEST(words_of_a_check) {
        static const char *const words[] = { "expression", "inputs", "min", "breaches", "observe",
                "unknown" };

        for (size_t i = 0; i < ELEMENTSOF(words); i++) {
                _cleanup_(freep) char *lines =
                                alloc_printf("steps: [{weight: 1%%, hold: 1m}]\n"
                                             "health: {checks: [{metric: errors, max: 1, %s: x}]}\n",
                                                words[i]);

                expect_refused(lines, words[i]);
        }
}

TEST(words_of_a_step) {
        expect_refused("steps: [{weight: 1%, hold: 1m, approve: true}]\nhealth: {checks: none}\n",
                        "approve");
}

/* Written in the wrong place, a word is sent to the right one. */
TEST(lost_words) {
        _cleanup_(freep) char *found = golden_plan_with(
                        "every: 1s\nmetric: x\nweight: 1%\nsteps: [{weight: 1%, hold: 1m, bake: 1m}]\n"
                        "health: {checks: none, deadline: 1h}\n");

        EXPECT_CONTAINS(found, "key \"every\" belongs under \"health\", not at the top of the plan");
        EXPECT_CONTAINS(found, "key \"metric\" belongs in a check, not at the top of the plan");
        EXPECT_CONTAINS(found, "key \"weight\" belongs in a step, not at the top of the plan");
        EXPECT_CONTAINS(found, "key \"bake\" belongs at the top of the plan, not in a step");
        EXPECT_CONTAINS(found, "key \"deadline\" belongs at the top of the plan, not under \"health\"");
}
