#pragma once

/* Code in the account: what $LATEST and the versions have, and what comes of changing it. */

#include "awssim/world.h"

/* What the scenario says of the function's code, at the start. */
int function_init_code(World *w, Function *f);
void version_done(Version *v);

/* Lambda is done with $LATEST and with new versions when their time has come; aliases with provisioned
 * concurrency move. Call it before looking at anything. */
void world_settle(World *w, usec_t now);

/* "Pending", "Active", "Inactive", "Failed" */
const char *version_state(const Version *v);

/* Takes over a reference. $LATEST has it from now on, and is busy with it for a while. */
void function_update_code(World *w, Function *f, Code *take_code, usec_t now);

/* A version of $LATEST; the last one when it has the same code. */
int function_publish(World *w, Function *f, const char *description, usec_t now, Version **ret);

/* NULL: there is none. */
const ObjectSpec *scenario_find_object(
                const Scenario *s, const char *bucket, const char *key, const char *version);
int object_read(const ObjectSpec *o, char **ret, size_t *ret_size);

/* An address under which "code" can be had until its time is over. */
int world_offer_code(World *w, Code *code, usec_t now, char ret_token[static UUID_TEXT_MAX]);
const Code *world_offered_code(const World *w, const char *token, usec_t now); /* NULL: not, or no more */
void world_offers_done(World *w);

/* NULL: none is configured there. */
Provisioned *function_find_provisioned(const Function *f, const char *qualifier);
int function_set_provisioned(Function *f, const char *qualifier, uint64_t executions, usec_t now);
void function_drop_provisioned(Function *f, const char *qualifier);
/* An alias that has some was pointed to another version: Lambda moves the traffic by itself. */
int world_shift_alias(World *w, Function *f, Alias *a, uint64_t from, usec_t now);
