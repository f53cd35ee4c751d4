#include "aws/json-request.h"

#include "base/alloc.h"

void json_request_init(JsonRequest *j) {
        *j = (JsonRequest){ .root = json_object_new_object() };
        j->failed = !j->root;
}

void json_request_done(JsonRequest *j) {
        (void) json_object_put(j->root);
        *j = (JsonRequest){ 0 };
}

/* Consumes the value, also on failure. */
static struct json_object *attach(JsonRequest *j, struct json_object *parent, const char *key,
                struct json_object *take_value) {
        int r = -1;

        if (parent && take_value && !j->failed)
                r = key ? json_object_object_add(parent, key, take_value)
                        : json_object_array_add(parent, take_value);
        if (r < 0) {
                (void) json_object_put(take_value);
                j->failed = true;
                return NULL;
        }
        return take_value;
}

struct json_object *json_request_object(JsonRequest *j, struct json_object *parent, const char *key) {
        return attach(j, parent, key, json_object_new_object());
}

struct json_object *json_request_array(JsonRequest *j, struct json_object *parent, const char *key) {
        return attach(j, parent, key, json_object_new_array());
}

void json_request_string(JsonRequest *j, struct json_object *parent, const char *key, const char *value) {
        (void) attach(j, parent, key, json_object_new_string(value));
}

void json_request_integer(JsonRequest *j, struct json_object *parent, const char *key, int64_t value) {
        (void) attach(j, parent, key, json_object_new_int64(value));
}

void json_request_boolean(JsonRequest *j, struct json_object *parent, const char *key, bool value) {
        (void) attach(j, parent, key, json_object_new_boolean(value));
}

void json_request_decimal(JsonRequest *j, struct json_object *parent, const char *key, double value,
                const char *digits) {
        (void) attach(j, parent, key, json_object_new_double_s(value, digits));
}

int json_request_finish(const JsonRequest *j, const char *content_type, HttpRequest *request) {
        const char *text;
        size_t size = 0;
        char *body;
        int r;

        if (j->failed)
                return -ENOMEM;
        text = json_object_to_json_string_length(
                        j->root, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &size);
        if (!text)
                return -ENOMEM;
        r = http_request_add_header(request, "content-type", content_type);
        if (r < 0)
                return r;
        body = alloc_copy_bytes(text, size);
        if (!body)
                return -ENOMEM;
        request->body = body;
        request->body_size = size;
        return 0;
}
