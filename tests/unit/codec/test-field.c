#include "lib/test.h"

#include <json-c/json_tokener.h>
#include <math.h>

#include "base/alloc.h"
#include "base/str.h"
#include "codec/field.h"

typedef struct Inner {
        uint32_t a, b;
} Inner;

typedef struct Outer {
        uint64_t big;
        double real;
        char text[8];
        uint8_t bytes[4];
        uint32_t small, word;
        Inner one;
        Inner many[3];
} Outer;

static const char *word_of(uint32_t value) {
        static const char *const words[] = { "zero", "one", "two" };

        return value < ELEMENTSOF(words) ? words[value] : "?";
}

static int word_from(const char *s) {
        for (uint32_t i = 0; i < 3; i++)
                if (streq(s, word_of(i)))
                        return (int) i;
        return -EINVAL;
}

static const Field inner_fields[] = {
        { "a", FIELD_U32, offsetof(Inner, a), 4, .max = 9 },
        { "b", FIELD_U32, offsetof(Inner, b), 4, .max = UINT32_MAX },
};
static const FieldTable inner_table = { inner_fields, ELEMENTSOF(inner_fields) };

static const Field outer_fields[] = {
        { "big", FIELD_U64, offsetof(Outer, big), 8 },
        { "real", FIELD_DOUBLE, offsetof(Outer, real), 8 },
        { "text", FIELD_TEXT, offsetof(Outer, text), 8 },
        { "bytes", FIELD_BYTES, offsetof(Outer, bytes), 4 },
        { "small", FIELD_U32, offsetof(Outer, small), 4, .max = 100 },
        { "word", FIELD_WORD, offsetof(Outer, word), 4, .to_word = word_of, .from_word = word_from },
        { "one", FIELD_STRUCT, offsetof(Outer, one), sizeof(Inner), .inner = &inner_table },
        { "many", FIELD_LIST, offsetof(Outer, many), sizeof(Inner), .n = 3, .inner = &inner_table },
};
static const FieldTable outer_table = { outer_fields, ELEMENTSOF(outer_fields) };

static char *write(const Outer *o) {
        _cleanup_(buf_done) Buf out = BUF_INIT(1000);
        char *text = NULL;

        field_write_object(&out, NULL, &outer_table, o);
        EXPECT_OK(buf_take(&out, &text));
        return text;
}

static int read(const char *text, Outer *ret, const char **ret_name) {
        json_object *object = json_tokener_parse(text);
        int r;

        *ret = (Outer){ 0 };
        *ret_name = "";
        EXPECT(object);
        r = field_read_object(object, &outer_table, ret, ret_name);
        json_object_put(object);
        return r;
}

/* Bytes, not values: 0 and -0 differ, and a NaN equals itself. */
static bool is_same(const void *a, const void *b, size_t n) {
        return memcmp(a, b, n) == 0;
}

static void expect_round_trip(const Outer *o) {
        _cleanup_(freep) char *text = write(o);
        const char *name;
        Outer back;

        EXPECT_OK(read(text, &back, &name));
        EXPECT(is_same(o, &back, sizeof(back)));
}

TEST(what_is_zero_is_not_written) {
        _cleanup_(freep) char *text = write(&(Outer){ 0 });

        EXPECT_STR(text, "{}");
}

TEST(all_types) {
        Outer o = {
                .big = UINT64_MAX,
                .real = 0.1,
                .text = "seven..",
                .bytes = { 0, 1, 0xfe, 0xff },
                .small = 100,
                .word = 2,
                .one = { 9, UINT32_MAX },
                .many = { { 1, 0 }, { 0 }, { 0, 2 } },
        };
        _cleanup_(freep) char *text = write(&o);

        EXPECT_STR(text,
                        "{\"big\":18446744073709551615,\"real\":0.10000000000000001,\"text\":\"seven..\","
                        "\"bytes\":\"0001feff\",\"small\":100,\"word\":\"two\",\"one\":{\"a\":9,\"b\":4294967295},"
                        "\"many\":[{\"a\":1},{},{\"b\":2}]}");
        expect_round_trip(&o);
}

TEST(zeros_at_the_end_of_a_list) {
        _cleanup_(freep) char *text = write(&(Outer){ .many = { { 0 }, { 1, 1 } } });

        EXPECT_STR(text, "{\"many\":[{},{\"a\":1,\"b\":1}]}");
}

TEST(doubles_bit_by_bit) {
        static const double values[] = { 1, -1, 0.1, 1.0 / 3, 5e-324, 2.2250738585072014e-308,
                1.7976931348623157e308, 9007199254740993.0, 123456789012345678.0, 1e22, 1e23, -0.0,
                (double) INFINITY, (double) -INFINITY };

        for (size_t i = 0; i < ELEMENTSOF(values); i++)
                expect_round_trip(&(Outer){ .real = values[i] });
}

TEST(a_signalling_nan_with_payload) {
        Outer o = { 0 };
        uint64_t bits = UINT64_C(0xfff0000000000123);

        memcpy(&o.real, &bits, sizeof(bits));
        expect_round_trip(&o);
}

TEST(texts_byte_by_byte) {
        for (unsigned c = 1; c < 256; c++) {
                Outer o = { 0 };

                memset(o.text, (int) c, 7);
                expect_round_trip(&o);
        }
        expect_round_trip(&(Outer){ .text = "\xc3\xa4\xff\"\\" });
}

TEST(what_makes_no_sense) {
        static const struct {
                const char *text, *name;
        } cases[] = {
                { "{\"what\":1}", "?" },
                { "{\"big\":-1}", "big" },
                { "{\"big\":1.5}", "big" },
                { "{\"big\":\"1\"}", "big" },
                { "{\"big\":null}", "big" },
                { "{\"small\":101}", "small" },
                { "{\"small\":4294967297}", "small" },
                { "{\"real\":\"x\"}", "real" },
                { "{\"real\":\"bits:\"}", "real" },
                { "{\"real\":true}", "real" },
                { "{\"text\":\"12345678\"}", "text" },
                { "{\"text\":\"\xe2\x82\xac\"}", "text" },
                { "{\"text\":\"a\\u0000b\"}", "text" },
                { "{\"text\":5}", "text" },
                { "{\"bytes\":\"0001fef\"}", "bytes" },
                { "{\"bytes\":\"0001feffff\"}", "bytes" },
                { "{\"bytes\":\"0001FEFF\"}", "bytes" },
                { "{\"word\":\"three\"}", "word" },
                { "{\"word\":1}", "word" },
                { "{\"one\":5}", "one" },
                { "{\"one\":{\"a\":10}}", "a" },
                { "{\"one\":{\"c\":10}}", "?" },
                { "{\"many\":{}}", "many" },
                { "{\"many\":[{},{},{},{}]}", "many" },
                { "{\"many\":[null]}", "many" },
                { "{\"many\":[{\"a\":1},{\"a\":99}]}", "a" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const char *name;
                Outer o;

                EXPECT_INT(read(cases[i].text, &o, &name), -EBADMSG);
                EXPECT_STR(name, cases[i].name);
        }
}

TEST(not_an_object) {
        json_object *object = json_tokener_parse("[1]");
        const char *name = "";
        Outer o;

        EXPECT_INT(field_read_object(object, &outer_table, &o, &name), -EBADMSG);
        json_object_put(object);
}
