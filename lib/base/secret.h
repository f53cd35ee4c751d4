#pragma once

/* Bytes that must not outlive their use: wiped when freed, never part of a printable structure. */

#include "base/macro.h"

/* Copies n bytes. NULL: out of memory. */
Secret *secret_new(const char *bytes, size_t n);
Secret *secret_ref(Secret *s);
Secret *secret_unref(Secret *s);
DEFINE_TRIVIAL_CLEANUP(Secret *, secret_unref);

/* Borrowed, NUL-terminated. */
const char *secret_text(const Secret *s);
size_t secret_size(const Secret *s);

/* Wipes and frees a heap string that held a secret on its way into a Secret. Returns NULL. */
char *secret_erase_string(char *s);
DEFINE_TRIVIAL_CLEANUP(char *, secret_erase_string);
