#include "awssim/download.h"

#include "awssim/world-code.h"

int download_handle(World *w, Request *request, usec_t now, Reply *reply) {
        const char *token = form_get(&request->query, "X-Amz-Signature");
        const Code *code = token ? world_offered_code(w, token, now) : NULL;

        if (http_request_header(&request->http, "authorization"))
                return reply_refuse(reply, 403, "InvalidArgument", "Only one auth mechanism allowed");
        if (!code)
                return reply_refuse(reply, 403, "AccessDenied", "Request has expired");
        return buf_append(&reply->body, code->data, code->size);
}
