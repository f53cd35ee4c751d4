#pragma once

/* What happened, in order, as words with a space behind each. */

#include "base/macro.h"

void trail_add(const char *format, ...) _printf_(1, 2);
const char *trail(void);
void trail_reset(void);
