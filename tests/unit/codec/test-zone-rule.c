#include "lib/test.h"

#include "codec/zone-rule.h"

static void expect_year(const char *rule, int year, int64_t begin, int64_t end) {
        ZoneRule r = { 0 };
        int64_t found_begin = 0, found_end = 0;

        EXPECT_OK(zone_rule_parse(rule, &r));
        EXPECT(r.has_summer);
        zone_rule_year(&r, year, &found_begin, &found_end);
        EXPECT_INT(found_begin, begin);
        EXPECT_INT(found_end, end);
}

/* Held against date(1). */
TEST(changes_of_a_year) {
        expect_year("CET-1CEST,M3.5.0,M10.5.0/3", 2026, 1774746000, 1792890000);
        expect_year("EST5EDT,M3.2.0,M11.1.0", 2026, 1772953200, 1793512800);
        expect_year("AEST-10AEDT,M10.1.0,M4.1.0/3", 2026, 1791043200, 1775318400);
        /* The Saturday before the last Sunday, in hours of that Sunday. */
        expect_year("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", 2026, 1774746000, 1792890000);
}

TEST(days_by_number) {
        /* March 1 with and without a February 29 before it. */
        expect_year("AAA0BBB,J60/0,J365/0", 2024, 1709251200, 1735599600);
        expect_year("AAA0BBB,J60/0,J365/0", 2026, 1772323200, 1798671600);
        expect_year("AAA0BBB,59/0,364/0", 2026, 1772323200, 1798671600);
        expect_year("AAA0BBB,59/0,364/0", 2024, 1709164800, 1735513200);
}

TEST(without_summer) {
        ZoneRule r = { 0 };

        EXPECT_OK(zone_rule_parse("UTC0", &r));
        EXPECT(!r.has_summer);
        EXPECT_INT(r.standard, 0);
        EXPECT_OK(zone_rule_parse("<+0545>-5:45", &r));
        EXPECT_INT(r.standard, 20700);
        EXPECT_OK(zone_rule_parse("NST3:30:15", &r));
        EXPECT_INT(r.standard, -12615);
        EXPECT_OK(zone_rule_parse("IST-1GMT0,M10.5.0,M3.5.0/1", &r));
        EXPECT_INT(r.standard, 3600);
        EXPECT_INT(r.summer, 0);
}

TEST(refused) {
        static const char *const bad[] = { "", "U0", "UTC", "UTCx", "UTC0x", "UTC25", "UTC0:60",
                "UTC0:", "<+0>0", "<+01", "CET-1CEST", "CET-1CEST,M3.5.0", "CET-1CEST,M13.5.0,M10.5.0",
                "CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,M3.5,M10.5.0",
                "CET-1CEST,J0,J1", "CET-1CEST,J366,J1", "CET-1CEST,M3.5.0/168,M10.5.0",
                "CET-1CEST,M3.5.0,M10.5.0 ", "CET-1CEST,,", "CET-99999999999CEST,M3.5.0,M10.5.0" };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                ZoneRule r = { .standard = 77 };

                if (zone_rule_parse(bad[i], &r) != -EINVAL)
                        FAIL("\"%s\" is taken", bad[i]);
                EXPECT_INT(r.standard, 77);
        }
}
