#pragma once

/* What a fuzz target is: one function that must survive any input, and abort() when a property of the result
 * does not hold. */

#include "base/macro.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Like assert(), but it is the subject of the test and not of NDEBUG. */
#define FUZZ_CHECK(cond)                  \
        do {                              \
                if (!(cond))              \
                        __builtin_trap(); \
        } while (0)
