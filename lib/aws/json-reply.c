#include "aws/json-reply.h"

#include <json-c/json_object_iterator.h>
#include <json-c/json_tokener.h>
#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/alloc.h"
#include "base/str.h"

/* A full reply of GetMetricData is 500 results of three containers each, and 2 * 100800 elements. */
#define DEPTH_MAX 32
#define CONTAINERS_MAX 8192u
#define SEPARATORS_MAX 300000u

static void tokener_freep(struct json_tokener **t) {
        if (*t)
                json_tokener_free(*t);
}

/* Counts what will cost memory. Text that is no JSON may be counted wrongly, but only behind the place where
 * the parser gives up; json-c takes keys in single quotes even when strict, so those end it here. */
static bool is_within_limits(const char *text, size_t size) {
        size_t containers = 0, separators = 0;
        bool quoted = false;

        for (size_t i = 0; i < size; i++) {
                char c = text[i];

                if (quoted && c == '\\')
                        i++;
                else if (c == '"')
                        quoted = !quoted;
                else if (!quoted && c == '\'')
                        return false;
                else if (!quoted && (c == '{' || c == '['))
                        containers++;
                else if (!quoted && (c == ',' || c == ':'))
                        separators++;
        }
        return containers <= CONTAINERS_MAX && separators <= SEPARATORS_MAX;
}

static struct json_tokener *tokener_new(void) {
        struct json_tokener *t = json_tokener_new_ex(DEPTH_MAX);

        if (t)
                json_tokener_set_flags(t, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
        return t;
}

static void wipe_and_putp(struct json_object **o) {
        if (json_object_is_type(*o, json_type_object))
                json_reply_wipe(*o);
        (void) json_object_put(*o);
}

static int parse(struct json_tokener *tokener, const char *text, size_t size, struct json_object **ret) {
        _cleanup_(wipe_and_putp) struct json_object *o = NULL;
        size_t end;

        o = json_tokener_parse_ex(tokener, text, (int) size);
        if (json_tokener_get_error(tokener) != json_tokener_success ||
                        !json_object_is_type(o, json_type_object))
                return -EBADMSG;
        end = json_tokener_get_parse_end(tokener);
        for (; end < size; end++)
                if (text[end] == '\0' || !strchr(" \t\r\n", text[end]))
                        return -EBADMSG;
        *ret = TAKE_PTR(o);
        return 0;
}

int json_reply_parse(const char *text, size_t size, struct json_object **ret) {
        _cleanup_(tokener_freep) struct json_tokener *tokener = NULL;

        if (!text || size == 0 || size > INT_MAX || !is_within_limits(text, size))
                return -EBADMSG;
        tokener = tokener_new();
        return tokener ? parse(tokener, text, size, ret) : -ENOMEM;
}

/* The parser collects each string in a buffer that it grows and frees as it is. One harmless string, as long
 * as the whole text: before, so that the buffer has no more reason to move; behind, so that nothing of the
 * others is left in it. */
static void flood(struct json_tokener *tokener, const char *filler, size_t size) {
        json_tokener_reset(tokener);
        (void) json_object_put(json_tokener_parse_ex(tokener, filler, (int) size));
        json_tokener_reset(tokener);
}

int json_reply_parse_secret(const char *text, size_t size, struct json_object **ret) {
        _cleanup_(tokener_freep) struct json_tokener *tokener = NULL;
        _cleanup_(freep) char *filler = NULL;
        int r;

        if (!text || size == 0 || size > INT_MAX - 2 || !is_within_limits(text, size))
                return -EBADMSG;
        filler = alloc_zero(size + 3);
        tokener = tokener_new();
        if (!filler || !tokener)
                return -ENOMEM;
        memset(filler, ' ', size + 2);
        filler[0] = filler[size + 1] = '"';
        flood(tokener, filler, size + 2);
        r = parse(tokener, text, size, ret);
        flood(tokener, filler, size + 2);
        return r;
}

void json_reply_wipe(struct json_object *o) {
        struct json_object_iterator at = json_object_iter_begin(o), end = json_object_iter_end(o);

        for (; !json_object_iter_equal(&at, &end); json_object_iter_next(&at)) {
                struct json_object *value = json_object_iter_peek_value(&at);

                if (json_object_is_type(value, json_type_string))
                        explicit_bzero((void *) (uintptr_t) json_object_get_string(value),
                                        (size_t) json_object_get_string_len(value));
        }
}

int json_reply_member(
                struct json_object *o, const char *key, enum json_type type, struct json_object **ret) {
        struct json_object *value = NULL;

        if (!json_object_object_get_ex(o, key, &value) || !value)
                return 0;
        if (!json_object_is_type(value, type))
                return -EBADMSG;
        *ret = value;
        return 1;
}

const char *json_reply_string(struct json_object *o, const char *key) {
        struct json_object *value = NULL;
        const char *s;

        if (json_reply_member(o, key, json_type_string, &value) <= 0)
                return NULL;
        s = json_object_get_string(value);
        return s && strlen(s) == (size_t) json_object_get_string_len(value) ? s : NULL;
}

int json_reply_number(struct json_object *value, double *ret) {
        double number;

        if (!json_object_is_type(value, json_type_double) && !json_object_is_type(value, json_type_int))
                return -EBADMSG;
        number = json_object_get_double(value);
        if (!isfinite(number))
                return -EBADMSG;
        *ret = number;
        return 0;
}

/* The length of the character at s, 0 when it is not UTF-8. Overlong forms pass: they are only printed. */
static size_t character_size(const char *s) {
        unsigned char c = (unsigned char) s[0];
        size_t n = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : 4;

        if ((c >= 0x80 && c < 0xc2) || c >= 0xf5)
                return 0;
        for (size_t i = 1; i < n; i++)
                if (((unsigned char) s[i] & 0xc0) != 0x80)
                        return 0;
        return n;
}

static bool is_control(const char *s, size_t n) {
        unsigned char c = (unsigned char) s[0];

        /* U+0080 to U+009F are terminal commands just as ESC is. */
        return (n == 1 && (c < ' ' || c == 0x7f)) || (n == 2 && c == 0xc2 && (unsigned char) s[1] < 0xa0);
}

void json_reply_print(char *dst, size_t size, const char *s) {
        size_t used = 0;

        for (size_t n; *s && (n = character_size(s)) > 0; s += n) {
                bool control = is_control(s, n);
                size_t wanted = control ? 1 : n;

                if (used + wanted >= size)
                        break;
                memcpy(dst + used, control ? " " : s, wanted);
                used += wanted;
        }
        dst[used] = '\0';
}
