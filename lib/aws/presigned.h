#pragma once

/* The address that Lambda gives for a version's code: whoever has it may read the code for some minutes. It
 * goes into no log and no error. */

#include "aws/http-value.h"

#define PRESIGNED_URL_MAX 16384u

/* An unsigned GET of it, as it is. -EINVAL: not an address of this kind; http:// only when allowed. */
int presigned_request(const char *url, bool allows_http, HttpRequest *ret);
