#include "aws/sigv4-payload.h"

#include "base/alloc.h"
#include "base/usec.h"
#include "lib/test.h"

static const char body[] = "{\"Publish\":false,\"ZipFile\":\"UEsFBgAAAAA=\"}";

static void make(HttpRequest *request) {
        *request = (HttpRequest){ .method = HTTP_PUT, .tls = true };
        request->host = alloc_copy_string("lambda.eu-west-1.amazonaws.com");
        request->path = alloc_copy_string("/2015-03-31/functions/checkout/code");
        EXPECT_OK(http_request_add_header(request, "content-type", "application/json"));
}

static const SigV4Scope scope = { .region = "eu-west-1",
        .service = "lambda",
        .time = 1700000000 * USEC_PER_SEC };

static void make_creds(AwsCreds *creds, const char *token) {
        char error[DIAG_MESSAGE_MAX] = "";

        EXPECT_OK(aws_creds_from_values(
                        "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", token, creds, error));
}

/* With the body in memory and with its hash alone: the same signature. */
TEST(signs_as_if_the_body_was_there) {
        static const char *const tokens[] = { NULL, "token" };

        for (size_t i = 0; i < ELEMENTSOF(tokens); i++) {
                _cleanup_(http_request_done) HttpRequest whole = { 0 }, streamed = { 0 };
                _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
                char payload[DIGEST_HEX_MAX];

                make_creds(&creds, tokens[i]);
                make(&whole);
                whole.body = alloc_copy_string(body);
                whole.body_size = strlen(body);
                EXPECT_OK(sigv4_sign(&whole, &creds, &scope));
                make(&streamed);
                EXPECT_OK(digest_sha256_hex(body, strlen(body), payload));
                EXPECT_OK(sigv4_sign_payload(&streamed, payload, &creds, &scope));
                EXPECT_STR(http_request_header(&streamed, "authorization"),
                                http_request_header(&whole, "authorization"));
                EXPECT_INT(streamed.n_headers, whole.n_headers);
                /* A second signature replaces the first one. */
                EXPECT_OK(sigv4_sign_payload(&streamed, payload, &creds, &scope));
                EXPECT_INT(streamed.n_headers, whole.n_headers);
        }
}

TEST(refuses_what_cannot_be_signed) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
        const AwsCreds none = { 0 };
        char payload[DIGEST_HEX_MAX];

        make_creds(&creds, NULL);
        make(&request);
        EXPECT_OK(digest_sha256_hex(body, strlen(body), payload));
        EXPECT_INT(sigv4_sign_payload(&request, payload, &none, &scope), -EINVAL);
        payload[63] = '\0';
        EXPECT_INT(sigv4_sign_payload(&request, payload, &creds, &scope), -EINVAL);
        request.body = alloc_copy_string(body);
        EXPECT_INT(sigv4_sign_payload(&request, payload, &creds, &scope), -EINVAL);
}
