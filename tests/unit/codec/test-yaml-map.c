#include "lib/test.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "codec/yaml-map.h"

#define TEXT_MAX 4096u

static const MapRule inner_rule;
static const MapRule *const relatives[] = { &inner_rule, NULL };

static const KeyRule outer_keys[] = {
        { "weight", .missing = "write a weight" },
        { "hold" },
        { "inner", .may_be_empty = true },
        { "publish", .unsupported = "do without", .instead_of = { "weight" } },
};
static const MapRule outer_rule = {
        .what = "a thing",
        .place = "in a thing",
        .like = "weight: 1",
        .keys = outer_keys,
        .n_keys = ELEMENTSOF(outer_keys),
        .relatives = relatives,
};

static const KeyRule inner_keys[] = { { "every" } };
static const MapRule inner_rule = {
        .what = "\"inner\"",
        .place = "under \"inner\"",
        .like = "every: 1",
        .keys = inner_keys,
        .n_keys = ELEMENTSOF(inner_keys),
};

/* The findings, one per line: "LINE:COLUMN MESSAGE". */
static void expect_findings(const char *text, const char *expected) {
        _cleanup_(yaml_tree_freep) YamlTree *tree = NULL;
        _cleanup_(buf_done) Buf out = BUF_INIT(TEXT_MAX);
        DiagList diags = { 0 };

        EXPECT_OK(yaml_tree_parse(text, strlen(text), TEXT_MAX, &diags, &tree));
        (void) yaml_map_check(yaml_tree_root(tree), &outer_rule, &diags);
        yaml_findings_sort(&diags, 0);
        for (size_t i = 0; i < diags.n; i++)
                (void) buf_printf(&out, "%u:%u %s\n", diags.entries[i].line, diags.entries[i].column,
                                diags.entries[i].message);
        EXPECT_STR(buf_text(&out), expected);
}

TEST(fine) {
        expect_findings("weight: 1", "");
        expect_findings("weight: 1\nhold: 2\ninner:\n", "");
}

TEST(not_a_map) {
        expect_findings("- 1",
                        "1:1 a thing must be a map of keys and values, found a list; write it like \"weight: 1\"\n");
        expect_findings("word",
                        "1:1 a thing must be a map of keys and values, found \"word\"; write it like \"weight: 1\"\n");
}

TEST(missing) {
        expect_findings("hold: 1", "1:1 a thing needs \"weight\"; write a weight\n");
}

TEST(unknown) {
        expect_findings("weight: 1\ncolour: 2\n",
                        "2:1 unknown key \"colour\", expected one of: weight, hold, inner\n");
}

/* Seventeen keys fill a line; what does not fit is counted. */
TEST(unknown_among_very_many) {
        static const KeyRule keys[] = {
                { "a_key_that_is_as_long_as_any_of_them_0" },
                { "a_key_that_is_as_long_as_any_of_them_1" },
                { "a_key_that_is_as_long_as_any_of_them_2" },
                { "a_key_that_is_as_long_as_any_of_them_3" },
                { "a_key_that_is_as_long_as_any_of_them_4" },
                { "a_key_that_is_as_long_as_any_of_them_5" },
                { "a_key_that_is_as_long_as_any_of_them_6" },
                { "last", .unsupported = "do without" },
                { "short" },
        };
        static const MapRule rule = { .what = "it", .keys = keys, .n_keys = ELEMENTSOF(keys) };
        _cleanup_(yaml_tree_freep) YamlTree *tree = NULL;
        DiagList diags = { 0 };

        EXPECT_OK(yaml_tree_parse("shirt: 1\n", 9, TEXT_MAX, &diags, &tree));
        EXPECT(yaml_map_check(yaml_tree_root(tree), &rule, &diags));
        EXPECT_STR(diags.entries[0].message,
                        "unknown key \"shirt\", expected one of: a_key_that_is_as_long_as_any_of_them_0, "
                        "a_key_that_is_as_long_as_any_of_them_1, a_key_that_is_as_long_as_any_of_them_2, "
                        "a_key_that_is_as_long_as_any_of_them_3, a_key_that_is_as_long_as_any_of_them_4, "
                        "a_key_that_is_as_long_as_any_of_them_5 and 2 more; "
                        "did you mean \"short\"?");
}

TEST(misspelt_is_not_missing) {
        expect_findings("wieght: 1\n",
                        "1:1 unknown key \"wieght\", expected one of: weight, hold, inner; did you mean \"weight\"?\n");
}

/* What it stands for is not missing either. */
TEST(misspelt_does_the_work_of_what_was_meant) {
        expect_findings("publsih: 1\n",
                        "1:1 unknown key \"publsih\", expected one of: weight, hold, inner; did you mean \"publish\"?\n");
}

TEST(misplaced) {
        expect_findings("weight: 1\nevery: 5s\n",
                        "2:1 key \"every\" belongs under \"inner\", not in a thing\n");
}

TEST(unsupported_stands_for_what_it_replaces) {
        expect_findings("publish: 1",
                        "1:1 \"publish\" is not supported by this version of canaryd; do without\n");
}

TEST(empty) {
        expect_findings("weight:\nhold: ~\n", "1:1 \"weight\" has no value\n2:1 \"hold\" has no value\n");
}

TEST(values) {
        static const char text[] = "a: 1\nb:\nc: *x\nd: ''\n";
        _cleanup_(yaml_tree_freep) YamlTree *tree = NULL;
        const YamlNode *root;
        DiagList diags = { 0 };

        EXPECT_OK(yaml_tree_parse(text, strlen(text), TEXT_MAX, &diags, &tree));
        root = yaml_tree_root(tree);
        EXPECT_STR(yaml_map_get(root, "a")->text, "1");
        EXPECT(!yaml_map_get(root, "b") && yaml_map_has(root, "b"));
        EXPECT(!yaml_map_get(root, "c") && yaml_map_has(root, "c"));
        EXPECT_STR(yaml_map_get(root, "d")->text, "");
        EXPECT(!yaml_map_get(root, "e") && !yaml_map_has(root, "e"));
}

TEST(refuse_and_text_of) {
        static const char text[] = "a: [1]\nb: *x\nc: word\n";
        _cleanup_(yaml_tree_freep) YamlTree *tree = NULL;
        const YamlNode *first;
        DiagList diags = { 0 };

        EXPECT_OK(yaml_tree_parse(text, strlen(text), TEXT_MAX, &diags, &tree));
        first = yaml_tree_root(tree)->first;
        EXPECT_INT(diags.n, 1);
        EXPECT(!yaml_text_of(first, &diags, "a word"));
        EXPECT_STR(diags.entries[1].message, "\"a\" must be a word, found a list");
        /* What was refused before is not refused again. */
        EXPECT(!yaml_text_of(first->next, &diags, "a word"));
        EXPECT_INT(diags.n, 2);
        EXPECT_STR(yaml_text_of(first->next->next, &diags, "a word"), "word");
        yaml_refuse(first->first, &diags, "large", "try 2");
        EXPECT_STR(diags.entries[2].message, "the entry must be large, found \"1\"; try 2");
}

TEST(sorting_is_stable_and_leaves_earlier_ones_alone) {
        DiagList diags = { 0 };

        diag_add(&diags, DIAG_ERROR, 9, 9, "before");
        diag_add(&diags, DIAG_ERROR, 3, 1, "c");
        diag_add(&diags, DIAG_ERROR, 1, 5, "b");
        diag_add(&diags, DIAG_ERROR, 3, 1, "d");
        diag_add(&diags, DIAG_ERROR, 0, 0, "a");
        yaml_findings_sort(&diags, 1);
        EXPECT_STR(diags.entries[0].message, "before");
        EXPECT_STR(diags.entries[1].message, "a");
        EXPECT_STR(diags.entries[2].message, "b");
        EXPECT_STR(diags.entries[3].message, "c");
        EXPECT_STR(diags.entries[4].message, "d");
}
