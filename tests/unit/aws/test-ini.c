#include "aws/ini.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "lib/fault.h"
#include "lib/test.h"

static Ini *parse(const char *text) {
        char error[DIAG_MESSAGE_MAX] = "";
        Ini *ini = NULL;

        if (ini_parse(text, strlen(text), &ini, error) < 0)
                FAIL("%s for:\n%s", error, text);
        return ini;
}

TEST(keys_and_values) {
        static const char text[] = "# comment\n"
                                   "; comment\n"
                                   "[default]\n"
                                   "Region = eu-west-1\r\n"
                                   "  # comment, indented\n"
                                   "OUTPUT:json\n"
                                   "verbatim = \"quoted\" # no comment ; nor this\n"
                                   "equals = a=b:c\n"
                                   "colon : a=b\n"
                                   "empty =\n"
                                   "spaced key = x\r"
                                   "mac = y\n"
                                   "end=z";
        _cleanup_(ini_freep) Ini *ini = parse(text);
        static const struct {
                const char *key, *value;
        } rows[] = {
                { "region", "eu-west-1" },
                { "output", "json" },
                { "verbatim", "\"quoted\" # no comment ; nor this" },
                { "equals", "a=b:c" },
                { "colon", "a=b" },
                { "empty", "" },
                { "spaced key", "x" },
                { "mac", "y" },
                { "end", "z" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                EXPECT_STR(ini_get(ini, "default", rows[i].key), rows[i].value);
        EXPECT(!ini_get(ini, "default", "Region"));
        EXPECT(!ini_get(ini, "Default", "region"));
        EXPECT(!ini_get(ini, "other", "region"));
        EXPECT_INT(ini_line(ini, "default", "output"), 6);
        EXPECT_INT(ini_line(ini, "default", "end"), 13);
        EXPECT_INT(ini_line(ini, "default", "absent"), 0);
}

TEST(sections) {
        static const struct {
                const char *line, *name;
        } rows[] = {
                { "[default]", "default" },
                { "  [default]", "default" },
                { "[ default ]", "default" },
                { "[profile x]", "profile x" },
                { "[profile   x]", "profile x" },
                { "[profile\tx]", "profile x" },
                { "[profile \"a  b\"]", "profile a  b" },
                { "[profile 'a \"b']", "profile a \"b" },
                { "[\"profile x\"]", "profile x" },
                { "[profile a\"b\"c]", "profile abc" },
                { "[it's]", "it's" },
                { "[a]]", "a]" },
                { "[a] # comment", "a" },
                { "[a] = b", "a" },
                { "[ ]", "" },
                { "[\xc3\xa9]", "\xc3\xa9" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(ini_freep) Ini *ini = parse(rows[i].line);
                size_t cursor = 0;

                EXPECT_STR(ini_section(ini, &cursor), rows[i].name);
                EXPECT(!ini_section(ini, &cursor));
                EXPECT(ini_has_section(ini, rows[i].name));
                EXPECT(!ini_has_section(ini, "other"));
        }
}

TEST(values_that_go_on) {
        _cleanup_(ini_freep) Ini *ini = parse("[a]\n"
                                              "one = 1\n"
                                              "  2\n"
                                              "\n"
                                              "  # left out\n"
                                              "\t3 = [b]\n"
                                              "\n"
                                              "\n"
                                              "  two = not a key\n"
                                              "two = 2\n"
                                              "[b]\n"
                                              "  three = 3\n"
                                              "  four = 4\n"
                                              "   5\n");

        EXPECT_STR(ini_get(ini, "a", "one"), "1\n2\n\n3 = [b]\n\n\ntwo = not a key");
        EXPECT_STR(ini_get(ini, "a", "two"), "2");
        EXPECT_STR(ini_get(ini, "b", "three"), "3");
        EXPECT_STR(ini_get(ini, "b", "four"), "4\n5");
        EXPECT(!ini_get(ini, "a", "3"));
}

TEST(nested_keys) {
        _cleanup_(ini_freep) Ini *ini = parse("[services s]\n"
                                              "lambda =\n"
                                              "  endpoint_url = http://localhost:1/x=y\n"
                                              "\n"
                                              "  Max = 5\n"
                                              "  no equals sign\n"
                                              "cloudwatch=\n"
                                              "  endpoint_url=http://localhost:2\n"
                                              "plain = x\n"
                                              "  a = b\n"
                                              "[services t]\n"
                                              "lambda =\n");

        EXPECT_STR(ini_get_nested(ini, "services s", "lambda", "endpoint_url"), "http://localhost:1/x=y");
        EXPECT_STR(ini_get_nested(ini, "services s", "lambda", "max"), "5");
        EXPECT_STR(ini_get_nested(ini, "services s", "cloudwatch", "endpoint_url"), "http://localhost:2");
        EXPECT(!ini_get_nested(ini, "services s", "lambda", "no equals sign"));
        EXPECT(!ini_get_nested(ini, "services s", "plain", "a"));
        EXPECT(!ini_get_nested(ini, "services t", "lambda", "endpoint_url"));
        EXPECT(!ini_get(ini, "services s", "endpoint_url"));
        EXPECT_STR(ini_get(ini, "services s", "cloudwatch"), "\nendpoint_url=http://localhost:2");
}

TEST(what_comes_twice_counts_as_it_came_last) {
        _cleanup_(ini_freep) Ini *ini =
                        parse("\xef\xbb\xbf[a]\nx = 1\ny = 1\n[b]\nx = 9\n[a]\nx = 2\nx = 3\n");

        EXPECT_STR(ini_get(ini, "a", "x"), "3");
        EXPECT_STR(ini_get(ini, "a", "y"), "1");
        EXPECT_STR(ini_get(ini, "b", "x"), "9");
}

TEST(empty_texts) {
        static const char *const texts[] = { "", "\n", "# x", "\xef\xbb\xbf", " \t\r\n\n" };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                _cleanup_(ini_freep) Ini *ini = parse(texts[i]);
                size_t cursor = 0;

                EXPECT(!ini_section(ini, &cursor));
                EXPECT(!ini_get(ini, "default", "x"));
        }
}

TEST(mistakes_name_their_line) {
        static const struct {
                const char *text, *message;
        } rows[] = {
                { "a = b\n", "line 1: text before the first [name]" },
                { "\n[a\n", "line 2: a section is written [name], this one has no end" },
                { "[a]\nx = 1\n[]\n", "line 3: a section is written [name]" },
                { "[a]\r\nhunter2\r\n", "line 2: expected \"key = value\"" },
                { "[a]\n= x\n", "line 2: expected \"key = value\"" },
                { "[a]\n[b = x\nc\n", "line 3: expected \"key = value\"" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char error[DIAG_MESSAGE_MAX] = "";
                Ini *ini = NULL;

                EXPECT_INT(ini_parse(rows[i].text, strlen(rows[i].text), &ini, error), -EINVAL);
                EXPECT_CONTAINS(error, rows[i].message);
                EXPECT(!strstr(error, "hunter2"));
                EXPECT(!ini);
        }
}

TEST(nul_is_no_text) {
        static const char text[] = "[a]\nx = a\0b\n";
        char error[DIAG_MESSAGE_MAX] = "";
        Ini *ini = NULL;

        EXPECT_INT(ini_parse(text, sizeof(text) - 1, &ini, error), -EINVAL);
        EXPECT_CONTAINS(error, "line 2: a NUL byte");
}

/* The densest texts that there are: what they yield must fit. */
TEST(dense_texts) {
        static const char *const units[] = { "a=\n", "[a]\n", "a=\n b=\n", "a=\n =\n", "a=\n b\n",
                "[\"'\"]\n" };

        for (size_t i = 0; i < ELEMENTSOF(units); i++) {
                size_t n = strlen(units[i]);
                _cleanup_(freep) char *text = alloc_zero(4 + 1000 * n + 1);
                _cleanup_(ini_freep) Ini *ini = NULL;

                EXPECT(text);
                memcpy(text, "[a]\n", 4);
                for (size_t j = 0; j < 1000; j++)
                        memcpy(text + 4 + j * n, units[i], n);
                ini = parse(text);
                text[4 + 1000 * n - 1] = '\0'; /* without the last end of line */
                ini = ini_free(ini);
                ini = parse(text);
        }
}

TEST(texts_have_a_maximum) {
        _cleanup_(freep) char *text = alloc_zero(INI_TEXT_MAX + 1);
        _cleanup_(ini_freep) Ini *ini = NULL;
        char error[DIAG_MESSAGE_MAX];

        EXPECT(text);
        memset(text, '\n', INI_TEXT_MAX + 1);
        EXPECT_INT(ini_parse(text, INI_TEXT_MAX + 1, &ini, error), -EINVAL);
        EXPECT_CONTAINS(error, "larger than 1048576 bytes");
        EXPECT_OK(ini_parse(text, INI_TEXT_MAX, &ini, error));
}

TEST(out_of_memory) {
        static const char text[] = "[a]\nx =\n  y = 1\n  z = 2\n[b]\nw = 3\n";

        FAULT_LOOP {
                _cleanup_(ini_freep) Ini *ini = NULL;
                char error[DIAG_MESSAGE_MAX];
                int r = ini_parse(text, strlen(text), &ini, error);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT(!ini);
        }
}
