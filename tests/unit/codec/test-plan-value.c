#include "lib/test.h"

#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"
#include "codec/plan-value.h"

typedef struct Value {
        YamlTree *tree;
        const YamlNode *node;
        DiagList diags;
} Value;

/* The value of "key" as a plan would give it. */
static void value_init(Value *v, const char *text) {
        _cleanup_(freep) char *doc = alloc_printf("key: %s\n", text);

        *v = (Value){ 0 };
        EXPECT_OK(yaml_tree_parse(doc, strlen(doc), 1024, &v->diags, &v->tree));
        v->node = yaml_tree_root(v->tree)->first;
}

static void value_done(Value *v) {
        (void) yaml_tree_free(v->tree);
}

static void expect_said(const Value *v, const char *words) {
        EXPECT_INT(v->diags.n, 1);
        EXPECT_CONTAINS(v->diags.entries[0].message, words);
        EXPECT_INT(v->diags.entries[0].line, 1);
        EXPECT_INT(v->diags.entries[0].column, 6);
}

TEST(durations) {
        static const struct {
                const char *text;
                usec_t value;
                const char *words;
        } cases[] = {
                { "1s", USEC_PER_SEC, NULL },
                { "1h", USEC_PER_HOUR, NULL },
                { "59m60s", USEC_PER_HOUR, NULL },
                { "999ms", 0, "is 999ms, less than the minimum of 1s" },
                { "1h1ms", 0, "is 1h1ms, more than the maximum of 1h" },
                { "60", 0, "the unit is missing" },
                { "-60s", 0, "backwards" },
                { "1.5m", 0, "whole numbers" },
                { "1m 30s", 0, "without spaces" },
                { "30s1m", 0, "in this order" },
                { "9999999d", 0, "ten years" },
                { "[1s]", 0, "found a list" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(value_done) Value v;
                usec_t value = 77;
                bool good;

                value_init(&v, cases[i].text);
                good = plan_value_duration(v.node, &v.diags, USEC_PER_SEC, USEC_PER_HOUR, &value);
                EXPECT_INT(good, !cases[i].words);
                EXPECT_INT(value, good ? cases[i].value : 77);
                if (!good)
                        expect_said(&v, cases[i].words);
        }
}

TEST(weights) {
        static const struct {
                const char *text;
                uint32_t value;
                const char *words; /* of the refusal, or the warning */
        } cases[] = {
                { "5%", 500, NULL },
                { "5 %", 500, NULL },
                { "0.05", 500, NULL },
                { "0.0500", 500, NULL },
                { "100%", 10000, NULL },
                { "100.00%", 10000, NULL },
                { "0.99", 9900, NULL },
                { "0.25%", 25, "0.25 % is not a whole per cent" },
                { "0.9999", 9999, "99.99 % is not a whole per cent" },
                { "0.01%", 1, "not a whole per cent" },
                { "0%", 0, "smallest weight" },
                { "0.0", 0, "smallest weight" },
                { "0.005%", 0, "finer than 0.01%" },
                { "0.00001", 0, "finer than 0.01%" },
                { "100.01%", 0, "no more than 100%" },
                { "5", 0, "write 5%" },
                { "1", 0, "write 1%" },
                { "1.0", 0, "write 1.0%" },
                { "%", 0, "found \"%\"" },
                { "5%%", 0, "must be a weight" },
                { "5  %", 0, "must be a weight" },
                { "+5%", 0, "must be a weight" },
                { ".05", 0, "must be a weight" },
                { "5e-2", 0, "must be a weight" },
                { "0x5", 0, "must be a weight" },
                { "5,5%", 0, "must be a weight" },
                { "99999999999999999999%", 0, "must be a weight" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *quoted = alloc_printf("'%s'", cases[i].text);
                _cleanup_(value_done) Value v;
                uint32_t value = 0;

                value_init(&v, quoted);
                EXPECT_INT(plan_value_weight(v.node, &v.diags, &value), cases[i].value != 0);
                EXPECT_INT(value, cases[i].value);
                EXPECT_INT(v.diags.n_errors, cases[i].value == 0);
                if (cases[i].words)
                        expect_said(&v, cases[i].words);
                else
                        EXPECT_INT(v.diags.n, 0);
        }
}

TEST(shares) {
        static const struct {
                const char *text;
                double value; /* < 0: refused */
                const char *words;
        } cases[] = {
                { "5%", 0.05, NULL },
                { "0.05", 0.05, NULL },
                { "0", 0, NULL },
                { "0%", 0, NULL },
                { "0.001%", 1e-5, NULL },
                { "8.13%", 0.0813, NULL },
                { "100%", 1, "never be breached" },
                { "100.1%", -1, "no share is more" },
                { "1", -1, "write 1%" },
                { "few", -1, "must be a share" },
                { "{}", -1, "an empty map" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(value_done) Value v;
                double value = -1;

                value_init(&v, cases[i].text);
                EXPECT_INT(plan_value_share(v.node, &v.diags, &value), cases[i].value >= 0);
                EXPECT_NEAR(value, cases[i].value, 0);
                if (cases[i].words)
                        expect_said(&v, cases[i].words);
        }
}

TEST(milliseconds) {
        static const struct {
                const char *text;
                double value; /* < 0: refused */
        } cases[] = {
                { "800", 800 },
                { "'800'", 800 },
                { "800ms", 800 },
                { "0.5", 0.5 },
                { "1s500ms", 1500 },
                { "0", -1 },
                { "0ms", -1 },
                { "800 ms", -1 },
                { "-1", -1 },
                { "[]", -1 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(value_done) Value v;
                double value = -1;

                value_init(&v, cases[i].text);
                EXPECT_INT(plan_value_milliseconds(v.node, &v.diags, &value), cases[i].value > 0);
                EXPECT_NEAR(value, cases[i].value, 0);
                EXPECT_INT(v.diags.n, cases[i].value < 0);
        }
}

TEST(counts) {
        static const struct {
                const char *text;
                bool good;
                const char *words;
        } cases[] = {
                { "2", true, NULL },
                { "9", true, NULL },
                { "1", false, "the minimum is 2" },
                { "10", false, "the maximum is 9" },
                { "99999999999999999999999", false, "the maximum is 9" },
                { "2.5", false, "must be a number of things, found \"2.5\"" },
                { "-3", false, "must be a number of things, found \"-3\"" },
                { "two", false, "must be a number of things" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(value_done) Value v;
                uint64_t value = 0;

                value_init(&v, cases[i].text);
                EXPECT_INT(plan_value_count(v.node, &v.diags, "a number of things", 2, 9, &value),
                                cases[i].good);
                EXPECT_INT(value != 0, cases[i].good);
                if (cases[i].words)
                        expect_said(&v, cases[i].words);
        }
}

TEST(versions) {
        static const struct {
                const char *text;
                uint64_t value;
                const char *words;
        } cases[] = {
                { "1", 1, NULL },
                { "'42'", 42, NULL },
                { "9223372036854775807", INT64_MAX, NULL },
                { "9223372036854775808", 0, "that many versions" },
                { "0", 0, "count from 1" },
                { "007", 0, "without zeros" },
                { "$LATEST", 0, "publish a version" },
                { "$LATEST.PUBLISHED", 0, "publish a version" },
                { "live", 0, "number of a published version" },
                { "4.2", 0, "number of a published version" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(value_done) Value v;
                uint64_t value = 0;

                value_init(&v, cases[i].text);
                EXPECT_INT(plan_value_version(v.node, &v.diags, &value), !cases[i].words);
                EXPECT_INT(value, cases[i].value);
                if (cases[i].words)
                        expect_said(&v, cases[i].words);
        }
}

TEST(switches) {
        static const struct {
                const char *text;
                bool value;
                const char *words;
        } cases[] = {
                { "true", true, NULL },
                { "false", false, NULL },
                { "yes", false, "found \"yes\"; did you mean \"true\"?" },
                { "Off", false, "found \"Off\"; did you mean \"false\"?" },
                { "TRUE", false, "did you mean \"true\"?" },
                { "1", false, "must be true or false, found \"1\"" },
                { "[true]", false, "found a list" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(value_done) Value v;
                bool found = !cases[i].value;

                value_init(&v, cases[i].text);
                EXPECT_INT(plan_value_bool(v.node, &v.diags, &found), !cases[i].words);
                EXPECT_INT(found, cases[i].words ? !cases[i].value : cases[i].value);
                if (cases[i].words)
                        expect_said(&v, cases[i].words);
        }
}

TEST(choices) {
        static const char *const words[] = { "wait", "supersede" };
        static const struct {
                const char *text;
                size_t value;
                const char *said;
        } cases[] = {
                { "wait", 0, NULL },
                { "supersede", 1, NULL },
                { "superseed", 77,
                                "\"key\" must be one of these, found \"superseed\"; did you mean \"supersede\"?" },
                { "stop", 77, "must be one of these, found \"stop\"" },
                { "{}", 77, "found an empty map" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(value_done) Value v;
                size_t found = 77;

                value_init(&v, cases[i].text);
                EXPECT_INT(plan_value_choice(v.node, &v.diags, "one of these", words, ELEMENTSOF(words),
                                           &found),
                                !cases[i].said);
                EXPECT_INT(found, cases[i].value);
                if (cases[i].said)
                        expect_said(&v, cases[i].said);
        }
}
