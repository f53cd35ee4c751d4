/* How many requests can be signed in a second, and how that compares with the least it could cost: SHA-256
 * over the same bytes. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aws/digest.h"
#include "aws/sigv4.h"
#include "aws/svc-lambda.h"
#include "base/alloc.h"
#include "base/usec.h"

#define ROUNDS 20000u
#define FUNCTION "arn:aws:lambda:eu-west-1:123456789012:function:checkout"
#define REVISION "9e5f0f2c-5d2b-4b67-9d0f-0d1f6f1f5f0a"

static usec_t now(void) {
        struct timespec t = { 0 };

        if (clock_gettime(CLOCK_MONOTONIC, &t) < 0)
                abort();
        return (usec_t) t.tv_sec * USEC_PER_SEC + (usec_t) t.tv_nsec / 1000;
}

static double per_second(usec_t span) {
        return (double) ROUNDS * (double) USEC_PER_SEC / (double) usec_max(span, 1);
}

static double bench_sign(HttpRequest *request, const AwsCreds *creds) {
        usec_t start = now();

        for (unsigned i = 0; i < ROUNDS; i++) {
                SigV4Scope scope = { .region = "eu-west-1",
                        .service = "lambda",
                        .time = UINT64_C(1768480496) * USEC_PER_SEC + i * USEC_PER_SEC };

                if (sigv4_sign(request, creds, &scope) < 0)
                        abort();
        }
        return per_second(now() - start);
}

/* The bytes that every signer has to hash: canonical request and body. */
static double bench_hash(const HttpRequest *request) {
        _cleanup_(freep) char *canonical = NULL, *names = NULL;
        uint8_t digest[DIGEST_SIZE];
        usec_t start;

        if (sigv4_canonical_request(request, NULL, &canonical, &names) < 0)
                abort();
        start = now();
        for (unsigned i = 0; i < ROUNDS; i++)
                if (digest_sha256(canonical, strlen(canonical), digest) < 0 ||
                                digest_sha256(request->body, request->body_size, digest) < 0)
                        abort();
        return per_second(now() - start);
}

int main(void) {
        static char host[] = "lambda.eu-west-1.amazonaws.com", base_path[] = "";
        const AwsEndpoint endpoint = { .tls = true, .host = host, .base_path = base_path };
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
        char error[DIAG_MESSAGE_MAX];
        double signatures, hashes;

        if (aws_creds_from_values("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                            "IQoJb3JpZ2luX2VjEXAMPLE//token+with==", &creds, error) != 1 ||
                        lambda_update_alias(&endpoint, FUNCTION, "live", 41, 42, 500, REVISION, &request) <
                                        0)
                abort();
        signatures = bench_sign(&request, &creds);
        hashes = bench_hash(&request);
        printf("bench-sign: %.0f signatures/s (UpdateAlias, session token), %.1f times the cost of SHA-256 "
               "over the same bytes\n",
                        signatures, hashes / signatures);
        return EXIT_SUCCESS;
}
