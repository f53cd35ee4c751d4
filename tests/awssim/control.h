#pragma once

/* Paths below /_sim: how a test looks into the world and acts on it as somebody else would. Unsigned, for
 * loopback only.
 *
 *   GET  /_sim/state   every alias with version, weights and revision; alarms; what the limits took and
 * refused; connections POST /_sim/alias   {"function", "alias", "version", "weights": {"42": 0.5}}: routes
 * the alias so, whatever its revision; without weights they are cleared. "account" and "region" where they
 * are not the scenario's POST /_sim/alarm   {"name", "state", "reason"}: from now on, "missing" included */

#include "awssim/reply.h"

int control_handle(World *w, Request *request, usec_t now, Reply *reply);
