#pragma once

/* Amazon CloudWatch in two of its protocols. Negative errno: -EREMOTEIO when refused, anything else is a
 * failure of the simulator itself. */

#include "awssim/reply.h"

int cloudwatch_json_handle(World *w, Request *request, usec_t now, Reply *reply);
int cloudwatch_query_handle(World *w, Request *request, usec_t now, Reply *reply);
