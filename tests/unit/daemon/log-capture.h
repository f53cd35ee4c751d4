#pragma once

/* What goes to stderr while a test looks. */

#include "base/forward.h"

void capture_begin(void);
/* The text since capture_begin(), owned by the caller; stderr is as before. */
char *capture_end(void);
