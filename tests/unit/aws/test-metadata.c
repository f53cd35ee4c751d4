#include "aws/metadata.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "base/usec.h"
#include "lib/fault.h"
#include "lib/test.h"

TEST(local_hosts) {
        static const char *const local[] = { "127.0.0.1", "127.255.0.9:80", "localhost", "LocalHost:8080",
                "[::1]", "[::1]:443", "169.254.169.254", "169.254.170.2:80", "[fe80::1]", "[febf::9]:1",
                "[fd00:ec2::254]", "[fd00:ec2::23]:80", "[::ffff:127.0.0.1]", "[::ffff:169.254.169.254]",
                "[0:0:0:0:0:0:0:1]", "[FD00:EC2:0::254]" },
                                 *const remote[] = { "", "example.com", "128.0.0.1", "169.253.1.1",
                                         "169.255.1.1", "localhost.example.com", "notlocalhost",
                                         "127.0.0.1.example.com", "127.1", "2130706433", "[::2]",
                                         "[fec0::1]", "[fd00:ec2::255]", "[fd00:ec2::24]",
                                         "[::ffff:10.0.0.1]", "[::1", "::1", "[]", "[127.0.0.1]", "10.0.0.1",
                                         "[fe80::1%eth0]",
                                         "1111111111111111111111111111111111111111111111111111111" };

        for (size_t i = 0; i < ELEMENTSOF(local); i++)
                if (!host_is_local(local[i]))
                        FAIL("taken for remote: %s", local[i]);
        for (size_t i = 0; i < ELEMENTSOF(remote); i++)
                if (host_is_local(remote[i]))
                        FAIL("taken for local: %s", remote[i]);
}

static void config_from(const AwsEnv *env, bool allows_v1, ImdsConfig *ret) {
        char error[DIAG_MESSAGE_MAX] = "";

        if (imds_config_from_env(env, allows_v1, ret, error) < 0)
                FAIL("%s", error);
}

TEST(imds_configuration) {
        const AwsEnv nothing = { 0 },
                     all = { .ec2_metadata_disabled = "TRUE",
                             .ec2_metadata_v1_disabled = "true",
                             .ec2_metadata_endpoint_mode = "ipv6",
                             .metadata_timeout = "60",
                             .metadata_attempts = "10" },
                     url = { .ec2_metadata_endpoint = "http://localhost:1338/base/",
                             .ec2_metadata_endpoint_mode = "IPv6" };
        _cleanup_(imds_config_done) ImdsConfig a = { 0 }, b = { 0 }, c = { 0 };

        config_from(&nothing, true, &a);
        EXPECT(a.enabled && a.allows_v1);
        EXPECT_STR(a.endpoint.host, "169.254.169.254");
        EXPECT(!a.endpoint.tls);
        EXPECT_INT(a.timeout, USEC_PER_SEC);
        EXPECT_INT(a.attempts, 1);
        config_from(&all, true, &b);
        EXPECT(!b.enabled && !b.allows_v1);
        EXPECT_STR(b.endpoint.host, "[fd00:ec2::254]");
        EXPECT_INT(b.timeout, 60 * USEC_PER_SEC);
        EXPECT_INT(b.attempts, 10);
        config_from(&url, false, &c);
        EXPECT(!c.allows_v1);
        EXPECT_STR(c.endpoint.host, "localhost:1338");
        EXPECT_STR(c.endpoint.base_path, "/base");
}

TEST(imds_configuration_that_is_refused) {
        static const struct {
                AwsEnv env;
                const char *message;
        } rows[] = {
                { { .ec2_metadata_disabled = "1" }, "AWS_EC2_METADATA_DISABLED is \"1\"" },
                { { .ec2_metadata_v1_disabled = "no" }, "AWS_EC2_METADATA_V1_DISABLED is \"no\"" },
                { { .ec2_metadata_endpoint_mode = "6" }, "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE is \"6\"" },
                { { .ec2_metadata_endpoint = "169.254.169.254" },
                                "AWS_EC2_METADATA_SERVICE_ENDPOINT is no URL" },
                { { .metadata_timeout = "0" }, "AWS_METADATA_SERVICE_TIMEOUT is \"0\"" },
                { { .metadata_timeout = "61" }, "from 1 to 60" },
                { { .metadata_timeout = "1s" }, "AWS_METADATA_SERVICE_TIMEOUT" },
                { { .metadata_attempts = "11" }, "AWS_METADATA_SERVICE_NUM_ATTEMPTS is \"11\"" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char error[DIAG_MESSAGE_MAX] = "";
                ImdsConfig c = { 0 };

                EXPECT_INT(imds_config_from_env(&rows[i].env, true, &c, error), -EINVAL);
                EXPECT_CONTAINS(error, rows[i].message);
                EXPECT(!c.endpoint.host);
        }
}

TEST(imds_requests) {
        _cleanup_(imds_config_done) ImdsConfig c = { 0 };
        _cleanup_(http_request_done) HttpRequest token = { 0 }, role = { 0 }, creds = { 0 }, v1 = { 0 };
        HttpRequest refused = { 0 };

        config_from(&(AwsEnv){ 0 }, true, &c);
        EXPECT_OK(imds_token_request(&c, &token));
        EXPECT_INT(token.method, HTTP_PUT);
        EXPECT_STR(token.path, "/latest/api/token");
        EXPECT_STR(http_request_header(&token, "x-aws-ec2-metadata-token-ttl-seconds"), "21600");
        EXPECT_OK(imds_role_request(&c, "T==", &role));
        EXPECT_INT(role.method, HTTP_GET);
        EXPECT_STR(role.path, "/latest/meta-data/iam/security-credentials/");
        EXPECT_STR(http_request_header(&role, "x-aws-ec2-metadata-token"), "T==");
        EXPECT_OK(imds_creds_request(&c, "T", "my/role", &creds));
        EXPECT_STR(creds.path, "/latest/meta-data/iam/security-credentials/my%2Frole");
        EXPECT_STR(creds.host, "169.254.169.254");
        EXPECT_OK(imds_creds_request(&c, NULL, "r", &v1));
        EXPECT_INT(v1.n_headers, 0);
        EXPECT_INT(imds_role_request(&c, "a\r\nb: c", &refused), -EINVAL);
        EXPECT(!refused.path);
}

static HttpResponse reply(const char *body) {
        return (HttpResponse){ .status = 200, .body = alloc_copy_string(body), .body_size = strlen(body) };
}

TEST(imds_texts) {
        static const struct {
                const char *body, *token, *role; /* NULL: refused */
        } rows[] = {
                { "AQAEAL==", "AQAEAL==", NULL },
                { "AQAEAL-_\n", "AQAEAL-_", "AQAEAL-_" },
                { " my.role+x@y,z=1 \r\nsecond\n", NULL, "my.role+x@y,z=1" },
                { "\n", NULL, NULL },
                { "", NULL, NULL },
                { "<html>", "<html>", NULL },
                { "a b", NULL, NULL },
                { "a\x01", NULL, NULL },
                { "\xc3\xa9", NULL, NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(http_response_done) HttpResponse response = reply(rows[i].body);
                char token[IMDS_TOKEN_MAX], role[IMDS_ROLE_MAX];

                if (rows[i].role) {
                        EXPECT_OK(imds_parse_role(&response, role));
                        EXPECT_STR(role, rows[i].role);
                }
                if (rows[i].token) {
                        EXPECT_OK(imds_parse_token(&response, token));
                        EXPECT_STR(token, rows[i].token);
                }
                if (!rows[i].role && !rows[i].token) {
                        EXPECT_INT(imds_parse_role(&response, role), -EBADMSG);
                        EXPECT_INT(imds_parse_token(&response, token), -EBADMSG);
                }
        }
        EXPECT_INT(imds_parse_token(&(HttpResponse){ 0 }, (char[IMDS_TOKEN_MAX]){ 0 }), -EBADMSG);
}

TEST(imds_texts_have_a_maximum) {
        char text[IMDS_TOKEN_MAX + 1], token[IMDS_TOKEN_MAX], role[IMDS_ROLE_MAX];
        HttpResponse response = { .status = 200, .body = text };

        memset(text, 'a', sizeof(text));
        text[IMDS_TOKEN_MAX] = '\0';
        EXPECT_INT(imds_parse_token(&response, token), -EBADMSG);
        text[IMDS_TOKEN_MAX - 1] = '\0';
        EXPECT_OK(imds_parse_token(&response, token));
        EXPECT_INT(imds_parse_role(&response, role), -EBADMSG);
        text[IMDS_ROLE_MAX - 1] = '\0';
        EXPECT_OK(imds_parse_role(&response, role));
}

TEST(container_addresses) {
        static const struct {
                AwsEnv env;
                const char *host, *path, *query;
                bool tls;
        } rows[] = {
                { { .container_relative_uri = "/v2/credentials/x?a=b",
                                  .container_full_uri = "http://ignored" },
                                "169.254.170.2", "/v2/credentials/x", "a=b", false },
                { { .container_full_uri = "http://169.254.170.23/v1/credentials" }, "169.254.170.23",
                                "/v1/credentials", NULL, false },
                { { .container_full_uri = "http://[fd00:ec2::23]/v1/credentials" }, "[fd00:ec2::23]",
                                "/v1/credentials", NULL, false },
                { { .container_full_uri = "http://localhost:8000/2016-11-01/credentialprovider/" },
                                "localhost:8000", "/2016-11-01/credentialprovider/", NULL, false },
                { { .container_full_uri = "http://127.9.9.9" }, "127.9.9.9", "/", NULL, false },
                { { .container_full_uri = "http://[::1]:81?x" }, "[::1]:81", "/", "x", false },
                { { .container_full_uri = "https://Example.com:444/a//b" }, "example.com:444", "/a//b", NULL,
                                true },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(http_request_done) HttpRequest request = { 0 };
                char error[DIAG_MESSAGE_MAX] = "";

                if (container_request(&rows[i].env, NULL, 0, &request, error) < 0)
                        FAIL("%s", error);
                EXPECT_STR(request.host, rows[i].host);
                EXPECT_STR(request.path, rows[i].path);
                if (rows[i].query)
                        EXPECT_STR(request.query, rows[i].query);
                else
                        EXPECT(!request.query);
                EXPECT_INT(request.tls, rows[i].tls);
                EXPECT_INT(request.method, HTTP_GET);
                EXPECT(!http_request_header(&request, "authorization"));
        }
}

TEST(container_addresses_that_are_refused) {
        static const struct {
                AwsEnv env;
                const char *message;
        } rows[] = {
                { { .container_relative_uri = "x" },
                                "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI does not begin" },
                { { .container_relative_uri = "/x#y" }, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI holds" },
                { { .container_full_uri = "localhost/x" }, "AWS_CONTAINER_CREDENTIALS_FULL_URI is no URL" },
                { { .container_full_uri = "ftp://localhost/x" },
                                "AWS_CONTAINER_CREDENTIALS_FULL_URI is no URL" },
                { { .container_full_uri = "http://u:hunter2@localhost/x" }, "is no URL" },
                { { .container_full_uri = "http://example.com/x" }, "goes to example.com without TLS" },
                { { .container_full_uri = "http://169.254.169.254/x" }, "without TLS" },
                { { .container_full_uri = "http://169.254.170.3/x" }, "without TLS" },
                { { .container_full_uri = "http://[fe80::1]/x" }, "without TLS" },
                { { .container_full_uri = "http://localhost.example.com/x" }, "without TLS" },
                { { .container_full_uri = "http://localhost/a b" }, "holds what no URL can" },
                { { .container_full_uri = "http://localhost/\x01" }, "holds what no URL can" },
                { { 0 }, "is no URL" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                HttpRequest request = { 0 };
                char error[DIAG_MESSAGE_MAX] = "";

                EXPECT_INT(container_request(&rows[i].env, NULL, 0, &request, error), -EINVAL);
                EXPECT_CONTAINS(error, rows[i].message);
                EXPECT(!strstr(error, "hunter2"));
                EXPECT(!request.path);
        }
}

TEST(container_tokens) {
        static const AwsEnv env = { .container_full_uri = "http://localhost/x" };
        static const char *const bad[] = { "a\n", "a\r\nb: c", "\r" };
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        HttpRequest refused = { 0 };
        char error[DIAG_MESSAGE_MAX] = "";

        EXPECT_OK(container_request(&env, "Basic eA== and more", 10, &request, error));
        EXPECT_STR(http_request_header(&request, "authorization"), "Basic eA==");
        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                EXPECT_INT(container_request(&env, bad[i], strlen(bad[i]), &refused, error), -EINVAL);
                EXPECT_CONTAINS(error, "authorization token");
        }
        EXPECT_INT(container_request(&env, "a\0b", 3, &refused, error), -EINVAL);
        EXPECT(!refused.path);
}

TEST(out_of_memory) {
        static const AwsEnv env = { .container_full_uri = "http://localhost/x?y" };

        FAULT_LOOP {
                _cleanup_(http_request_done) HttpRequest request = { 0 };
                char error[DIAG_MESSAGE_MAX];
                int r = container_request(&env, "t", 1, &request, error);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT(!request.path && !request.host);
        }
        FAULT_LOOP {
                _cleanup_(imds_config_done) ImdsConfig c = { 0 };
                _cleanup_(http_request_done) HttpRequest request = { 0 };
                char error[DIAG_MESSAGE_MAX];
                int r = imds_config_from_env(&(AwsEnv){ 0 }, false, &c, error);

                if (r >= 0)
                        r = imds_creds_request(&c, "t", "r", &request);
                if (!fault_struck()) {
                        EXPECT_OK(r);
                        break;
                }
                EXPECT(r == -ENOMEM || r == -ENOBUFS); /* the latter is how a Buf says it afterwards */
                EXPECT(!request.path);
        }
}
