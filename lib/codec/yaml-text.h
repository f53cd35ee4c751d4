#pragma once

/* Is a file text that people can edit and that every tool sees the same way? */

#include "base/diag.h"

/* True: UTF-8 without byte order mark, NUL and other control characters, and with "\n" or "\r\n" line ends
 * only, so that all counts of lines agree. False: the first reason is in diags. */
bool yaml_text_is_clean(const char *text, size_t size, size_t max, DiagList *diags);
