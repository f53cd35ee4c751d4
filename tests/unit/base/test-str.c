#include "base/str.h"

#include "lib/test.h"

static void expect_u64(const char *s, uint64_t max, int r, uint64_t value) {
        uint64_t got = 4711;

        if (str_parse_u64(s, max, &got) != r)
                FAIL("\"%s\": %d, expected %d", s ? s : "(null)", str_parse_u64(s, max, &got), r);
        EXPECT(got == (r < 0 ? 4711 : value));
}

static void expect_decimal(const char *s, int r, double value) {
        double got = -1;

        if (str_parse_decimal(s, &got) != r)
                FAIL("\"%s\": %d, expected %d", s ? s : "(null)", str_parse_decimal(s, &got), r);
        EXPECT_NEAR(got, r < 0 ? -1 : value, 0);
}

TEST(equality_and_emptiness) {
        EXPECT(streq("a", "a") && !streq("a", "A") && !streq("a", "ab"));
        EXPECT(strcaseeq("aB", "Ab") && !strcaseeq("a", "b"));
        EXPECT(str_is_empty(NULL) && str_is_empty("") && !str_is_empty(" "));
}

TEST(prefix_and_suffix) {
        EXPECT_STR(str_after("arn:aws:x", "arn:"), "aws:x");
        EXPECT_STR(str_after("arn:", "arn:"), "");
        EXPECT_STR(str_after("x", ""), "x");
        EXPECT(!str_after("ar", "arn:"));
        EXPECT(!str_after("ARN:", "arn:"));
        EXPECT(str_ends_with("plan.yaml", ".yaml"));
        EXPECT(str_ends_with(".yaml", ".yaml"));
        EXPECT(str_ends_with("x", ""));
        EXPECT(!str_ends_with("yaml", ".yaml"));
        EXPECT(!str_ends_with("plan.yaml~", ".yaml"));
}

TEST(u64) {
        expect_u64("0", 0, 0, 0);
        expect_u64("007", 10, 0, 7);
        expect_u64("42", 42, 0, 42);
        expect_u64("43", 42, -ERANGE, 0);
        expect_u64("18446744073709551615", UINT64_MAX, 0, UINT64_MAX);
        expect_u64("18446744073709551616", UINT64_MAX, -ERANGE, 0);
        expect_u64("184467440737095516150", UINT64_MAX, -ERANGE, 0);
        expect_u64("", 10, -EINVAL, 0);
        expect_u64(NULL, 10, -EINVAL, 0);
        expect_u64("+1", 10, -EINVAL, 0);
        expect_u64("-1", 10, -EINVAL, 0);
        expect_u64(" 1", 10, -EINVAL, 0);
        expect_u64("1 ", 10, -EINVAL, 0);
        expect_u64("0x1", 10, -EINVAL, 0);
        expect_u64("1.0", 10, -EINVAL, 0);
        expect_u64("\xc2\xb2", 10, -EINVAL, 0);
}

TEST(decimal) {
        expect_decimal("0", 0, 0);
        expect_decimal("12", 0, 12);
        expect_decimal("0.5", 0, 0.5);
        expect_decimal("0.1", 0, 0.1);
        expect_decimal("123.456", 0, 123.456);
        expect_decimal("99.999999", 0, 99.999999);
        expect_decimal("1000000000000000", 0, 1e15);
        expect_decimal("0.000000000000001", 0, 1e-15);
        expect_decimal("1000000000000001", -ERANGE, 0);
        expect_decimal("0.0000000000000001", -ERANGE, 0);
        expect_decimal("99999999999999999999999999", -ERANGE, 0);
        expect_decimal("", -EINVAL, 0);
        expect_decimal(".5", -EINVAL, 0);
        expect_decimal("5.", -EINVAL, 0);
        expect_decimal("1,5", -EINVAL, 0);
        expect_decimal("1.5.", -EINVAL, 0);
        expect_decimal("-1", -EINVAL, 0);
        expect_decimal("+1", -EINVAL, 0);
        expect_decimal("1e3", -EINVAL, 0);
        expect_decimal("1.x", -EINVAL, 0);
        expect_decimal("nan", -EINVAL, 0);
        expect_decimal("inf", -EINVAL, 0);
        expect_decimal(" 1", -EINVAL, 0);
}

/* More digits than a double holds must still end as a number or a refusal, not as infinity. */
TEST(decimal_of_any_length) {
        char s[1000];
        double got = -1;

        memset(s, '9', sizeof(s));
        s[sizeof(s) - 1] = '\0';
        EXPECT_INT(str_parse_decimal(s, &got), -ERANGE);
        s[1] = '.';
        EXPECT_INT(str_parse_decimal(s, &got), -ERANGE);
        EXPECT_NEAR(got, -1, 0);
}

TEST(copy_fits_or_fails) {
        char dst[5] = "keep";

        EXPECT_INT(str_copy(dst, sizeof(dst), "12345"), -ENOBUFS);
        EXPECT_STR(dst, "keep");
        EXPECT_OK(str_copy(dst, sizeof(dst), "1234"));
        EXPECT_STR(dst, "1234");
        EXPECT_OK(str_copy(dst, 1, ""));
        EXPECT_STR(dst, "");
        EXPECT_INT(str_copy(dst, 0, ""), -ENOBUFS);
}

TEST(distance) {
        EXPECT_INT(str_distance("", ""), 0);
        EXPECT_INT(str_distance("", "abc"), 3);
        EXPECT_INT(str_distance("abc", ""), 3);
        EXPECT_INT(str_distance("same", "same"), 0);
        EXPECT_INT(str_distance("wieght", "weight"), 2);
        EXPECT_INT(str_distance("kitten", "sitting"), 3);
        EXPECT_INT(str_distance("sitting", "kitten"), 3);
        EXPECT_INT(str_distance("ab", "abc"), 1);
        EXPECT_INT(str_distance("xabc", "abc"), 1);
}

TEST(distance_is_bounded) {
        char a[1000], b[1000];

        memset(a, 'a', sizeof(a));
        memset(b, 'b', sizeof(b));
        a[sizeof(a) - 1] = b[sizeof(b) - 1] = '\0';
        EXPECT_INT(str_distance(a, b), 64);
        EXPECT_INT(str_distance(a, a), 0);
}

TEST(nearest) {
        static const char *const names[] = { "weight", "hold", "min_requests", "name" };
        static const char *const alike[] = { "settle", "settled", "settles" };

        EXPECT_STR(str_nearest("wieght", names, ELEMENTSOF(names)), "weight");
        EXPECT_STR(str_nearest("holds", names, ELEMENTSOF(names)), "hold");
        EXPECT_STR(str_nearest("min-request", names, ELEMENTSOF(names)), "min_requests");
        EXPECT_STR(str_nearest("name", names, ELEMENTSOF(names)), "name");
        EXPECT_STR(str_nearest("settled", alike, ELEMENTSOF(alike)), "settled");
        EXPECT_STR(str_nearest("settlex", alike, ELEMENTSOF(alike)), "settle");
        EXPECT(!str_nearest("elephant", names, ELEMENTSOF(names)));
        EXPECT(!str_nearest("", names, ELEMENTSOF(names)));
        EXPECT(!str_nearest("weight", NULL, 0));
}

TEST(fingerprint_is_fnv1a) {
        EXPECT(str_fingerprint("", 0) == UINT64_C(0xcbf29ce484222325));
        EXPECT(str_fingerprint("a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
        EXPECT(str_fingerprint("foobar", 6) == UINT64_C(0x85944171f73967e8));
        EXPECT(str_fingerprint("\xff\0", 2) != str_fingerprint("\xff", 1));
}

TEST(nothing_equals_nothing) {
        char a[] = "a";

        EXPECT(str_equal(NULL, NULL) && str_equal(a, "a") && str_equal("", ""));
        EXPECT(!str_equal(NULL, "") && !str_equal("a", NULL) && !str_equal("a", "b"));
}
