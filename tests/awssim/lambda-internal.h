#pragma once

/* Shared by the lambda*.c files and nobody else. */

#include "awssim/lambda.h"

#define ARN_MAX 320

/* "arn:aws:lambda:REGION:ACCOUNT:function:NAME[:QUALIFIER]"; qualifier may be NULL. */
void lambda_arn(Place place, const char *name, const char *qualifier, char ret[static ARN_MAX]);

int lambda_refuse_missing_function(Place place, const char *name, const char *qualifier, Reply *reply);

/* One page of a list of n entries as Marker and MaxItems of the request ask for it. */
int lambda_page(const Request *request, size_t n, uint64_t default_items, size_t *ret_begin, size_t *ret_end,
                Reply *reply);

int lambda_get_alias_op(World *w, Function *f, Request *request, usec_t now, Reply *reply);
int lambda_create_alias_op(World *w, Function *f, Request *request, usec_t now, Reply *reply);
int lambda_update_alias_op(World *w, Function *f, Request *request, usec_t now, Reply *reply);
int lambda_delete_alias_op(World *w, Function *f, Request *request, usec_t now, Reply *reply);
int lambda_list_aliases_op(World *w, Function *f, Request *request, usec_t now, Reply *reply);

/* Of a version as it is now, under "key" (NULL: by itself). "qualifier" is how it was addressed, for the
 * ARN; NULL: not at all. */
void lambda_render_configuration(const World *w, const Function *f, const Version *v, const char *qualifier,
                const char *key, Buf *out);

int lambda_update_code_op(World *w, Function *f, Request *request, usec_t now, Reply *reply);
int lambda_publish_version_op(World *w, Function *f, Request *request, usec_t now, Reply *reply);

int lambda_get_provisioned_op(World *w, Function *f, Request *request, usec_t now, Reply *reply);
int lambda_put_provisioned_op(World *w, Function *f, Request *request, usec_t now, Reply *reply);
int lambda_delete_provisioned_op(World *w, Function *f, Request *request, usec_t now, Reply *reply);

int lambda_get_function_op(World *w, Function *f, Request *request, usec_t now, Reply *reply);
int lambda_get_configuration_op(World *w, Function *f, Request *request, usec_t now, Reply *reply);
int lambda_list_versions_op(World *w, Function *f, Request *request, usec_t now, Reply *reply);
