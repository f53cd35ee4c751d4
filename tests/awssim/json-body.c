#include "awssim/json-body.h"

#define JSON_DEPTH_MAX 32

int json_body_parse(const Request *request, json_object **ret, Reply *reply) {
        struct json_tokener *tokener = json_tokener_new_ex(JSON_DEPTH_MAX);
        const char *body = request->http.body ? request->http.body : "";
        json_object *root;
        bool whole;

        if (!tokener)
                return -ENOMEM;
        json_tokener_set_flags(tokener, JSON_TOKENER_STRICT);
        root = json_tokener_parse_ex(tokener, body, (int) request->http.body_size);
        whole = json_tokener_get_error(tokener) == json_tokener_success &&
                        json_tokener_get_parse_end(tokener) == request->http.body_size;
        json_tokener_free(tokener);
        if (whole && json_object_is_type(root, json_type_object)) {
                *ret = root;
                return 0;
        }
        (void) json_object_put(root);
        if (request->protocol == PROTOCOL_REST_JSON)
                return reply_refuse(reply, 400, "InvalidRequestContentException",
                                "Could not parse request body into json: the body is no JSON object");
        return reply_refuse(reply, 400, "SerializationException", "The body is no JSON object");
}
