/* Every function of the layer that allocates, with its n-th allocation failing, for each n until it passes:
 * it must say -ENOMEM (or -ENOBUFS, which is how a Buf says it), leave the result alone, and lose nothing.
 * What the libraries allocate for themselves is not counted, but for expat: it asks us. */

#include <stdlib.h>

#include "aws/fault.h"
#include "aws/sigv4.h"
#include "aws/svc-alarms.h"
#include "aws/svc-cloudwatch.h"
#include "aws/svc-lambda.h"
#include "aws/svc-sts.h"
#include "aws/uri.h"
#include "base/alloc.h"
#include "base/usec.h"
#include "lib/fault.h"
#include "lib/test.h"

/* "least": so many allocations must have been there to fail. */
static void fail_each(int (*f)(void), unsigned least) {
        unsigned n = 0;

        FAULT_LOOP {
                int r = f();

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        break;
                }
                n++;
                if (r != -ENOMEM && r != -ENOBUFS)
                        FAIL("allocation %u failed, the result is %d", n, r);
        }
        if (n < least)
                FAIL("only %u allocations, expected %u", n, least);
}

static const AwsEndpoint endpoint = { .tls = true,
        .host = (char[]){ "lambda.example.com" },
        .base_path = (char[]){ "/base" } };

static int do_creds(void) {
        static const char text[] =
                        "[p]\naws_access_key_id=AKIDEXAMPLE\naws_secret_access_key=x\naws_session_token=y\n";
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
        _cleanup_(ini_freep) Ini *ini = NULL;
        char error[DIAG_MESSAGE_MAX];
        int r = ini_parse(text, strlen(text), &ini, error);

        return r < 0 ? r : aws_creds_from_section(ini, "p", &creds, error);
}

TEST(creds) {
        fail_each(do_creds, 2);
}

static int do_endpoint(void) {
        _cleanup_(aws_endpoint_done) AwsEndpoint a = { 0 }, b = { 0 };
        int r;

        r = aws_endpoint_from_url("http://127.0.0.1:8080/x", &a);
        if (r < 0) {
                EXPECT(!a.host);
                return r;
        }
        return aws_endpoint_from_region(AWS_LAMBDA, "eu-west-1", &b);
}

TEST(endpoints) {
        fail_each(do_endpoint, 4);
}

static int do_uri(void) {
        _cleanup_(freep) char *text = NULL;

        return uri_decode("a%20b", 5, &text);
}

TEST(decoding) {
        fail_each(do_uri, 1);
}

static int do_update(void) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        int r;

        r = lambda_update_alias(&endpoint, "checkout", "live", 41, 42, 500, "revision", &request);
        if (r < 0)
                EXPECT(!request.path && !request.body);
        return r;
}

TEST(updates) {
        fail_each(do_update, 5);
}

static int do_get(void) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };

        return lambda_get_version(&endpoint, "checkout", 41, &request);
}

TEST(gets) {
        fail_each(do_get, 3);
}

static Secret *secret;

static int do_sign(void) {
        AwsCreds creds = { .access_key = "AKIDEXAMPLE", .secret_key = secret, .session_token = secret };
        SigV4Scope scope = { .region = "eu-west-1", .service = "lambda", .time = USEC_PER_DAY };
        HttpRequest request = {
                .host = (char[]){ "example.com" }, .path = (char[]){ "/a" }, .query = (char[]){ "b=c&a=d" }
        };
        int r;

        r = sigv4_sign(&request, &creds, &scope);
        if (r < 0)
                EXPECT(!http_request_header(&request, "authorization"));
        for (size_t i = 0; i < 3; i++)
                http_request_drop_header(&request,
                                (const char *const[]){
                                                "authorization", "x-amz-date", "x-amz-security-token" }[i]);
        return r;
}

TEST(signing) {
        secret = secret_new("secret", 6);
        EXPECT(secret);
        fail_each(do_sign, 10);
        secret = secret_unref(secret);
}

static int do_query(void) {
        static const MetricQuery query = { .name_space = "n",
                .metric = "m",
                .stat = "Sum",
                .dimensions = { { "a", "b" } },
                .n_dimensions = 1,
                .period_seconds = 60 };
        _cleanup_(http_request_done) HttpRequest request = { 0 };

        return cloudwatch_get_metric_data(&endpoint, CLOUDWATCH_JSON, &query, 1, USEC_PER_DAY,
                        2 * USEC_PER_DAY, NULL, &request);
}

TEST(queries) {
        fail_each(do_query, 5);
}

static int do_metric_data(void) {
        static const char page[] =
                        "{\"MetricDataResults\":[{\"Id\":\"q0\",\"Timestamps\":[60,180],\"Values\":[1,2],"
                        "\"StatusCode\":\"Complete\"},{\"Id\":\"q0\",\"Timestamps\":[120],\"Values\":[3],"
                        "\"StatusCode\":\"Complete\"}],\"NextToken\":\"t\"}";
        _cleanup_(metric_data_done) MetricData data = { 0 };
        HttpResponse response = {
                .status = 200, .body = (char *) (uintptr_t) page, .body_size = strlen(page)
        };
        char error[160];
        int r;

        r = metric_data_init(&data, 1);
        if (r < 0)
                return r;
        return cloudwatch_parse_metric_data(&response, CLOUDWATCH_JSON, &data, error);
}

TEST(metric_data) {
        fail_each(do_metric_data, 6);
}

static int do_query_form(void) {
        static const MetricQuery query = { .name_space = "n",
                .metric = "m",
                .stat = "Sum",
                .dimensions = { { "a", "b" } },
                .n_dimensions = 1,
                .period_seconds = 60 };
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        int r;

        r = cloudwatch_get_metric_data(&endpoint, CLOUDWATCH_QUERY, &query, 1, USEC_PER_DAY,
                        2 * USEC_PER_DAY, NULL, &request);
        if (r < 0)
                EXPECT(!request.path && !request.body);
        return r;
}

TEST(query_forms) {
        fail_each(do_query_form, 8);
}

static int do_metric_xml(void) {
        static const char page[] =
                        "<GetMetricDataResponse><GetMetricDataResult><MetricDataResults><member><Id>q0</Id>"
                        "<StatusCode>Complete</StatusCode><Timestamps><member>2026-01-15T13:34:00Z</member>"
                        "</Timestamps><Values><member>1.0</member></Values></member></MetricDataResults>"
                        "<NextToken>t</NextToken></GetMetricDataResult></GetMetricDataResponse>";
        _cleanup_(metric_data_done) MetricData data = { 0 };
        HttpResponse response = {
                .status = 200, .body = (char *) (uintptr_t) page, .body_size = strlen(page)
        };
        char error[160];
        int r;

        r = metric_data_init(&data, 1);
        if (r < 0)
                return r;
        return cloudwatch_parse_metric_data(&response, CLOUDWATCH_QUERY, &data, error);
}

TEST(metric_xml) {
        fail_each(do_metric_xml, 10);
}

static const char *const alarm_names[] = { "a" };

static int do_alarm_requests(void) {
        _cleanup_(http_request_done) HttpRequest a = { 0 }, b = { 0 };
        int r;

        r = cloudwatch_describe_alarms(&endpoint, CLOUDWATCH_JSON, alarm_names, 1, "t", &a);
        if (r < 0) {
                EXPECT(!a.path && !a.body);
                return r;
        }
        return cloudwatch_describe_alarms(&endpoint, CLOUDWATCH_QUERY, alarm_names, 1, "t", &b);
}

TEST(alarm_requests) {
        fail_each(do_alarm_requests, 12);
}

static int do_alarms(void) {
        static const char *const pages[] = {
                [CLOUDWATCH_JSON] = "{\"MetricAlarms\":[{\"AlarmName\":\"a\",\"StateValue\":\"OK\"}],"
                                    "\"NextToken\":\"t\"}",
                [CLOUDWATCH_QUERY] = "<DescribeAlarmsResponse><DescribeAlarmsResult><MetricAlarms><member>"
                                     "<AlarmName>a</AlarmName><StateValue>OK</StateValue></member>"
                                     "</MetricAlarms></DescribeAlarmsResult></DescribeAlarmsResponse>",
        };
        _cleanup_(alarm_data_done) AlarmData data = { 0 };
        char error[160];
        int r;

        r = alarm_data_init(&data, 1);
        for (CloudwatchProtocol p = CLOUDWATCH_JSON; r >= 0 && p <= CLOUDWATCH_QUERY; p++) {
                HttpResponse response = {
                        .status = 200, .body = (char *) (uintptr_t) pages[p], .body_size = strlen(pages[p])
                };

                r = cloudwatch_parse_alarms(&response, p, alarm_names, &data, error);
        }
        return r;
}

TEST(alarms) {
        fail_each(do_alarms, 8);
}

static int do_assume_role(void) {
        const StsRole role = { .arn = "arn:aws:iam::123456789012:role/canary", .session_name = "canaryd" };
        _cleanup_(http_request_done) HttpRequest a = { 0 }, b = { 0 };
        int r;

        r = sts_assume_role(&endpoint, &role, &a);
        if (r < 0) {
                EXPECT(!a.path && !a.body);
                return r;
        }
        return sts_assume_role_with_web_identity(&endpoint, &role, "token", 5, &b);
}

TEST(roles) {
        fail_each(do_assume_role, 10);
}

static int do_credentials(void) {
        static const char body[] =
                        "<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>AKIDEXAMPLE"
                        "</AccessKeyId><SecretAccessKey>x</SecretAccessKey><SessionToken>y</SessionToken>"
                        "<Expiration>2026-01-15T13:34:56Z</Expiration></Credentials></AssumeRoleResult>"
                        "</AssumeRoleResponse>";
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
        HttpResponse response = {
                .status = 200, .body = (char *) (uintptr_t) body, .body_size = strlen(body)
        };
        char error[160];
        int r;

        r = sts_parse_credentials(&response, &creds, error);
        if (r < 0)
                EXPECT(!creds.secret_key);
        return r;
}

TEST(credentials) {
        fail_each(do_credentials, 10);
}

/* A throttle in XML: it is one, or it is for another try, but never a refusal. */
TEST(errors) {
        static const char body[] = "<ErrorResponse><Error><Code>Throttling</Code></Error></ErrorResponse>";
        HttpResponse response = {
                .status = 400, .body = (char *) (uintptr_t) body, .body_size = strlen(body)
        };
        unsigned n = 0;
        AwsError error;

        FAULT_LOOP {
                aws_error_from_response(&response, &error);
                if (!fault_struck())
                        break;
                EXPECT_INT(error.fault, AWS_TRANSIENT);
                n++;
        }
        EXPECT_INT(error.fault, AWS_THROTTLED);
        EXPECT(n >= 5);
}

static int do_response(void) {
        _cleanup_(http_response_done) HttpResponse response = { 0 };
        int r;

        r = http_response_take_header(&response, "x-amzn-requestid", "1");
        if (r >= 0)
                r = http_response_take_header(&response, "date", "Thu, 15 Jan 2026 12:34:56 GMT");
        return r;
}

TEST(response_headers) {
        fail_each(do_response, 2);
}
