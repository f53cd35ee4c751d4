#pragma once

/* A set of AWS credentials as a value, and the texts it can be read from. Nothing here reads files or
 * variables. */

#include "aws/ini.h"
#include "base/secret.h"

#define AWS_ACCESS_KEY_MAX 129 /* [A-Za-z0-9_]{16,128} by the STS model, and the NUL */
#define AWS_SECRET_KEY_MAX 512
#define AWS_SESSION_TOKEN_MAX (32u * 1024) /* AWS promises no size; they come with several KiB */

struct AwsCreds {
        char access_key[AWS_ACCESS_KEY_MAX];
        Secret *secret_key;    /* owned reference */
        Secret *session_token; /* owned reference; NULL for long-lived keys */
        usec_t expires;        /* wall clock; USEC_INFINITY: never */
};

void aws_creds_done(AwsCreds *c);
int aws_creds_copy(AwsCreds *dst, const AwsCreds *src); /* dst must be empty */

typedef enum AwsCredsField {
        AWS_ACCESS_KEY,
        AWS_SECRET_KEY,
        AWS_SESSION_TOKEN,
} AwsCredsField;
#define AWS_CREDS_FIELD_COUNT (AWS_SESSION_TOKEN + 1)

/* From three values (NULL or "" = unset), named in messages as names say. 0: no keys there. 1: filled, never
 * to expire. -EINVAL: half a pair, or characters no key can have; reterr says which, never a value. */
int aws_creds_from_fields(const char *const names[static AWS_CREDS_FIELD_COUNT],
                const char *const values[static AWS_CREDS_FIELD_COUNT], AwsCreds *ret,
                char reterr[static DIAG_MESSAGE_MAX]);

/* The values of AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN. */
int aws_creds_from_values(const char *access_key, const char *secret_key, const char *session_token,
                AwsCreds *ret, char reterr[static DIAG_MESSAGE_MAX]);

/* The keys of a section; messages name their lines. */
int aws_creds_from_section(
                const Ini *ini, const char *section, AwsCreds *ret, char reterr[static DIAG_MESSAGE_MAX]);
