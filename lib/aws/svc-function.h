#pragma once

/* AWS Lambda, REST-JSON: a function's code and versions, and aliases that are new. Requests come unsigned;
 * "function" is a name, a partial or a full ARN, unqualified. */

#include "aws/endpoint.h"
#include "aws/fault.h"
#include "aws/svc-lambda.h"

#define LAMBDA_CODE_SHA_MAX 72 /* base64 of 32 bytes, or 64 hex digits, or those behind "sha256:" */
#define LAMBDA_REASON_MAX 400
#define LAMBDA_IMAGE_MAX 1024
#define LAMBDA_ARN_MAX 640 /* the longest ARN of a role: a path of 512, a name of 64 */

typedef enum LambdaState {
        LAMBDA_STATE_OTHER, /* absent or a word we do not know */
        LAMBDA_STATE_PENDING,
        LAMBDA_STATE_ACTIVE,
        LAMBDA_STATE_INACTIVE,
        LAMBDA_STATE_FAILED,
} LambdaState;

typedef enum LambdaUpdate {
        LAMBDA_UPDATE_NONE, /* absent: a version that nothing has updated */
        LAMBDA_UPDATE_SUCCESSFUL,
        LAMBDA_UPDATE_IN_PROGRESS,
        LAMBDA_UPDATE_FAILED,
        LAMBDA_UPDATE_OTHER, /* a word we do not know */
} LambdaUpdate;

/* What GetFunctionConfiguration, UpdateFunctionCode and PublishVersion say of a version. Nothing of the
 * function's environment is kept. */
typedef struct LambdaFunction {
        uint64_t version; /* 0: $LATEST */
        LambdaState state;
        LambdaUpdate update;
        bool has_state; /* else LAMBDA_STATE_OTHER means that AWS said nothing */
        bool is_image;
        uint64_t role_fingerprint, dead_letter_fingerprint; /* 0: none */
        /* Their ARNs; "" for none, and for one that is longer or not plain text. */
        char role[LAMBDA_ARN_MAX], dead_letter[LAMBDA_ARN_MAX];
        unsigned timeout_seconds;
        char revision[LAMBDA_REVISION_MAX];    /* "" when absent */
        char code_sha256[LAMBDA_CODE_SHA_MAX]; /* "" when absent */
        /* "Creating: The function is being created."; "" when AWS gives none */
        char state_reason[LAMBDA_REASON_MAX];
        char update_reason[LAMBDA_REASON_MAX];
} LambdaFunction;

/* Where GetFunction says that the code is. */
typedef struct LambdaCode {
        bool is_image;
        char *location; /* of a zip: its presigned address, a secret; owned, NULL when absent */
        char image[LAMBDA_IMAGE_MAX]; /* of an image: by digest if Lambda knows it, else by tag */
} LambdaCode;

void lambda_code_done(LambdaCode *c);

typedef enum LambdaProvisionedStatus {
        LAMBDA_PROVISIONED_OTHER,
        LAMBDA_PROVISIONED_IN_PROGRESS,
        LAMBDA_PROVISIONED_READY,
        LAMBDA_PROVISIONED_FAILED,
} LambdaProvisionedStatus;

typedef struct LambdaProvisioned {
        LambdaProvisionedStatus status;
        uint32_t requested, allocated, available;
        char reason[LAMBDA_REASON_MAX];
} LambdaProvisioned;

/* version 0: $LATEST. The reply has the address of the code: lambda_parse_code(). For everything but the
 * code, lambda_get_version() asks. */
int lambda_get_function(const AwsEndpoint *e, const char *function, uint64_t version, HttpRequest *ret);

/* The path and the headers; the body is code-body.h's. */
int lambda_update_code_zip(const AwsEndpoint *e, const char *function, HttpRequest *ret);
/* object_version: NULL: the latest. revision, here and below: NULL or "": not compared. */
int lambda_update_code_s3(const AwsEndpoint *e, const char *function, const char *bucket, const char *key,
                const char *object_version, const char *revision, HttpRequest *ret);
int lambda_update_code_image(const AwsEndpoint *e, const char *function, const char *image,
                const char *revision, HttpRequest *ret);

/* code_sha256, description: NULL or "": left out. */
int lambda_publish_version(const AwsEndpoint *e, const char *function, const char *code_sha256,
                const char *revision, const char *description, HttpRequest *ret);

int lambda_create_alias(const AwsEndpoint *e, const char *function, const char *alias, uint64_t version,
                HttpRequest *ret);

/* qualifier: an alias or a version's number. */
int lambda_get_provisioned(
                const AwsEndpoint *e, const char *function, const char *qualifier, HttpRequest *ret);
/* That call's failure means: there is none. */
bool lambda_provisioned_is_none(const AwsError *error);

/* All: -EBADMSG with words in reterr: the reply is not what the model says. */
int lambda_parse_function(const HttpResponse *response, LambdaFunction *ret, char reterr[static 160]);
int lambda_parse_code(const HttpResponse *response, LambdaFunction *ret_function, LambdaCode *ret_code,
                char reterr[static 160]);
int lambda_parse_provisioned(const HttpResponse *response, LambdaProvisioned *ret, char reterr[static 160]);
