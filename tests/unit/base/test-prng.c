#include "base/prng.h"

#include "lib/test.h"

/* The reference stream of SplitMix64 for seed 1234567. */
TEST(reference_stream) {
        static const uint64_t expected[] = {
                UINT64_C(6457827717110365317),
                UINT64_C(3203168211198807973),
                UINT64_C(9817491932198370423),
                UINT64_C(4593380528125082431),
                UINT64_C(16408922859458223821),
        };
        Prng p = { .state = 1234567 };

        for (size_t i = 0; i < ELEMENTSOF(expected); i++)
                EXPECT(prng_next(&p) == expected[i]);
}

TEST(same_seed_same_stream) {
        Prng a = { .state = 42 }, b = { .state = 42 }, c = { .state = 43 };
        unsigned differing = 0;

        for (unsigned i = 0; i < 100; i++) {
                uint64_t x = prng_next(&a);

                EXPECT(x == prng_next(&b));
                differing += x != prng_next(&c);
        }
        EXPECT_INT(differing, 100);
}

TEST(below_stays_below_and_reaches_all) {
        Prng p = { .state = 7 };
        unsigned seen[6] = { 0 };

        for (unsigned i = 0; i < 6000; i++)
                seen[prng_below(&p, 6)]++;
        for (size_t i = 0; i < ELEMENTSOF(seen); i++)
                EXPECT(seen[i] > 850 && seen[i] < 1150);
        EXPECT_INT(prng_below(&p, 1), 0);
}

TEST(below_nothing_is_zero_and_draws_nothing) {
        Prng p = { .state = 7 };

        EXPECT_INT(prng_below(&p, 0), 0);
        EXPECT_INT(p.state, 7);
}

TEST(unit_interval) {
        Prng p = { .state = 7 };
        double sum = 0;

        for (unsigned i = 0; i < 10000; i++) {
                double x = prng_unit(&p);

                EXPECT(x >= 0 && x < 1);
                sum += x;
        }
        EXPECT_NEAR(sum / 10000, 0.5, 0.01);
}
