#pragma once

/* AWS Signature Version 4, header form (the "Signature Version 4 signing process" of the IAM user guide).
 * The time is an argument. Every stage can be had by itself, because that is how one finds out which stage
 * is wrong. */

#include "aws/creds.h"
#include "aws/http-value.h"

typedef struct SigV4Scope {
        const char *region;  /* "eu-west-1" */
        const char *service; /* the signing name: "lambda", "monitoring" */
        usec_t time;         /* wall clock as AWS sees it */
} SigV4Scope;

/* Adds x-amz-date, x-amz-security-token (when the credentials have one) and authorization to the request.
 * All headers present are signed but those that transports rewrite (user-agent, expect, connection,
 * x-amzn-trace-id ...). */
int sigv4_sign(HttpRequest *request, const AwsCreds *creds, const SigV4Scope *scope);

/* The stages, for tests and for a server that verifies. "signed_headers" is "a;b;c" in signing order and
 * owned by the caller, as are all texts. In sigv4_canonical_request(), the headers named in "only" ("a;b",
 * as a client lists them) are used; NULL means: all that sigv4_sign() would sign. */
int sigv4_canonical_request(
                const HttpRequest *request, const char *only, char **ret, char **ret_signed_headers);
int sigv4_string_to_sign(const char *canonical_request, const SigV4Scope *scope, char **ret);
int sigv4_signature(const char *string_to_sign, const Secret *secret_key, const SigV4Scope *scope,
                char ret_hex[static 65]);
