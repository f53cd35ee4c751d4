#include "codec/json-write.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static void write_escaped(Buf *out, const char *s) {
        size_t left = strlen(s);

        (void) buf_putc(out, '"');
        while (left > 0 && !out->failed) {
                uint32_t c = 0xfffd; /* stands for a byte that is no character */
                int n = utf8_decode(s, left, &c);

                if (c == '"' || c == '\\')
                        (void) buf_printf(out, "\\%c", (char) c);
                else if (c == '\n')
                        (void) buf_puts(out, "\\n");
                else if (c == '\t')
                        (void) buf_puts(out, "\\t");
                else if (n < 0 || (c <= 0xffff && !utf8_is_printable(c)))
                        (void) buf_printf(out, "\\u%04x", c);
                else if (!utf8_is_printable(c))
                        (void) buf_printf(out, "\\u%04x\\u%04x", 0xd800 + ((c - 0x10000) >> 10),
                                        0xdc00 + ((c - 0x10000) & 0x3ff));
                else
                        (void) buf_append(out, s, (size_t) n);
                s += MAX(n, 1);
                left -= (size_t) MAX(n, 1);
        }
        (void) buf_putc(out, '"');
}

/* What stands before a value: the text so far tells whether one came before it. No string can be mistaken
 * for a bracket, because strings end in a quote. */
static void write_key(Buf *out, const char *key) {
        char last = out->size > 0 ? out->data[out->size - 1] : '\0';

        if (last != '\0' && last != '{' && last != '[' && last != '\n')
                (void) buf_putc(out, ',');
        if (key) {
                write_escaped(out, key);
                (void) buf_putc(out, ':');
        }
}

void json_write_open(Buf *out, const char *key, char bracket) {
        write_key(out, key);
        (void) buf_putc(out, bracket);
}

void json_write_close(Buf *out, char bracket) {
        (void) buf_putc(out, bracket);
}

void json_write_text(Buf *out, const char *key, const char *value) {
        if (!value) {
                json_write_null(out, key);
                return;
        }
        write_key(out, key);
        write_escaped(out, value);
}

void json_write_u64(Buf *out, const char *key, uint64_t value) {
        write_key(out, key);
        (void) buf_printf(out, "%llu", (unsigned long long) value);
}

void json_write_number(Buf *out, const char *key, double value) {
        if (!isfinite(value)) {
                json_write_null(out, key);
                return;
        }
        write_key(out, key);
        (void) buf_printf(out, "%.15g", value);
}

void json_write_exact(Buf *out, const char *key, double value) {
        char text[40];

        if (!isfinite(value)) {
                json_write_null(out, key);
                return;
        }
        (void) snprintf(text, sizeof(text), "%.17g", value);
        write_key(out, key);
        /* Without point or exponent it would be read as an integer, and "-0" lose its sign. */
        (void) buf_printf(out, "%s%s", text, strpbrk(text, ".e") ? "" : ".0");
}

void json_write_bool(Buf *out, const char *key, bool value) {
        write_key(out, key);
        (void) buf_puts(out, value ? "true" : "false");
}

void json_write_null(Buf *out, const char *key) {
        write_key(out, key);
        (void) buf_puts(out, "null");
}
