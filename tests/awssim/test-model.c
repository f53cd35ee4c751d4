/* The parts of the traffic model that are plain mathematics. */

#include "awssim/curve.h"
#include "awssim/draw.h"
#include "awssim/latency.h"
#include "lib/test.h"

#define SECOND 1000000

static Prng draw_number(uint64_t number) {
        const uint64_t key[] = { number, 7 };

        return draw_from_key(1, key, ELEMENTSOF(key));
}

/* Mean and variance of 4000 draws against n p and n p (1 - p), within five deviations of the mean. */
static void check_binomial(uint64_t n, double p) {
        const unsigned draws = 4000;
        double sum = 0, squares = 0, mean = (double) n * p, variance = mean * (1 - p);

        for (unsigned i = 0; i < draws; i++) {
                Prng prng = draw_number(i);
                uint64_t k = draw_binomial(&prng, n, p);
                double distance = (double) k - mean;

                EXPECT(k <= n);
                sum += (double) k;
                squares += distance * distance;
        }
        EXPECT_NEAR(sum / draws, mean, 5 * sqrt(variance / draws));
        EXPECT_NEAR(squares / draws / variance, 1, 0.2);
}

TEST(binomial_few_expected) {
        check_binomial(200, 0.01);
        check_binomial(50, 0.5);
        check_binomial(30, 0.9);
}

TEST(binomial_many_expected) {
        check_binomial(12000, 0.08);
        check_binomial(1000000, 0.3);
        check_binomial(1000, 0.7);
}

TEST(binomial_edges) {
        Prng p = draw_number(1);

        EXPECT_INT(draw_binomial(&p, 0, 0.5), 0);
        EXPECT_INT(draw_binomial(&p, 10, 0), 0);
        EXPECT_INT(draw_binomial(&p, 10, -1), 0);
        EXPECT_INT(draw_binomial(&p, 10, NAN), 0);
        EXPECT_INT(draw_binomial(&p, 10, 1), 10);
        EXPECT_INT(draw_binomial(&p, UINT64_C(1) << 40, 1), UINT64_C(1) << 40);
}

TEST(draws_depend_on_every_part_of_the_key) {
        const uint64_t a[] = { 1, 2 }, b[] = { 2, 1 }, c[] = { 1, 3 };
        Prng first = draw_from_key(9, a, 2), again = draw_from_key(9, a, 2);
        uint64_t value = prng_next(&first);

        EXPECT(value == prng_next(&again));
        first = draw_from_key(9, b, 2);
        EXPECT(value != prng_next(&first));
        first = draw_from_key(9, c, 2);
        EXPECT(value != prng_next(&first));
        first = draw_from_key(8, a, 2);
        EXPECT(value != prng_next(&first));
}

TEST(curve_steps) {
        CurvePoint points[] = { { 0, 10 }, { 2 * SECOND, 20 }, { 5 * SECOND, 0 } };
        Curve c = { .points = points, .n_points = ELEMENTSOF(points) };

        EXPECT_NEAR(curve_at(&c, -1), 10, 0);
        EXPECT_NEAR(curve_at(&c, 2 * SECOND - 1), 10, 0);
        EXPECT_NEAR(curve_at(&c, 2 * SECOND), 20, 0);
        EXPECT_NEAR(curve_at(&c, 9 * SECOND), 0, 0);
        EXPECT_INT(curve_next_change(&c, -5), 2 * SECOND);
        EXPECT_INT(curve_next_change(&c, 2 * SECOND), 5 * SECOND);
        EXPECT(curve_next_change(&c, 5 * SECOND) == INT64_MAX);
        EXPECT_NEAR(curve_integral(&c, -3 * SECOND), -30, 1e-9);
        EXPECT_NEAR(curve_integral(&c, 0), 0, 0);
        EXPECT_NEAR(curve_integral(&c, 3 * SECOND), 40, 1e-9);
        EXPECT_NEAR(curve_integral(&c, 99 * SECOND), 80, 1e-9);
}

TEST(latency_of_one_version) {
        LatencyMix mix = {};

        EXPECT_NEAR(latency_quantile(&mix, 0.5), 0, 0);
        latency_add(&mix, 100, 0.5, 10);
        latency_add(&mix, 100, 0.5, 30);
        latency_add(&mix, 100, 0.5, 0);
        EXPECT_INT(mix.n_parts, 1);
        EXPECT_NEAR(latency_count(&mix), 40, 0);
        EXPECT_NEAR(latency_sum(&mix), 4000, 1e-9);
        /* Median exp(mu), 97.7 % two deviations above. */
        EXPECT_NEAR(latency_quantile(&mix, 0.5), 100 * exp(-0.125), 1e-6);
        EXPECT_NEAR(latency_quantile(&mix, 0.97724986805), 100 * exp(-0.125 + 1), 1e-5);
}

TEST(latency_of_a_mixture) {
        LatencyMix mix = {};

        latency_add(&mix, 50, 0.1, 90);
        latency_add(&mix, 1000, 0.1, 10);
        EXPECT_INT(mix.n_parts, 2);
        EXPECT(latency_quantile(&mix, 0.85) < 70);
        EXPECT(latency_quantile(&mix, 0.95) > 900);
        for (unsigned i = 0; i < 2 * LATENCY_PARTS_MAX; i++)
                latency_add(&mix, 2000 + i, 0.1, 1);
        EXPECT_INT(mix.n_parts, LATENCY_PARTS_MAX);
        EXPECT_NEAR(latency_count(&mix), 100 + 2 * LATENCY_PARTS_MAX, 1e-9);
}
