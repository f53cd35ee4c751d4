#include "base/alloc.h"

#include <stdio.h>
#include <string.h>

void *alloc_zero(size_t size) {
        return calloc(1, size == 0 ? 1 : size);
}

void *alloc_array(size_t n, size_t size) {
        size_t bytes;

        if (__builtin_mul_overflow(n, size, &bytes))
                return NULL;
        return alloc_zero(bytes);
}

void *alloc_resize(void *p, size_t n, size_t size) {
        size_t bytes;

        if (__builtin_mul_overflow(n, size, &bytes))
                return NULL;
        return realloc(p, bytes == 0 ? 1 : bytes);
}

char *alloc_copy_string(const char *s) {
        return alloc_copy_bytes(s, strlen(s));
}

int alloc_copy_optional(const char *s, char **ret) {
        if (!s)
                return 0;
        *ret = alloc_copy_string(s);
        return *ret ? 0 : -ENOMEM;
}

char *alloc_copy_bytes(const char *s, size_t n) {
        char *copy;

        if (n == SIZE_MAX)
                return NULL;
        copy = alloc_zero(n + 1);
        if (copy && n > 0)
                memcpy(copy, s, n);
        return copy;
}

char *alloc_printf(const char *format, ...) {
        va_list args;
        char *text;
        int n;

        va_start(args, format);
        n = vsnprintf(NULL, 0, format, args);
        va_end(args);
        if (n < 0)
                return NULL;
        text = alloc_zero((size_t) n + 1);
        if (!text)
                return NULL;
        va_start(args, format);
        (void) vsnprintf(text, (size_t) n + 1, format, args);
        va_end(args);
        return text;
}
