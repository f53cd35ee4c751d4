#include "codec/decimal.h"

#include "base/macro.h"

#define DIGITS_MAX UINT64_C(999999999999999)
#define SCALE_MAX 15u

int decimal_parse(const char *s, size_t n, Decimal *ret) {
        Decimal d = { 0 };
        size_t before = 0, after = 0;
        bool in_fraction = false;

        for (size_t i = 0; i < n; i++) {
                unsigned digit = (unsigned) (unsigned char) s[i] - '0';

                if (s[i] == '.' && !in_fraction) {
                        in_fraction = true;
                        continue;
                }
                if (digit > 9)
                        return -EINVAL;
                if (d.digits > (DIGITS_MAX - digit) / 10 || after == SCALE_MAX)
                        return -ERANGE;
                d.digits = d.digits * 10 + digit;
                if (in_fraction)
                        after++;
                else
                        before++;
        }
        if (before == 0 || (in_fraction && after == 0))
                return -EINVAL;
        d.scale = (unsigned) after;
        *ret = d;
        return 0;
}

int decimal_to_units(const Decimal *d, unsigned shift, uint64_t max, uint64_t *ret) {
        uint64_t value = d->digits;

        for (unsigned i = d->scale; i < shift; i++)
                if (__builtin_mul_overflow(value, (uint64_t) 10, &value))
                        return -ERANGE;
        for (unsigned i = shift; i < d->scale; i++) {
                if (value % 10 != 0)
                        return -EDOM;
                value /= 10;
        }
        if (value > max)
                return -ERANGE;
        *ret = value;
        return 0;
}

double decimal_to_double(const Decimal *d, unsigned shift) {
        double divisor = 1;

        /* Powers of ten up to 10^22 and whole numbers up to 10^15 are exact, so the one division below is
         * the only place that rounds. */
        for (unsigned i = 0; i < d->scale + shift; i++)
                divisor *= 10;
        return (double) d->digits / divisor;
}
