#pragma once

/* What the targets that read replies have in common: lines in front of the body say how it is read. */

#include <string.h>

#include "aws/http-value.h"
#include "fuzz/fuzz.h"

/* Fit to print, and ended. */
static inline void check_text(const char *s, size_t size) {
        FUZZ_CHECK(memchr(s, '\0', size));
        for (; *s; s++)
                FUZZ_CHECK((unsigned char) *s >= ' ' && *s != 0x7f);
}

/* Cuts a line off the front of *rest; in place. NULL: there is none. */
static inline char *take_line(char **rest) {
        char *line = *rest, *newline = strchr(line, '\n');

        if (!newline)
                return NULL;
        *newline = '\0';
        *rest = newline + 1;
        return line;
}

/* Borrows all. "text" has size bytes, of which the lines before "rest" were taken. */
static inline HttpResponse response_from(char *text, size_t size, char *rest) {
        return (HttpResponse){ .status = 200, .body = rest, .body_size = size - (size_t) (rest - text) };
}
