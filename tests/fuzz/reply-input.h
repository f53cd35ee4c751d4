#pragma once

/* What the targets that read replies have in common: lines in front of the body say how it is read. */

#include <string.h>

#include "aws/http-value.h"
#include "base/alloc.h"
#include "base/str.h"
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

/* The first line names the way to read the rest. */
typedef struct ReplyKind {
        const char *name;
        void (*read)(const HttpResponse *response);
} ReplyKind;

static inline int read_reply(const uint8_t *data, size_t size, const ReplyKind *kinds, size_t n) {
        _cleanup_(freep) char *text = alloc_copy_bytes((const char *) data, size);
        char *rest = text, *line = text ? take_line(&rest) : NULL;

        for (size_t i = 0; line && i < n; i++)
                if (streq(line, kinds[i].name)) {
                        HttpResponse response = response_from(text, size, rest);

                        kinds[i].read(&response);
                }
        return 0;
}
