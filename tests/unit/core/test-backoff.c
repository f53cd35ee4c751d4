#include "core/backoff.h"

#include "base/usec.h"
#include "lib/test.h"

static void expect_between(
                uint32_t attempt, Fault fault, usec_t wish, bool rollback, usec_t low, usec_t high) {
        Prng prng = { .state = 5 };

        for (unsigned i = 0; i < 200; i++) {
                usec_t delay = backoff_delay(attempt, fault, wish, rollback, &prng);

                if (delay < low || delay > high)
                        FAIL("attempt %u: %llu us, expected %llu to %llu", attempt,
                                        (unsigned long long) delay, (unsigned long long) low,
                                        (unsigned long long) high);
        }
}

TEST(doubles_up_to_a_cap) {
        expect_between(0, FAULT_TRANSIENT, 0, false, 100000, 200000);
        expect_between(3, FAULT_TRANSIENT, 0, false, 800000, 1600000);
        expect_between(10, FAULT_TRANSIENT, 0, false, 10 * USEC_PER_SEC, 20 * USEC_PER_SEC);
        expect_between(UINT32_MAX, FAULT_TRANSIENT, 0, false, 10 * USEC_PER_SEC, 20 * USEC_PER_SEC);
}

TEST(throttling_starts_slower) {
        expect_between(0, FAULT_THROTTLED, 0, false, 500000, USEC_PER_SEC);
}

TEST(rollbacks_never_wait_long) {
        expect_between(30, FAULT_THROTTLED, 0, true, 2500000, 5 * USEC_PER_SEC);
}

TEST(a_wish_is_honoured_within_reason) {
        expect_between(0, FAULT_THROTTLED, 3 * USEC_PER_SEC, false, 3 * USEC_PER_SEC, 3 * USEC_PER_SEC);
        expect_between(0, FAULT_THROTTLED, USEC_PER_DAY, true, 5 * USEC_PER_SEC, 6 * USEC_PER_SEC);
}
