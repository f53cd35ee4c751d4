#include "base/diag.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/utf8.h"

/* Longer lines are quoted in part: so much before the place, so much in all. */
#define QUOTED_LINE_MAX 200
#define QUOTED_BEFORE 60
#define QUOTED_PART 160

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

/* A character has no more than three bytes behind its first, whatever the file has. */
static size_t to_boundary(const char *s, size_t n, size_t at) {
        for (size_t end = MIN(n, at + 3); at < end && is_continuation(s[at]);)
                at++;
        return at;
}

/* The line, or what is around the place, and the caret under it. "place": from 0. */
static void put_quoted(Buf *out, unsigned line, const char *text, size_t n, size_t place) {
        size_t begin = 0, end = n;
        int cells;

        if (n > QUOTED_LINE_MAX) {
                begin = place > QUOTED_BEFORE ? to_boundary(text, n, place - QUOTED_BEFORE) : 0;
                end = to_boundary(text, n, MIN(n, begin + QUOTED_PART));
        }
        (void) buf_printf(out, "%6u | %s", line, begin > 0 ? "..." : "");
        cells = put_printable(out, text + begin, end - begin, place - begin) + (begin > 0 ? 3 : 0);
        (void) buf_printf(out, "%s\n       | %*s^\n", end < n ? "..." : "", cells, "");
}

int diag_render(const Diag *d, const char *file, const char *source, size_t size, Buf *out) {
        const char *text = NULL;
        size_t n = 0;

        (void) put_printable(out, file, strlen(file), 0);
        if (d->line > 0)
                (void) buf_printf(out, ":%u:%u", d->line, d->column);
        (void) buf_printf(out, ": %s: ", d->level == DIAG_ERROR ? "error" : "warning");
        (void) put_printable(out, d->message, strlen(d->message), 0);
        (void) buf_putc(out, '\n');
        if (source && d->line > 0)
                find_line(source, size, d->line, &text, &n);
        if (text && d->column > 0 && d->column <= MAX(n + 1, (size_t) QUOTED_LINE_MAX))
                put_quoted(out, d->line, text, n, d->column - 1);
        return out->failed ? -ENOBUFS : 0;
}
