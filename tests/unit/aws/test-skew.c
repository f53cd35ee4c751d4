#include "aws/skew.h"

#include "base/prng.h"
#include "base/usec.h"
#include "lib/test.h"

#define WALL (UINT64_C(1767225600) * USEC_PER_SEC) /* 2026-01-01 */

static int64_t seconds(int64_t n) {
        return n * (int64_t) USEC_PER_SEC;
}

/* Learns from a reply of a server that is "ahead" of us, when its way takes as long as said. */
static bool learn(Skew *s, int64_t ahead, usec_t wall, usec_t there, usec_t back) {
        usec_t date = (usec_t) ((int64_t) (wall - back) + ahead);

        return skew_learn(s, usec_floor(date, USEC_PER_SEC), false, wall, there + back);
}

TEST(right_clock_stays_right) {
        Prng prng = { .state = 5 };
        Skew s = { 0 };

        for (unsigned i = 0; i < 1000; i++) {
                usec_t wall = WALL + prng_below(&prng, USEC_PER_HOUR);
                int64_t ahead = (int64_t) prng_below(&prng, 2 * USEC_PER_SEC) - seconds(1);

                EXPECT(!learn(&s, ahead, wall, prng_below(&prng, USEC_PER_SEC),
                                prng_below(&prng, USEC_PER_SEC)));
                EXPECT_INT(s.offset, 0);
        }
}

TEST(wrong_clock_is_found_out_and_kept) {
        static const int64_t off[] = { 3600, -3600, 300, -300, 86400 * 365, -86400 * 365 };

        for (size_t i = 0; i < ELEMENTSOF(off); i++) {
                Skew s = { 0 };
                int64_t found;

                EXPECT(learn(&s, seconds(off[i]), WALL + 777777, 40000, 30000));
                EXPECT_NEAR((double) s.offset, (double) seconds(off[i]), 1e6);
                EXPECT_NEAR((double) skew_apply(&s, WALL), (double) WALL + (double) seconds(off[i]), 1e6);
                found = s.offset;
                /* Slow replies that agree with it, as far as they go, do not make it wobble. */
                for (usec_t slow = 0; slow < 20; slow++)
                        EXPECT(!learn(&s, found, WALL + slow * USEC_PER_MINUTE, slow * USEC_PER_SEC, 0));
                EXPECT_INT(s.offset, found);
        }
}

TEST(clock_set_right_is_noticed) {
        Skew s = { 0 };

        EXPECT(learn(&s, seconds(600), WALL, 1000, 1000));
        EXPECT(learn(&s, 0, WALL + 11 * USEC_PER_MINUTE, 1000, 1000));
        EXPECT_INT(s.offset, 0);
        EXPECT_INT(skew_apply(&s, WALL), WALL);
}

TEST(less_than_a_minute_is_learnt_but_no_news) {
        Skew s = { 0 };

        EXPECT(!learn(&s, seconds(30), WALL, 1000, 1000));
        EXPECT_NEAR((double) s.offset, 30e6, 1e6);
        EXPECT(!learn(&s, seconds(80), WALL, 1000, 1000));
        EXPECT(learn(&s, seconds(145), WALL, 1000, 1000));
        EXPECT(!learn(&s, seconds(90), WALL, 1000, 1000));
        EXPECT(learn(&s, 0, WALL, 1000, 1000));
}

TEST(replies_that_say_nothing) {
        Skew s = { .offset = 5 };

        EXPECT(!skew_learn(&s, 0, false, WALL, 1000));
        EXPECT(!skew_learn(&s, WALL + USEC_PER_HOUR, true, WALL, 1000));
        EXPECT(!skew_learn(&s, WALL + USEC_PER_HOUR, false, WALL, SKEW_TRIP_MAX + 1));
        EXPECT(!skew_learn(&s, USEC_INFINITY, false, WALL, 1000));
        EXPECT(!skew_learn(&s, WALL, false, USEC_INFINITY, 1000));
        EXPECT_INT(s.offset, 5);
        EXPECT(skew_learn(&s, WALL + USEC_PER_HOUR, false, WALL, SKEW_TRIP_MAX));
}

TEST(applied_without_wrapping) {
        EXPECT_INT(skew_apply(&(Skew){ .offset = seconds(-10) }, USEC_PER_SEC), 0);
        EXPECT(skew_apply(&(Skew){ .offset = seconds(10) }, USEC_INFINITY - 1) == USEC_INFINITY);
}
