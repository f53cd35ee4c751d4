#pragma once

/* AWS Lambda, REST-JSON 2015-03-31, as the requests that route_lambda() knows. */

#include "awssim/reply.h"

/* Negative errno: -EREMOTEIO when refused, anything else is a failure of the simulator itself. */
int lambda_handle(World *w, Request *request, usec_t now, Reply *reply);
