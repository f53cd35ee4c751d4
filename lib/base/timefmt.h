#pragma once

/* Times and durations as text. UTC only, no locale, no time zone database. */

#include "base/forward.h"

#define TIME_TEXT_MAX 40 /* enough for every function here, the NUL included */

/* "2026-01-15T12:34:56Z" */
void time_format_rfc3339(usec_t t, char ret[static TIME_TEXT_MAX]);
/* "12:34:56" */
void time_format_clock(usec_t t, char ret[static TIME_TEXT_MAX]);
/* "20260115T123456Z", the form of X-Amz-Date */
void time_format_amz(usec_t t, char ret[static TIME_TEXT_MAX]);

/* "2026-01-15T12:34:56[.123](Z|+00:00|-07:30)". -EINVAL. */
int time_parse_rfc3339(const char *s, usec_t *ret);
/* "Thu, 15 Jan 2026 12:34:56 GMT", an HTTP Date header. -EINVAL. */
int time_parse_http(const char *s, usec_t *ret);

/* "90s", "10m", "1h30m", "2d", "250ms": units d h m s ms, each at most once, in that order; a bare number is
 * refused so that nobody has to guess the unit. -EINVAL, -ERANGE (over ten years). */
int duration_parse(const char *s, usec_t *ret);
/* "1h30m", "45s", "250ms", "0s"; two most significant units. */
void duration_format(usec_t d, char ret[static TIME_TEXT_MAX]);
