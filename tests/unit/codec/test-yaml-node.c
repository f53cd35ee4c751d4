#include "lib/test.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"
#include "codec/yaml-node.h"

#define TEXT_MAX (256u * 1024)

/* The tree as a text, places included: m2@1:1{...}. */
static void put_node(Buf *out, const YamlNode *node) {
        static const char *const kinds[] = { "s", "l", "m", "refused" };

        (void) buf_printf(out, "%s@%u:%u", kinds[node->kind], node->line, node->column);
        if (node->kind == NODE_SCALAR)
                (void) buf_printf(out, node->is_quoted ? "\"%s\"" : "(%s)", node->text);
        if (node->kind != NODE_LIST && node->kind != NODE_MAP)
                return;
        (void) buf_putc(out, '[');
        for (const YamlNode *entry = node->first; entry; entry = entry->next) {
                EXPECT(entry->parent == node);
                EXPECT((node->kind == NODE_MAP) == (entry->key != NULL));
                if (entry->key) {
                        put_node(out, entry->key);
                        (void) buf_puts(out, "=");
                }
                put_node(out, entry);
                if (entry->next)
                        (void) buf_putc(out, ' ');
        }
        (void) buf_printf(out, "]%zu", node->n);
}

static char *parse(const char *text, size_t size, DiagList *diags) {
        _cleanup_(yaml_tree_freep) YamlTree *tree = NULL;
        _cleanup_(buf_done) Buf out = BUF_INIT(TEXT_MAX);
        char *ret = NULL;
        int r;

        *diags = (DiagList){ 0 };
        r = yaml_tree_parse(text, size, TEXT_MAX, diags, &tree);
        if (r < 0) {
                EXPECT_INT(r, -EBADMSG);
                EXPECT(diags->n_errors > 0);
                (void) buf_puts(&out, "none");
        } else if (yaml_tree_root(tree))
                put_node(&out, yaml_tree_root(tree));
        EXPECT_OK(buf_take(&out, &ret));
        return ret;
}

static void expect_tree(const char *text, const char *expected) {
        DiagList diags;
        _cleanup_(freep) char *found = parse(text, strlen(text), &diags);

        EXPECT_STR(found, expected);
        EXPECT_INT(diags.n, 0);
}

static void expect_refusal(const char *text, unsigned line, unsigned column, const char *words) {
        DiagList diags;
        _cleanup_(freep) char *found = parse(text, strlen(text), &diags);

        EXPECT(found);
        EXPECT(diags.n >= 1);
        EXPECT_CONTAINS(diags.entries[0].message, words);
        EXPECT_INT(diags.entries[0].line, line);
        EXPECT_INT(diags.entries[0].column, column);
}

TEST(nothing) {
        expect_tree("", "");
        expect_tree("# only\n\n", "");
        expect_tree("---\n...\n", "");
}

TEST(scalars_in_all_styles) {
        expect_tree("plain", "s@1:1(plain)");
        expect_tree("'it''s'", "s@1:1\"it's\"");
        expect_tree("\"a\\tb\"", "s@1:1\"a\tb\"");
        expect_tree("a: |\n  x\n  y\n", "m@1:1[s@1:1(a)=s@1:4\"x\ny\n\"]1");
        expect_tree("a: >-\n  x\n  y\n", "m@1:1[s@1:1(a)=s@1:4\"x y\"]1");
}

TEST(maps_and_lists_with_places) {
        expect_tree("a: 1\nb:\n  - x\n  - {c: d}\n",
                        "m@1:1[s@1:1(a)=s@1:4(1) s@2:1(b)=l@3:3[s@3:5(x) m@4:5[s@4:6(c)=s@4:9(d)]1]2]2");
        expect_tree("[a, [], {}]", "l@1:1[s@1:2(a) l@1:5[]0 m@1:9[]0]3");
        expect_tree("a:\nb: \n", "m@1:1[s@1:1(a)=s@1:3() s@2:1(b)=s@2:3()]2");
}

TEST(columns_count_bytes) {
        expect_tree("{ä: 1, €: 🐤, x: y}",
                        "m@1:1[s@1:2(ä)=s@1:6(1) s@1:9(€)=s@1:14(🐤) s@1:20(x)=s@1:23(y)]3");
        expect_tree("a: 1\r\n\xc3\xa4: 2\r\n", "m@1:1[s@1:1(a)=s@1:4(1) s@2:1(ä)=s@2:5(2)]2");
}

TEST(the_number_of_entries) {
        DiagList diags = { 0 };
        _cleanup_(yaml_tree_freep) YamlTree *tree = NULL;

        EXPECT_OK(yaml_tree_parse("[a, b, c]", 9, TEXT_MAX, &diags, &tree));
        EXPECT_INT(yaml_tree_root(tree)->n, 3);
}

TEST(refusals) {
        expect_refusal("a: &x 1\n", 1, 4, "anchors");
        expect_refusal("a: *x\n", 1, 4, "aliases");
        expect_refusal("a: !t 1\n", 1, 4, "tags");
        expect_refusal("a: !!str 1\n", 1, 4, "tags");
        expect_refusal("a: &x [1]\n", 1, 4, "anchors");
        expect_refusal("a: !t {b: c}\n", 1, 4, "tags");
        expect_refusal("<<: {a: b}\n", 1, 1, "merge keys");
        expect_refusal("a: 1\n---\nb: 2\n", 2, 1, "second document");
        expect_refusal("a: 1\nb: 2\na: 3\n", 3, 1, "duplicate key \"a\", it is on line 1");
        expect_refusal("'a': 1\na: 3\n", 2, 1, "duplicate key");
        expect_refusal("? [a, b]\n: 1\n", 1, 3, "a key must be a word, found a list");
        expect_refusal("{{a: b}: 1}\n", 1, 2, "a key must be a word, found a map");
        expect_refusal("a: \"x\\0y\"\n", 1, 4, "NUL");
        expect_refusal("a: [1, 2\n", 1, 4, "not closed");
        expect_refusal("a: \"b\nc: d\n", 1, 4, "closing quote");
        expect_refusal("a:\n\tb: 1\n", 2, 1, "a tab");
        expect_refusal("a: 1\nb\nc: 2\n", 2, 1, "neither");
}

TEST(a_quoted_merge_key_is_a_key_like_any_other) {
        expect_tree("\"<<\": a", "m@1:1[s@1:1\"<<\"=s@1:7(a)]1");
}

TEST(refused_parts_stay_in_the_tree) {
        DiagList diags;
        _cleanup_(freep) char *found = parse("a: *x\na: 2\nb: 3\n", 16, &diags);

        EXPECT_STR(found, "m@1:1[s@1:1(a)=refused@1:4 refused@2:1=s@2:4(2) s@3:1(b)=s@3:4(3)]3");
        EXPECT_INT(diags.n, 2);
}

TEST(depth_at_the_limit_and_beyond) {
        char text[2 * YAML_DEPTH_MAX + 8];
        DiagList diags;

        for (unsigned depth = YAML_DEPTH_MAX; depth <= YAML_DEPTH_MAX + 1; depth++) {
                _cleanup_(freep) char *found = NULL;

                memset(text, '[', depth);
                memset(text + depth, ']', depth);
                found = parse(text, 2 * (size_t) depth, &diags);
                EXPECT_INT(diags.n_errors, depth > YAML_DEPTH_MAX);
                if (depth > YAML_DEPTH_MAX)
                        EXPECT_CONTAINS(diags.entries[0].message, "deeper than 16 levels");
        }
        expect_refusal("[[[[[[[[[[[[[[[[[[[[[[[[", 1, 17, "deeper than 16");
}

TEST(size_at_the_limit_and_beyond) {
        _cleanup_(freep) char *text = alloc_zero(TEXT_MAX + 2);
        _cleanup_(yaml_tree_freep) YamlTree *tree = NULL;
        DiagList diags = { 0 };

        memset(text, '#', TEXT_MAX + 1);
        EXPECT_OK(yaml_tree_parse(text, TEXT_MAX, TEXT_MAX, &diags, &tree));
        tree = yaml_tree_free(tree);
        EXPECT_INT(yaml_tree_parse(text, TEXT_MAX + 1, TEXT_MAX, &diags, &tree), -EBADMSG);
        EXPECT(!tree);
        EXPECT_CONTAINS(diags.entries[0].message, "more than the 262144");
}

/* The list itself is one node more. */
TEST(nodes_at_the_limit_and_beyond) {
        for (size_t n = YAML_NODES_MAX - 1; n <= YAML_NODES_MAX; n++) {
                _cleanup_(yaml_tree_freep) YamlTree *tree = NULL;
                _cleanup_(buf_done) Buf text = BUF_INIT(TEXT_MAX);
                DiagList diags = { 0 };
                int r;

                (void) buf_putc(&text, '[');
                for (size_t i = 0; i < n; i++)
                        (void) buf_puts(&text, "a,");
                (void) buf_putc(&text, ']');
                r = yaml_tree_parse(text.data, text.size, TEXT_MAX, &diags, &tree);
                EXPECT_INT(r, n < YAML_NODES_MAX ? 0 : -EBADMSG);
        }
}

TEST(keys_at_the_limit_and_beyond) {
        for (unsigned n = YAML_KEYS_MAX; n <= YAML_KEYS_MAX + 1; n++) {
                _cleanup_(yaml_tree_freep) YamlTree *tree = NULL;
                _cleanup_(buf_done) Buf text = BUF_INIT(TEXT_MAX);
                DiagList diags = { 0 };
                int r;

                for (unsigned i = 0; i < n; i++)
                        (void) buf_printf(&text, "key%u: x\n", i);
                r = yaml_tree_parse(text.data, text.size, TEXT_MAX, &diags, &tree);
                EXPECT_INT(r, n <= YAML_KEYS_MAX ? 0 : -EBADMSG);
                EXPECT_INT(diags.n, n > YAML_KEYS_MAX);
                if (diags.n > 0)
                        EXPECT_INT(diags.entries[0].line, YAML_KEYS_MAX + 1);
        }
}

TEST(what_is_nothing) {
        static const struct {
                const char *text;
                bool is_null;
        } cases[] = {
                { "[~]", true },
                { "[null]", true },
                { "[NULL]", true },
                { "[Null]", true },
                { "['']", false },
                { "[\"~\"]", false },
                { "[nil]", false },
                { "[0]", false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(yaml_tree_freep) YamlTree *tree = NULL;
                DiagList diags = { 0 };

                EXPECT_OK(yaml_tree_parse(cases[i].text, strlen(cases[i].text), TEXT_MAX, &diags, &tree));
                EXPECT_INT(yaml_node_is_null(yaml_tree_root(tree)->first), cases[i].is_null);
        }
}

static void expect_description(const char *text, const char *expected) {
        _cleanup_(yaml_tree_freep) YamlTree *tree = NULL;
        char buffer[YAML_DESCRIPTION_MAX];
        DiagList diags = { 0 };

        EXPECT_OK(yaml_tree_parse(text, strlen(text), TEXT_MAX, &diags, &tree));
        EXPECT_STR(yaml_node_describe(yaml_tree_root(tree), buffer), expected);
}

TEST(descriptions) {
        expect_description("[]", "an empty list");
        expect_description("[1]", "a list");
        expect_description("{}", "an empty map");
        expect_description("{a: 1}", "a map");
        expect_description("''", "\"\"");
        expect_description("text", "\"text\"");
        expect_description("0123456789012345678901234567890123456789012345678901234567890123456789",
                        "\"0123456789012345678901234567890123456789012345678901234567...\"");
        /* Cut between characters, never inside of one. */
        expect_description("xäääääääääääääääääääääääääääääääääääääääää",
                        "\"xääääääääääääääääääääääääääää...\"");
}
