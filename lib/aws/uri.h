#pragma once

/* Percent-encoding as AWS wants it: everything but A-Z a-z 0-9 - . _ ~ as %XX, upper-case hex. */

#include "base/macro.h"

/* Appends s encoded; with keep_slash, '/' stays. */
int uri_encode(Buf *out, const char *s, size_t n, bool keep_slash);

/* The byte that the escape at the start of s stands for. -EINVAL: no complete %XX there. */
int uri_unescape(const char *s, size_t n, char *ret);

/* Undoes %XX in place of a copy owned by the caller. -EINVAL: broken escape or an encoded NUL. */
int uri_decode(const char *s, size_t n, char **ret);
