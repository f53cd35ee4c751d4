#pragma once

#include "core/types.h"

/* The only reader of the clocks: wall (CLOCK_REALTIME), mono (CLOCK_BOOTTIME), boot (fingerprint of the boot
 * id). */
void clock_read(Now *ret);

static inline usec_t clock_mono(void) {
        Now now;

        clock_read(&now);
        return now.mono;
}
