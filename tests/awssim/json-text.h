#pragma once

/* JSON written straight into a Buf, commas included. "key" is NULL for the members of an array and for the
 * outermost value. A failure sticks in the Buf: check once, at the end, with buf_take() or Buf.failed. */

#include "base/buf.h"

#define JSON_DOUBLE_MAX 40

void json_text_open(Buf *out, const char *key, char bracket); /* '{' or '[' */
void json_text_close(Buf *out, char bracket);                 /* '}' or ']' */

/* Bytes that are not UTF-8 come out as the code points of the same number, so that the text stays JSON. NULL
 * is null. */
void json_text_string(Buf *out, const char *key, const char *value);
void json_text_string_n(Buf *out, const char *key, const char *value, size_t n);

/* The shortest digits that read back as the same double, always with a fraction or an exponent, as AWS
 * writes doubles. Not finite: as the strings "NaN", "Infinity", "-Infinity". */
void json_text_double(Buf *out, const char *key, double value);
void json_double_format(double value, char ret[static JSON_DOUBLE_MAX]); /* finite; the same, for messages */
void json_text_unsigned(Buf *out, const char *key, uint64_t value);
void json_text_bool(Buf *out, const char *key, bool value);

/* A value that is JSON already. */
void json_text_raw(Buf *out, const char *key, const char *json);
