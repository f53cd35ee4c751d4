#pragma once

/* What a failed call means, as a value that a switch must handle. */

#include "aws/http-value.h"

typedef enum AwsFault {
        AWS_OK,
        AWS_THROTTLED, /* slow down, then again: 429, and by code with any status (CloudWatch throttles with
                          400) */
        AWS_TRANSIENT, /* 5xx, timeouts, resets: the outcome of a write is unknown */
        AWS_UNREACHABLE,  /* the request cannot have left: no connection, no name, TLS refused */
        AWS_EXPIRED,      /* the credentials are expired, wrong or unknown: others may do */
        AWS_CLOCK,        /* the signature's time was refused */
        AWS_DENIED,       /* policy says no */
        AWS_CONFLICT,     /* 409: something is in progress there */
        AWS_PRECONDITION, /* 412: the RevisionId is not the last one */
        AWS_MISSING,      /* 404 */
        AWS_INVALID,      /* 400: AWS does not accept the request as it is */
        AWS_PERMANENT,    /* any other refusal, or a reply that makes no sense */
} AwsFault;
#define _AWS_FAULT_MAX (AWS_PERMANENT + 1)

const char *aws_fault_to_string(AwsFault f);

#define AWS_ERROR_CODE_MAX 96
#define AWS_ERROR_MESSAGE_MAX 320
#define AWS_REQUEST_ID_MAX 64

typedef struct AwsError {
        AwsFault fault;
        char code[AWS_ERROR_CODE_MAX];       /* "PreconditionFailedException"; "" when AWS gave none */
        char message[AWS_ERROR_MESSAGE_MAX]; /* AWS's words, control characters replaced, cut when long; or
                                                ours */
        char request_id[AWS_REQUEST_ID_MAX]; /* from a header, else from the body; "" when there is none */
} AwsError;

/* Reads status, headers and the error body: JSON ("__type", "code", "message", "Message", and "Reason",
 * which is added to the message) or XML (<ErrorResponse>, <Response>, <Error>, <SomeException>). AWS_OK for
 * 2xx. Any input is safe. The message ends where it would quote our request, or anything like a token. */
void aws_error_from_response(const HttpResponse *response, AwsError *ret);
