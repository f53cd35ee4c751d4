#include "lib/test.h"

#include "codec/yaml-text.h"

#define TEXT_MAX 100u

static bool is_clean(const char *text, size_t size, DiagList *diags) {
        *diags = (DiagList){ 0 };
        return yaml_text_is_clean(text, size, TEXT_MAX, diags);
}

/* Refused at that place, with those words. */
static void expect_fault(const char *text, size_t size, unsigned line, unsigned column, const char *words) {
        static DiagList diags; /* large for a stack */

        EXPECT(!is_clean(text, size, &diags));
        EXPECT_INT(diags.n, 1);
        EXPECT_INT(diags.n_errors, 1);
        EXPECT_INT(diags.entries[0].line, line);
        EXPECT_INT(diags.entries[0].column, column);
        EXPECT_CONTAINS(diags.entries[0].message, words);
}

TEST(clean_texts) {
        static const char *const texts[] = { "", "a: b\n", "a: b\r\nc: d\r\n", "\ta", "ä € 🐤 \xc2\xa0" };
        static DiagList diags; /* large for a stack */

        for (size_t i = 0; i < ELEMENTSOF(texts); i++)
                EXPECT(is_clean(texts[i], strlen(texts[i]), &diags));
        EXPECT_INT(diags.n, 0);
}

TEST(limit_and_limit_plus_one) {
        char text[TEXT_MAX + 1];
        static DiagList diags; /* large for a stack */

        memset(text, 'x', sizeof(text));
        EXPECT(is_clean(text, TEXT_MAX, &diags));
        expect_fault(text, TEXT_MAX + 1, 1, 1, "101 bytes, more than the 100");
}

TEST(other_encodings) {
        expect_fault("\xff\xfe"
                     "a\0",
                        4, 1, 1, "UTF-16");
        expect_fault("\xfe\xff\0a", 4, 1, 1, "UTF-16");
        expect_fault("a\0:\0", 4, 1, 1, "UTF-16");
        expect_fault("\0a\0:", 4, 1, 1, "UTF-16");
        expect_fault("\xef\xbb\xbf"
                     "a: b",
                        7, 1, 1, "byte order mark");
}

TEST(broken_utf8) {
        expect_fault("a\nb\xff", 4, 2, 2, "byte 0xff is not UTF-8");
        expect_fault("\xc3", 1, 1, 1, "byte 0xc3");
        expect_fault("\xc0\xaf", 2, 1, 1, "byte 0xc0");
        expect_fault("\xed\xa0\x80", 3, 1, 1, "byte 0xed");
        expect_fault("\xf4\x90\x80\x80", 4, 1, 1, "byte 0xf4");
        expect_fault("\xe4\xf6", 2, 1, 1, "byte 0xe4");
}

TEST(control_characters) {
        expect_fault("ab\0c", 4, 1, 3, "NUL");
        expect_fault("a\x1b[0m", 5, 1, 2, "control character");
        expect_fault("a\x7f", 2, 1, 2, "control character");
        expect_fault("a\xc2\x9b", 3, 1, 2, "control character");
        expect_fault("a\rb", 3, 1, 2, "carriage return");
        expect_fault("a\r", 2, 1, 2, "carriage return");
        expect_fault("a\xc2\x85"
                     "b",
                        4, 1, 2, "line separator");
        expect_fault("a\xe2\x80\xa8", 4, 1, 2, "line separator");
        expect_fault("a\xef\xbb\xbf", 4, 1, 2, "byte order mark");
        expect_fault("a\xef\xbf\xbf", 4, 1, 2, "no character");
}
