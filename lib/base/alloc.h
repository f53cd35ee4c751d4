#pragma once

/* The only callers of malloc() and friends in this project. All memory comes zeroed; NULL means out of
 * memory. */

#include <stdarg.h>
#include <stdlib.h>

#include "base/macro.h"

void *alloc_zero(size_t size);
void *alloc_array(size_t n, size_t size);

/* Resizes to n elements; the new part is not zeroed. On failure p is untouched and still the caller's. */
void *alloc_resize(void *p, size_t n, size_t size);

char *alloc_copy_string(const char *s);
int alloc_copy_optional(const char *s, char **ret); /* NULL: *ret stays as it is. -ENOMEM */
char *alloc_copy_bytes(const char *s, size_t n);    /* NUL-terminated copy of n bytes */
char *alloc_printf(const char *format, ...) _printf_(1, 2);

#define alloc_one(type) ((type *) alloc_zero(sizeof(type)))

/* For _cleanup_(freep) on any pointer. */
static inline void freep(void *p) {
        free(*(void **) p);
}
