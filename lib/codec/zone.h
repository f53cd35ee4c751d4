#pragma once

/* How a time zone of the IANA database stands to UTC. Its files (TZif, RFC 8536) are read here and not by
 * libc, whose only way to another zone than its own leads through the environment, which threads share. */

#include "core/plan.h"

#define ZONE_NAME_MAX 64 /* bytes, NUL not counted */
#define ZONE_FOLDER "/usr/share/zoneinfo"

/* "Europe/Berlin", "UTC": words of letters, digits, "_", "+" and "-", with "/" between them. */
bool zone_name_is_valid(const char *name);

/* The offsets that hold from "since" on, as many of them as fit, in the order of time; ret has at least
 * one. -EBADMSG: these bytes are no zone. Pure. */
int zone_parse(const char *data, size_t size, usec_t since, WindowOffset ret[static WINDOW_OFFSETS_MAX],
                uint32_t *ret_n);

/* The same for a zone of the folder. -EINVAL: not the name of a zone. -ENOENT, -EBADMSG: there is none of
 * that name. -ENOMEM, and what fs_read() says. */
int zone_read(const char *folder, const char *name, usec_t since,
                WindowOffset ret[static WINDOW_OFFSETS_MAX], uint32_t *ret_n);
