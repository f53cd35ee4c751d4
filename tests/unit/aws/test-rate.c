#include "aws/rate.h"

#include "base/prng.h"
#include "base/usec.h"
#include "lib/test.h"

#define START (1000 * USEC_PER_SEC)

static unsigned take_all(RateBucket *b, RateLane lane, usec_t now) {
        unsigned n = 0;

        while (rate_take(b, lane, now) == 0)
                EXPECT(++n < 10000);
        return n;
}

TEST(each_lane_leaves_its_share) {
        static const unsigned expected[] = { 40, 19, 16, 14, 10 }; /* of 20; a rollback overdraws */

        for (size_t lane = 0; lane < RATE_LANE_COUNT; lane++) {
                RateBucket b;

                rate_init(&b, 10, 20, START);
                EXPECT_INT(take_all(&b, (RateLane) lane, START), expected[lane]);
                /* Whoever stands above still gets something. */
                if (lane > 0)
                        EXPECT_INT(rate_take(&b, (RateLane) (lane - 1), START), 0);
        }
}

TEST(full_bucket_serves_every_lane) {
        static const double bursts[] = { 1, 1.2, 1.5, 2, 3, 4, 5, 15, 1000.1 };

        for (size_t i = 0; i < ELEMENTSOF(bursts); i++)
                for (size_t lane = 0; lane < RATE_LANE_COUNT; lane++) {
                        RateBucket b;

                        rate_init(&b, 3, bursts[i], START);
                        EXPECT_INT(rate_take(&b, (RateLane) lane, START), 0);
                }
}

/* Asked again when it said, each lane gets its token then, and not before. */
TEST(span_is_exact) {
        for (size_t lane = 0; lane < RATE_LANE_COUNT; lane++)
                for (unsigned burst = 1; burst <= 20; burst++) {
                        usec_t now = START, span;
                        RateBucket b;

                        rate_init(&b, 7, burst, now);
                        (void) take_all(&b, RATE_ROLLBACK, now);
                        for (unsigned i = 0; i < 5; i++) {
                                span = rate_take(&b, (RateLane) lane, now);
                                EXPECT(span > 2);
                                EXPECT(rate_take(&b, (RateLane) lane, now + span - 2) > 0);
                                now += span + 1;
                                EXPECT_INT(rate_take(&b, (RateLane) lane, now), 0);
                        }
                }
}

TEST(rollbacks_overdraw_once_and_then_keep_pace) {
        RateBucket b;

        rate_init(&b, 5, 5, START);
        EXPECT_INT(take_all(&b, RATE_ROLLBACK, START), 10);
        EXPECT_INT(take_all(&b, RATE_ROLLBACK, START + USEC_PER_SEC), 5);
        /* The debt is paid back before anybody else goes. */
        EXPECT_INT(take_all(&b, RATE_PROMOTE, START + 2 * USEC_PER_SEC), 0);
        EXPECT(take_all(&b, RATE_PROMOTE, START + 3 * USEC_PER_SEC) > 0);
}

TEST(given_back_counts_again_but_never_more_than_full) {
        RateBucket b;

        rate_init(&b, 1, 4, START);
        EXPECT_INT(rate_take(&b, RATE_ROLLBACK, START), 0);
        rate_give_back(&b, START);
        rate_give_back(&b, START);
        EXPECT_INT(take_all(&b, RATE_ROLLBACK, START), 8);
}

TEST(clock_that_stands_or_goes_back_gives_nothing) {
        RateBucket b;

        rate_init(&b, 10, 2, START);
        EXPECT_INT(take_all(&b, RATE_ROLLBACK, START), 4);
        EXPECT_INT(take_all(&b, RATE_ROLLBACK, START - USEC_PER_SEC), 0);
        EXPECT_INT(take_all(&b, RATE_ROLLBACK, START), 0);
        EXPECT_INT(take_all(&b, RATE_ROLLBACK, START + 100 * USEC_PER_MSEC + 1), 1);
}

TEST(throttling_counts_once_a_second) {
        RateBucket b;

        rate_init(&b, 10, 10, 0);
        for (usec_t i = 0; i < 20; i++)
                rate_note(&b, true, i * 10 * USEC_PER_MSEC);
        EXPECT_NEAR(b.rate, 7, 1e-9);
        rate_note(&b, true, USEC_PER_SEC + 1);
        EXPECT_NEAR(b.rate, 4.9, 1e-9);
}

TEST(slowed_down_to_the_floor_and_back) {
        usec_t now = START;
        RateBucket b;

        rate_init(&b, 10, 10, now);
        for (unsigned i = 0; i < 100; i++, now += USEC_PER_SEC)
                rate_note(&b, true, now);
        EXPECT_NEAR(b.rate, RATE_FLOOR, 1e-9);
        /* The burst is gone with the rate, a rollback's room is not. */
        EXPECT_INT(take_all(&b, RATE_PREFLIGHT, now), 1);
        EXPECT_INT(take_all(&b, RATE_ROLLBACK, now), 10);
        for (unsigned i = 0; i < 30; i++, now += USEC_PER_SEC)
                rate_note(&b, false, now);
        EXPECT(b.rate > 4 && b.rate < 7);
        for (unsigned i = 0; i < 40; i++, now += USEC_PER_SEC)
                rate_note(&b, false, now);
        EXPECT_NEAR(b.rate, 10, 1e-9);
        EXPECT(take_all(&b, RATE_PREFLIGHT, now) >= 4);
}

TEST(slow_buckets_have_no_floor_above_themselves) {
        RateBucket b;

        rate_init(&b, 0.1, 1, START);
        rate_note(&b, true, START);
        EXPECT_NEAR(b.rate, 0.1, 1e-9);
        EXPECT_INT(rate_take(&b, RATE_PREFLIGHT, START), 0);
}

TEST(nonsense_is_made_harmless) {
        static const double numbers[] = { 0, -1, NAN, -INFINITY };

        for (size_t i = 0; i < ELEMENTSOF(numbers); i++) {
                RateBucket b;
                usec_t span;

                rate_init(&b, numbers[i], numbers[i], START);
                EXPECT_INT(rate_take(&b, RATE_PREFLIGHT, START), 0);
                span = rate_take(&b, RATE_PREFLIGHT, START);
                EXPECT(span > USEC_PER_SEC && span <= USEC_PER_DAY);
        }
}

TEST(fresh_again) {
        RateBucket b;
        usec_t span;

        rate_init(&b, 5, 10, START);
        EXPECT_INT(rate_until_fresh(&b, START), 0);
        EXPECT_INT(rate_take(&b, RATE_STEP, START), 0);
        span = rate_until_fresh(&b, START);
        EXPECT_NEAR((double) span, 200000, 2);
        EXPECT_INT(rate_until_fresh(&b, START + span), 0);
        rate_note(&b, true, START + span);
        EXPECT_INT(rate_until_fresh(&b, START + span), RATE_RECOVERY);
        EXPECT_INT(rate_until_fresh(&b, START + span + RATE_RECOVERY), 0);
}

/* Whatever happens in whatever order: no more than rate * t + two bursts go out, and a rollback that asks in
 * time gets its token while less than that went out. */
static void run_at_random(uint64_t seed) {
        Prng prng = { .state = seed };
        double rate = 0.5 + prng_unit(&prng) * 30, burst = 1 + prng_unit(&prng) * 30;
        uint64_t given = 0;
        usec_t now = START;
        RateBucket b;

        rate_init(&b, rate, burst, now);
        for (unsigned i = 0; i < 3000; i++) {
                RateLane lane = (RateLane) prng_below(&prng, RATE_LANE_COUNT);
                double most;

                now += prng_below(&prng, 2) ? prng_below(&prng, USEC_PER_SEC / 8) : 0;
                if (rate_take(&b, lane, now) == 0) {
                        given++;
                        if (prng_below(&prng, 20) == 0) {
                                rate_give_back(&b, now);
                                given--;
                        } else
                                rate_note(&b, prng_below(&prng, 10) == 0, now);
                }
                most = rate * (double) (now - START) / (double) USEC_PER_SEC + 2 * burst;
                if ((double) given > most + 1e-6)
                        FAIL("seed %llu: %llu given, at most %g", (unsigned long long) seed,
                                        (unsigned long long) given, most);
                EXPECT(b.rate <= b.rate_max && b.rate >= fmin(RATE_FLOOR, b.rate_max) - 1e-9);
                EXPECT(b.tokens <= b.burst && b.tokens >= -b.burst - 1e-6);
        }
}

TEST(never_more_than_rate_and_two_bursts) {
        for (uint64_t seed = 1; seed <= 200; seed++)
                run_at_random(seed);
}

/* Everybody below may ask as often as they like: a rollback that comes in between goes at once. */
TEST(lower_lanes_never_starve_a_rollback) {
        for (uint64_t seed = 1; seed <= 100; seed++) {
                Prng prng = { .state = seed };
                double burst = 1 + (double) prng_below(&prng, 30);
                usec_t now = START;
                RateBucket b;

                rate_init(&b, 5, burst, now);
                for (unsigned i = 0; i < 1000; i++) {
                        now += prng_below(&prng, 50 * USEC_PER_MSEC);
                        (void) rate_take(&b, (RateLane) (1 + prng_below(&prng, RATE_LANE_COUNT - 1)), now);
                        if (prng_below(&prng, 50) == 0)
                                rate_note(&b, true, now);
                        EXPECT(b.tokens >= -1e-6);
                }
                EXPECT(take_all(&b, RATE_ROLLBACK, now) >= (unsigned) burst);
        }
}

TEST(rollbacks_of_a_throttled_account_do_not_crawl) {
        RateBucket b;
        usec_t now = USEC_PER_DAY, start;
        unsigned n = 0;

        rate_init(&b, 10, 10, now);
        for (unsigned i = 0; i < 60; i++, now += USEC_PER_SEC)
                rate_note(&b, true, now);
        EXPECT_NEAR(b.rate, RATE_FLOOR, 0.001);
        while (rate_take(&b, RATE_ROLLBACK, now) == 0)
                EXPECT(++n < 100);
        EXPECT(n >= 10);
        /* Twenty more in four seconds; and nothing for anybody else meanwhile. */
        start = now;
        for (n = 0; n < 20; n++) {
                usec_t wait = rate_take(&b, RATE_ROLLBACK, now);

                EXPECT(rate_take(&b, RATE_PROMOTE, now) > 0);
                now += wait;
                EXPECT(wait == 0 || rate_take(&b, RATE_ROLLBACK, now) == 0);
        }
        EXPECT(now - start <= 5 * USEC_PER_SEC);
}
