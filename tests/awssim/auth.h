#pragma once

/* Who signed this? Checks Signature Version 4 the way AWS does, and refuses in AWS's words. */

#include "awssim/reply.h"

/* Fills the request's caller, role, account and region from what the signature claims; checks nothing. */
int auth_identify(const World *w, Request *request);

/* 0: fine (or the scenario knows neither credentials nor roles, and so verifies nothing). -EREMOTEIO:
 * refused. "now" is the server's wall clock, "offset" what this call takes it to be wrong by. */
int auth_check(const World *w, Request *request, usec_t now, int64_t offset, Reply *reply);
