#include "aws/json-reply.h"

#include <json-c/json_tokener.h>
#include <limits.h>
#include <math.h>
#include <string.h>

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

int json_reply_parse(const char *text, size_t size, struct json_object **ret) {
        _cleanup_(tokener_freep) struct json_tokener *tokener = NULL;
        _cleanup_(json_object_putp) struct json_object *o = NULL;
        size_t end;

        if (!text || size == 0 || size > INT_MAX || !is_within_limits(text, size))
                return -EBADMSG;
        tokener = json_tokener_new_ex(DEPTH_MAX);
        if (!tokener)
                return -ENOMEM;
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
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
