#include "aws/svc-lambda.h"

#include "base/str.h"
#include "lib/test.h"

#define ARN "arn:aws:lambda:eu-west-1:123456789012:function:checkout"
#define ARN_PATH "/2015-03-31/functions/arn%3Aaws%3Alambda%3Aeu-west-1%3A123456789012%3Afunction%3Acheckout"
#define LONG_64 "0123456789012345678901234567890123456789012345678901234567890123"
#define REVISION "9e5f0f2c-5d2b-4b67-9d0f-0d1f6f1f5f0a"

static const AwsEndpoint endpoint = { .tls = true,
        .host = (char[]){ "lambda.example.com" },
        .base_path = (char[]){ "" } };

TEST(get_alias_request) {
        _cleanup_(http_request_done) HttpRequest request = { 0 }, below = { 0 };
        const AwsEndpoint with_base = { .host = (char[]){ "127.0.0.1:1" }, .base_path = (char[]){ "/aws" } };

        EXPECT_OK(lambda_get_alias(&endpoint, ARN, "live", &request));
        EXPECT_INT(request.method, HTTP_GET);
        EXPECT_STR(request.path, ARN_PATH "/aliases/live");
        EXPECT(!request.query && !request.body);
        EXPECT_INT(request.n_headers, 0);
        EXPECT_OK(lambda_get_alias(&with_base, "checkout", "live", &below));
        EXPECT_STR(below.path, "/aws/2015-03-31/functions/checkout/aliases/live");
}

TEST(get_version_request) {
        _cleanup_(http_request_done) HttpRequest request = { 0 }, latest = { 0 };

        EXPECT_OK(lambda_get_version(&endpoint, "checkout", 42, &request));
        EXPECT_STR(request.path, "/2015-03-31/functions/checkout/configuration");
        EXPECT_STR(request.query, "Qualifier=42");
        EXPECT_OK(lambda_get_version(&endpoint, "checkout", 0, &latest));
        EXPECT_STR(latest.query, "Qualifier=%24LATEST");
}

TEST(names_cannot_climb) {
        static const char *const bad[] = { "", ".", ".." };
        HttpRequest request = { 0 };
        char name[142];

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                EXPECT_INT(lambda_get_alias(&endpoint, bad[i], "live", &request), -EINVAL);
                EXPECT_INT(lambda_get_alias(&endpoint, "checkout", bad[i], &request), -EINVAL);
                EXPECT_INT(lambda_get_version(&endpoint, bad[i], 1, &request), -EINVAL);
        }
        EXPECT_OK(lambda_get_alias(&endpoint, "a/../b", "x?y#z", &request));
        EXPECT_STR(request.path, "/2015-03-31/functions/a%2F..%2Fb/aliases/x%3Fy%23z");
        http_request_done(&request);

        memset(name, ':', sizeof(name));
        name[141] = '\0';
        EXPECT_INT(lambda_get_alias(&endpoint, name, "live", &request), -EINVAL);
        EXPECT_INT(lambda_get_alias(&endpoint, "checkout", name, &request), -EINVAL);
        name[140] = '\0';
        EXPECT_OK(lambda_get_version(&endpoint, name, 1, &request));
        http_request_done(&request);
        name[129] = '\0';
        EXPECT_INT(lambda_get_alias(&endpoint, "checkout", name, &request), -EINVAL);
        name[128] = '\0';
        EXPECT_OK(lambda_get_alias(&endpoint, "checkout", name, &request));
        http_request_done(&request);
}

TEST(update_alias_shifts) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };

        EXPECT_OK(lambda_update_alias(&endpoint, ARN, "live", 41, 42, 500, REVISION, &request));
        EXPECT_INT(request.method, HTTP_PUT);
        EXPECT_STR(request.path, ARN_PATH "/aliases/live");
        EXPECT_STR(http_request_header(&request, "content-type"), "application/json");
        EXPECT_STR(request.body,
                        "{\"FunctionVersion\":\"41\",\"RoutingConfig\":{\"AdditionalVersionWeights\":"
                        "{\"42\":0.05}},\"RevisionId\":\"" REVISION "\"}");
        EXPECT_INT(request.body_size, strlen(request.body));
}

TEST(update_alias_clears_explicitly) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };

        EXPECT_OK(lambda_update_alias(&endpoint, "checkout", "live", UINT64_MAX, 0, 0, "a\"b", &request));
        EXPECT_STR(request.body,
                        "{\"FunctionVersion\":\"18446744073709551615\",\"RoutingConfig\":"
                        "{\"AdditionalVersionWeights\":{}},\"RevisionId\":\"a\\\"b\"}");
}

/* Every weight there is, read back from its own digits. */
TEST(weights_are_exact) {
        for (unsigned bp = 1; bp < 10000; bp++) {
                _cleanup_(http_request_done) HttpRequest request = { 0 };
                char digits[8] = { 0 };
                const char *at;
                double weight;
                size_t n;

                EXPECT_OK(lambda_update_alias(&endpoint, "f", "a", 1, 2, bp, "r", &request));
                at = strstr(request.body, "{\"2\":");
                EXPECT(at);
                at += strlen("{\"2\":");
                n = strcspn(at, "}");
                EXPECT(n < sizeof(digits) && at[n - 1] != '0');
                memcpy(digits, at, n);
                EXPECT_OK(str_parse_decimal(digits, &weight));
                EXPECT_NEAR(weight * 10000, bp, 1e-9);
        }
}

TEST(update_alias_refuses_nonsense) {
        HttpRequest request = { 0 };

        EXPECT_INT(lambda_update_alias(&endpoint, "f", "a", 0, 0, 0, "r", &request), -EINVAL);
        EXPECT_INT(lambda_update_alias(&endpoint, "f", "a", 0, 2, 5, "r", &request), -EINVAL);
        EXPECT_INT(lambda_update_alias(&endpoint, "f", "a", 1, 1, 5, "r", &request), -EINVAL);
        EXPECT_INT(lambda_update_alias(&endpoint, "f", "a", 1, 2, 0, "r", &request), -EINVAL);
        EXPECT_INT(lambda_update_alias(&endpoint, "f", "a", 1, 2, 10000, "r", &request), -EINVAL);
        EXPECT_INT(lambda_update_alias(&endpoint, "f", "a", 1, 2, 5, "", &request), -EINVAL);
        EXPECT_INT(lambda_update_alias(&endpoint, "f", "a", 1, 2, 5, NULL, &request), -EINVAL);
        EXPECT_INT(lambda_update_alias(&endpoint, "f", "..", 1, 2, 5, "r", &request), -EINVAL);
}

static HttpResponse reply(const char *body) {
        return (HttpResponse){ .status = 200, .body = (char *) (uintptr_t) body, .body_size = strlen(body) };
}

static LambdaAlias parse_alias(const char *body) {
        HttpResponse response = reply(body);
        char error[160] = "";
        LambdaAlias alias;

        memset(&alias, 0x55, sizeof(alias));
        if (lambda_parse_alias(&response, &alias, error) < 0)
                FAIL("%s: %s", body, error);
        return alias;
}

TEST(alias_with_weights) {
        LambdaAlias a = parse_alias(
                        "{\"AliasArn\":\"" ARN ":live\",\"Name\":\"live\",\"FunctionVersion\":\"41\","
                        "\"Description\":\"\",\"RoutingConfig\":"
                        "{\"AdditionalVersionWeights\":{\"42\":0.05}},\"RevisionId\":\"" REVISION "\"}");

        EXPECT_INT(a.version, 41);
        EXPECT_INT(a.extra_version, 42);
        EXPECT_NEAR(a.extra_weight, 0.05, 0);
        EXPECT_INT(a.n_extra, 1);
        EXPECT_STR(a.revision, REVISION);
}

TEST(alias_without_weights_in_every_spelling) {
        static const char *const bodies[] = {
                "{\"FunctionVersion\":\"41\",\"RevisionId\":\"r\"}",
                "{\"FunctionVersion\":\"41\",\"RevisionId\":\"r\",\"RoutingConfig\":null}",
                "{\"FunctionVersion\":\"41\",\"RevisionId\":\"r\",\"RoutingConfig\":{}}",
                "{\"FunctionVersion\":\"41\",\"RevisionId\":\"r\",\"RoutingConfig\":"
                "{\"AdditionalVersionWeights\":null}}",
                "{\"FunctionVersion\":\"41\",\"RevisionId\":\"r\",\"RoutingConfig\":"
                "{\"AdditionalVersionWeights\":{}}}",
        };

        for (size_t i = 0; i < ELEMENTSOF(bodies); i++) {
                LambdaAlias a = parse_alias(bodies[i]);

                EXPECT_INT(a.version, 41);
                EXPECT_INT(a.extra_version, 0);
                EXPECT_INT(a.n_extra, 0);
        }
}

TEST(alias_of_odd_kinds) {
        LambdaAlias a;

        EXPECT_INT(parse_alias("{\"FunctionVersion\":\"$LATEST\",\"RevisionId\":\"r\"}").version, 0);
        EXPECT_INT(parse_alias("{\"FunctionVersion\":\"$LATEST.PUBLISHED\",\"RevisionId\":\"r\"}").version,
                        0);
        EXPECT_INT(parse_alias("{\"FunctionVersion\":\"041\",\"RevisionId\":\"r\"}").version, 0);
        EXPECT_INT(parse_alias("{\"FunctionVersion\":\"\",\"RevisionId\":\"r\"}").version, 0);
        EXPECT_INT(parse_alias("{\"FunctionVersion\":\"99999999999999999999\",\"RevisionId\":\"r\"}")
                                        .version,
                        0);
        a = parse_alias("{\"FunctionVersion\":\"1\",\"RevisionId\":\"r\",\"RoutingConfig\":"
                        "{\"AdditionalVersionWeights\":{\"2\":0.5,\"3\":1,\"4\":0}}}");
        EXPECT_INT(a.n_extra, 3);
        EXPECT_INT(a.extra_version, 2);
        a = parse_alias("{\"FunctionVersion\":\"1\",\"RevisionId\":\"r\",\"RoutingConfig\":"
                        "{\"AdditionalVersionWeights\":{\"$LATEST\":1}}}");
        EXPECT_INT(a.n_extra, 1);
        EXPECT_INT(a.extra_version, 0);
        EXPECT_NEAR(a.extra_weight, 1, 0);
}

TEST(alias_replies_that_are_refused) {
        static const char *const bad[] = { "", "null", "[]", "{}", "{\"FunctionVersion\":\"41\"}",
                "{\"FunctionVersion\":41,\"RevisionId\":\"r\"}",
                "{\"FunctionVersion\":\"41\",\"RevisionId\":\"\"}",
                "{\"FunctionVersion\":\"41\",\"RevisionId\":7}", "{\"RevisionId\":\"r\"}",
                "{\"FunctionVersion\":\"41\",\"RevisionId\":\"r\",\"RoutingConfig\":[]}",
                "{\"FunctionVersion\":\"41\",\"RevisionId\":\"r\",\"RoutingConfig\":"
                "{\"AdditionalVersionWeights\":[1]}}",
                "{\"FunctionVersion\":\"41\",\"RevisionId\":\"r\",\"RoutingConfig\":"
                "{\"AdditionalVersionWeights\":{\"42\":\"0.05\"}}}",
                "{\"FunctionVersion\":\"41\",\"RevisionId\":\"r\",\"RoutingConfig\":"
                "{\"AdditionalVersionWeights\":{\"42\":null}}}",
                "{\"FunctionVersion\":\"41\",\"RevisionId\":\"r\",\"RoutingConfig\":"
                "{\"AdditionalVersionWeights\":{\"42\":1.01}}}",
                "{\"FunctionVersion\":\"41\",\"RevisionId\":\"r\",\"RoutingConfig\":"
                "{\"AdditionalVersionWeights\":{\"42\":-0.01}}}",
                "{\"FunctionVersion\":\"41\",\"RevisionId\":\"r\",\"RoutingConfig\":"
                "{\"AdditionalVersionWeights\":{\"42\":NaN}}}",
                "{\"FunctionVersion\":\"41\",\"RevisionId\":\"r\",\"Rou",
                "{\"FunctionVersion\":\"41\",\"RevisionId\":\"" LONG_64 "\"}" };
        LambdaAlias untouched = { .version = 7 };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                HttpResponse response = reply(bad[i]);
                char error[160] = "";

                if (lambda_parse_alias(&response, &untouched, error) != -EBADMSG || error[0] == '\0')
                        FAIL("accepted, or without a word: %s", bad[i]);
        }
        EXPECT_INT(untouched.version, 7);
}

TEST(replies_have_a_maximum) {
        static char body[1024 * 1024 + 2];
        static const char start[] = "{\"FunctionVersion\":\"1\",\"RevisionId\":\"r\"}";
        HttpResponse response = { .status = 200, .body = body, .body_size = 1024 * 1024 };
        LambdaAlias alias;
        char error[160] = "";

        memset(body, ' ', sizeof(body) - 1);
        memcpy(body, start, strlen(start));
        EXPECT_OK(lambda_parse_alias(&response, &alias, error));
        response.body_size++;
        EXPECT_INT(lambda_parse_alias(&response, &alias, error), -EBADMSG);
        EXPECT_CONTAINS(error, "1 MiB");
}
