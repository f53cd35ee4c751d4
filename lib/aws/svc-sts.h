#pragma once

/* AWS STS, Query protocol 2011-06-15. Requests come unsigned; that with a web identity stays so. */

#include "aws/creds.h"
#include "aws/endpoint.h"

typedef struct StsRole {
        const char *arn;           /* borrowed, all */
        const char *session_name;  /* [\w+=,.@-]{2,64} */
        const char *external_id;   /* NULL: none */
        unsigned duration_seconds; /* 0: AWS's default of an hour */
} StsRole;

/* -EINVAL: a member that STS would refuse for its characters or length. With a web identity there is no
 * external_id: it is passed over, and so are newlines at the end of the token. */
int sts_assume_role(const AwsEndpoint *e, const StsRole *role, HttpRequest *ret);
int sts_assume_role_with_web_identity(const AwsEndpoint *e, const StsRole *role, const char *token,
                size_t token_size, HttpRequest *ret);

/* The reply of either. -EBADMSG with words that quote nothing of it. */
int sts_parse_credentials(const HttpResponse *response, AwsCreds *ret, char reterr[static 160]);
