#include "aws/fault.h"
#include "base/alloc.h"
#include "base/str.h"
#include "lib/test.h"

#define STS "https://sts.amazonaws.com/doc/2011-06-15/"
#define CLOUDWATCH "http://monitoring.amazonaws.com/doc/2010-08-01/"
#define QUERY(xmlns, code, message)                                                                       \
        "<ErrorResponse xmlns=\"" xmlns "\">\n  <Error>\n    <Type>Sender</Type>\n    <Code>" code        \
        "</Code>\n    <Message>" message "</Message>\n  </Error>\n  <RequestId>c6104cbe-af31</RequestId>" \
        "\n</ErrorResponse>\n"
#define NO_WORDS(status) "HTTP status " status " without words that could be read"

static AwsError read_error(unsigned status, const char *body) {
        _cleanup_(http_response_done) HttpResponse response = {
                .status = status, .body = alloc_copy_string(body), .body_size = strlen(body)
        };
        AwsError error;

        EXPECT(response.body);
        memset(&error, 0x55, sizeof(error));
        aws_error_from_response(&response, &error);
        return error;
}

typedef struct Row {
        unsigned status;
        const char *body;
        AwsFault fault;
        const char *code, *message;
} Row;

static void check_rows(const Row *rows, size_t n) {
        for (size_t i = 0; i < n; i++) {
                AwsError error = read_error(rows[i].status, rows[i].body);

                printf("# %u %s\n", rows[i].status, rows[i].code);
                EXPECT_STR(aws_fault_to_string(error.fault), aws_fault_to_string(rows[i].fault));
                EXPECT_STR(error.code, rows[i].code);
                EXPECT_STR(error.message, rows[i].message);
        }
}

TEST(sts_errors) {
        static const Row rows[] = {
                { 403, QUERY(STS, "AccessDenied", "User: x is not authorized to perform: sts:AssumeRole"),
                                AWS_DENIED, "AccessDenied",
                                "User: x is not authorized to perform: sts:AssumeRole" },
                { 400, QUERY(STS, "ExpiredTokenException", "Token expired: current date/time 1"),
                                AWS_EXPIRED, "ExpiredTokenException", "Token expired: current date/time 1" },
                { 403, QUERY(STS, "ExpiredToken", "The security token included in the request is expired"),
                                AWS_EXPIRED, "ExpiredToken",
                                "The security token included in the request is expired" },
                { 403, QUERY(STS, "InvalidClientTokenId", "invalid."), AWS_EXPIRED, "InvalidClientTokenId",
                                "invalid." },
                { 403, QUERY(STS, "RegionDisabledException", "STS is not activated"), AWS_DENIED,
                                "RegionDisabledException", "STS is not activated" },
                { 400, QUERY(STS, "IDPCommunicationError", "m"), AWS_TRANSIENT, "IDPCommunicationError",
                                "m" },
                { 400, QUERY(STS, "InvalidIdentityToken", "m"), AWS_EXPIRED, "InvalidIdentityToken", "m" },
                { 403, QUERY(STS, "IDPRejectedClaim", "m"), AWS_EXPIRED, "IDPRejectedClaim", "m" },
                { 400, QUERY(STS, "MalformedPolicyDocument", "m"), AWS_INVALID, "MalformedPolicyDocument",
                                "m" },
                { 400, QUERY(STS, "PackedPolicyTooLarge", "m"), AWS_INVALID, "PackedPolicyTooLarge", "m" },
                { 400,
                                QUERY(STS, "ValidationError",
                                                "1 validation error detected: Value &apos;x&apos; at "
                                                "&#39;roleArn&#39; failed"),
                                AWS_INVALID, "ValidationError",
                                "1 validation error detected: Value 'x' at 'roleArn' failed" },
                { 400, QUERY(STS, "Throttling", "Rate exceeded"), AWS_THROTTLED, "Throttling",
                                "Rate exceeded" },
                { 403,
                                QUERY(STS, "SignatureDoesNotMatch",
                                                "Signature expired: 20260115T000000Z is now earlier than "
                                                "20260115T001500Z (20260115T003000Z - 15 min.)"),
                                AWS_CLOCK, "SignatureDoesNotMatch",
                                "Signature expired: 20260115T000000Z is now earlier than 20260115T001500Z "
                                "(20260115T003000Z - 15 min.)" },
                { 403,
                                QUERY(STS, "SignatureDoesNotMatch",
                                                "The request signature we calculated does not match"),
                                AWS_EXPIRED, "SignatureDoesNotMatch",
                                "The request signature we calculated does not match" },
                { 403, QUERY(STS, "RequestTimeTooSkewed", "m"), AWS_CLOCK, "RequestTimeTooSkewed", "m" },
                { 403, QUERY(STS, "MissingAuthenticationToken", "m"), AWS_DENIED,
                                "MissingAuthenticationToken", "m" },
                { 500, QUERY(STS, "InternalFailure", "m"), AWS_TRANSIENT, "InternalFailure", "m" },
                { 503, QUERY(STS, "ServiceUnavailable", "m"), AWS_TRANSIENT, "ServiceUnavailable", "m" },
        };

        check_rows(rows, ELEMENTSOF(rows));
}

TEST(cloudwatch_errors) {
        static const Row rows[] = {
                { 400, QUERY(CLOUDWATCH, "ValidationError", "The value 7 for parameter Period is invalid"),
                                AWS_INVALID, "ValidationError",
                                "The value 7 for parameter Period is invalid" },
                { 400, QUERY(CLOUDWATCH, "InvalidParameterValue", "m"), AWS_INVALID, "InvalidParameterValue",
                                "m" },
                { 400, QUERY(CLOUDWATCH, "InvalidParameterCombination", "m"), AWS_INVALID,
                                "InvalidParameterCombination", "m" },
                { 400, QUERY(CLOUDWATCH, "MissingParameter", "m"), AWS_INVALID, "MissingParameter", "m" },
                { 400, QUERY(CLOUDWATCH, "InvalidNextToken", "m"), AWS_INVALID, "InvalidNextToken", "m" },
                { 404, QUERY(CLOUDWATCH, "ResourceNotFound", "m"), AWS_MISSING, "ResourceNotFound", "m" },
                { 400, QUERY(CLOUDWATCH, "Throttling", "Rate exceeded"), AWS_THROTTLED, "Throttling",
                                "Rate exceeded" },
                { 403, QUERY(CLOUDWATCH, "AccessDenied", "m"), AWS_DENIED, "AccessDenied", "m" },
                { 500, QUERY(CLOUDWATCH, "InternalServiceError", "m"), AWS_TRANSIENT, "InternalServiceError",
                                "m" },
                { 404, QUERY(CLOUDWATCH, "InvalidAction", "m"), AWS_INVALID, "InvalidAction", "m" },
        };

        check_rows(rows, ELEMENTSOF(rows));
}

TEST(shapes_of_other_servers) {
        static const Row rows[] = {
                { 400,
                                "<?xml version=\"1.0\"?><Response><Errors><Error><Code>RequestLimitExceeded"
                                "</Code><Message>m</Message></Error></Errors><RequestID>r</RequestID>"
                                "</Response>",
                                AWS_THROTTLED, "RequestLimitExceeded", "m" },
                { 403, "<Error><Code>RequestTimeTooSkewed</Code><Message>m</Message></Error>", AWS_CLOCK,
                                "RequestTimeTooSkewed", "m" },
                { 404, "<UnknownOperationException/>\n", AWS_INVALID, "UnknownOperationException",
                                NO_WORDS("404") },
                { 403, "<AccessDeniedException><Message>no</Message></AccessDeniedException>", AWS_DENIED,
                                "AccessDeniedException", "no" },
                { 400, "<ThrottlingException><message>m</message></ThrottlingException>", AWS_THROTTLED,
                                "ThrottlingException", "m" },
        };

        check_rows(rows, ELEMENTSOF(rows));
}

TEST(what_is_no_error_of_aws_goes_by_status) {
        static const Row rows[] = {
                { 400, "<html><Error><Code>AccessDenied</Code></Error></html>", AWS_INVALID, "",
                                NO_WORDS("400") },
                { 503, "<!DOCTYPE html><html><body>down</body></html>", AWS_TRANSIENT, "", NO_WORDS("503") },
                { 404, QUERY(STS, "AccessDenied", "m") "x", AWS_MISSING, "", NO_WORDS("404") },
                { 400, "<ErrorResponse/>", AWS_INVALID, "", NO_WORDS("400") },
                { 400, "<ErrorResponse><Error/></ErrorResponse>", AWS_INVALID, "", NO_WORDS("400") },
                { 400, "<Response><Error><Code>AccessDenied</Code></Error></Response>", AWS_INVALID, "",
                                NO_WORDS("400") },
                { 403, QUERY(STS, "<x/>", "<y/>"), AWS_DENIED, "", NO_WORDS("403") },
                { 403, QUERY(STS, "Expired Token", "a&#10;b&#9;\xc2\x9b"), AWS_DENIED, "", "a b  " },
                { 200, QUERY(STS, "AccessDenied", "m"), AWS_OK, "", "" },
        };

        check_rows(rows, ELEMENTSOF(rows));
}

TEST(request_ids) {
        HttpResponse response = { .status = 403, .request_id = (char[]){ "from-header" } };
        char body[] = QUERY(STS, "AccessDenied", "m");
        AwsError error;

        EXPECT_STR(read_error(403, body).request_id, "c6104cbe-af31");
        EXPECT_STR(read_error(403,
                                   "<Response><Errors><Error><Code>a</Code></Error></Errors>"
                                   "<RequestID>r-1</RequestID></Response>")
                                        .request_id,
                        "r-1");
        EXPECT_STR(read_error(403, "<ErrorResponse><Error/><RequestId>a b</RequestId></ErrorResponse>")
                                        .request_id,
                        "");
        EXPECT_STR(read_error(403, "{}").request_id, "");
        response.body = body;
        response.body_size = strlen(body);
        aws_error_from_response(&response, &error);
        EXPECT_STR(error.request_id, "from-header");
        response.status = 200;
        aws_error_from_response(&response, &error);
        EXPECT_INT(error.fault, AWS_OK);
        EXPECT_STR(error.request_id, "from-header");
}

TEST(bodies_are_limited) {
        size_t size = 1024 * 1024;
        _cleanup_(freep) char *body = alloc_zero(size + 2);

        EXPECT(body);
        memset(body, ' ', size + 1);
        memcpy(body, QUERY(STS, "Throttling", "m"), strlen(QUERY(STS, "Throttling", "m")));
        EXPECT_INT(read_error(400, body).fault, AWS_INVALID);
        body[size] = '\0';
        EXPECT_INT(read_error(400, body).fault, AWS_THROTTLED);
}
