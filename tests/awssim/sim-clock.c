#include "awssim/sim-clock.h"

#include <time.h>

static usec_t clock_read(clockid_t id) {
        struct timespec ts;

        if (clock_gettime(id, &ts) < 0)
                return 0;
        return (usec_t) ts.tv_sec * USEC_PER_SEC + (usec_t) ts.tv_nsec / 1000;
}

usec_t clock_wall(void) {
        return clock_read(CLOCK_REALTIME);
}

usec_t clock_monotonic(void) {
        return clock_read(CLOCK_BOOTTIME);
}
