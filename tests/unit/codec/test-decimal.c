#include "lib/test.h"

#include "codec/decimal.h"

static int parse(const char *s, Decimal *ret) {
        return decimal_parse(s, strlen(s), ret);
}

TEST(good_numbers) {
        static const struct {
                const char *text;
                uint64_t digits;
                unsigned scale;
        } cases[] = {
                { "0", 0, 0 },
                { "12", 12, 0 },
                { "0.05", 5, 2 },
                { "12.50", 1250, 2 },
                { "007", 7, 0 },
                { "999999999999999", 999999999999999, 0 },
                { "0.000000000000001", 1, 15 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Decimal d = { 0 };

                EXPECT_OK(parse(cases[i].text, &d));
                EXPECT_INT(d.digits, cases[i].digits);
                EXPECT_INT(d.scale, cases[i].scale);
        }
}

TEST(what_is_no_number) {
        static const char *const texts[] = { "", ".", "1.", ".5", "-1", "+1", "1e3", " 1", "1 ", "1.2.3",
                "0x1", "1,5", "nan" };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                Decimal d = { .digits = 77 };

                EXPECT_INT(parse(texts[i], &d), -EINVAL);
                EXPECT_INT(d.digits, 77);
        }
}

TEST(too_many_digits) {
        Decimal d;

        EXPECT_INT(parse("1000000000000000", &d), -ERANGE);
        EXPECT_INT(parse("0.0000000000000001", &d), -ERANGE);
        EXPECT_INT(parse("99999999999999999999999999", &d), -ERANGE);
}

TEST(units_are_exact) {
        uint64_t value = 0;

        EXPECT_OK(decimal_to_units(&(Decimal){ 25, 2 }, 2, 100, &value));
        EXPECT_INT(value, 25);
        EXPECT_OK(decimal_to_units(&(Decimal){ 5, 0 }, 2, 500, &value));
        EXPECT_INT(value, 500);
        EXPECT_OK(decimal_to_units(&(Decimal){ 1500, 4 }, 2, 100, &value));
        EXPECT_INT(value, 15);
        EXPECT_INT(decimal_to_units(&(Decimal){ 5, 3 }, 2, 100, &value), -EDOM);
        EXPECT_INT(decimal_to_units(&(Decimal){ 5, 0 }, 2, 499, &value), -ERANGE);
        EXPECT_INT(decimal_to_units(&(Decimal){ 999999999999999, 0 }, 6, UINT64_MAX, &value), -ERANGE);
        EXPECT_INT(value, 15);
}

TEST(doubles_are_the_nearest) {
        EXPECT_NEAR(decimal_to_double(&(Decimal){ 5, 0 }, 2), 0.05, 0);
        EXPECT_NEAR(decimal_to_double(&(Decimal){ 813, 2 }, 2), 0.0813, 0);
        EXPECT_NEAR(decimal_to_double(&(Decimal){ 100, 3 }, 0), 0.1, 0);
}
