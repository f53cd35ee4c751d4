#include "codec/field.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "base/utf8.h"
#include "codec/json-write.h"

#define BITS_PREFIX "bits:"

static bool is_zero(const void *p, size_t n) {
        const unsigned char *bytes = p;

        for (size_t i = 0; i < n; i++)
                if (bytes[i] != 0)
                        return false;
        return true;
}

static size_t field_bytes(const Field *f) {
        return f->type == FIELD_LIST ? f->n * f->size : f->size;
}

/* JSON knows characters, texts from outside are bytes: each byte stands as the character of its number, so
 * that even broken UTF-8 comes back as it was. */
static void write_bytes_as_text(Buf *out, const Field *f, const char *s) {
        char text[2 * FIELD_TEXT_MAX + 1];
        size_t used = 0;

        for (size_t i = 0; i < f->size && i < FIELD_TEXT_MAX && s[i] != '\0'; i++) {
                unsigned char c = (unsigned char) s[i];

                if (c >= 0x80)
                        text[used++] = (char) (0xc0 | c >> 6);
                text[used++] = (char) (c >= 0x80 ? 0x80 | (c & 0x3f) : c);
        }
        text[used] = '\0';
        json_write_text(out, f->name, text);
}

static void write_hex(Buf *out, const Field *f, const uint8_t *bytes) {
        char text[2 * FIELD_TEXT_MAX + 1] = "";

        for (size_t i = 0; i < f->size && i < FIELD_TEXT_MAX; i++)
                (void) snprintf(text + 2 * i, 3, "%02x", bytes[i]);
        json_write_text(out, f->name, text);
}

static void write_double(Buf *out, const Field *f, double value) {
        char text[40];
        uint64_t bits;

        if (isfinite(value)) {
                json_write_exact(out, f->name, value);
                return;
        }
        memcpy(&bits, &value, sizeof(bits));
        (void) snprintf(text, sizeof(text), BITS_PREFIX "%llu", (unsigned long long) bits);
        json_write_text(out, f->name, text);
}

static void write_list(Buf *out, const Field *f, const char *p) {
        size_t n = f->n;

        while (n > 0 && is_zero(p + (n - 1) * f->size, f->size))
                n--;
        json_write_open(out, f->name, '[');
        for (size_t i = 0; i < n; i++)
                field_write_object(out, NULL, f->inner, p + i * f->size);
        json_write_close(out, ']');
}

static uint32_t load_u32(const void *p) {
        uint32_t value;

        memcpy(&value, p, sizeof(value));
        return value;
}

static uint64_t load_u64(const void *p) {
        uint64_t value;

        memcpy(&value, p, sizeof(value));
        return value;
}

static double load_double(const void *p) {
        double value;

        memcpy(&value, p, sizeof(value));
        return value;
}

static void write_field(Buf *out, const Field *f, const char *p) {
        if (is_zero(p, field_bytes(f)))
                return;
        switch (f->type) {
        case FIELD_U32:
                json_write_u64(out, f->name, load_u32(p));
                return;
        case FIELD_U64:
                json_write_u64(out, f->name, load_u64(p));
                return;
        case FIELD_DOUBLE:
                write_double(out, f, load_double(p));
                return;
        case FIELD_TEXT:
                write_bytes_as_text(out, f, p);
                return;
        case FIELD_BYTES:
                write_hex(out, f, (const uint8_t *) p);
                return;
        case FIELD_WORD:
                json_write_text(out, f->name, f->to_word(load_u32(p)));
                return;
        case FIELD_STRUCT:
                field_write_object(out, f->name, f->inner, p);
                return;
        case FIELD_LIST:
                write_list(out, f, p);
                return;
        }
}

void field_write_object(Buf *out, const char *key, const FieldTable *table, const void *value) {
        json_write_open(out, key, '{');
        for (size_t i = 0; i < table->n; i++)
                write_field(out, &table->fields[i], (const char *) value + table->fields[i].offset);
        json_write_close(out, '}');
}

/* The text of a JSON string without NUL inside, or NULL. */
static const char *string_of(json_object *o) {
        const char *s;

        if (!json_object_is_type(o, json_type_string))
                return NULL;
        s = json_object_get_string(o);
        return strlen(s) == (size_t) json_object_get_string_len(o) ? s : NULL;
}

static int read_u64(json_object *o, uint64_t max, uint64_t *ret) {
        uint64_t value;

        if (!json_object_is_type(o, json_type_int))
                return -EBADMSG;
        /* A negative number is 0 as unsigned, and only 0 is 0 as signed. */
        value = json_object_get_uint64(o);
        if (value > max || (value == 0 && json_object_get_int64(o) != 0))
                return -EBADMSG;
        *ret = value;
        return 0;
}

static int read_u32(json_object *o, uint32_t max, void *ret) {
        uint64_t value;
        uint32_t small;
        int r = read_u64(o, max, &value);

        if (r < 0)
                return r;
        small = (uint32_t) value;
        memcpy(ret, &small, sizeof(small));
        return 0;
}

static int read_word(json_object *o, const Field *f, void *ret) {
        const char *s = string_of(o);
        uint32_t value;
        int r;

        r = s ? f->from_word(s) : -EBADMSG;
        if (r < 0)
                return -EBADMSG;
        value = (uint32_t) r;
        memcpy(ret, &value, sizeof(value));
        return 0;
}

static int read_double(json_object *o, void *ret) {
        const char *s = string_of(o), *digits;
        double value;
        uint64_t bits;

        if (s) {
                digits = str_after(s, BITS_PREFIX);
                if (!digits || str_parse_u64(digits, UINT64_MAX, &bits) < 0)
                        return -EBADMSG;
                memcpy(ret, &bits, sizeof(bits));
                return 0;
        }
        if (!json_object_is_type(o, json_type_double) && !json_object_is_type(o, json_type_int))
                return -EBADMSG;
        value = json_object_get_double(o);
        memcpy(ret, &value, sizeof(value));
        return 0;
}

static int read_text(json_object *o, const Field *f, char *ret) {
        const char *s = string_of(o);
        size_t used = 0, left = s ? strlen(s) : 0;

        if (!s)
                return -EBADMSG;
        while (left > 0) {
                uint32_t c;
                int n = utf8_decode(s, left, &c);

                if (n < 0 || c > 0xff || used + 1 >= f->size)
                        return -EBADMSG;
                ret[used++] = (char) c;
                s += n;
                left -= (size_t) n;
        }
        return 0;
}

static int hex_digit(char c) {
        static const char digits[] = "0123456789abcdef";
        const char *at = c == '\0' ? NULL : strchr(digits, c);

        return at ? (int) (at - digits) : -EBADMSG;
}

static int read_hex(json_object *o, const Field *f, uint8_t *ret) {
        const char *s = string_of(o);

        if (!s || strlen(s) != 2 * f->size)
                return -EBADMSG;
        for (size_t i = 0; i < f->size; i++) {
                int high = hex_digit(s[2 * i]), low = hex_digit(s[2 * i + 1]);

                if (high < 0 || low < 0)
                        return -EBADMSG;
                ret[i] = (uint8_t) (high << 4 | low);
        }
        return 0;
}

static int read_list(json_object *o, const Field *f, char *ret, const char **ret_name) {
        size_t n;

        if (!json_object_is_type(o, json_type_array))
                return -EBADMSG;
        n = json_object_array_length(o);
        if (n > f->n)
                return -EBADMSG;
        for (size_t i = 0; i < n; i++) {
                int r = field_read_object(
                                json_object_array_get_idx(o, i), f->inner, ret + i * f->size, ret_name);

                if (r < 0)
                        return r;
        }
        return 0;
}

static int read_field(json_object *o, const Field *f, char *ret, const char **ret_name) {
        uint64_t value;
        int r;

        *ret_name = f->name;
        switch (f->type) {
        case FIELD_U32:
                return read_u32(o, f->max, ret);
        case FIELD_DOUBLE:
                return read_double(o, ret);
        case FIELD_TEXT:
                return read_text(o, f, ret);
        case FIELD_BYTES:
                return read_hex(o, f, (uint8_t *) ret);
        case FIELD_WORD:
                return read_word(o, f, ret);
        case FIELD_STRUCT:
                return field_read_object(o, f->inner, ret, ret_name);
        case FIELD_LIST:
                return read_list(o, f, ret, ret_name);
        case FIELD_U64:
                r = read_u64(o, UINT64_MAX, &value);
                if (r >= 0)
                        memcpy(ret, &value, sizeof(value));
                return r;
        }
        return -EBADMSG;
}

int field_read_object(json_object *object, const FieldTable *table, void *ret, const char **ret_name) {
        size_t found = 0;

        if (!json_object_is_type(object, json_type_object))
                return -EBADMSG;
        for (size_t i = 0; i < table->n; i++) {
                const Field *f = &table->fields[i];
                json_object *member;
                int r;

                if (!json_object_object_get_ex(object, f->name, &member))
                        continue;
                found++;
                r = read_field(member, f, (char *) ret + f->offset, ret_name);
                if (r < 0)
                        return r;
        }
        if (found != (size_t) json_object_object_length(object)) {
                *ret_name = "?";
                return -EBADMSG;
        }
        return 0;
}
