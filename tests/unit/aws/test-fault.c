#include "aws/fault.h"

#include "base/str.h"
#include "lib/test.h"

#define JSON_1_0 "com.amazonaws.cloudwatch.v2010_08_01#"

static AwsError read_error(unsigned status, const char *type, const char *query, const char *body) {
        char type_text[512], query_text[512], body_text[4096];
        HttpResponse response = { .status = status };
        AwsError error;

        if (type) {
                EXPECT_OK(str_copy(type_text, sizeof(type_text), type));
                response.error_type = type_text;
        }
        if (query) {
                EXPECT_OK(str_copy(query_text, sizeof(query_text), query));
                response.query_error = query_text;
        }
        EXPECT_OK(str_copy(body_text, sizeof(body_text), body));
        response.body = body_text;
        response.body_size = strlen(body_text);
        memset(&error, 0x55, sizeof(error));
        aws_error_from_response(&response, &error);
        return error;
}

TEST(faults_have_names) {
        for (AwsFault f = AWS_OK; f < _AWS_FAULT_MAX; f++)
                for (AwsFault g = AWS_OK; g < f; g++)
                        EXPECT(!streq(aws_fault_to_string(f), aws_fault_to_string(g)));
        EXPECT_STR(aws_fault_to_string(AWS_PRECONDITION), "precondition");
}

TEST(any_2xx_is_fine) {
        static const unsigned statuses[] = { 200, 201, 202, 204, 299 };

        for (size_t i = 0; i < ELEMENTSOF(statuses); i++) {
                AwsError error = read_error(
                                statuses[i], "TooManyRequestsException", NULL, "{\"message\":\"x\"}");

                EXPECT_INT(error.fault, AWS_OK);
                EXPECT_STR(error.code, "");
                EXPECT_STR(error.message, "");
        }
}

typedef struct Row {
        unsigned status;
        const char *type, *query, *body;
        AwsFault fault;
        const char *code, *message;
} Row;

static void check_rows(const Row *rows, size_t n) {
        for (size_t i = 0; i < n; i++) {
                const Row *row = &rows[i];
                AwsError error = read_error(row->status, row->type, row->query, row->body);

                printf("# %u %s\n", row->status, row->code);
                EXPECT_STR(aws_fault_to_string(error.fault), aws_fault_to_string(row->fault));
                EXPECT_STR(error.code, row->code);
                EXPECT_STR(error.message, row->message);
        }
}

TEST(lambda_errors) {
        static const Row rows[] = {
                { 400, "InvalidParameterValueException:http://internal.amazon.com/coral/", NULL,
                                "{\"Type\":\"User\",\"message\":\"bad\"}", AWS_INVALID,
                                "InvalidParameterValueException", "bad" },
                { 400, "ValidationException", NULL,
                                "{\"message\":\"1 validation error detected: Value '{2=2.0}' at "
                                "'routingConfig.additionalVersionWeights' failed\"}",
                                AWS_INVALID, "ValidationException",
                                "1 validation error detected: Value '{2=2.0}' at "
                                "'routingConfig.additionalVersionWeights' failed" },
                { 403, "AccessDeniedException", NULL, "{\"Message\":\"not you\"}", AWS_DENIED,
                                "AccessDeniedException", "not you" },
                { 403, "UnrecognizedClientException", NULL, "{\"message\":\"bad token\"}", AWS_EXPIRED,
                                "UnrecognizedClientException", "bad token" },
                { 403, "MissingAuthenticationTokenException", NULL, "{\"message\":\"m\"}", AWS_DENIED,
                                "MissingAuthenticationTokenException", "m" },
                { 403, "ExpiredTokenException", NULL, "{\"message\":\"expired\"}", AWS_EXPIRED,
                                "ExpiredTokenException", "expired" },
                { 404, "ResourceNotFoundException", NULL,
                                "{\"Message\":\"Function not found: x:10\",\"Type\":\"User\"}", AWS_MISSING,
                                "ResourceNotFoundException", "Function not found: x:10" },
                { 409, "ResourceConflictException", NULL, "{\"message\":\"An update is in progress\"}",
                                AWS_CONFLICT, "ResourceConflictException", "An update is in progress" },
                { 412, "PreconditionFailedException", NULL,
                                "{\"Type\":\"User\",\"message\":\"The Revision Id provided\"}",
                                AWS_PRECONDITION, "PreconditionFailedException",
                                "The Revision Id provided" },
                { 429, "TooManyRequestsException", NULL,
                                "{\"Reason\":\"CallerRateLimitExceeded\",\"message\":\"Rate "
                                "Exceeded.\"}",
                                AWS_THROTTLED, "TooManyRequestsException",
                                "Rate Exceeded. (CallerRateLimitExceeded)" },
                { 500, "ServiceException", NULL, "{\"Message\":\"An error occurred\"}", AWS_TRANSIENT,
                                "ServiceException", "An error occurred" },
                { 404, "UnknownOperationException", NULL, "{}", AWS_INVALID, "UnknownOperationException",
                                "HTTP status 404 without words that could be read" },
        };

        check_rows(rows, ELEMENTSOF(rows));
}

TEST(json_1_0_errors) {
        static const Row rows[] = {
                { 400, NULL, NULL, "{\"__type\":\"" JSON_1_0 "ResourceNotFound\",\"message\":\"m\"}",
                                AWS_MISSING, "ResourceNotFound", "m" },
                { 404, NULL, "ResourceNotFound;Sender", "{\"__type\":\"" JSON_1_0 "ResourceNotFound\"}",
                                AWS_MISSING, "ResourceNotFound",
                                "HTTP status 404 without words that could be read" },
                { 400, NULL, NULL,
                                "{\"__type\":\"com.amazon.coral.validate#ValidationException\","
                                "\"message\":\"m\"}",
                                AWS_INVALID, "ValidationException", "m" },
                { 400, NULL, "InvalidParameterCombination;Sender",
                                "{\"__type\":\"" JSON_1_0
                                "InvalidParameterCombinationException\",\"message\":\"m\"}",
                                AWS_INVALID, "InvalidParameterCombinationException", "m" },
                { 400, NULL, NULL, "{\"__type\":\"Throttling\",\"message\":\"Rate exceeded\"}",
                                AWS_THROTTLED, "Throttling", "Rate exceeded" },
                { 400, NULL, NULL, "{\"__type\":\"" JSON_1_0 "ThrottlingException\"}", AWS_THROTTLED,
                                "ThrottlingException", "HTTP status 400 without words that could be read" },
                { 400, NULL, "Throttling;Sender", "", AWS_THROTTLED, "Throttling",
                                "HTTP status 400 without words that could be read" },
                { 400, NULL, "Throttling;Sender", "{\"__type\":\"x#SomethingElse\",\"message\":\"m\"}",
                                AWS_THROTTLED, "SomethingElse", "m" },
                { 400, NULL, NULL, "{\"__type\":\"x#LimitExceededException\"}", AWS_THROTTLED,
                                "LimitExceededException",
                                "HTTP status 400 without words that could be read" },
                { 503, NULL, NULL, "{\"__type\":\"RequestLimitExceeded\",\"message\":\"m\"}", AWS_THROTTLED,
                                "RequestLimitExceeded", "m" },
                { 400, NULL, NULL, "{\"code\":\"ExpiredToken\",\"message\":\"m\"}", AWS_EXPIRED,
                                "ExpiredToken", "m" },
                { 400, NULL, NULL, "{\"__type\":\"x#RequestTimeoutException\",\"message\":\"m\"}",
                                AWS_TRANSIENT, "RequestTimeoutException", "m" },
                { 500, NULL, "InternalServiceError;Receiver",
                                "{\"__type\":\"" JSON_1_0 "InternalServiceFault\"}", AWS_TRANSIENT,
                                "InternalServiceFault", "HTTP status 500 without words that could be read" },
        };

        check_rows(rows, ELEMENTSOF(rows));
}

/* All that is said of the same things in JSON, with and without x-amzn-query-mode. */
TEST(cloudwatch_refusals) {
        static const struct {
                const char *type, *query;
                AwsFault fault;
        } rows[] = {
                { "com.amazon.coral.validate#ValidationException", NULL, AWS_INVALID },
                { "com.amazon.coral.validate#ValidationException", "ValidationError;Sender", AWS_INVALID },
                { JSON_1_0 "InvalidParameterValueException", "InvalidParameterValue;Sender", AWS_INVALID },
                { JSON_1_0 "InvalidParameterCombinationException", NULL, AWS_INVALID },
                { JSON_1_0 "MissingRequiredParameterException", "MissingParameter;Sender", AWS_INVALID },
                { JSON_1_0 "InvalidNextToken", "InvalidNextToken;Sender", AWS_INVALID },
                { "com.amazon.coral.service#SerializationException", NULL, AWS_INVALID },
                { JSON_1_0 "ResourceNotFound", NULL, AWS_MISSING },
                { JSON_1_0 "ResourceNotFoundException", "ResourceNotFound;Sender", AWS_MISSING },
                { "com.amazon.coral.service#AccessDeniedException", NULL, AWS_DENIED },
                { "com.amazon.coral.service#UnrecognizedClientException", NULL, AWS_EXPIRED },
                { "com.amazon.coral.service#ExpiredTokenException", NULL, AWS_EXPIRED },
                { "com.amazon.coral.service#ThrottlingException", "Throttling;Sender", AWS_THROTTLED },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                char body[256];
                AwsError error;

                (void) snprintf(body, sizeof(body), "{\"__type\":\"%s\",\"message\":\"m\"}", rows[i].type);
                error = read_error(400, NULL, rows[i].query, body);
                EXPECT_STR(aws_fault_to_string(error.fault), aws_fault_to_string(rows[i].fault));
                EXPECT_STR(error.code, strchr(rows[i].type, '#') + 1);
                EXPECT_STR(error.message, "m");
        }
}

TEST(throttles_say_of_what) {
        static const char *const reasons[] = { "CallerRateLimitExceeded",
                "ConcurrentInvocationLimitExceeded", "FunctionInvocationRateLimitExceeded",
                "ReservedFunctionConcurrentInvocationLimitExceeded",
                "ReservedFunctionInvocationRateLimitExceeded", "ConcurrentSnapshotCreateLimitExceeded" };
        char body[4096], expected[128];
        AwsError error;

        for (size_t i = 0; i < ELEMENTSOF(reasons); i++) {
                (void) snprintf(body, sizeof(body),
                                "{\"Reason\":\"%s\",\"Type\":\"User\",\"message\":\"Rate Exceeded.\"}",
                                reasons[i]);
                (void) snprintf(expected, sizeof(expected), "Rate Exceeded. (%s)", reasons[i]);
                error = read_error(429, "TooManyRequestsException", NULL, body);
                EXPECT_INT(error.fault, AWS_THROTTLED);
                EXPECT_STR(error.message, expected);
        }
        EXPECT_STR(read_error(429, NULL, NULL, "{\"Reason\":\"R\"}").message, "(R)");
        EXPECT_STR(read_error(429, NULL, NULL, "{\"Reason\":7,\"message\":\"m\"}").message, "m");
        EXPECT_STR(read_error(400, NULL, NULL, "{\"Reason\":\"R\",\"message\":\"m\"}").message, "m");
        (void) snprintf(body, sizeof(body), "{\"Reason\":\"%1000s\",\"message\":\"%300s\"}", "r", "m");
        EXPECT_INT(strlen(read_error(429, NULL, NULL, body).message), AWS_ERROR_MESSAGE_MAX - 1);
}

/* Every code of the "throttling" list, with and without the suffix, whatever the status. */
TEST(throttling_is_told_by_code) {
        static const char *const codes[] = { "Throttling", "ThrottlingException", "ThrottledException",
                "RequestThrottledException", "TooManyRequestsException",
                "ProvisionedThroughputExceededException", "TransactionInProgressException",
                "RequestLimitExceeded", "BandwidthLimitExceeded", "LimitExceededException",
                "RequestThrottled", "SlowDown", "PriorRequestNotComplete", "EC2ThrottledException" };
        static const unsigned statuses[] = { 400, 403, 429, 500, 503 };

        for (size_t i = 0; i < ELEMENTSOF(codes); i++)
                for (size_t j = 0; j < ELEMENTSOF(statuses); j++)
                        EXPECT_INT(read_error(statuses[j], codes[i], NULL, "").fault, AWS_THROTTLED);
}

TEST(clock_skew_is_told_by_words) {
        static const char *const clock[] = {
                "Signature expired: 20160928T135747Z is now earlier than 20160928T140052Z "
                "(20160928T140552Z - 5 min.)",
                "Signature not yet current: 20160928T135747Z is still later than 20160928T140052Z "
                "(20160928T140552Z + 15 min.)",
        };
        static const char secret[] = "{\"message\":\"The request signature we calculated does not match\"}";
        static const char *const codes[] = { "InvalidSignatureException", "SignatureDoesNotMatch",
                "AuthFailure" };
        static const char *const always[] = { "RequestTimeTooSkewed", "RequestExpired",
                "RequestInTheFuture" };

        for (size_t i = 0; i < ELEMENTSOF(codes); i++) {
                for (size_t j = 0; j < ELEMENTSOF(clock); j++) {
                        char body[512];

                        (void) snprintf(body, sizeof(body), "{\"message\":\"%s\"}", clock[j]);
                        EXPECT_INT(read_error(403, codes[i], NULL, body).fault, AWS_CLOCK);
                        EXPECT_INT(read_error(400, codes[i], NULL, body).fault, AWS_CLOCK);
                }
                EXPECT_INT(read_error(403, codes[i], NULL, secret).fault, AWS_EXPIRED);
                EXPECT_INT(read_error(400, codes[i], NULL, "").fault, AWS_EXPIRED);
        }
        for (size_t i = 0; i < ELEMENTSOF(always); i++)
                EXPECT_INT(read_error(403, always[i], NULL, "").fault, AWS_CLOCK);
}

TEST(without_a_code_the_status_decides) {
        static const struct {
                unsigned status;
                AwsFault fault;
        } rows[] = { { 0, AWS_TRANSIENT }, { 100, AWS_PERMANENT }, { 199, AWS_PERMANENT },
                { 300, AWS_PERMANENT }, { 301, AWS_PERMANENT }, { 400, AWS_INVALID }, { 401, AWS_DENIED },
                { 403, AWS_DENIED }, { 404, AWS_MISSING }, { 405, AWS_PERMANENT }, { 408, AWS_TRANSIENT },
                { 409, AWS_CONFLICT }, { 410, AWS_PERMANENT }, { 412, AWS_PRECONDITION },
                { 413, AWS_INVALID }, { 415, AWS_INVALID }, { 418, AWS_PERMANENT }, { 422, AWS_INVALID },
                { 429, AWS_THROTTLED }, { 500, AWS_TRANSIENT }, { 502, AWS_TRANSIENT },
                { 503, AWS_TRANSIENT }, { 504, AWS_TRANSIENT }, { 599, AWS_TRANSIENT } };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++)
                EXPECT_INT(read_error(rows[i].status, NULL, NULL, "<html>no</html>").fault, rows[i].fault);
        EXPECT_STR(read_error(0, NULL, NULL, "").message, "no reply");
}

TEST(codes_come_in_many_spellings) {
        EXPECT_STR(read_error(400, "ns#Name", NULL, "").code, "Name");
        EXPECT_STR(read_error(400, "ns#Name:http://example.com/a#b", NULL, "").code, "Name");
        EXPECT_STR(read_error(400, "Name,Other", NULL, "").code, "Name");
        EXPECT_STR(read_error(400, NULL, "Name;Sender", "").code, "Name");
        EXPECT_STR(read_error(400, NULL, NULL, "{\"Code\":\"Name\"}").code, "Name");
        /* The header is nearer to the truth than the body. */
        EXPECT_STR(read_error(400, "A", "C;Sender", "{\"code\":\"B\"}").code, "A");
}

TEST(hostile_replies_are_harmless) {
        char body[4096], type[512];
        AwsError error;

        EXPECT_STR(read_error(400, "\x1b[2J", NULL, "").code, "");
        EXPECT_STR(read_error(400, "a b", NULL, "").code, "");
        EXPECT_STR(read_error(400, "", ";", "{\"__type\":\"#\",\"message\":7}").code, "");
        EXPECT_STR(read_error(400, "#", ":", "{\"__type\":[]}").code, "");
        error = read_error(400, "x", NULL, "{\"message\":\"a\\u001b[31m\\nb\\u009bc\\u0000d\"}");
        EXPECT_STR(error.message, "HTTP status 400 without words that could be read");
        error = read_error(400, "x", NULL, "{\"message\":\"a\\u001b[31m\\nb\\u009bc\"}");
        EXPECT_STR(error.message, "a [31m b c");

        memset(type, 'x', sizeof(type));
        type[AWS_ERROR_CODE_MAX - 1] = '\0';
        EXPECT_INT(strlen(read_error(400, type, NULL, "").code), AWS_ERROR_CODE_MAX - 1);
        type[AWS_ERROR_CODE_MAX - 1] = 'x';
        type[AWS_ERROR_CODE_MAX] = '\0';
        EXPECT_STR(read_error(400, type, NULL, "").code, "");

        (void) snprintf(body, sizeof(body), "{\"message\":\"%4000s\"}", "m");
        EXPECT_INT(strlen(read_error(400, NULL, NULL, body).message), AWS_ERROR_MESSAGE_MAX - 1);
}

TEST(a_reply_without_a_body) {
        HttpResponse response = { .status = 503 };
        AwsError error;

        aws_error_from_response(&response, &error);
        EXPECT_INT(error.fault, AWS_TRANSIENT);
}

/* "words" and n letters of a token in a message, in both formats. */
static void expect_words(const char *words, size_t n, const char *expected) {
        char token[1024], body[2048];
        AwsError error;

        memset(token, 'A', n);
        token[n] = '\0';
        (void) snprintf(body, sizeof(body), "{\"message\":\"%s%s ends\"}", words, token);
        error = read_error(403, "InvalidSignatureException", NULL, body);
        EXPECT_STR(error.message, expected);
        (void) snprintf(body, sizeof(body),
                        "<ErrorResponse><Error><Code>X</Code><Message>%s%s ends</Message></Error></ErrorResponse>",
                        words, token);
        error = read_error(403, NULL, NULL, body);
        EXPECT_STR(error.message, expected);
}

TEST(what_was_sent_is_not_repeated) {
        char longest[256] = "Alias not found: ";

        expect_words("The request signature does not match. The Canonical String for this request should have been "
                     "'GET ",
                        8, "The request signature does not match.");
        expect_words("Malformed header x-amz-security-token: ", 129,
                        "Malformed header x-amz-security-token:");
        expect_words("", 900, "HTTP status 403 without words that could be read");
        /* The longest names there are stay whole. */
        memset(longest + strlen(longest), 'A', 128);
        (void) str_copy(longest + strlen(longest), 6, " ends");
        expect_words("Alias not found: ", 128, longest);
}
