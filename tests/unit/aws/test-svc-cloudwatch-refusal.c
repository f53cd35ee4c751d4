#include "aws/svc-cloudwatch.h"
#include "base/alloc.h"
#include "base/str.h"
#include "lib/test.h"

#define JSON_TYPE(name) "{\"__type\":\"com.amazonaws.cloudwatch.v2010_08_01#" name "\",\"message\":\"m\"}"
#define XML_CODE(code) \
        "<ErrorResponse><Error><Code>" code "</Code><Message>m</Message></Error></ErrorResponse>"
#define HTML "<!DOCTYPE html><html><head><title>no</title></head><br></html>"

typedef struct Row {
        unsigned status;
        const char *type, *query, *body;
} Row;

static bool ask(bool (*predicate)(const HttpResponse *), const Row *row) {
        _cleanup_(http_response_done) HttpResponse response = { .status = row->status,
                .body = alloc_copy_string(row->body),
                .body_size = strlen(row->body),
                .error_type = row->type ? alloc_copy_string(row->type) : NULL,
                .query_error = row->query ? alloc_copy_string(row->query) : NULL };

        EXPECT(response.body);
        return predicate(&response);
}

static void expect_all(bool (*predicate)(const HttpResponse *), const Row *rows, size_t n, bool expected) {
        for (size_t i = 0; i < n; i++)
                if (ask(predicate, &rows[i]) != expected)
                        FAIL("%u %s is%s taken for a refusal", rows[i].status, rows[i].body,
                                        expected ? " not" : "");
}

TEST(json_is_not_spoken_there) {
        static const Row rows[] = {
                { 404, NULL, NULL, "<UnknownOperationException/>\n" },
                { 404, "UnknownOperationException", NULL, "" },
                { 404, NULL, NULL, "{\"__type\":\"com.amazon.coral.service#UnknownOperationException\"}" },
                { 400, NULL, NULL, XML_CODE("MissingAction") },
                { 400, NULL, NULL, XML_CODE("InvalidAction") },
                { 404, NULL, NULL, XML_CODE("InvalidAction") },
                { 400, NULL, "InvalidAction;Sender", JSON_TYPE("InvalidAction") },
                { 400, NULL, NULL, XML_CODE("ValidationError") },
                { 400, NULL, NULL, " \n<html><body>Bad Request</body></html>" },
                { 404, NULL, NULL, HTML },
                { 405, NULL, NULL, HTML },
                { 415, NULL, NULL, "" },
                { 415, NULL, NULL, "{\"message\":\"Unsupported Media Type\"}" },
        };

        expect_all(cloudwatch_refuses_json, rows, ELEMENTSOF(rows), true);
}

TEST(json_is_spoken_there) {
        static const Row rows[] = {
                { 200, NULL, NULL, "{}" },
                { 200, NULL, NULL, "<a/>" },
                { 0, NULL, NULL, "" },
                /* What the operations refuse. */
                { 400, NULL, NULL, "{\"__type\":\"com.amazon.coral.validate#ValidationException\"}" },
                { 400, NULL, "InvalidParameterCombination;Sender",
                                JSON_TYPE("InvalidParameterCombinationException") },
                { 400, NULL, NULL, JSON_TYPE("InvalidParameterValueException") },
                { 400, NULL, NULL, JSON_TYPE("InvalidNextToken") },
                { 400, NULL, "MissingParameter;Sender", "<html/>" },
                { 400, "ValidationException", NULL, "<html/>" },
                { 404, NULL, "ResourceNotFound;Sender", JSON_TYPE("ResourceNotFound") },
                { 404, NULL, NULL, JSON_TYPE("ResourceNotFoundException") },
                { 404, NULL, NULL, "{\"message\":\"no Route matched\"}" },
                { 400, NULL, NULL, "" },
                /* Who, how fast and when; however it is said. */
                { 400, NULL, NULL, JSON_TYPE("Throttling") },
                { 400, NULL, NULL, XML_CODE("Throttling") },
                { 400, NULL, NULL, XML_CODE("ExpiredToken") },
                { 400, NULL, NULL, XML_CODE("RequestExpired") },
                { 400, NULL, NULL, XML_CODE("AccessDenied") },
                { 400, NULL, NULL, XML_CODE("RequestTimeout") },
                { 401, NULL, NULL, HTML },
                { 403, NULL, NULL, HTML },
                { 403, NULL, NULL, XML_CODE("SignatureDoesNotMatch") },
                { 407, NULL, NULL, HTML },
                { 408, NULL, NULL, HTML },
                { 413, NULL, NULL, HTML },
                { 429, NULL, NULL, HTML },
                { 500, NULL, NULL, XML_CODE("InternalFailure") },
                { 501, NULL, NULL, HTML },
                { 502, NULL, NULL, HTML },
                { 503, NULL, NULL, XML_CODE("MissingAction") },
        };

        expect_all(cloudwatch_refuses_json, rows, ELEMENTSOF(rows), false);
}

TEST(fewer_queries_may_pass) {
        static const Row rows[] = {
                { 400, NULL, NULL, "{\"__type\":\"com.amazon.coral.validate#ValidationException\"}" },
                { 400, NULL, "ValidationError;Sender", "{}" },
                { 400, NULL, NULL, XML_CODE("ValidationError") },
                { 400, NULL, "InvalidParameterValue;Sender", JSON_TYPE("InvalidParameterValueException") },
                { 400, NULL, NULL, XML_CODE("InvalidParameterValue") },
                { 400, NULL, NULL, JSON_TYPE("InvalidParameterCombinationException") },
                { 400, NULL, NULL, XML_CODE("InvalidParameterCombination") },
                { 400, NULL, NULL, JSON_TYPE("MissingRequiredParameterException") },
                { 400, NULL, NULL, XML_CODE("MissingParameter") },
                { 413, NULL, NULL, "" },
        };

        expect_all(cloudwatch_refuses_queries, rows, ELEMENTSOF(rows), true);
}

TEST(the_call_is_at_fault) {
        static const Row rows[] = {
                { 200, NULL, NULL, "{}" },
                { 0, NULL, NULL, "" },
                { 400, NULL, NULL, "" },
                { 400, NULL, NULL, HTML },
                { 400, NULL, NULL, JSON_TYPE("InvalidNextToken") },
                { 400, NULL, NULL, XML_CODE("InvalidNextToken") },
                { 400, NULL, NULL, XML_CODE("MissingAction") },
                { 400, NULL, NULL, "{\"__type\":\"com.amazon.coral.service#SerializationException\"}" },
                { 404, NULL, NULL, "<UnknownOperationException/>" },
                { 400, NULL, NULL, XML_CODE("Throttling") },
                { 400, NULL, NULL, JSON_TYPE("ExpiredToken") },
                { 400, NULL, NULL, XML_CODE("AccessDenied") },
                { 403, NULL, NULL, XML_CODE("ValidationError") },
                { 415, NULL, NULL, "" },
                { 429, NULL, NULL, "" },
                { 500, NULL, NULL, XML_CODE("ValidationError") },
        };

        expect_all(cloudwatch_refuses_queries, rows, ELEMENTSOF(rows), false);
}
