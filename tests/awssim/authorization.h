#pragma once

/* The Authorization header of Signature Version 4, taken apart. */

#include "awssim/reply.h"

typedef struct Authorization {
        char *text;                                              /* owned; the others point into it */
        char *access_key, *date, *region, *service, *terminator; /* of Credential */
        char *signed_headers, *signature;
} Authorization;

void authorization_done(Authorization *a);

/* -EREMOTEIO: refused, there is no such header or it lacks something. ret must be zeroed, and freed in any
 * case. */
int authorization_parse(const Request *request, Authorization *ret, Reply *reply);

bool authorization_covers(const Authorization *a, const char *header);
