#include "aws/json-reply.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "lib/test.h"

#define BUF_MAX (4u * 1024 * 1024)

static int parse_size(const char *text, size_t size) {
        _cleanup_(json_object_putp) struct json_object *o = NULL;

        return json_reply_parse(text, size, &o);
}

static int parse(const char *text) {
        return parse_size(text, strlen(text));
}

/* The same trees, whoever parses them, and text that can be wiped. */
TEST(secrets) {
        static const char *const bad[] = { "", "1", "{}x", "{\"a\":\"secret\"} x", "{\"a\":\"secret\"",
                "{\"a\":\"sec", "{\"a\":\"\xff\"}" };
        const char *text = "{\"a\":\"secret\",\"b\":1,\"c\":null,\"d\":{\"e\":\"f\"}}";
        _cleanup_(json_object_putp) struct json_object *o = NULL;

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                EXPECT_INT(json_reply_parse_secret(bad[i], strlen(bad[i]), &o), -EBADMSG);
                EXPECT(!o);
        }
        EXPECT_OK(json_reply_parse_secret(text, strlen(text), &o));
        EXPECT_STR(json_reply_string(o, "a"), "secret");
        EXPECT_STR(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN), text);
        json_reply_wipe(o);
        EXPECT(!json_reply_string(o, "a"));
}

TEST(one_object_and_nothing_else) {
        static const char *const bad[] = { "", " ", "1", "[]", "null", "\"x\"", "{", "{}x", "{}{}", "{} {}",
                "{\"a\":}", "{\"a\":1,}", "{'a':1}", "{a:1}", "{\"a\":1}]", "{\"a\":\"\xff\"}",
                "{\"a\":\"\xc3\"}", "{/**/}", "{\"a\":tru}", "{\"a\":\"x", "<html></html>" };

        EXPECT_OK(parse("{}"));
        EXPECT_OK(parse(" \r\n\t{\"a\":[1,2.5,null,true,\"\xc3\xa9\"]} \r\n\t"));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (parse(bad[i]) != -EBADMSG)
                        FAIL("accepted: %s", bad[i]);
        EXPECT_INT(parse_size("{}\0", 3), -EBADMSG);
        EXPECT_INT(parse_size("{}\0x", 4), -EBADMSG);
        EXPECT_INT(parse_size("\0{}", 3), -EBADMSG);
        EXPECT_INT(parse_size(NULL, 0), -EBADMSG);
        EXPECT_INT(parse_size("{}", (size_t) INT32_MAX + 1), -EBADMSG);
}

static int parse_repeated(const char *before, const char *unit, size_t n, const char *last,
                const char *after, const char *after_unit) {
        _cleanup_(buf_done) Buf b = BUF_INIT(BUF_MAX);

        (void) buf_puts(&b, before);
        for (size_t i = 0; i < n; i++)
                (void) buf_puts(&b, unit);
        (void) buf_puts(&b, last);
        for (size_t i = 0; i < n; i++)
                (void) buf_puts(&b, after_unit);
        EXPECT_OK(buf_puts(&b, after));
        return parse_size(buf_text(&b), b.size);
}

TEST(depth_is_limited) {
        EXPECT_OK(parse_repeated("{\"a\":", "[", 31, "", "}", "]"));
        EXPECT_INT(parse_repeated("{\"a\":", "[", 32, "", "}", "]"), -EBADMSG);
        EXPECT_INT(parse_repeated("{\"a\":", "[", 1000000, "", "}", "]"), -EBADMSG);
}

TEST(containers_are_limited) {
        EXPECT_OK(parse_repeated("{\"a\":[", "{},", 8189, "{}", "]}", ""));
        EXPECT_INT(parse_repeated("{\"a\":[", "{},", 8190, "{}", "]}", ""), -EBADMSG);
        EXPECT_INT(parse_repeated("{\"a\":[", "[],", 8190, "[]", "]}", ""), -EBADMSG);
        /* Nor does a key in single quotes hide them: json-c would read it. */
        EXPECT_INT(parse_repeated("{'\"':[", "[],", 8190, "[]", "]}", ""), -EBADMSG);
        /* Brackets inside strings are none. */
        EXPECT_OK(parse_repeated("{\"a\":[\"", "[{\\\"[", 100000, "", "\"]}", ""));
}

TEST(elements_are_limited) {
        EXPECT_OK(parse_repeated("{\"a\":[", "1,", 299999, "1", "]}", ""));
        EXPECT_INT(parse_repeated("{\"a\":[", "1,", 300000, "1", "]}", ""), -EBADMSG);
}

TEST(members_by_type) {
        _cleanup_(json_object_putp) struct json_object *o = NULL;
        static const char text[] = "{\"s\":\"x\",\"n\":null,\"i\":1,\"z\":\"a\\u0000b\",\"o\":{}}";
        struct json_object *value = NULL;

        EXPECT_OK(json_reply_parse(text, strlen(text), &o));
        EXPECT_INT(json_reply_member(o, "s", json_type_string, &value), 1);
        EXPECT_STR(json_object_get_string(value), "x");
        EXPECT_INT(json_reply_member(o, "n", json_type_string, &value), 0);
        EXPECT_INT(json_reply_member(o, "none", json_type_string, &value), 0);
        EXPECT_INT(json_reply_member(o, "i", json_type_string, &value), -EBADMSG);
        EXPECT_INT(json_reply_member(o, "o", json_type_object, &value), 1);
        EXPECT_STR(json_reply_string(o, "s"), "x");
        EXPECT(!json_reply_string(o, "n"));
        EXPECT(!json_reply_string(o, "i"));
        EXPECT(!json_reply_string(o, "none"));
        EXPECT(!json_reply_string(o, "z"));
}

TEST(numbers_are_finite) {
        _cleanup_(json_object_putp) struct json_object *o = NULL;
        static const char text[] = "{\"v\":[1, 0.25, -3e2, 1e999, NaN, Infinity, \"1\", null, true]}";
        struct json_object *list = NULL;
        double number = -1;

        EXPECT_OK(json_reply_parse(text, strlen(text), &o));
        EXPECT_INT(json_reply_member(o, "v", json_type_array, &list), 1);
        EXPECT_OK(json_reply_number(json_object_array_get_idx(list, 0), &number));
        EXPECT_NEAR(number, 1, 0);
        EXPECT_OK(json_reply_number(json_object_array_get_idx(list, 1), &number));
        EXPECT_NEAR(number, 0.25, 0);
        EXPECT_OK(json_reply_number(json_object_array_get_idx(list, 2), &number));
        EXPECT_NEAR(number, -300, 0);
        for (size_t i = 3; i < 9; i++)
                EXPECT_INT(json_reply_number(json_object_array_get_idx(list, i), &number), -EBADMSG);
}

TEST(print_is_safe_for_terminals) {
        char text[16], tiny[3], one[1] = { 'x' };

        json_reply_print(text, sizeof(text),
                        "a\tb\x1b[1m\x7f"
                        "c");
        EXPECT_STR(text, "a b [1m c");
        json_reply_print(text, sizeof(text),
                        "\xc2\x9b"
                        "31m \xc2\xa0");
        EXPECT_STR(text, " 31m \xc2\xa0");
        json_reply_print(text, sizeof(text), "0123456789abcdefgh");
        EXPECT_STR(text, "0123456789abcde");
        json_reply_print(tiny, sizeof(tiny), "a\xe1\x88\xb4");
        EXPECT_STR(tiny, "a");
        json_reply_print(text, sizeof(text),
                        "ab\xff"
                        "c");
        EXPECT_STR(text, "ab");
        json_reply_print(text, sizeof(text), "\xf0\x9f\x98\x80!\xe2\x82");
        EXPECT_STR(text, "\xf0\x9f\x98\x80!");
        json_reply_print(one, sizeof(one), "abc");
        EXPECT_STR(one, "");
}
