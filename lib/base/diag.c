#include "base/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

#define QUOTED_LINE_MAX 200

/* A byte inside of a UTF-8 sequence, not its first. */
static bool is_continuation(char c) {
        return ((unsigned char) c & 0xc0) == 0x80;
}

/* Cuts at the start of a character and says so. */
static void mark_truncated(char *message, size_t size) {
        size_t at = size - 4;

        while (at > 0 && is_continuation(message[at]))
                at--;
        memcpy(message + at, "...", 4);
}

void diag_add(DiagList *list, DiagLevel level, unsigned line, unsigned column, const char *format, ...) {
        va_list args;
        Diag *d;
        int n;

        if (level == DIAG_ERROR)
                list->n_errors++;
        if (list->n == DIAG_LIST_MAX) {
                list->n_dropped++;
                return;
        }
        d = &list->entries[list->n++];
        d->level = level;
        d->line = line;
        d->column = column;
        va_start(args, format);
        n = vsnprintf(d->message, sizeof(d->message), format, args);
        va_end(args);
        if (n >= (int) sizeof(d->message))
                mark_truncated(d->message, sizeof(d->message));
}

static void find_line(const char *source, size_t size, unsigned line, const char **ret, size_t *ret_size) {
        const char *end = source + size, *newline;

        for (unsigned i = 1; i < line && source; i++) {
                source = memchr(source, '\n', (size_t) (end - source));
                if (source)
                        source++;
        }
        *ret = source;
        *ret_size = 0;
        if (!source)
                return;
        newline = memchr(source, '\n', (size_t) (end - source));
        *ret_size = (size_t) ((newline ? newline : end) - source);
}

/* What a hostile file, or its name, holds must not move a terminal's cursor, nor hide or reorder text.
 * Returns the cells that the bytes before "mark" take. */
static int put_printable(Buf *out, const char *s, size_t n, size_t mark) {
        int cells = mark > n ? (int) (mark - n) : 0;

        for (size_t i = 0, step; i < n; i += step) {
                uint32_t c = 0;
                int taken = utf8_decode(s + i, n - i, &c);
                bool shown = taken > 0 && utf8_is_printable(c);

                step = (size_t) MAX(taken, 1);
                if (i < mark)
                        cells += shown ? (int) utf8_width(c) : 1;
                if (shown)
                        (void) buf_append(out, s + i, step);
                else
                        (void) buf_putc(out, taken > 0 ? ' ' : '?');
        }
        return cells;
}

int diag_render(const Diag *d, const char *file, const char *source, size_t size, Buf *out) {
        const char *text = NULL;
        size_t n = 0;
        int cells;

        (void) put_printable(out, file, strlen(file), 0);
        if (d->line > 0)
                (void) buf_printf(out, ":%u:%u", d->line, d->column);
        (void) buf_printf(out, ": %s: ", d->level == DIAG_ERROR ? "error" : "warning");
        (void) put_printable(out, d->message, strlen(d->message), 0);
        (void) buf_putc(out, '\n');
        if (source && d->line > 0)
                find_line(source, size, d->line, &text, &n);
        if (text && d->column > 0 && d->column <= QUOTED_LINE_MAX && n <= QUOTED_LINE_MAX) {
                (void) buf_printf(out, "%6u | ", d->line);
                cells = put_printable(out, text, n, d->column - 1);
                (void) buf_printf(out, "\n       | %*s^\n", cells, "");
        }
        return out->failed ? -ENOBUFS : 0;
}
