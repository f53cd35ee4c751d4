#include "base/usec.h"

#include "lib/test.h"

TEST(add_saturates) {
        EXPECT(usec_add(1, 2) == 3);
        EXPECT(usec_add(USEC_INFINITY, 0) == USEC_INFINITY);
        EXPECT(usec_add(USEC_INFINITY, 1) == USEC_INFINITY);
        EXPECT(usec_add(1, USEC_INFINITY) == USEC_INFINITY);
        EXPECT(usec_add(USEC_INFINITY - 1, 1) == USEC_INFINITY);
        EXPECT(usec_add(USEC_INFINITY - 2, 1) == USEC_INFINITY - 1);
}

TEST(sub_is_never_negative) {
        EXPECT(usec_sub(5, 3) == 2);
        EXPECT(usec_sub(3, 3) == 0);
        EXPECT(usec_sub(3, 5) == 0);
        EXPECT(usec_sub(3, USEC_INFINITY) == 0);
        EXPECT(usec_sub(USEC_INFINITY, 5) == USEC_INFINITY);
}

TEST(min_and_max) {
        EXPECT(usec_min(1, 2) == 1 && usec_min(2, 1) == 1 && usec_min(2, USEC_INFINITY) == 2);
        EXPECT(usec_max(1, 2) == 2 && usec_max(2, 1) == 2 && usec_max(2, USEC_INFINITY) == USEC_INFINITY);
}

TEST(grid) {
        EXPECT(usec_floor(0, 60) == 0 && usec_ceil(0, 60) == 0);
        EXPECT(usec_floor(59, 60) == 0 && usec_ceil(59, 60) == 60);
        EXPECT(usec_floor(60, 60) == 60 && usec_ceil(60, 60) == 60);
        EXPECT(usec_floor(61, 60) == 60 && usec_ceil(61, 60) == 120);
        EXPECT(usec_ceil(USEC_INFINITY - 1, USEC_PER_HOUR) == USEC_INFINITY);
}

TEST(units) {
        EXPECT(USEC_PER_SEC == 1000 * USEC_PER_MSEC);
        EXPECT(USEC_PER_DAY == UINT64_C(86400000000));
}
