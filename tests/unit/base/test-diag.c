#include "base/diag.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "lib/fault.h"
#include "lib/test.h"

#define OUT_MAX 4096

static const char plan[] = "format: 1\nsteps:\n  - {wieght: 5%, hold: 10m}\n";

static void expect_rendered(const Diag *d, const char *source, size_t size, const char *expected) {
        _cleanup_(buf_done) Buf out = BUF_INIT(OUT_MAX);

        EXPECT_OK(diag_render(d, "a.yaml", source, size, &out));
        EXPECT_STR(buf_text(&out), expected);
}

static Diag one(unsigned line, unsigned column, const char *message) {
        static DiagList list; /* large, for the stack of a sanitizer build */

        list.n = 0;
        diag_add(&list, DIAG_ERROR, line, column, "%s", message);
        return list.entries[0];
}

TEST(quotes_the_line) {
        Diag d = one(3, 6, "unknown key \"wieght\"");

        expect_rendered(&d, plan, sizeof(plan) - 1,
                        "a.yaml:3:6: error: unknown key \"wieght\"\n"
                        "     3 |   - {wieght: 5%, hold: 10m}\n"
                        "       |      ^\n");
}

TEST(first_line_first_column) {
        Diag d = one(1, 1, "x");

        expect_rendered(&d, plan, sizeof(plan) - 1,
                        "a.yaml:1:1: error: x\n     1 | format: 1\n       | ^\n");
}

TEST(last_line_without_a_newline) {
        Diag d = one(2, 3, "x");

        expect_rendered(&d, "a\nlast", 6, "a.yaml:2:3: error: x\n     2 | last\n       |   ^\n");
}

TEST(warning_without_a_place) {
        DiagList list = { 0 };

        diag_add(&list, DIAG_WARNING, 0, 0, "empty");
        expect_rendered(&list.entries[0], plan, sizeof(plan) - 1, "a.yaml: warning: empty\n");
}

TEST(nothing_to_quote) {
        Diag d = one(3, 6, "x"), line_only = one(2, 0, "x"), beyond = one(9, 1, "x"), far = one(1, 201, "x");

        expect_rendered(&d, NULL, 0, "a.yaml:3:6: error: x\n");
        expect_rendered(&line_only, plan, sizeof(plan) - 1, "a.yaml:2:0: error: x\n");
        expect_rendered(&beyond, plan, sizeof(plan) - 1, "a.yaml:9:1: error: x\n");
        expect_rendered(&far, plan, sizeof(plan) - 1, "a.yaml:1:201: error: x\n");
}

TEST(long_lines_are_quoted_in_part) {
        char source[1000];
        Diag first = one(1, 1, "x"), middle = one(1, 501, "x"), last = one(1, 1001, "x");
        _cleanup_(buf_done) Buf out = BUF_INIT(OUT_MAX);

        memset(source, 'y', sizeof(source));
        EXPECT_OK(diag_render(&first, "a.yaml", source, 200, &out));
        EXPECT(!strstr(buf_text(&out), "..."));
        buf_clear(&out);
        EXPECT_OK(diag_render(&first, "a.yaml", source, 201, &out));
        EXPECT_CONTAINS(buf_text(&out), "     1 | yyyy");
        EXPECT_CONTAINS(buf_text(&out), "yyyy...\n       | ^\n");
        buf_clear(&out);
        source[500] = 'Z';
        EXPECT_OK(diag_render(&middle, "a.yaml", source, sizeof(source), &out));
        EXPECT_CONTAINS(buf_text(&out), "     1 | ...yyyy");
        EXPECT_CONTAINS(buf_text(&out), "yyyZyyy");
        EXPECT_CONTAINS(buf_text(&out), "yyy...\n       | ");
        EXPECT_INT(strstr(buf_text(&out), "Z") - strstr(buf_text(&out), "1 | "),
                        strstr(buf_text(&out), "^") - strstr(buf_text(&out), "\n       | ") - 6);
        buf_clear(&out);
        EXPECT_OK(diag_render(&last, "a.yaml", source, sizeof(source), &out));
        EXPECT_CONTAINS(buf_text(&out), "yyyy\n       | ");
}

TEST(long_lines_are_cut_between_characters) {
        char source[900];
        Diag d = one(1, 451, "x");
        _cleanup_(buf_done) Buf out = BUF_INIT(OUT_MAX);

        for (size_t i = 0; i < sizeof(source); i += 3)
                memcpy(source + i, "\xe2\x82\xac", 3);
        source[450] = source[451] = source[452] = 'Z';
        EXPECT_OK(diag_render(&d, "a.yaml", source, sizeof(source), &out));
        EXPECT_CONTAINS(buf_text(&out), "1 | ...\xe2\x82\xac");
        EXPECT_CONTAINS(buf_text(&out), "\xe2\x82\xac...\n       |                        ^\n");
        EXPECT(!strstr(buf_text(&out), "?"));
        buf_clear(&out);
        memset(source, 0x80, sizeof(source));
        EXPECT_OK(diag_render(&d, "a.yaml", source, sizeof(source), &out));
        EXPECT_CONTAINS(buf_text(&out), "1 | ...????");
}

TEST(no_control_character_gets_through) {
        Diag d = one(1, 2, "value \"\033[2J\x7f\xc2\x9b\"");
        _cleanup_(buf_done) Buf out = BUF_INIT(OUT_MAX);

        EXPECT_OK(diag_render(&d, "evil\033.yaml", "\ta\033[31m\xc2\x85z", 10, &out));
        EXPECT_STR(buf_text(&out),
                        "evil .yaml:1:2: error: value \" [2J  \"\n"
                        "     1 |  a [31m z\n"
                        "       |  ^\n");
}

TEST(the_caret_counts_characters) {
        Diag d = one(1, 12, "x");

        /* Three two-byte letters stand before column 12. */
        expect_rendered(&d, "\xc3\xa4\xc3\xb6\xc3\xbc: \xc2\xb5, a", 13,
                        "a.yaml:1:12: error: x\n"
                        "     1 | \xc3\xa4\xc3\xb6\xc3\xbc: \xc2\xb5, a\n"
                        "       |        ^\n");
}

TEST(the_caret_may_stand_behind_the_line) {
        Diag d = one(1, 4, "x");

        expect_rendered(&d, "a\xc3\xa4", 3, "a.yaml:1:4: error: x\n     1 | a\xc3\xa4\n       |   ^\n");
        expect_rendered(&d, "a", 1, "a.yaml:1:4: error: x\n     1 | a\n       |    ^\n");
}

TEST(bytes_that_are_no_character_show_as_such) {
        Diag d = one(1, 3, "\xe2\x82\xac \x85\xc2");

        expect_rendered(&d, "\xff\xfez", 3,
                        "a.yaml:1:3: error: \xe2\x82\xac ??\n"
                        "     1 | ??z\n"
                        "       |   ^\n");
}

TEST(nothing_is_hidden_or_turned_around) {
        Diag d = one(1, 7, "a\xe2\x80\xae-b"); /* right-to-left override */

        expect_rendered(&d, "\xe2\x80\x8b\xe2\x80\xae:", 7,
                        "a.yaml:1:7: error: a -b\n"
                        "     1 |   :\n"
                        "       |   ^\n");
}

TEST(the_caret_knows_wide_and_combining_characters) {
        Diag d = one(1, 10, "x");

        /* Two wide characters, an "e" and its accent: nine bytes, five cells. */
        expect_rendered(&d,
                        "\xe6\xbc\xa2\xe5\xad\x97"
                        "e\xcc\x81:",
                        10,
                        "a.yaml:1:10: error: x\n"
                        "     1 | \xe6\xbc\xa2\xe5\xad\x97"
                        "e\xcc\x81:\n"
                        "       |      ^\n");
}

TEST(long_messages_say_so) {
        DiagList list = { 0 };
        char text[DIAG_MESSAGE_MAX + 10];

        memset(text, 'm', sizeof(text));
        text[DIAG_MESSAGE_MAX - 1] = '\0';
        diag_add(&list, DIAG_ERROR, 1, 1, "%s", text);
        EXPECT_STR(list.entries[0].message, text);
        text[DIAG_MESSAGE_MAX - 1] = 'm';
        text[DIAG_MESSAGE_MAX] = '\0';
        diag_add(&list, DIAG_ERROR, 1, 1, "%s", text);
        EXPECT_INT(strlen(list.entries[1].message), DIAG_MESSAGE_MAX - 1);
        EXPECT_STR(list.entries[1].message + DIAG_MESSAGE_MAX - 5, "m...");
}

TEST(long_messages_are_cut_between_characters) {
        DiagList list = { 0 };
        char text[2 * DIAG_MESSAGE_MAX];

        for (size_t shift = 0; shift < 3; shift++) {
                size_t n = shift, length;

                memset(text, 'm', shift);
                for (; n + 3 < sizeof(text); n += 3)
                        memcpy(text + n, "\xe2\x82\xac", 3);
                text[n] = '\0';
                diag_add(&list, DIAG_ERROR, 1, 1, "%s", text);
                length = strlen(list.entries[shift].message);
                EXPECT(length >= DIAG_MESSAGE_MAX - 4);
                EXPECT_STR(list.entries[shift].message + length - 3, "...");
                EXPECT_INT((length - 3 - shift) % 3, 0);
        }
}

TEST(long_messages_without_any_character_are_cut_too) {
        DiagList list = { 0 };
        char text[DIAG_MESSAGE_MAX + 1];

        memset(text, 0x80, sizeof(text));
        text[DIAG_MESSAGE_MAX] = '\0';
        diag_add(&list, DIAG_ERROR, 1, 1, "%s", text);
        EXPECT_STR(list.entries[0].message, "...");
}

TEST(a_full_list_counts_on) {
        DiagList list = { 0 };

        for (unsigned i = 0; i < DIAG_LIST_MAX; i++)
                diag_add(&list, DIAG_WARNING, i + 1, 1, "w%u", i);
        EXPECT_INT(list.n, DIAG_LIST_MAX);
        EXPECT_INT(list.n_dropped, 0);
        diag_add(&list, DIAG_ERROR, 99, 1, "one too many");
        diag_add(&list, DIAG_WARNING, 99, 1, "and another");
        EXPECT_INT(list.n, DIAG_LIST_MAX);
        EXPECT_INT(list.n_errors, 1);
        EXPECT_INT(list.n_dropped, 2);
        EXPECT_INT(list.entries[DIAG_LIST_MAX - 1].line, DIAG_LIST_MAX);
}

TEST(an_output_that_is_full) {
        _cleanup_(buf_done) Buf out = BUF_INIT(10);
        Diag d = one(1, 1, "a long message");

        EXPECT_INT(diag_render(&d, "a.yaml", plan, sizeof(plan) - 1, &out), -ENOBUFS);
}
