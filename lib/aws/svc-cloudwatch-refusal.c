#include <string.h>

#include "aws/fault.h"
#include "aws/svc-cloudwatch.h"
#include "base/str.h"

/* Codes of whoever looks for "Action" in a form, or for the operation in another place than x-amz-target. */
static bool is_protocol_code(const char *code) {
        static const char *const codes[] = { "InvalidAction", "InvalidActionException", "MissingAction",
                "MissingActionException", "UnknownOperation", "UnknownOperationException" };

        for (size_t i = 0; i < ELEMENTSOF(codes); i++)
                if (streq(code, codes[i]))
                        return true;
        return false;
}

/* 400s that stay the same however many queries there are. */
static bool is_call_code(const char *code) {
        static const char *const codes[] = { "InvalidNextToken", "InvalidNextTokenException",
                "SerializationException" };

        for (size_t i = 0; i < ELEMENTSOF(codes); i++)
                if (streq(code, codes[i]))
                        return true;
        return is_protocol_code(code);
}

static bool is_markup(const char *body) {
        return body && body[strspn(body, " \t\r\n")] == '<';
}

bool cloudwatch_refuses_json(const HttpResponse *response) {
        AwsError error;

        /* Other statuses speak of the caller, the load or the way there. */
        if (response->status != 400 && response->status != 404 && response->status != 405 &&
                        response->status != 406 && response->status != 415)
                return false;
        aws_error_from_response(response, &error);
        if (is_protocol_code(error.code))
                return true;
        switch (error.fault) {
        case AWS_INVALID:
        case AWS_MISSING:
        case AWS_PERMANENT:
                break;
        case AWS_OK:
        case AWS_THROTTLED:
        case AWS_TRANSIENT:
        case AWS_UNREACHABLE:
        case AWS_EXPIRED:
        case AWS_CLOCK:
        case AWS_DENIED:
        case AWS_CONFLICT:
        case AWS_PRECONDITION:
                return false;
        }
        /* Who has read the JSON answers in JSON, and names the code in a header too. */
        return !response->error_type && !response->query_error &&
                        (response->status == 415 || is_markup(response->body));
}

bool cloudwatch_refuses_queries(const HttpResponse *response) {
        AwsError error;

        if (response->status == 413)
                return true;
        aws_error_from_response(response, &error);
        /* A 400 without a code is that of something in between. */
        return error.fault == AWS_INVALID && response->status == 400 && error.code[0] != '\0' &&
                        !is_call_code(error.code);
}
