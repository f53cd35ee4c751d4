#pragma once

/* Who signed this? Checks Signature Version 4 the way AWS does, and refuses in AWS's words. */

#include "awssim/reply.h"

/* 0: fine (or the scenario knows no credentials, and so verifies nothing). -EREMOTEIO: refused. "now" is the
 * server's wall clock, "age" the time since its start. */
int auth_check(const Scenario *scenario, Request *request, usec_t now, usec_t age, Reply *reply);
