#include "lib/test.h"

#include "codec/yaml-problem.h"

TEST(something_is_always_said) {
        EXPECT_CONTAINS(yaml_problem_explain(NULL, NULL, '\0'), "not YAML");
        EXPECT_CONTAINS(yaml_problem_explain("words of a later libyaml", NULL, 'x'), "not YAML");
}

TEST(a_tab_is_called_a_tab) {
        EXPECT_CONTAINS(yaml_problem_explain("found character that cannot start any token", NULL, '\t'),
                        "a tab");
        EXPECT_CONTAINS(yaml_problem_explain("found a tab character that violates indentation", NULL, 'x'),
                        "a tab");
        EXPECT_CONTAINS(yaml_problem_explain("found character that cannot start any token", NULL, '@'),
                        "quotes");
}

TEST(the_context_decides_between_like_problems) {
        const char *problem = "did not find expected alphabetic or numeric character";

        EXPECT_CONTAINS(yaml_problem_explain(problem, "while scanning an anchor", ' '), "\"&\"");
        EXPECT_CONTAINS(yaml_problem_explain(problem, "while scanning an alias", ' '), "\"*\"");
        EXPECT_CONTAINS(yaml_problem_explain(problem, "while scanning a directive", ' '), "\"%\"");
}
