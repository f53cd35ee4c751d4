#pragma once

/* Strings without surprises: strict numbers, bounded copies, no locale. */

#include <string.h>
#include <strings.h>

#include "base/forward.h"

static inline bool streq(const char *a, const char *b) {
        return strcmp(a, b) == 0;
}

/* NULL equals NULL. */
static inline bool str_equal(const char *a, const char *b) {
        return a && b ? streq(a, b) : a == b;
}

static inline bool strcaseeq(const char *a, const char *b) {
        return strcasecmp(a, b) == 0;
}

static inline bool str_is_empty(const char *s) {
        return !s || s[0] == '\0';
}

/* The rest of s behind prefix, or NULL. */
const char *str_after(const char *s, const char *prefix);
bool str_ends_with(const char *s, const char *suffix);

/* Decimal digits only: no sign, space or prefix. -EINVAL not a number, -ERANGE above max. */
int str_parse_u64(const char *s, uint64_t max, uint64_t *ret);

/* A plain decimal ("12", "0.5", "1e3" is refused), locale-free, finite, not negative. -EINVAL, -ERANGE. */
int str_parse_decimal(const char *s, double *ret);

/* Copies s into dst[size]. -ENOBUFS, dst untouched, when it does not fit: nothing is ever cut off silently.
 */
int str_copy(char *dst, size_t size, const char *s);

/* Levenshtein distance, counting no further than 64 characters of each; for "did you mean". */
unsigned str_distance(const char *a, const char *b);

/* The nearest of names[n] to s when it is near enough to be a slip of the pen, else NULL. */
const char *str_nearest(const char *s, const char *const *names, size_t n);

/* FNV-1a over n bytes: fingerprints and hash tables, not security. */
uint64_t str_fingerprint(const void *data, size_t n);
