#pragma once

/* Members of a request's JSON body. Absent and null ones leave *ret alone; those of another type are
 * refused.
 */

#include <json.h>

#include "awssim/reply.h"

int json_member_refuse(Reply *reply, const char *key, const char *expected);
int json_member(json_object *from, const char *key, json_type type, json_object **ret, Reply *reply);
int json_member_text(json_object *from, const char *key, const char **ret, Reply *reply); /* borrowed */
int json_member_copy(json_object *from, const char *key, char **ret, Reply *reply);       /* owned */
int json_member_unsigned(json_object *from, const char *key, uint64_t *ret, Reply *reply);
