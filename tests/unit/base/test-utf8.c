#include "base/utf8.h"

#include "base/buf.h"
#include "lib/test.h"

static void expect_decoded(const char *s, int n, uint32_t c) {
        uint32_t got = 4711;

        EXPECT_INT(utf8_decode(s, strlen(s), &got), n);
        EXPECT_INT(got, n < 0 ? 4711 : c);
}

TEST(characters_of_each_length) {
        expect_decoded("a", 1, 'a');
        expect_decoded("\x7f", 1, 0x7f);
        expect_decoded("\xc2\x80", 2, 0x80);
        expect_decoded("\xdf\xbf", 2, 0x7ff);
        expect_decoded("\xe0\xa0\x80", 3, 0x800);
        expect_decoded("\xed\x9f\xbf", 3, 0xd7ff);
        expect_decoded("\xee\x80\x80", 3, 0xe000);
        expect_decoded("\xef\xbf\xbf", 3, 0xffff);
        expect_decoded("\xf0\x90\x80\x80", 4, 0x10000);
        expect_decoded("\xf4\x8f\xbf\xbf", 4, 0x10ffff);
        expect_decoded("ab", 1, 'a');
}

TEST(what_is_no_character) {
        static const char *const bad[] = {
                "\x80",
                "\xbf",
                "\xc0\x80",
                "\xc1\xbf",
                "\xe0\x9f\xbf",
                "\xc2",
                "\xc2z",
                "\xe2\x82",
                "\xe2z\xac",
                "\xed\xa0\x80",
                "\xfe",
                "\xed\xbf\xbf",
                "\xf0\x8f\xbf\xbf",
                "\xf4\x90\x80\x80",
                "\xf8\x88\x80\x80\x80",
                "\xff",
                "\xf0\x9f\x98",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                expect_decoded(bad[i], -EINVAL, 0);
}

TEST(reads_no_further_than_told) {
        uint32_t c;

        EXPECT_INT(utf8_decode("\xe2\x82\xac", 2, &c), -EINVAL);
        EXPECT_INT(utf8_decode("\xe2\x82\xac", 3, &c), 3);
}

TEST(printable) {
        static const uint32_t hidden[] = { 0, 7, 0x1b, 0x7f, 0x80, 0x9b, 0xad, 0x200b, 0x202e, 0x2066,
                0xfeff, 0xe0041 };
        static const uint32_t shown[] = { ' ', '~', 0xa0, 0xe9, 0x20ac, 0x2192, 0x4e2d, 0x1f600 };

        for (size_t i = 0; i < ELEMENTSOF(hidden); i++)
                EXPECT(!utf8_is_printable(hidden[i]));
        for (size_t i = 0; i < ELEMENTSOF(shown); i++)
                EXPECT(utf8_is_printable(shown[i]));
}

TEST(width) {
        EXPECT_INT(utf8_width('a'), 1);
        EXPECT_INT(utf8_width(0xe9), 1);
        EXPECT_INT(utf8_width(0x301), 0);
        EXPECT_INT(utf8_width(0x4e2d), 2);
        EXPECT_INT(utf8_width(0x1f600), 2);
}

TEST(made_valid) {
        _cleanup_(buf_done) Buf out = BUF_INIT(64);

        EXPECT(utf8_is_valid(""));
        EXPECT(utf8_is_valid("gr\xc3\xbc\xc3\x9f"));
        EXPECT(!utf8_is_valid("a\xff"));
        EXPECT_OK(utf8_append_valid(&out, "a\xff\xc3\xbc\xe2\x82"));
        EXPECT_STR(buf_text(&out), "a\xef\xbf\xbd\xc3\xbc\xef\xbf\xbd\xef\xbf\xbd");
        EXPECT(utf8_is_valid(buf_text(&out)));
}

TEST(no_room) {
        _cleanup_(buf_done) Buf out = BUF_INIT(2);

        EXPECT_INT(utf8_append_valid(&out, "abc"), -ENOBUFS);
}
