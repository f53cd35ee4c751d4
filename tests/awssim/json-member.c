#include "awssim/json-member.h"

#include "base/alloc.h"

int json_member_refuse(Reply *reply, const char *key, const char *expected) {
        return reply_refuse(reply, 400, "SerializationException", "Member %s must be %s", key, expected);
}

int json_member(json_object *from, const char *key, json_type type, json_object **ret, Reply *reply) {
        json_object *value;

        if (!json_object_object_get_ex(from, key, &value) || !value)
                return 0;
        if (!json_object_is_type(value, type))
                return json_member_refuse(reply, key, json_type_to_name(type));
        *ret = value;
        return 0;
}

int json_member_text(json_object *from, const char *key, const char **ret, Reply *reply) {
        json_object *value = NULL;
        int r;

        r = json_member(from, key, json_type_string, &value, reply);
        if (r >= 0 && value)
                *ret = json_object_get_string(value);
        return r;
}

int json_member_copy(json_object *from, const char *key, char **ret, Reply *reply) {
        const char *text = NULL;
        int r;

        r = json_member_text(from, key, &text, reply);
        if (r < 0 || !text)
                return r;
        free(*ret);
        *ret = alloc_copy_string(text);
        return *ret ? 0 : -ENOMEM;
}

int json_member_unsigned(json_object *from, const char *key, uint64_t *ret, Reply *reply) {
        json_object *value = NULL;
        int r;

        r = json_member(from, key, json_type_int, &value, reply);
        if (r < 0 || !value)
                return r;
        if (json_object_get_int64(value) < 0)
                return json_member_refuse(reply, key, "positive");
        *ret = (uint64_t) json_object_get_int64(value);
        return 0;
}
