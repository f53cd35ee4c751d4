#include "base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"

static void buf_wipe(Buf *b) {
        if (b->is_secret && b->data)
                explicit_bzero(b->data, b->allocated);
}

static void buf_reset(Buf *b) {
        *b = (Buf){ .max = b->max, .is_secret = b->is_secret };
}

void buf_done(Buf *b) {
        buf_wipe(b);
        free(b->data);
        buf_reset(b);
}

void buf_clear(Buf *b) {
        buf_wipe(b);
        b->size = 0;
        b->failed = false;
        if (b->data)
                b->data[0] = '\0';
}

static int buf_fail(Buf *b, int error) {
        b->failed = true;
        return error;
}

/* realloc() would leave a copy behind when it moves. */
static char *buf_move(Buf *b, size_t room) {
        char *data;

        if (!b->is_secret)
                return alloc_resize(b->data, room, 1);
        data = alloc_zero(room);
        if (!data)
                return NULL;
        if (b->data)
                memcpy(data, b->data, b->size);
        buf_wipe(b);
        free(b->data);
        return data;
}

static int buf_reserve(Buf *b, size_t n) {
        size_t wanted, room;
        char *data;

        if (b->failed || n > b->max || b->size > b->max - n)
                return buf_fail(b, -ENOBUFS);
        wanted = b->size + n + 1;
        if (wanted <= b->allocated)
                return 0;
        room = MAX(wanted, MIN(b->allocated * 2, b->max + 1));
        room = MAX(room, (size_t) 64);
        data = buf_move(b, room);
        if (!data)
                return buf_fail(b, -ENOMEM);
        b->data = data;
        b->allocated = room;
        return 0;
}

int buf_append(Buf *b, const void *data, size_t n) {
        int r = buf_reserve(b, n);

        if (r < 0)
                return r;
        if (n > 0)
                memcpy(b->data + b->size, data, n);
        b->size += n;
        b->data[b->size] = '\0';
        return 0;
}

int buf_puts(Buf *b, const char *s) {
        return buf_append(b, s, strlen(s));
}

int buf_putc(Buf *b, char c) {
        return buf_append(b, &c, 1);
}

int buf_printf(Buf *b, const char *format, ...) {
        va_list args;
        int n, r;

        va_start(args, format);
        n = vsnprintf(NULL, 0, format, args);
        va_end(args);
        if (n < 0)
                return buf_fail(b, -EINVAL);
        r = buf_reserve(b, (size_t) n);
        if (r < 0)
                return r;
        va_start(args, format);
        (void) vsnprintf(b->data + b->size, (size_t) n + 1, format, args);
        va_end(args);
        b->size += (size_t) n;
        return 0;
}

int buf_take(Buf *b, char **ret) {
        char *text;

        if (b->failed)
                return -ENOBUFS;
        text = b->data ? TAKE_PTR(b->data) : alloc_copy_string("");
        if (!text)
                return -ENOMEM;
        buf_reset(b);
        *ret = text;
        return 0;
}
