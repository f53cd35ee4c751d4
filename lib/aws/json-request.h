#pragma once

/* A JSON body in the making. A failure sticks, so a run of additions is checked once, at the end. */

#include <json-c/json_object.h>

#include "aws/http-value.h"

typedef struct JsonRequest {
        struct json_object *root; /* owned; an object */
        bool failed;              /* out of memory */
} JsonRequest;

void json_request_init(JsonRequest *j);
void json_request_done(JsonRequest *j);

/* All add to "parent": under "key" when it is an object, at the end (key NULL) when it is an array. A parent
 * of NULL is one that could not be made. What is returned belongs to the parent. */
struct json_object *json_request_object(JsonRequest *j, struct json_object *parent, const char *key);
struct json_object *json_request_array(JsonRequest *j, struct json_object *parent, const char *key);
void json_request_string(JsonRequest *j, struct json_object *parent, const char *key, const char *value);
void json_request_integer(JsonRequest *j, struct json_object *parent, const char *key, int64_t value);
void json_request_boolean(JsonRequest *j, struct json_object *parent, const char *key, bool value);
/* A number that goes out in exactly these digits. */
void json_request_decimal(JsonRequest *j, struct json_object *parent, const char *key, double value,
                const char *digits);

/* Makes the text the body of the request, and names its type. */
int json_request_finish(const JsonRequest *j, const char *content_type, HttpRequest *request);
