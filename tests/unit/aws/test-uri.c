#include "aws/uri.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "lib/test.h"

#define BUF_MAX 4096

TEST(unreserved_bytes_stay) {
        static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
        _cleanup_(buf_done) Buf b = BUF_INIT(BUF_MAX);

        EXPECT_OK(uri_encode(&b, all, strlen(all), false));
        EXPECT_STR(buf_text(&b), all);
}

TEST(everything_else_is_encoded_in_capitals) {
        _cleanup_(buf_done) Buf b = BUF_INIT(BUF_MAX);
        size_t plain = 0;

        EXPECT_OK(uri_encode(&b, "arn:aws:lambda", 14, false));
        EXPECT_OK(uri_encode(&b, " +%/\xe1\x88\xb4\n", 8, false));
        EXPECT_STR(buf_text(&b), "arn%3Aaws%3Alambda%20%2B%25%2F%E1%88%B4%0A");
        for (unsigned byte = 0; byte < 256; byte++) {
                char c = (char) byte;

                buf_clear(&b);
                EXPECT_OK(uri_encode(&b, &c, 1, false));
                plain += b.size == 1;
                EXPECT(b.size == 1 || b.size == 3);
        }
        EXPECT_INT(plain, 66);
}

TEST(slash_is_kept_on_request) {
        _cleanup_(buf_done) Buf b = BUF_INIT(BUF_MAX);

        EXPECT_OK(uri_encode(&b, "/a%2Fb/c d", 10, true));
        EXPECT_STR(buf_text(&b), "/a%252Fb/c%20d");
}

TEST(a_full_buffer_is_an_error) {
        _cleanup_(buf_done) Buf b = BUF_INIT(8);

        EXPECT_OK(uri_encode(&b, "abcde/", 6, false));
        EXPECT_INT(b.size, 8);
        EXPECT_INT(uri_encode(&b, "x", 1, false), -ENOBUFS);
}

TEST(decode_undoes_encode) {
        _cleanup_(buf_done) Buf b = BUF_INIT(BUF_MAX);
        _cleanup_(freep) char *text = NULL;
        char all[256];

        for (unsigned i = 1; i < 256; i++)
                all[i - 1] = (char) i;
        all[255] = '\0';
        EXPECT_OK(uri_encode(&b, all, 255, false));
        EXPECT_OK(uri_decode(buf_text(&b), b.size, &text));
        EXPECT_STR(text, all);
}

TEST(decode_takes_either_case) {
        _cleanup_(freep) char *text = NULL;

        EXPECT_OK(uri_decode("a%3ab%3A+", 9, &text));
        EXPECT_STR(text, "a:b:+");
}

TEST(decode_refuses_broken_escapes) {
        static const char *const bad[] = { "%", "%4", "a%", "a%4", "%zz", "%4g", "%-1", "% 1", "%00",
                "x%00y" };
        char *text = NULL;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                EXPECT_INT(uri_decode(bad[i], strlen(bad[i]), &text), -EINVAL);
                EXPECT(!text);
        }
        EXPECT_INT(uri_decode("a\0b", 3, &text), -EINVAL);
        EXPECT_INT(uri_decode("%41", 2, &text), -EINVAL);
}

TEST(unescape_reads_one_byte) {
        char c = 'x';

        EXPECT_OK(uri_unescape("%2Frest", 7, &c));
        EXPECT_INT(c, '/');
        EXPECT_INT(uri_unescape("%2", 2, &c), -EINVAL);
        EXPECT_INT(uri_unescape("2F%", 3, &c), -EINVAL);
        EXPECT_INT(c, '/');
}
