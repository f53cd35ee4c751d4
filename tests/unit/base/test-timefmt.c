#include "base/timefmt.h"

#include "base/prng.h"
#include "base/usec.h"
#include "lib/test.h"

/* 2026-01-15T12:34:56Z */
#define MOMENT (UINT64_C(1768480496) * USEC_PER_SEC)
#define UNTOUCHED ((usec_t) 4711)

typedef int (*Parser)(const char *s, usec_t *ret);

static void expect_parsed(Parser parse, const char *s, int r, usec_t value) {
        usec_t got = UNTOUCHED;
        int result = parse(s, &got);

        if (result != r)
                FAIL("\"%s\": %d, expected %d", s ? s : "(null)", result, r);
        if (got != (r < 0 ? UNTOUCHED : value))
                FAIL("\"%s\": %llu, expected %llu", s ? s : "(null)", (unsigned long long) got,
                                (unsigned long long) value);
}

TEST(formats_moments) {
        char text[TIME_TEXT_MAX];

        time_format_rfc3339(MOMENT + 999999, text);
        EXPECT_STR(text, "2026-01-15T12:34:56Z");
        time_format_clock(MOMENT, text);
        EXPECT_STR(text, "12:34:56");
        time_format_amz(MOMENT, text);
        EXPECT_STR(text, "20260115T123456Z");
        time_format_rfc3339(0, text);
        EXPECT_STR(text, "1970-01-01T00:00:00Z");
}

TEST(formats_the_end_of_time) {
        char text[TIME_TEXT_MAX];

        time_format_rfc3339(USEC_INFINITY, text);
        EXPECT_STR(text, "9999-12-31T23:59:59Z");
}

TEST(parses_rfc3339) {
        expect_parsed(time_parse_rfc3339, "2026-01-15T12:34:56Z", 0, MOMENT);
        expect_parsed(time_parse_rfc3339, "2026-01-15t12:34:56z", 0, MOMENT);
        expect_parsed(time_parse_rfc3339, "2026-01-15 12:34:56Z", 0, MOMENT);
        expect_parsed(time_parse_rfc3339, "2026-01-15T12:34:56+00:00", 0, MOMENT);
        expect_parsed(time_parse_rfc3339, "2026-01-15T05:04:56-07:30", 0, MOMENT);
        expect_parsed(time_parse_rfc3339, "2026-01-16T02:34:56+14:00", 0, MOMENT);
        expect_parsed(time_parse_rfc3339, "2026-01-15T12:34:56.5Z", 0, MOMENT + 500000);
        expect_parsed(time_parse_rfc3339, "2026-01-15T12:34:56.000001Z", 0, MOMENT + 1);
        expect_parsed(time_parse_rfc3339, "2026-01-15T12:34:56.1234567890123Z", 0, MOMENT + 123456);
        expect_parsed(time_parse_rfc3339, "2024-02-29T00:00:00Z", 0, UINT64_C(1709164800) * USEC_PER_SEC);
        expect_parsed(time_parse_rfc3339, "2000-02-29T00:00:00Z", 0, UINT64_C(951782400) * USEC_PER_SEC);
        /* A leap second is the first second of the next minute. */
        expect_parsed(time_parse_rfc3339, "2016-12-31T23:59:60Z", 0, UINT64_C(1483228800) * USEC_PER_SEC);
        expect_parsed(time_parse_rfc3339, "1970-01-01T00:00:00Z", 0, 0);
}

TEST(refuses_what_is_no_rfc3339) {
        static const char *const bad[] = {
                "",
                "2026",
                "2026-01-15",
                "2026-01-15T12:34:56",
                "2026-01-15T12:34Z",
                "2026-01-15T12:34:56Zx",
                "2026-01-15T12:34:56.Z",
                "2026-01-15T12:34:56.5",
                "2026-01-15T12:34:56.:Z",
                "2026-01-15T12:34:56./Z",
                "2026-01-15T12:34:56*00:00",
                "2026-01-15T12:34:56+0000",
                "2026-01-15T12:34:56+24:00",
                "2026-01-15T12:34:56+00:60",
                "2026-01-15T12:34:56+0x:00",
                "2026-01-15T12:34:56+00:0",
                "2026-01-15_12:34:56Z",
                "2026-00-15T12:34:56Z",
                "2026-13-15T12:34:56Z",
                "2026-01-00T12:34:56Z",
                "2026-01-32T12:34:56Z",
                "2026-04-31T12:34:56Z",
                "2026-02-29T12:34:56Z",
                "2100-02-29T12:34:56Z",
                "2026-01-15T24:00:00Z",
                "2026-01-15T12:60:00Z",
                "2026-01-15T12:00:61Z",
                "1969-12-31T23:59:59Z",
                "1970-01-01T00:00:00+00:01",
                "2026/01-15T12:34:56Z",
                "2026-01/15T12:34:56Z",
                "2026-01-15T12-34:56Z",
                "2026-01-15T12:34-56Z",
                "202x-01-15T12:34:56Z",
                "2026-0x-15T12:34:56Z",
                "2026-01-1xT12:34:56Z",
                "2026-01-15T1x:34:56Z",
                "2026-01-15T12:3x:56Z",
                "2026-01-15T12:34:5xZ",
                " 2026-01-15T12:34:56Z",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                expect_parsed(time_parse_rfc3339, bad[i], -EINVAL, 0);
}

TEST(parses_http_dates) {
        expect_parsed(time_parse_http, "Thu, 15 Jan 2026 12:34:56 GMT", 0, MOMENT);
        expect_parsed(time_parse_http, "Thu, 01 Jan 1970 00:00:00 GMT", 0, 0);
        expect_parsed(time_parse_http, "Wed, 31 Dec 2025 23:59:59 GMT", 0,
                        UINT64_C(1767225599) * USEC_PER_SEC);
}

TEST(refuses_what_is_no_http_date) {
        static const char *const bad[] = {
                "",
                "Thu",
                "Thu,",
                "Thu,15 Jan 2026 12:34:56 GMT",
                "Thu, 5 Jan 2026 12:34:56 GMT",
                "Thu, 15-Jan-2026 12:34:56 GMT",
                "Thu, 15 Jxn 2026 12:34:56 GMT",
                "Thu, 15 Jan-2026 12:34:56 GMT",
                "Thu, 15 Jan 26 12:34:56 GMT",
                "Thu, 15 Jan 2026-12:34:56 GMT",
                "Thu, 15 Jan 2026 1:34:56 GMT",
                "Thu, 15 Jan 2026 12-34:56 GMT",
                "Thu, 15 Jan 2026 12:3:56 GMT",
                "Thu, 15 Jan 2026 12:34-56 GMT",
                "Thu, 15 Jan 2026 12:34:5 GMT",
                "Thu, 15 Jan 2026 12:34:56 CET",
                "Thu, 15 Jan 2026 12:34:56",
                "Thu, 15 Jan 2026 12:34:56 GMT ",
                "Thu, 31 Feb 2026 12:34:56 GMT",
                "Thu, 15 Jan 2026 25:34:56 GMT",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                expect_parsed(time_parse_http, bad[i], -EINVAL, 0);
}

TEST(parses_durations) {
        expect_parsed(duration_parse, "90s", 0, 90 * USEC_PER_SEC);
        expect_parsed(duration_parse, "10m", 0, 10 * USEC_PER_MINUTE);
        expect_parsed(duration_parse, "1h30m", 0, 90 * USEC_PER_MINUTE);
        expect_parsed(duration_parse, "2d", 0, 2 * USEC_PER_DAY);
        expect_parsed(duration_parse, "250ms", 0, 250 * USEC_PER_MSEC);
        expect_parsed(duration_parse, "1d2h3m4s5ms", 0,
                        USEC_PER_DAY + 2 * USEC_PER_HOUR + 3 * USEC_PER_MINUTE + 4 * USEC_PER_SEC +
                                        5 * USEC_PER_MSEC);
        expect_parsed(duration_parse, "0s", 0, 0);
        expect_parsed(duration_parse, "3653d", 0, 3653 * USEC_PER_DAY);
}

TEST(refuses_what_is_no_duration) {
        static const char *const bad[] = { "", "10", "0", "m", "10 m", "10M", "10min", "-1s", "+1s", "1.5h",
                "30m1h", "1m1m", "1ms1s", "1s ", " 1s", "1w", "1h30", "1hm", "1{" };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                expect_parsed(duration_parse, bad[i], -EINVAL, 0);
        expect_parsed(duration_parse, NULL, -EINVAL, 0);
}

TEST(refuses_durations_over_ten_years) {
        expect_parsed(duration_parse, "3654d", -ERANGE, 0);
        expect_parsed(duration_parse, "3653d1s", -ERANGE, 0);
        expect_parsed(duration_parse, "99999999999999999999999999d", -ERANGE, 0);
        expect_parsed(duration_parse, "18446744073709551617ms", -ERANGE, 0);
}

TEST(formats_durations) {
        static const struct {
                usec_t d;
                const char *text;
        } cases[] = {
                { 0, "0s" },
                { 999, "0s" },
                { USEC_PER_MSEC, "1ms" },
                { 250 * USEC_PER_MSEC, "250ms" },
                { USEC_PER_SEC, "1s" },
                { 1500 * USEC_PER_MSEC, "1s500ms" },
                { 45 * USEC_PER_SEC, "45s" },
                { 60 * USEC_PER_SEC, "1m" },
                { 90 * USEC_PER_SEC, "1m30s" },
                { 90 * USEC_PER_MINUTE, "1h30m" },
                { USEC_PER_HOUR + 5 * USEC_PER_SEC, "1h" },
                { 26 * USEC_PER_HOUR, "1d2h" },
                { USEC_PER_DAY + USEC_PER_MINUTE, "1d" },
                { USEC_INFINITY, "213503982d8h" },
        };
        char text[TIME_TEXT_MAX];

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                duration_format(cases[i].d, text);
                EXPECT_STR(text, cases[i].text);
        }
}

TEST(moments_make_the_round_trip) {
        Prng prng = { .state = 3 };

        for (unsigned i = 0; i < 5000; i++) {
                usec_t t = prng_below(&prng, UINT64_C(253402300800)) * USEC_PER_SEC;
                char text[TIME_TEXT_MAX];

                time_format_rfc3339(t, text);
                expect_parsed(time_parse_rfc3339, text, 0, t);
        }
}
