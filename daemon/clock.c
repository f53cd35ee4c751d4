#include "daemon/clock.h"

#include <systemd/sd-id128.h>
#include <time.h>

#include "base/macro.h"
#include "base/str.h"
#include "base/usec.h"

static usec_t read_one(clockid_t id) {
        struct timespec ts = { 0 };
        int r = clock_gettime(id, &ts);

        /* Fails only for clocks that a kernel of this century has. */
        assert(r == 0);
        return ts.tv_sec < 0 ? 0 : (usec_t) ts.tv_sec * USEC_PER_SEC + (usec_t) ts.tv_nsec / 1000;
}

void clock_read(Now *ret) {
        sd_id128_t boot;

        *ret = (Now){
                .wall = read_one(CLOCK_REALTIME),
                .mono = read_one(CLOCK_BOOTTIME),
        };
        /* libsystemd reads it once and remembers. */
        if (sd_id128_get_boot(&boot) >= 0)
                ret->boot = str_fingerprint(boot.bytes, sizeof(boot.bytes));
}
