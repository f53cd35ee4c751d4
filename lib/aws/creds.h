#pragma once

/* A set of AWS credentials as a value, and the texts it can be read from. Nothing here reads files or
 * variables. */

#include "base/diag.h"
#include "base/secret.h"

#define AWS_ACCESS_KEY_MAX 129 /* [A-Za-z0-9_]{16,128} by the STS model, and the NUL */
#define AWS_SECRET_KEY_MAX 512
#define AWS_SESSION_TOKEN_MAX (32u * 1024) /* AWS promises no size; they come with several KiB */
#define AWS_CREDS_FILE_MAX (1024u * 1024)

struct AwsCreds {
        char access_key[AWS_ACCESS_KEY_MAX];
        Secret *secret_key;    /* owned reference */
        Secret *session_token; /* owned reference; NULL for long-lived keys */
        usec_t expires;        /* wall clock; USEC_INFINITY: never */
};

void aws_creds_done(AwsCreds *c);
int aws_creds_copy(AwsCreds *dst, const AwsCreds *src); /* dst must be empty */

/* From the values of AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN (NULL or "" = unset).
 * 0: no keys there. 1: filled. -EINVAL: half a pair, or characters no key can have; reterr says which. */
int aws_creds_from_values(const char *access_key, const char *secret_key, const char *session_token,
                AwsCreds *ret, char reterr[static DIAG_MESSAGE_MAX]);

/* From the text of a shared credentials file (INI, aws-style sections "[name]").
 * 0: no such profile or no keys in it. 1: filled. -EINVAL with a message that names profile and line, never
 * a value. */
int aws_creds_from_file(const char *text, size_t size, const char *profile, AwsCreds *ret,
                char reterr[static DIAG_MESSAGE_MAX]);
