#pragma once

/* A growable byte buffer that cannot grow past its maximum. Always NUL-terminated once anything was
 * appended. */

#include "base/macro.h"

struct Buf {
        char *data; /* owned; NULL while empty */
        size_t size;
        size_t allocated;
        size_t max;     /* bytes, the NUL not counted */
        bool is_secret; /* wiped wherever it was: when it moves to grow, is emptied or freed */
        bool failed;    /* an append failed (-ENOMEM or -ENOBUFS): later ones fail too, buf_take() says so */
};

#define BUF_INIT(limit) ((Buf){ .max = (limit) })
#define BUF_SECRET_INIT(limit) ((Buf){ .max = (limit), .is_secret = true })

void buf_done(Buf *b);
void buf_clear(Buf *b); /* empty again, memory kept */

/* All: 0, -ENOBUFS (would pass max), -ENOMEM. A failure sticks, so a run of appends may be checked once, at
 * the end. */
int buf_append(Buf *b, const void *data, size_t n);
int buf_puts(Buf *b, const char *s);
int buf_putc(Buf *b, char c);
int buf_printf(Buf *b, const char *format, ...) _printf_(2, 3);

/* The bytes as a string owned by the caller (who wipes a secret's), the buffer left empty. -ENOBUFS or
 * -ENOMEM when any append failed. */
int buf_take(Buf *b, char **ret);

static inline const char *buf_text(const Buf *b) {
        return b->data ? b->data : "";
}
