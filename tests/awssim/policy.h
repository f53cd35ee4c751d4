#pragma once

/* What the caller's role may do. */

#include "awssim/reply.h"

/* -EREMOTEIO: refused. */
int policy_check(const Request *request, Reply *reply);

/* Lambda fetches objects, and images of other accounts, in the name of its caller. -EREMOTEIO: refused. */
int policy_check_object(
                const Request *request, const char *bucket, const char *key, bool has_version, Reply *reply);
int policy_check_image(const Request *request, const char *uri, Reply *reply);
