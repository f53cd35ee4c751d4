#pragma once

/* Characters of texts that come from outside: what they are, and what they do to a terminal. No locale. */

#include "base/forward.h"

/* The first character of s (size > 0 bytes): returns the bytes it takes, 1 to 4. -EINVAL: not UTF-8 (a stray
 * or missing continuation, an overlong form, a surrogate, beyond U+10FFFF). */
int utf8_decode(const char *s, size_t size, uint32_t *ret);

/* False for control characters and for those that are invisible or turn the direction of writing around:
 * they can make a terminal show what is not there. */
bool utf8_is_printable(uint32_t c);

/* Cells on a terminal: 0 for combining marks, 2 for wide characters, else 1. */
unsigned utf8_width(uint32_t c);

/* Appends s with each byte that is no part of a character replaced by U+FFFD. */
int utf8_append_valid(Buf *out, const char *s);
bool utf8_is_valid(const char *s);
