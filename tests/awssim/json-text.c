#include "awssim/json-text.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/utf8.h"

static void put_quoted(Buf *out, const char *text, size_t n) {
        (void) buf_putc(out, '"');
        for (size_t i = 0; i < n;) {
                uint32_t c;
                int length = utf8_decode(text + i, n - i, &c);

                if (length < 0)
                        c = (unsigned char) text[i];
                if (c == '"' || c == '\\')
                        (void) buf_printf(out, "\\%c", (char) c);
                else if (length < 0 || c < 0x20)
                        (void) buf_printf(out, "\\u%04x", c);
                else
                        (void) buf_append(out, text + i, (size_t) length);
                i += (size_t) MAX(length, 1);
        }
        (void) buf_putc(out, '"');
}

static void put_key(Buf *out, const char *key) {
        if (out->size > 0 && !strchr("{[", out->data[out->size - 1]))
                (void) buf_putc(out, ',');
        if (!key)
                return;
        put_quoted(out, key, strlen(key));
        (void) buf_putc(out, ':');
}

void json_text_open(Buf *out, const char *key, char bracket) {
        put_key(out, key);
        (void) buf_putc(out, bracket);
}

void json_text_close(Buf *out, char bracket) {
        (void) buf_putc(out, bracket);
}

void json_text_string_n(Buf *out, const char *key, const char *value, size_t n) {
        put_key(out, key);
        put_quoted(out, value, n);
}

void json_text_string(Buf *out, const char *key, const char *value) {
        if (value)
                json_text_string_n(out, key, value, strlen(value));
        else
                json_text_raw(out, key, "null");
}

void json_double_format(double value, char ret[static JSON_DOUBLE_MAX]) {
        int n = 0;

        /* Counts and times on whole seconds: most of what is ever written. */
        if (fabs(value) < 1e15 && floor(value) >= value) {
                (void) snprintf(ret, JSON_DOUBLE_MAX, "%lld.0", (long long) value);
                return;
        }
        for (int digits = 15; digits <= 17; digits++) {
                double back;

                n = snprintf(ret, JSON_DOUBLE_MAX, "%.*g", digits, value);
                if (sscanf(ret, "%lf", &back) == 1 && fabs(back - value) <= 0)
                        break;
        }
        if (!strpbrk(ret, ".e"))
                (void) snprintf(ret + n, JSON_DOUBLE_MAX - (size_t) n, ".0");
}

void json_text_double(Buf *out, const char *key, double value) {
        char text[JSON_DOUBLE_MAX];

        if (!isfinite(value)) {
                json_text_string(out, key, isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity");
                return;
        }
        json_double_format(value, text);
        put_key(out, key);
        (void) buf_puts(out, text);
}

void json_text_unsigned(Buf *out, const char *key, uint64_t value) {
        put_key(out, key);
        (void) buf_printf(out, "%llu", (unsigned long long) value);
}

void json_text_bool(Buf *out, const char *key, bool value) {
        json_text_raw(out, key, value ? "true" : "false");
}

void json_text_raw(Buf *out, const char *key, const char *json) {
        put_key(out, key);
        (void) buf_puts(out, json);
}
