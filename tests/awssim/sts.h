#pragma once

/* AWS STS, Query protocol 2011-06-15. */

#include "awssim/reply.h"

/* Web identities sign with their token alone. */
bool sts_is_unsigned(const Request *request);

/* Negative errno: -EREMOTEIO when refused, anything else is a failure of the simulator itself. */
int sts_handle(World *w, Request *request, usec_t now, Reply *reply);
