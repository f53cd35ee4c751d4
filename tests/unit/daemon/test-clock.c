#include "daemon/clock.h"

#include <time.h>

#include "base/usec.h"
#include "lib/test.h"

TEST(both_clocks_and_the_boot) {
        struct timespec wall, mono;
        Now a, b;

        clock_read(&a);
        EXPECT_OK(clock_gettime(CLOCK_REALTIME, &wall));
        EXPECT_OK(clock_gettime(CLOCK_BOOTTIME, &mono));
        clock_read(&b);
        EXPECT(a.mono > 0 && a.mono <= b.mono);
        EXPECT((usec_t) mono.tv_sec * USEC_PER_SEC + (usec_t) mono.tv_nsec / 1000 >= a.mono);
        EXPECT((usec_t) mono.tv_sec * USEC_PER_SEC + (usec_t) mono.tv_nsec / 1000 <= b.mono);
        /* The wall clock may be set while this runs, but not by a minute. */
        EXPECT(usec_sub((usec_t) wall.tv_sec * USEC_PER_SEC, a.wall) < USEC_PER_MINUTE);
        EXPECT(usec_sub(a.wall, (usec_t) wall.tv_sec * USEC_PER_SEC) < USEC_PER_MINUTE);
        EXPECT(a.boot != 0);
        EXPECT(a.boot == b.boot);
}
