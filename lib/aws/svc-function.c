#include "aws/svc-function.h"

#include <stdio.h>
#include <string.h>

#include "aws/json-request.h"
#include "aws/uri.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"

#define FUNCTIONS_PATH "/2015-03-31/functions/"
#define PROVISIONED_PATH "/2019-09-30/functions/"
#define FUNCTION_MAX 140u /* by the model; counted before encoding */
#define PATH_SIZE_MAX 1024u
#define VALUE_MAX 2048u /* of a bucket, key, version, image: the longest one is an S3 key of 1024 */
#define QUERY_SIZE_MAX 512u
#define QUALIFIER_MAX 128u
#define DESCRIPTION_MAX 256u

static int function_request(const AwsEndpoint *e, HttpMethod method, const char *root, const char *function,
                const char *below, HttpRequest *ret) {
        _cleanup_(buf_done) Buf path = BUF_INIT(PATH_SIZE_MAX);
        size_t n = strnlen(function, FUNCTION_MAX + 1);

        /* "." and ".." need no encoding and would climb to another resource. */
        if (n == 0 || n > FUNCTION_MAX || streq(function, ".") || streq(function, ".."))
                return -EINVAL;
        (void) buf_puts(&path, root);
        (void) uri_encode(&path, function, n, false);
        (void) buf_puts(&path, below);
        if (path.failed)
                return -ENOMEM;
        return aws_endpoint_request(e, method, buf_text(&path), ret);
}

/* A request below the function with j as its body. */
static int finish(const AwsEndpoint *e, HttpMethod method, const char *function, const char *below,
                const JsonRequest *j, HttpRequest *ret) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        int r;

        r = function_request(e, method, FUNCTIONS_PATH, function, below, &request);
        if (r >= 0)
                r = json_request_finish(j, "application/json", &request);
        if (r < 0)
                return r;
        *ret = request;
        request = (HttpRequest){ 0 };
        return 0;
}

static bool is_value(const char *s) {
        return !str_is_empty(s) && strnlen(s, VALUE_MAX + 1) <= VALUE_MAX;
}

static void add_optional(JsonRequest *j, const char *key, const char *value) {
        if (!str_is_empty(value))
                json_request_string(j, j->root, key, value);
}

int lambda_get_function(const AwsEndpoint *e, const char *function, uint64_t version, HttpRequest *ret) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        int r;

        r = function_request(e, HTTP_GET, FUNCTIONS_PATH, function, "", &request);
        if (r < 0)
                return r;
        request.query = version == 0 ? alloc_copy_string("Qualifier=%24LATEST")
                                     : alloc_printf("Qualifier=%llu", (unsigned long long) version);
        if (!request.query)
                return -ENOMEM;
        *ret = request;
        request = (HttpRequest){ 0 };
        return 0;
}

int lambda_update_code_zip(const AwsEndpoint *e, const char *function, HttpRequest *ret) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        int r;

        r = function_request(e, HTTP_PUT, FUNCTIONS_PATH, function, "/code", &request);
        if (r >= 0)
                r = http_request_add_header(&request, "content-type", "application/json");
        if (r < 0)
                return r;
        *ret = request;
        request = (HttpRequest){ 0 };
        return 0;
}

int lambda_update_code_s3(const AwsEndpoint *e, const char *function, const char *bucket, const char *key,
                const char *object_version, const char *revision, HttpRequest *ret) {
        _cleanup_(json_request_done) JsonRequest j = { 0 };

        if (!is_value(bucket) || !is_value(key) || (object_version && !is_value(object_version)))
                return -EINVAL;
        json_request_init(&j);
        json_request_string(&j, j.root, "S3Bucket", bucket);
        json_request_string(&j, j.root, "S3Key", key);
        add_optional(&j, "S3ObjectVersion", object_version);
        add_optional(&j, "RevisionId", revision);
        json_request_boolean(&j, j.root, "Publish", false);
        return finish(e, HTTP_PUT, function, "/code", &j, ret);
}

int lambda_update_code_image(const AwsEndpoint *e, const char *function, const char *image,
                const char *revision, HttpRequest *ret) {
        _cleanup_(json_request_done) JsonRequest j = { 0 };

        if (!is_value(image))
                return -EINVAL;
        json_request_init(&j);
        json_request_string(&j, j.root, "ImageUri", image);
        add_optional(&j, "RevisionId", revision);
        json_request_boolean(&j, j.root, "Publish", false);
        return finish(e, HTTP_PUT, function, "/code", &j, ret);
}

int lambda_publish_version(const AwsEndpoint *e, const char *function, const char *code_sha256,
                const char *revision, const char *description, HttpRequest *ret) {
        _cleanup_(json_request_done) JsonRequest j = { 0 };

        if (description && strnlen(description, DESCRIPTION_MAX + 1) > DESCRIPTION_MAX)
                return -EINVAL;
        json_request_init(&j);
        add_optional(&j, "CodeSha256", code_sha256);
        add_optional(&j, "RevisionId", revision);
        add_optional(&j, "Description", description);
        return finish(e, HTTP_POST, function, "/versions", &j, ret);
}

int lambda_create_alias(const AwsEndpoint *e, const char *function, const char *alias, uint64_t version,
                HttpRequest *ret) {
        _cleanup_(json_request_done) JsonRequest j = { 0 };
        size_t n = strnlen(alias, QUALIFIER_MAX + 1);
        char text[24];

        if (version == 0 || n == 0 || n > QUALIFIER_MAX)
                return -EINVAL;
        (void) snprintf(text, sizeof(text), "%llu", (unsigned long long) version);
        json_request_init(&j);
        json_request_string(&j, j.root, "Name", alias);
        json_request_string(&j, j.root, "FunctionVersion", text);
        return finish(e, HTTP_POST, function, "/aliases", &j, ret);
}

int lambda_get_provisioned(
                const AwsEndpoint *e, const char *function, const char *qualifier, HttpRequest *ret) {
        _cleanup_(buf_done) Buf query = BUF_INIT(QUERY_SIZE_MAX);
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        size_t n = strnlen(qualifier, QUALIFIER_MAX + 1);
        int r;

        if (n == 0 || n > QUALIFIER_MAX)
                return -EINVAL;
        r = function_request(e, HTTP_GET, PROVISIONED_PATH, function, "/provisioned-concurrency", &request);
        if (r < 0)
                return r;
        (void) buf_puts(&query, "Qualifier=");
        (void) uri_encode(&query, qualifier, n, false);
        r = buf_take(&query, &request.query);
        if (r < 0)
                return r;
        *ret = request;
        request = (HttpRequest){ 0 };
        return 0;
}

bool lambda_provisioned_is_none(const AwsError *error) {
        return error->fault == AWS_MISSING &&
                        streq(error->code, "ProvisionedConcurrencyConfigNotFoundException");
}
