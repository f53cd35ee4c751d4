#pragma once

/* How long calls to AWS may take, and how much may come back. */

#include "aws/endpoint.h"
#include "daemon/http.h"

/* is_slow: AWS works before it answers. */
HttpLimits aws_limits(AwsService service, bool is_slow);

/* Of a call with so many bytes to send: time for a slow line; but a peer that takes or says nothing is given
 * up as soon as others are. */
HttpLimits aws_limits_transfer(uint64_t size);
