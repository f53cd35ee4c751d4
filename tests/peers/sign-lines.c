/* Signs requests that come as lines of JSON on stdin, with lib/aws, and prints every stage of each as a line
 * of JSON: what is held against signers that are not ours. Ends 1, naming the line, at the first that cannot
 * be read or signed. */

#include <json-c/json.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/endpoint.h"
#include "aws/sigv4.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/timefmt.h"

static const char *text(json_object *o, const char *key) {
        json_object *value = NULL;

        return json_object_object_get_ex(o, key, &value) ? json_object_get_string(value) : NULL;
}

static int method_from_string(const char *name, HttpMethod *ret) {
        for (HttpMethod m = HTTP_GET; m <= HTTP_DELETE; m++)
                if (streq(http_method_to_string(m), name)) {
                        *ret = m;
                        return 0;
                }
        return -EINVAL;
}

static int add_headers(json_object *o, HttpRequest *request) {
        json_object *headers = NULL;
        int r;

        if (!json_object_object_get_ex(o, "headers", &headers))
                return -EINVAL;
        for (size_t i = 0; i < json_object_array_length(headers); i++) {
                json_object *pair = json_object_array_get_idx(headers, i);

                r = http_request_add_header(request,
                                json_object_get_string(json_object_array_get_idx(pair, 0)),
                                json_object_get_string(json_object_array_get_idx(pair, 1)));
                if (r < 0)
                        return r;
        }
        return 0;
}

/* Host and base path are the endpoint parser's work, as in the daemon. */
static int read_request(json_object *o, HttpRequest *ret) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        _cleanup_(aws_endpoint_done) AwsEndpoint endpoint = { 0 };
        json_object *body = NULL;
        HttpMethod method;
        int r;

        if (!text(o, "method") || method_from_string(text(o, "method"), &method) < 0 ||
                        !text(o, "endpoint") || !text(o, "path") || !text(o, "query") ||
                        !json_object_object_get_ex(o, "body", &body))
                return -EINVAL;
        r = aws_endpoint_from_url(text(o, "endpoint"), &endpoint);
        if (r < 0)
                return r;
        r = aws_endpoint_request(&endpoint, method, text(o, "path"), &request);
        if (r < 0)
                return r;
        r = add_headers(o, &request);
        if (r < 0)
                return r;
        request.query = alloc_copy_string(text(o, "query"));
        request.body_size = (size_t) json_object_get_string_len(body);
        request.body = alloc_copy_bytes(json_object_get_string(body), request.body_size);
        if (!request.query || !request.body)
                return -ENOMEM;
        *ret = request;
        request = (HttpRequest){ 0 };
        return 0;
}

static int sign(json_object *o, json_object *ret) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
        _cleanup_(freep) char *canonical = NULL, *names = NULL, *to_sign = NULL;
        SigV4Scope scope = { .region = text(o, "region"), .service = text(o, "service") };
        char error[DIAG_MESSAGE_MAX];
        int r;

        if (!scope.region || !scope.service || !text(o, "time") ||
                        time_parse_rfc3339(text(o, "time"), &scope.time) < 0 ||
                        aws_creds_from_values(text(o, "access_key"), text(o, "secret_key"), text(o, "token"),
                                        &creds, error) != 1)
                return -EINVAL;
        r = read_request(o, &request);
        if (r < 0)
                return r;
        r = sigv4_sign(&request, &creds, &scope);
        if (r < 0)
                return r;
        /* Its own headers are never signed, so the stages come out as they were. */
        r = sigv4_canonical_request(&request, NULL, &canonical, &names);
        if (r < 0)
                return r;
        r = sigv4_string_to_sign(canonical, &scope, &to_sign);
        if (r < 0)
                return r;
        json_object_object_add(ret, "canonical_request", json_object_new_string(canonical));
        json_object_object_add(ret, "string_to_sign", json_object_new_string(to_sign));
        json_object_object_add(ret, "authorization",
                        json_object_new_string(http_request_header(&request, "authorization")));
        return 0;
}

int main(void) {
        char *line = NULL;
        size_t size = 0;
        int status = EXIT_SUCCESS;

        for (unsigned long number = 1; status == EXIT_SUCCESS && getline(&line, &size, stdin) > 0;
                        number++) {
                json_object *o = json_tokener_parse(line), *result = json_object_new_object();
                int r = o && result ? sign(o, result) : -EBADMSG;

                if (r < 0) {
                        fprintf(stderr, "line %lu: %s: %s", number, strerror(-r), line);
                        status = EXIT_FAILURE;
                } else
                        puts(json_object_to_json_string_ext(result, JSON_C_TO_STRING_PLAIN));
                json_object_put(o);
                json_object_put(result);
        }
        free(line);
        return status;
}
