#pragma once

/* Base64 of RFC 4648, with padding. */

#include "base/forward.h"

/* Characters for so many bytes, the NUL not counted. */
#define BASE64_SIZE(n) (((n) + 2) / 3 * 4)

/* Writes BASE64_SIZE(size) characters, and no NUL. */
void base64_encode(const void *data, size_t size, char *dst);
