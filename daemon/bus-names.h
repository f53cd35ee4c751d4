#pragma once

/* The names on the wire between canaryd and those who ask it; canaryctl knows nothing else of the daemon.
 *
 * org.canaryd1.Manager on /org/canaryd1
 *   ListRollouts() -> aa{sv}   live ones in order of acceptance, then finished ones, newest first
 *   GetRollout(s) -> a{sv}     with "checks" (aa{sv}) and "ladder" (aa{sv}) besides
 *   ListRefusals() -> aa{sv}   "path" s, "time_usec" t, "message" s, "findings" aa{sv} of "level" s, "line"
 *                              u, "column" u, "message" s
 *   Version         s, read only
 *   PlansDirectory  s, read only: the one that it watches
 *
 * The members of a rollout are those of codec/rollout-info.h: texts are s, counts, times and spans t,
 * numbers d. */

#define BUS_SOCKET_NAME "canaryd.sock"
#define BUS_NAME "org.canaryd1"
#define BUS_MANAGER_PATH "/org/canaryd1"
#define BUS_MANAGER_INTERFACE "org.canaryd1.Manager"

#define BUS_ERROR_NO_SUCH_ROLLOUT "org.canaryd1.Error.NoSuchRollout"
#define BUS_ERROR_INVALID_ID "org.canaryd1.Error.InvalidId"
