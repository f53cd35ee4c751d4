#pragma once

/* Plain decimal numbers without rounding: "12", "0.05". */

#include "base/forward.h"

/* The number digits / 10^scale, as it was written. */
typedef struct Decimal {
        uint64_t digits; /* below 10^15: exact as a double, too */
        unsigned scale;  /* at most 15 */
} Decimal;

/* n characters: digits, or digits "." digits. -EINVAL: not that. -ERANGE: too many digits. */
int decimal_parse(const char *s, size_t n, Decimal *ret);

/* number * 10^shift as a whole number. -EDOM: it is none. -ERANGE: more than max. */
int decimal_to_units(const Decimal *d, unsigned shift, uint64_t max, uint64_t *ret);

/* number / 10^shift as the nearest double; shift at most 3. */
double decimal_to_double(const Decimal *d, unsigned shift);
