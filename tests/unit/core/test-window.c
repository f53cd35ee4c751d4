#include "core/window.h"

#include "base/timefmt.h"
#include "base/usec.h"
#include "lib/test.h"

#define WEEKDAYS 0x1f
#define EVERY_DAY 0x7f

static usec_t at(const char *text) {
        usec_t t = 0;

        EXPECT_OK(time_parse_rfc3339(text, &t));
        return t;
}

static void expect_time(usec_t got, const char *wanted) {
        char text[TIME_TEXT_MAX] = "never";

        if (got != USEC_INFINITY)
                time_format_rfc3339(got, text);
        EXPECT_STR(text, wanted);
}

static PlanWindow window_at(uint8_t days, unsigned from, unsigned until) {
        return (PlanWindow){ .days = days, .from = (uint16_t) from, .until = (uint16_t) until };
}

/* Berlin in 2026: summer time from 29 March to 25 October, 01:00 UTC each. */
static void berlin(PlanWindow *w) {
        w->n_offsets = 3;
        w->offsets[0].seconds = 3600;
        w->offsets[1] = (WindowOffset){ .since = at("2026-03-29T01:00:00Z"), .seconds = 7200 };
        w->offsets[2] = (WindowOffset){ .since = at("2026-10-25T01:00:00Z"), .seconds = 3600 };
}

TEST(no_window_is_always_open) {
        PlanWindow w = { 0 };

        EXPECT(window_is_open(&w, 0));
        EXPECT(window_opens(&w, 77) == 77);
        EXPECT(window_closes(&w, 77) == USEC_INFINITY);
}

TEST(office_hours) {
        PlanWindow w = window_at(WEEKDAYS, 9 * 60, 17 * 60);

        /* 2026-01-15 is a Thursday. */
        EXPECT(!window_is_open(&w, at("2026-01-15T08:59:59Z")));
        EXPECT(window_is_open(&w, at("2026-01-15T09:00:00Z")));
        EXPECT(window_is_open(&w, at("2026-01-15T16:59:59Z")));
        EXPECT(!window_is_open(&w, at("2026-01-15T17:00:00Z")));
        EXPECT(!window_is_open(&w, at("2026-01-17T12:00:00Z"))); /* Saturday */
        expect_time(window_opens(&w, at("2026-01-15T08:00:00Z")), "2026-01-15T09:00:00Z");
        expect_time(window_opens(&w, at("2026-01-15T10:00:00Z")), "2026-01-15T10:00:00Z");
        expect_time(window_opens(&w, at("2026-01-16T17:00:00Z")), "2026-01-19T09:00:00Z");
        expect_time(window_closes(&w, at("2026-01-15T10:00:00Z")), "2026-01-15T17:00:00Z");
        expect_time(window_closes(&w, at("2026-01-15T18:00:00Z")), "2026-01-15T18:00:00Z");
}

TEST(over_midnight_it_belongs_to_the_day_it_begins_on) {
        PlanWindow w = window_at(1u << 4, 22 * 60, 6 * 60); /* Friday night */

        EXPECT(!window_is_open(&w, at("2026-01-16T05:00:00Z"))); /* Friday morning */
        EXPECT(window_is_open(&w, at("2026-01-16T23:00:00Z")));
        EXPECT(window_is_open(&w, at("2026-01-17T05:59:59Z"))); /* Saturday morning */
        EXPECT(!window_is_open(&w, at("2026-01-17T06:00:00Z")));
        EXPECT(!window_is_open(&w, at("2026-01-17T23:00:00Z")));
        expect_time(window_closes(&w, at("2026-01-16T23:00:00Z")), "2026-01-17T06:00:00Z");
        expect_time(window_opens(&w, at("2026-01-17T06:00:00Z")), "2026-01-23T22:00:00Z");
}

TEST(whole_days_join) {
        PlanWindow w = window_at(WEEKDAYS, 0, 0);

        EXPECT(window_is_open(&w, at("2026-01-16T23:59:59Z")));
        EXPECT(!window_is_open(&w, at("2026-01-17T00:00:00Z")));
        expect_time(window_closes(&w, at("2026-01-12T00:00:00Z")), "2026-01-17T00:00:00Z");
        w.days = EVERY_DAY;
        expect_time(window_closes(&w, at("2026-01-12T00:00:00Z")), "never");
}

TEST(local_time_follows_the_zone) {
        PlanWindow w = window_at(EVERY_DAY, 9 * 60, 17 * 60);

        berlin(&w);
        expect_time(window_opens(&w, at("2026-01-15T00:00:00Z")), "2026-01-15T08:00:00Z");
        expect_time(window_opens(&w, at("2026-07-15T00:00:00Z")), "2026-07-15T07:00:00Z");
        expect_time(window_opens(&w, at("2026-12-15T00:00:00Z")), "2026-12-15T08:00:00Z");
        EXPECT_INT(window_local(&w, at("2026-07-15T22:30:00Z")).weekday, 3); /* Thursday there already */
        EXPECT_INT(window_local(&w, at("2026-07-15T22:30:00Z")).minute, 30);
}

TEST(an_hour_that_the_clocks_skip) {
        PlanWindow w = window_at(EVERY_DAY, 2 * 60, 3 * 60);

        berlin(&w);
        /* There is no 02:xx on 29 March. */
        expect_time(window_opens(&w, at("2026-03-28T03:00:00Z")), "2026-03-30T00:00:00Z");
        w.until = 4 * 60;
        expect_time(window_opens(&w, at("2026-03-28T12:00:00Z")), "2026-03-29T01:00:00Z");
        expect_time(window_closes(&w, at("2026-03-29T01:00:00Z")), "2026-03-29T02:00:00Z");
        w.from = 2 * 60 + 30; /* inside the hole: when the clocks are past it */
        expect_time(window_opens(&w, at("2026-03-28T12:00:00Z")), "2026-03-29T01:00:00Z");
}

TEST(an_hour_that_comes_twice) {
        PlanWindow w = window_at(EVERY_DAY, 2 * 60, 3 * 60);

        berlin(&w);
        expect_time(window_opens(&w, at("2026-10-24T12:00:00Z")), "2026-10-25T00:00:00Z");
        expect_time(window_closes(&w, at("2026-10-25T00:00:00Z")), "2026-10-25T02:00:00Z");
        /* It does not flap: it begins and ends at the first of two moments with the same name. */
        w.from = 22 * 60;
        w.until = 2 * 60 + 30;
        expect_time(window_closes(&w, at("2026-10-24T21:00:00Z")), "2026-10-25T00:30:00Z");
        EXPECT(!window_is_open(&w, at("2026-10-25T01:15:00Z")));
        w.from = 2 * 60 + 30;
        w.until = 6 * 60;
        expect_time(window_opens(&w, at("2026-10-24T12:00:00Z")), "2026-10-25T00:30:00Z");
        expect_time(window_closes(&w, at("2026-10-25T00:45:00Z")), "2026-10-25T05:00:00Z");
}

TEST(a_day_that_a_zone_skips) {
        /* Samoa went over the date line at the end of 29 December 2011: there was no 30th, a Friday. */
        PlanWindow w = window_at(1u << 4, 9 * 60, 17 * 60);

        w.n_offsets = 2;
        w.offsets[0].seconds = -10 * 3600;
        w.offsets[1] = (WindowOffset){ .since = at("2011-12-30T10:00:00Z"), .seconds = 14 * 3600 };
        expect_time(window_opens(&w, at("2011-12-28T00:00:00Z")), "2012-01-05T19:00:00Z");
}

TEST(opening_and_closing_agree_with_being_open) {
        for (unsigned seed = 0; seed < 200; seed++) {
                PlanWindow w = window_at(
                                (uint8_t) (1 + seed * 37 % 127), seed * 97 % 1440, seed * 61 % 1440);
                usec_t t = at("2026-03-20T00:00:00Z") + seed * 7919 * USEC_PER_SEC;

                berlin(&w);
                for (unsigned i = 0; i < 12; i++) {
                        usec_t opens = window_opens(&w, t), closes;

                        EXPECT(opens != USEC_INFINITY && window_is_open(&w, opens));
                        EXPECT(opens == t || !window_is_open(&w, opens - 1));
                        closes = window_closes(&w, opens);
                        if (closes == USEC_INFINITY)
                                break;
                        EXPECT(closes > opens && !window_is_open(&w, closes));
                        EXPECT(window_is_open(&w, closes - 1));
                        t = closes;
                }
        }
}

TEST(any_moment_has_an_answer) {
        static const usec_t moments[] = { 0, 1, USEC_PER_DAY, UINT64_MAX / 2, UINT64_MAX - 1, UINT64_MAX };
        PlanWindow w = window_at(1, 0, 1);

        w.n_offsets = 1;
        w.offsets[0].seconds = -14 * 3600;
        for (size_t i = 0; i < ELEMENTSOF(moments); i++) {
                (void) window_is_open(&w, moments[i]);
                (void) window_opens(&w, moments[i]);
                (void) window_closes(&w, moments[i]);
                EXPECT(window_local(&w, moments[i]).minute < 1440);
        }
}

TEST(not_before_and_the_window_both_count) {
        Plan plan = { .not_before = at("2026-01-15T12:00:00Z") };

        expect_time(plan_opens(&plan, at("2026-01-15T10:00:00Z")), "2026-01-15T12:00:00Z");
        expect_time(plan_opens(&plan, at("2026-01-15T13:00:00Z")), "2026-01-15T13:00:00Z");
        plan.window = window_at(WEEKDAYS, 9 * 60, 11 * 60);
        expect_time(plan_opens(&plan, at("2026-01-15T10:00:00Z")), "2026-01-16T09:00:00Z");
}
