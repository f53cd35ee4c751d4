#pragma once

/* What is wrong with the text of a setting: words that say it, with advice; NULL: nothing. */

#include "base/macro.h"

const char *conf_path_fault(const char *s); /* absolute */
const char *conf_profile_fault(const char *s);
const char *conf_url_fault(const char *s);

/* "true" or "false". */
const char *conf_flag_fault(const char *s, bool *ret);
/* Calls per second. */
#define CONF_RATE_MIN 0.5
#define CONF_RATE_MAX 10000.0
const char *conf_rate_fault(const char *s, double *ret);
