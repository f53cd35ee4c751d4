#include "aws/svc-lambda.h"

#include <json-c/linkhash.h>
#include <stdio.h>
#include <string.h>

#include "aws/json-reply.h"
#include "aws/json-request.h"
#include "aws/uri.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"

#define FUNCTIONS_PATH "/2015-03-31/functions/"
#define FUNCTION_MAX 140u /* by the model; counted before encoding */
#define ALIAS_MAX 128u
#define LABEL_PATH_MAX 1024u /* both labels, every byte of them encoded */
#define REPLY_MAX (1024u * 1024)
#define WEIGHT_WHOLE 10000u /* hundredths of a per cent in 1 */

static int bad_reply(char reterr[static 160], const char *what) {
        (void) str_copy(reterr, 160, what);
        return -EBADMSG;
}

/* One segment of the path. "." and ".." need no encoding and would climb to another resource. */
static int append_label(Buf *path, const char *label, size_t max) {
        size_t n = strnlen(label, max + 1);

        if (n == 0 || n > max || streq(label, ".") || streq(label, ".."))
                return -EINVAL;
        return uri_encode(path, label, n, false);
}

static int function_request(const AwsEndpoint *e, HttpMethod method, const char *function, const char *below,
                const char *alias, HttpRequest *ret) {
        _cleanup_(buf_done) Buf path = BUF_INIT(LABEL_PATH_MAX);
        int r;

        (void) buf_puts(&path, FUNCTIONS_PATH);
        r = append_label(&path, function, FUNCTION_MAX);
        if (r < 0)
                return r;
        r = buf_puts(&path, below);
        if (r < 0)
                return r;
        if (alias) {
                r = append_label(&path, alias, ALIAS_MAX);
                if (r < 0)
                        return r;
        }
        return aws_endpoint_request(e, method, buf_text(&path), ret);
}

int lambda_get_alias(const AwsEndpoint *e, const char *function, const char *alias, HttpRequest *ret) {
        return function_request(e, HTTP_GET, function, "/aliases/", alias, ret);
}

int lambda_get_version(const AwsEndpoint *e, const char *function, uint64_t version, HttpRequest *ret) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        int r;

        r = function_request(e, HTTP_GET, function, "/configuration", NULL, &request);
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

/* "0.05" and not 0.05's nearest binary neighbour in 17 digits. */
static void add_weight(
                JsonRequest *j, struct json_object *weights, uint64_t extra_version, unsigned weight_bp) {
        char version[24], digits[16];
        int n;

        (void) snprintf(version, sizeof(version), "%llu", (unsigned long long) extra_version);
        n = snprintf(digits, sizeof(digits), "0.%04u", weight_bp);
        while (n > 0 && digits[n - 1] == '0')
                digits[--n] = '\0';
        json_request_decimal(j, weights, version, (double) weight_bp / WEIGHT_WHOLE, digits);
}

static int finish_update(uint64_t version, uint64_t extra_version, unsigned weight_bp, const char *revision,
                HttpRequest *request) {
        _cleanup_(json_request_done) JsonRequest j = { 0 };
        struct json_object *routing, *weights;
        char text[24];

        json_request_init(&j);
        (void) snprintf(text, sizeof(text), "%llu", (unsigned long long) version);
        json_request_string(&j, j.root, "FunctionVersion", text);
        /* An empty map clears; leaving it out would keep what is there. */
        routing = json_request_object(&j, j.root, "RoutingConfig");
        weights = json_request_object(&j, routing, "AdditionalVersionWeights");
        if (extra_version > 0)
                add_weight(&j, weights, extra_version, weight_bp);
        json_request_string(&j, j.root, "RevisionId", revision);
        return json_request_finish(&j, "application/json", request);
}

int lambda_update_alias(const AwsEndpoint *e, const char *function, const char *alias, uint64_t version,
                uint64_t extra_version, unsigned weight_bp, const char *revision, HttpRequest *ret) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        int r;

        if (version == 0 || version == extra_version || str_is_empty(revision))
                return -EINVAL;
        if (extra_version > 0 && (weight_bp == 0 || weight_bp >= WEIGHT_WHOLE))
                return -EINVAL;
        r = function_request(e, HTTP_PUT, function, "/aliases/", alias, &request);
        if (r < 0)
                return r;
        r = finish_update(version, extra_version, weight_bp, revision, &request);
        if (r < 0)
                return r;
        *ret = request;
        request = (HttpRequest){ 0 };
        return 0;
}

static int parse_object(const HttpResponse *response, struct json_object **ret, char reterr[static 160]) {
        int r;

        if (response->body_size > REPLY_MAX)
                return bad_reply(reterr, "the reply is larger than 1 MiB");
        r = json_reply_parse(response->body, response->body_size, ret);
        if (r == -EBADMSG)
                return bad_reply(reterr, "the reply is not a JSON object, or is cut off");
        return r;
}

/* 0 for "$LATEST" and for whatever else is no number as Lambda writes it. */
static uint64_t version_from_text(const char *s) {
        uint64_t version = 0;

        if (s[0] == '0' || str_parse_u64(s, UINT64_MAX, &version) < 0)
                return 0;
        return version;
}

static int parse_routing(struct json_object *o, LambdaAlias *alias, char reterr[static 160]) {
        struct json_object *routing = NULL, *weights = NULL;
        int r;

        r = json_reply_member(o, "RoutingConfig", json_type_object, &routing);
        if (r > 0)
                r = json_reply_member(routing, "AdditionalVersionWeights", json_type_object, &weights);
        if (r < 0)
                return bad_reply(reterr, "RoutingConfig is not what the model says");
        if (r == 0)
                return 0;
        json_object_object_foreach(weights, key, value) {
                double weight;

                if (json_reply_number(value, &weight) < 0 || weight < 0 || weight > 1)
                        return bad_reply(reterr,
                                        "a weight in AdditionalVersionWeights is not within 0 and 1");
                if (alias->n_extra++ > 0)
                        continue;
                alias->extra_version = version_from_text(key);
                alias->extra_weight = weight;
        }
        return 0;
}

int lambda_parse_alias(const HttpResponse *response, LambdaAlias *ret, char reterr[static 160]) {
        _cleanup_(json_object_putp) struct json_object *o = NULL;
        const char *version, *revision;
        LambdaAlias alias = { 0 };
        int r;

        r = parse_object(response, &o, reterr);
        if (r < 0)
                return r;
        version = json_reply_string(o, "FunctionVersion");
        if (!version)
                return bad_reply(reterr, "the reply has no FunctionVersion");
        alias.version = version_from_text(version);
        revision = json_reply_string(o, "RevisionId");
        if (str_is_empty(revision))
                return bad_reply(reterr, "the reply has no RevisionId");
        if (str_copy(alias.revision, sizeof(alias.revision), revision) < 0)
                return bad_reply(reterr, "RevisionId is longer than any revision is");
        r = parse_routing(o, &alias, reterr);
        if (r < 0)
                return r;
        *ret = alias;
        return 0;
}
