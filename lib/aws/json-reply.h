#pragma once

/* JSON that came over the network. Depth, size and the number of values are limited before a tree is built,
 * as a tree is up to 300 times as large as its text. */

#include <json-c/json_object.h>

#include "base/macro.h"

static inline void json_object_putp(struct json_object **o) {
        (void) json_object_put(*o);
}

/* "text" must be one JSON object and nothing else, in valid UTF-8. -EBADMSG: it is not, or is over a limit.
 * The caller owns *ret. */
int json_reply_parse(const char *text, size_t size, struct json_object **ret);

/* The same for what may hold credentials: the parser's own buffer is wiped. So has to be the tree, with
 * json_reply_wipe(). */
int json_reply_parse_secret(const char *text, size_t size, struct json_object **ret);

/* Overwrites the text members of o, which stays valid. The tree is not ours to wipe, but the characters of
 * its strings are in memory that can be written. */
void json_reply_wipe(struct json_object *o);

/* A member that is borrowed from o. 1: there. 0: absent or null. -EBADMSG: of another type. */
int json_reply_member(struct json_object *o, const char *key, enum json_type type, struct json_object **ret);

/* Borrowed; NULL: absent, null, not a string, or a string with NUL in it. */
const char *json_reply_string(struct json_object *o, const char *key);

/* Integers count, NaN and infinities do not. */
int json_reply_number(struct json_object *value, double *ret);

/* Copies words of a reply so that they are fit for a terminal and the journal: control characters become
 * spaces, what is too long is cut between two characters. Stops at an invalid byte of UTF-8. */
void json_reply_print(char *dst, size_t size, const char *s);
