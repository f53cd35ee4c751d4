#pragma once

/* What the caller's role may do. */

#include "awssim/reply.h"

/* -EREMOTEIO: refused. */
int policy_check(const Request *request, Reply *reply);
