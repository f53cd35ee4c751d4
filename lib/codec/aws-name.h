#pragma once

/* What is wrong with a name that AWS gives or takes: words that say it, with advice; NULL: nothing. */

#include <stddef.h>

#define AWS_FUNCTION_MAX 140 /* bytes, like all of these without the NUL */
#define AWS_ALIAS_MAX 128
#define AWS_REGION_MAX 40
#define AWS_ROLE_MAX 2048
#define AWS_EXTERNAL_ID_MAX 1224
#define AWS_BUCKET_MAX 63
#define AWS_OBJECT_KEY_MAX 1024
#define AWS_IMAGE_MAX 512

/* A function's name or its whole ARN; *ret_region (borrowed, *ret_length bytes): of the ARN, else untouched.
 */
const char *aws_function_fault(const char *s, const char **ret_region, size_t *ret_length);
const char *aws_alias_fault(const char *s);
const char *aws_region_fault(const char *s);
const char *aws_role_fault(const char *s); /* the ARN of a role */
const char *aws_external_id_fault(const char *s);
const char *aws_bucket_fault(const char *s);
const char *aws_object_key_fault(const char *s);
const char *aws_image_fault(const char *s); /* the URI of an image in Amazon ECR, with tag or digest */
