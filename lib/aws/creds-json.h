#pragma once

/* Credentials as JSON documents: what a credential_process prints, the container endpoint and IMDS answer.
 */

#include "aws/creds.h"

#define CREDS_JSON_MAX (64u * 1024)

typedef enum CredsJson {
        CREDS_JSON_PROCESS,   /* Version 1, SessionToken, Expiration may be absent: never expires */
        CREDS_JSON_CONTAINER, /* Token */
        CREDS_JSON_IMDS,      /* Token, Code */
} CredsJson;

/* -EBADMSG: not such a document, reterr says what is wrong and never quotes a value of it. -ENODATA: a
 * well-formed document that says there are none (IMDS with another Code than Success). */
int creds_json_parse(const char *text, size_t size, CredsJson kind, AwsCreds *ret,
                char reterr[static DIAG_MESSAGE_MAX]);
