#pragma once

/* JSON, written value by value into a Buf. Commas come by themselves. "key" is NULL inside of an array and
 * at the top. Failures stick in the Buf, so they may be checked once, at the end.
 *
 * Texts come out as valid UTF-8 whatever went in, and with everything escaped that a terminal could take for
 * a command. */

#include "base/buf.h"

void json_write_open(Buf *out, const char *key, char bracket); /* '{' or '[' */
void json_write_close(Buf *out, char bracket);                 /* '}' or ']' */

void json_write_text(Buf *out, const char *key, const char *value); /* NULL: null */
void json_write_u64(Buf *out, const char *key, uint64_t value);
void json_write_number(Buf *out, const char *key, double value); /* not finite: null */
void json_write_exact(Buf *out, const char *key, double value); /* comes back bit by bit; not finite: null */
void json_write_bool(Buf *out, const char *key, bool value);
void json_write_null(Buf *out, const char *key);
