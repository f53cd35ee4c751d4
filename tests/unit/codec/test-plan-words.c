#include "golden.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/str.h"
#include "codec/plan-internal.h"

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

#define MANUAL "config/man/canaryd.plan.5"
#define MANUAL_MAX (128u * 1024)

/* "\"health\"" -> "\n.Ss Health\n" */
static char *title_of(const MapRule *rule) {
        const char *what = rule->what[0] == '"' ? rule->what + 1 : rule->what;
        char *title = alloc_printf("\n.Ss %.*s\n", (int) strcspn(what, "\""), what);

        EXPECT(title);
        title[strlen("\n.Ss ")] = (char) toupper((unsigned char) what[0]);
        return title;
}

static const KeyRule *key_of(const MapRule *rule, const char *name, size_t n) {
        for (size_t i = 0; i < rule->n_keys; i++)
                if (strlen(rule->keys[i].name) == n && strncmp(rule->keys[i].name, name, n) == 0)
                        return &rule->keys[i];
        return NULL;
}

/* Each map of the language is a section of the manual, with just the keys that the parser takes there, in
 * the parser's order. */
static void check_section(const char *manual, const MapRule *rule) {
        static const char item[] = "\n.It Ic ";
        _cleanup_(freep) char *title = title_of(rule);
        const char *at = strstr(manual, title), *end, *after;
        size_t next = 0;

        if (!at)
                FAIL(MANUAL " has no section%s", title);
        at += strlen(title) - 1;
        end = strstr(at, "\n.Sh ");
        after = strstr(at, "\n.Ss ");
        EXPECT(end);
        if (after && after < end)
                end = after;
        for (; (at = strstr(at, item)) && at < end; next++) {
                size_t n = strcspn(at += strlen(item), "\n");
                const KeyRule *key = key_of(rule, at, n);

                if (!key || key->unsupported)
                        FAIL(MANUAL " has \"%.*s\" %s, where the parser does not take it", (int) n, at,
                                        rule->place);
                if (next < rule->n_keys && key != &rule->keys[next])
                        FAIL(MANUAL " wants \"%s\" %s, but has \"%s\"", rule->keys[next].name, rule->place,
                                        key->name);
        }
        if (next < rule->n_keys && !rule->keys[next].unsupported)
                FAIL(MANUAL " has no \"%s\" %s", rule->keys[next].name, rule->place);
}

TEST(the_manual_has_just_these_words) {
        _cleanup_(freep) char *path = alloc_printf("%s/%s", getenv("SOURCE_ROOT"), MANUAL);
        _cleanup_(freep) char *manual = NULL;
        size_t n = 0, size;

        EXPECT(path);
        EXPECT_OK(fs_read(AT_FDCWD, path, true, MANUAL_MAX, &manual, &size, NULL));
        for (const char *at = manual; (at = strstr(at, "\n.Ss ")); at++)
                n++;
        for (size_t i = 0; plan_rules[i]; i++, n--)
                check_section(manual, plan_rules[i]);
        EXPECT_INT(n, 1); /* "Values" */
}
