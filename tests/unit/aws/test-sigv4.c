#include "aws/sigv4.h"

#include <json-c/json.h>
#include <stdlib.h>

#include "aws/digest.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "base/usec.h"
#include "lib/test.h"

#define VECTORS 84

static const char *text(json_object *o, const char *key) {
        json_object *value = NULL;

        if (!json_object_object_get_ex(o, key, &value))
                return NULL;
        return json_object_get_string(value);
}

static bool flag(json_object *o, const char *key) {
        json_object *value = NULL;

        return json_object_object_get_ex(o, key, &value) && json_object_get_boolean(value);
}

static HttpMethod method_of(const char *name) {
        for (HttpMethod m = HTTP_GET; m <= HTTP_DELETE; m++)
                if (streq(http_method_to_string(m), name))
                        return m;
        FAIL("no method %s", name);
}

static void build_request(json_object *vector, HttpRequest *ret) {
        json_object *headers = NULL;

        *ret = (HttpRequest){
                .method = method_of(text(vector, "method")),
                .tls = true,
                .host = alloc_copy_string(text(vector, "host")),
                .path = alloc_copy_string(text(vector, "path")),
                .query = alloc_copy_string(text(vector, "query")),
                .path_verbatim = flag(vector, "path_verbatim"),
                .body = alloc_copy_string(text(vector, "body")),
                .body_size = strlen(text(vector, "body")),
        };
        EXPECT(json_object_object_get_ex(vector, "headers", &headers));
        for (size_t i = 0; i < json_object_array_length(headers); i++) {
                json_object *pair = json_object_array_get_idx(headers, i);

                EXPECT_OK(http_request_add_header(ret,
                                json_object_get_string(json_object_array_get_idx(pair, 0)),
                                json_object_get_string(json_object_array_get_idx(pair, 1))));
        }
}

static void build_scope(json_object *vector, SigV4Scope *ret) {
        *ret = (SigV4Scope){ .region = text(vector, "region"), .service = text(vector, "service") };
        EXPECT_OK(time_parse_rfc3339(text(vector, "time"), &ret->time));
}

/* Every stage by itself, each from the expected result of the one before. */
static void check_stages(json_object *vector) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        _cleanup_(secret_unrefp) Secret *secret = NULL;
        _cleanup_(freep) char *canonical = NULL, *names = NULL, *to_sign = NULL, *again = NULL,
                              *listed = NULL;
        char stamp[TIME_TEXT_MAX], signature[65];
        const char *secret_key = text(vector, "secret_key");
        SigV4Scope scope;

        build_request(vector, &request);
        build_scope(vector, &scope);
        time_format_amz(scope.time, stamp);
        EXPECT_OK(http_request_add_header(&request, "X-Amz-Date", stamp));
        if (text(vector, "token") && !flag(vector, "token_unsigned"))
                EXPECT_OK(http_request_add_header(&request, "X-Amz-Security-Token", text(vector, "token")));

        EXPECT_OK(sigv4_canonical_request(&request, NULL, &canonical, &names));
        EXPECT_STR(canonical, text(vector, "canonical_request"));
        EXPECT_OK(sigv4_string_to_sign(text(vector, "canonical_request"), &scope, &to_sign));
        EXPECT_STR(to_sign, text(vector, "string_to_sign"));
        secret = secret_new(secret_key, strlen(secret_key));
        EXPECT_OK(sigv4_signature(text(vector, "string_to_sign"), secret, &scope, signature));
        EXPECT_STR(signature, text(vector, "signature"));

        /* A server gets the names from the client. */
        EXPECT_OK(sigv4_canonical_request(&request, names, &again, &listed));
        EXPECT_STR(again, canonical);
        EXPECT_STR(listed, names);
}

/* The whole, as it is used, twice: signing again must replace, not add. */
static void check_sign(json_object *vector) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
        char error[DIAG_MESSAGE_MAX];
        SigV4Scope scope, other;
        size_t n_headers;

        build_request(vector, &request);
        build_scope(vector, &scope);
        EXPECT_INT(aws_creds_from_values(text(vector, "access_key"), text(vector, "secret_key"),
                                   flag(vector, "token_unsigned") ? NULL : text(vector, "token"), &creds,
                                   error),
                        1);
        other = scope;
        other.time += USEC_PER_DAY;
        EXPECT_OK(sigv4_sign(&request, &creds, &other));
        n_headers = request.n_headers;
        EXPECT(!streq(http_request_header(&request, "authorization"), text(vector, "authorization")));
        EXPECT_OK(sigv4_sign(&request, &creds, &scope));
        EXPECT_INT(request.n_headers, n_headers);
        EXPECT_STR(http_request_header(&request, "authorization"), text(vector, "authorization"));
}

static void json_putp(json_object **o) {
        (void) json_object_put(*o);
}

static size_t check_file(const char *name) {
        _cleanup_(freep) char *data = test_read(name, NULL);
        _cleanup_(json_putp) json_object *root = json_tokener_parse(data);
        json_object *vectors = NULL;

        EXPECT(root && json_object_object_get_ex(root, "vectors", &vectors));
        for (size_t i = 0; i < json_object_array_length(vectors); i++) {
                json_object *vector = json_object_array_get_idx(vectors, i);

                printf("# %s\n", text(vector, "name"));
                check_stages(vector);
                check_sign(vector);
        }
        return json_object_array_length(vectors);
}

TEST(all_vectors_hold) {
        size_t n = check_file("sigv4/aws-suite.json") + check_file("sigv4/services.json");

        printf("# %zu vectors checked\n", n);
        EXPECT_INT(n, VECTORS);
}

/* The first three lines of the canonical request: method, path, query. */
static void expect_target(const char *path, const char *query, const char *expected) {
        HttpRequest request = { .host = (char[]){ "example.com" },
                .path = (char *) (uintptr_t) path,
                .query = (char *) (uintptr_t) query };
        _cleanup_(freep) char *canonical = NULL, *names = NULL;

        EXPECT_OK(sigv4_canonical_request(&request, NULL, &canonical, &names));
        *strstr(canonical, "\nhost:") = '\0';
        EXPECT_STR(canonical, expected);
        EXPECT_STR(names, "host");
}

TEST(paths) {
        static const char *const rows[][2] = {
                { "", "/" },
                { "/", "/" },
                { "//", "/" },
                { "/..", "/" },
                { "/../..", "/" },
                { "/.", "/" },
                { "/a/.", "/a" },
                { "/a/./", "/a/" },
                { "/a/..", "/" },
                { "/a/../b", "/b" },
                { "/a/b/../../../c/", "/c/" },
                { "/a//b///c", "/a/b/c" },
                { "/...", "/..." },
                { "/a..b/.c", "/a..b/.c" },
                { "/a%2Fb", "/a%252Fb" },
                { "/a%3a", "/a%253a" },
                { "/a:b c", "/a%3Ab%20c" },
                { "a", "/a" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char expected[64];

                (void) snprintf(expected, sizeof(expected), "GET\n%s\n", rows[i][1]);
                expect_target(rows[i][0], NULL, expected);
        }
}

TEST(queries) {
        static const char *const rows[][2] = {
                { "", "" },
                { "a", "a=" },
                { "a=", "a=" },
                { "=", "=" },
                { "=b", "=b" },
                { "a=b=c", "a=b%3Dc" },
                { "&a=1&&b=2&", "a=1&b=2" },
                { "a-b=1&a=2&a.b=3&a=1", "a=1&a=2&a-b=1&a.b=3" },
                { "b=1&B=1&a=1", "B=1&a=1&b=1" },
                { "a=%3a%2F&b=:/", "a=%3A%2F&b=%3A%2F" },
                { "a=%41%zz%4", "a=A%25zz%254" },
                { "a=1+2", "a=1%2B2" },
                { "a=%00", "a=%00" },
                { "a%01=2&a=1", "a=1&a%01=2" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char expected[128];

                (void) snprintf(expected, sizeof(expected), "GET\n/\n%s", rows[i][1]);
                expect_target("/", rows[i][0], expected);
        }
}

TEST(query_pairs_have_a_maximum) {
        char query[2 * 257 + 1];
        HttpRequest request = { .host = (char[]){ "example.com" }, .path = (char[]){ "/" }, .query = query };
        char *canonical = NULL, *names = NULL;

        for (size_t i = 0; i < 257; i++)
                memcpy(query + 2 * i, "a&", 3);
        EXPECT_INT(sigv4_canonical_request(&request, NULL, &canonical, &names), -E2BIG);
        EXPECT(!canonical && !names);
        query[2 * 256] = '\0';
        EXPECT_OK(sigv4_canonical_request(&request, NULL, &canonical, &names));
        free(canonical);
        free(names);
}

TEST(what_transports_rewrite_is_not_signed) {
        static const char *const unsigned_headers[] = { "Authorization", "Cache-Control", "Connection",
                "Expect", "From", "Keep-Alive", "Max-Forwards", "Pragma", "Proxy-Authorization", "Referer",
                "Sec-Fetch-Mode", "TE", "Trailer", "Transfer-Encoding", "Upgrade", "User-Agent",
                "X-Amzn-Trace-Id" };
        _cleanup_(http_request_done) HttpRequest request = { .host = alloc_copy_string("example.com"),
                .path = alloc_copy_string("/") };
        _cleanup_(freep) char *canonical = NULL, *names = NULL, *listed = NULL, *listed_names = NULL;

        for (size_t i = 0; i < ELEMENTSOF(unsigned_headers); i++)
                EXPECT_OK(http_request_add_header(&request, unsigned_headers[i], "x"));
        EXPECT_OK(http_request_add_header(&request, "X-Amz-Target", "y"));
        EXPECT_OK(sigv4_canonical_request(&request, NULL, &canonical, &names));
        EXPECT_STR(names, "host;x-amz-target");
        /* A server goes by what the client says it signed. */
        EXPECT_OK(sigv4_canonical_request(&request, "user-agent;Host", &listed, &listed_names));
        EXPECT_STR(listed_names, "host;user-agent");
        EXPECT_CONTAINS(listed, "\nhost:example.com\nuser-agent:x\n\n");
}

TEST(lists_of_a_client_are_checked) {
        static const char *const bad[] = { "", ";", "host;", ";host", "host;host", "host;x-amz-date", "hos",
                "host ", "host;x-a;x-a" };
        _cleanup_(http_request_done) HttpRequest request = { .host = alloc_copy_string("example.com"),
                .path = alloc_copy_string("/") };
        char *canonical = NULL, *names = NULL;

        EXPECT_OK(http_request_add_header(&request, "x-a", "1"));
        EXPECT_OK(http_request_add_header(&request, "x-a", "2"));
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                if (sigv4_canonical_request(&request, bad[i], &canonical, &names) != -EINVAL)
                        FAIL("accepted: %s", bad[i]);
                EXPECT(!canonical && !names);
        }
        EXPECT_OK(sigv4_canonical_request(&request, "host;x-a", &canonical, &names));
        EXPECT_CONTAINS(canonical, "\nx-a:1,2\n");
        free(canonical);
        free(names);
}

TEST(signing_needs_room_and_a_key) {
        _cleanup_(http_request_done) HttpRequest request = { .host = alloc_copy_string("example.com"),
                .path = alloc_copy_string("/") };
        _cleanup_(secret_unrefp) Secret *longest = NULL, *too_long = NULL;
        const SigV4Scope scope = { .region = "eu-west-1", .service = "lambda" };
        AwsCreds creds = { .access_key = "AKIDEXAMPLE" };
        char bytes[AWS_SECRET_KEY_MAX + 1], signature[65];

        memset(bytes, 'x', sizeof(bytes));
        longest = secret_new(bytes, AWS_SECRET_KEY_MAX);
        too_long = secret_new(bytes, AWS_SECRET_KEY_MAX + 1);
        EXPECT_INT(sigv4_sign(&request, &creds, &scope), -EINVAL);
        EXPECT_OK(sigv4_signature("x", longest, &scope, signature));
        EXPECT_INT(sigv4_signature("x", too_long, &scope, signature), -EINVAL);

        creds.secret_key = longest;
        for (size_t i = 0; i + 1 < HTTP_HEADERS_MAX; i++)
                EXPECT_OK(http_request_add_header(&request, "x-a", "1"));
        EXPECT_INT(sigv4_sign(&request, &creds, &scope), -ENOBUFS);
        http_request_drop_header(&request, "x-amz-date");
        http_request_drop_header(&request, "x-a");
        for (size_t i = 0; i + 2 < HTTP_HEADERS_MAX; i++)
                EXPECT_OK(http_request_add_header(&request, "x-a", "1"));
        EXPECT_OK(sigv4_sign(&request, &creds, &scope));
}
