#pragma once

/* How many calls AWS takes: one token bucket for each family of calls of an account in a region. Without a
 * limit, calls are just counted. */

#include "awssim/reply.h"

/* Takes a token. -EREMOTEIO: there was none, refused. */
int limit_take(World *w, const Request *request, Reply *reply);

/* Every bucket, for control.c. */
void limits_render(const World *w, Buf *out);
void limits_done(World *w);
