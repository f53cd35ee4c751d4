#include "codec/json-write.h"

#include <json-c/json.h>

#include "base/utf8.h"
#include "lib/test.h"

TEST(commas_come_by_themselves) {
        _cleanup_(buf_done) Buf out = BUF_INIT(1024);

        json_write_open(&out, NULL, '{');
        json_write_text(&out, "a", "x{[");
        json_write_open(&out, "b", '[');
        json_write_u64(&out, NULL, 1);
        json_write_u64(&out, NULL, UINT64_MAX);
        json_write_open(&out, NULL, '{');
        json_write_close(&out, '}');
        json_write_open(&out, NULL, '[');
        json_write_close(&out, ']');
        json_write_close(&out, ']');
        json_write_bool(&out, "c", true);
        json_write_bool(&out, "d", false);
        json_write_null(&out, "e");
        json_write_text(&out, "f", NULL);
        json_write_close(&out, '}');
        EXPECT_STR(buf_text(&out),
                        "{\"a\":\"x{[\",\"b\":[1,18446744073709551615,{},[]],\"c\":true,\"d\":false,"
                        "\"e\":null,\"f\":null}");
}

TEST(numbers) {
        _cleanup_(buf_done) Buf out = BUF_INIT(1024);

        json_write_open(&out, NULL, '[');
        json_write_number(&out, NULL, 5);
        json_write_number(&out, NULL, 0.25);
        json_write_number(&out, NULL, 0.1);
        json_write_number(&out, NULL, -1e300);
        json_write_number(&out, NULL, (double) INFINITY);
        json_write_number(&out, NULL, (double) NAN);
        json_write_close(&out, ']');
        EXPECT_STR(buf_text(&out), "[5,0.25,0.1,-1e+300,null,null]");
}

TEST(texts_are_escaped) {
        _cleanup_(buf_done) Buf out = BUF_INIT(1024);

        json_write_text(&out, NULL,
                        "q\" b\\ n\n t\t e\x1b d\x7f c\xc2\x9b r\xe2\x80\xae x\xff u\xc3\xbc \xf3\xa0\x81\x81");
        EXPECT_STR(buf_text(&out),
                        "\"q\\\" b\\\\ n\\n t\\t e\\u001b d\\u007f c\\u009b r\\u202e x\\ufffd u\xc3\xbc "
                        "\\udb40\\udc41\"");
}

/* Whatever goes in, another parser reads it, and what was valid comes back as it was. */
TEST(every_byte_pair_is_readable) {
        for (unsigned a = 1; a < 256; a++)
                for (unsigned b = 1; b < 256; b++) {
                        const char text[] = { (char) a, (char) b, '\0' };
                        _cleanup_(buf_done) Buf out = BUF_INIT(64);
                        struct json_object *parsed;

                        json_write_text(&out, NULL, text);
                        EXPECT(!out.failed && utf8_is_valid(buf_text(&out)));
                        parsed = json_tokener_parse(buf_text(&out));
                        EXPECT(parsed);
                        if (utf8_is_valid(text))
                                EXPECT_STR(json_object_get_string(parsed), text);
                        json_object_put(parsed);
                }
}

TEST(a_full_buffer_is_noticed) {
        _cleanup_(buf_done) Buf out = BUF_INIT(4);

        json_write_text(&out, NULL, "too long");
        EXPECT(out.failed);
}
