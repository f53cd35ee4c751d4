#include "daemon/ctl/render.h"

#include "base/utf8.h"
#include "lib/test.h"

static const Style plain = { 0 }, unicode = { .utf8 = true }, narrow = { .width = 20 };

static void expect_text(const Style *style, const char *s, const char *expected) {
        _cleanup_(buf_done) Buf out = BUF_INIT(1024);

        render_text(&out, style, s);
        EXPECT_STR(buf_text(&out), expected);
}

TEST(hostile_text_is_spelled_out) {
        expect_text(&plain, "plain text ~", "plain text ~");
        expect_text(&plain, "a\x1b[2Jb", "a\\x1b[2Jb");
        expect_text(&plain, "a\nb\tc\rd\x7f\a", "a b c\\x0dd\\x7f\\x07");
        expect_text(&unicode,
                        "c1 \xc2\x9b"
                        "2J",
                        "c1 \\u009b2J");
        expect_text(&unicode,
                        "bidi \xe2\x80\xae"
                        "exe",
                        "bidi \\u202eexe");
        expect_text(&unicode, "cut \xe2\x82", "cut \\xe2\\x82");
        expect_text(&unicode, "gr\xc3\xbc\xc3\x9f", "gr\xc3\xbc\xc3\x9f");
        expect_text(&plain, "gr\xc3\xbc\xc3\x9f", "gr??");
}

/* No pair of bytes yields anything but printable characters. */
TEST(nothing_gets_through) {
        for (unsigned a = 1; a < 256; a++)
                for (unsigned b = 1; b < 256; b++) {
                        const char text[] = { (char) a, (char) b, '\0' };
                        _cleanup_(buf_done) Buf out = BUF_INIT(64), ascii = BUF_INIT(64);

                        render_text(&out, &unicode, text);
                        for (size_t i = 0; i < out.size;) {
                                uint32_t c = 0;
                                int n = utf8_decode(out.data + i, out.size - i, &c);

                                EXPECT(n > 0 && utf8_is_printable(c));
                                i += (size_t) n;
                        }
                        render_text(&ascii, &plain, text);
                        for (size_t i = 0; i < ascii.size; i++)
                                EXPECT(ascii.data[i] >= ' ' && ascii.data[i] <= '~');
                }
}

TEST(colours_only_where_wanted) {
        _cleanup_(buf_done) Buf out = BUF_INIT(1024);

        render_toned(&out, &plain, TONE_BAD, "x");
        render_toned(&out, &(Style){ .color = true }, TONE_PLAIN, "y");
        EXPECT_STR(buf_text(&out), "xy");
        buf_clear(&out);
        render_toned(&out, &(Style){ .color = true }, TONE_BAD, "a\x1b");
        render_toned(&out, &(Style){ .color = true }, TONE_UNSURE, "b");
        EXPECT_STR(buf_text(&out), "\x1b[1;31ma\\x1b\x1b[0m\x1b[33mb\x1b[0m");
}

TEST(cells) {
        EXPECT_INT(render_cells(""), 0);
        EXPECT_INT(render_cells("abc"), 3);
        EXPECT_INT(render_cells("\xc3\xbc\xe4\xb8\xad"), 3);
        EXPECT_INT(render_prefix("abc", 2), 2);
        EXPECT_INT(render_prefix("abc", 9), 3);
        EXPECT_INT(render_prefix("\xc3\xbc\xe4\xb8\xad", 2), 2); /* the wide one does not fit by half */
        EXPECT_INT(render_prefix("\xc3\xbc\xe4\xb8\xad", 3), 5);
}

static void expect_folded(
                const Style *style, size_t column, size_t indent, const char *s, const char *expected) {
        _cleanup_(buf_done) Buf out = BUF_INIT(1024);

        render_folded(&out, style, column, indent, s);
        EXPECT_STR(buf_text(&out), expected);
}

TEST(folding) {
        expect_folded(&narrow, 0, 4, "", "\n");
        expect_folded(&narrow, 0, 4, "twenty cells are all", "twenty cells are all\n");
        expect_folded(&narrow, 0, 4, "twenty cells are all!", "twenty cells are\n    all!\n");
        expect_folded(&narrow, 0, 4, "one two three four five six seven",
                        "one two three four\n    five six seven\n");
        expect_folded(&narrow, 18, 4, "abc def", "\n    abc def\n");
        expect_folded(&narrow, 0, 4, "aaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbcc",
                        "aaaaaaaaaaaaaaaaaaaa\n    bbbbbbbbbbbbbbbb\n    cc\n");
        expect_folded(&plain, 0, 4, "no width: one line, however long it may be",
                        "no width: one line, however long it may be\n");
}

/* Whatever the width, no line is wider, no word is lost, and it comes to an end. */
TEST(folding_at_every_width) {
        static const char text[] =
                        "The quick brown fox  jumps over the lazydogwhosenameistoolong and \xe4\xb8\xad\xe6\x96\x87 more.";

        for (unsigned width = 9; width < 100; width++) {
                _cleanup_(buf_done) Buf out = BUF_INIT(4096), back = BUF_INIT(4096);
                Style style = { .width = width, .utf8 = true };
                const char *line;

                render_folded(&out, &style, 0, 1, text);
                for (line = buf_text(&out); *line; line += strcspn(line, "\n") + 1) {
                        size_t n = strcspn(line, "\n");
                        char copy[256] = "";

                        EXPECT(n < sizeof(copy));
                        memcpy(copy, line, n);
                        EXPECT(render_cells(copy) <= width);
                }
                for (const char *p = buf_text(&out); *p; p++)
                        if (*p != ' ' && *p != '\n')
                                EXPECT_OK(buf_putc(&back, *p));
                EXPECT_STR(buf_text(&back),
                                "Thequickbrownfoxjumpsoverthelazydogwhosenameistoolongand\xe4\xb8\xad\xe6\x96\x87more.");
        }
}
