#include "base/str.h"

#include "base/fingerprint.h"
#include "base/macro.h"

#define DISTANCE_LENGTH_MAX 64u

const char *str_after(const char *s, const char *prefix) {
        size_t n = strlen(prefix);

        return strncmp(s, prefix, n) == 0 ? s + n : NULL;
}

bool str_ends_with(const char *s, const char *suffix) {
        size_t a = strlen(s), b = strlen(suffix);

        return a >= b && memcmp(s + a - b, suffix, b) == 0;
}

int str_parse_u64(const char *s, uint64_t max, uint64_t *ret) {
        uint64_t value = 0;

        if (str_is_empty(s))
                return -EINVAL;
        for (; *s; s++) {
                unsigned digit = (unsigned) (unsigned char) *s - '0';

                if (digit > 9)
                        return -EINVAL;
                if (__builtin_mul_overflow(value, (uint64_t) 10, &value) ||
                                __builtin_add_overflow(value, (uint64_t) digit, &value))
                        return -ERANGE;
        }
        if (value > max)
                return -ERANGE;
        *ret = value;
        return 0;
}

int str_parse_decimal(const char *s, double *ret) {
        double value = 0, scale = 1;
        size_t digits = 0;

        for (; *s >= '0' && *s <= '9'; s++, digits++)
                value = value * 10 + (*s - '0');
        if (*s == '.') {
                if (digits == 0)
                        return -EINVAL;
                digits = 0;
                for (s++; *s >= '0' && *s <= '9'; s++, digits++) {
                        value = value * 10 + (*s - '0');
                        scale *= 10;
                }
        }
        if (digits == 0 || *s != '\0')
                return -EINVAL;
        if (value > 1e15 || scale > 1e15)
                return -ERANGE;
        *ret = value / scale;
        return 0;
}

int str_copy(char *dst, size_t size, const char *s) {
        size_t n = strlen(s);

        if (n >= size)
                return -ENOBUFS;
        memcpy(dst, s, n + 1);
        return 0;
}

unsigned str_distance(const char *a, const char *b) {
        unsigned row[DISTANCE_LENGTH_MAX + 1];
        size_t n = strnlen(a, DISTANCE_LENGTH_MAX), m = strnlen(b, DISTANCE_LENGTH_MAX);

        for (unsigned j = 0; j <= m; j++)
                row[j] = j;
        for (unsigned i = 1; i <= n; i++) {
                unsigned diagonal = row[0];

                row[0] = i;
                for (unsigned j = 1; j <= m; j++) {
                        unsigned above = row[j];
                        unsigned swap = diagonal + (a[i - 1] != b[j - 1]);

                        row[j] = MIN(swap, MIN(above, row[j - 1]) + 1);
                        diagonal = above;
                }
        }
        return row[m];
}

const char *str_nearest(const char *s, const char *const *names, size_t n) {
        const char *best = NULL;
        unsigned best_distance = 0;

        for (size_t i = 0; i < n; i++) {
                unsigned distance = str_distance(s, names[i]);

                if (distance > 1 + strnlen(names[i], DISTANCE_LENGTH_MAX) / 3)
                        continue;
                if (!best || distance < best_distance) {
                        best = names[i];
                        best_distance = distance;
                }
        }
        return best;
}

uint64_t str_fingerprint(const void *data, size_t n) {
        return fingerprint(data, n);
}
