#include "aws/svc-cloudwatch.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/usec.h"
#include "lib/test.h"

#define TIME UINT64_C(1765977780)
#define BUF_MAX (20u * 1024 * 1024)

static const AwsEndpoint endpoint = { .tls = true,
        .host = (char[]){ "monitoring.example.com" },
        .base_path = (char[]){ "" } };

TEST(request_on_the_wire) {
        static const MetricQuery queries[] = {
                { .name_space = "AWS/Lambda",
                                .metric = "Errors",
                                .stat = "Sum",
                                .dimensions = { { "FunctionName", "checkout" },
                                                { "Resource", "checkout:live" } },
                                .n_dimensions = 2,
                                .period_seconds = 60 },
                { .name_space = "n", .metric = "m", .stat = "p99", .period_seconds = 300 },
        };
        _cleanup_(http_request_done) HttpRequest request = { 0 }, next = { 0 };

        EXPECT_OK(cloudwatch_get_metric_data(&endpoint, CLOUDWATCH_QUERY, queries, 2, TIME * USEC_PER_SEC,
                        (TIME + 600) * USEC_PER_SEC, NULL, &request));
        EXPECT_INT(request.method, HTTP_POST);
        EXPECT_STR(request.path, "/");
        EXPECT_STR(http_request_header(&request, "content-type"),
                        "application/x-www-form-urlencoded; charset=utf-8");
        EXPECT(!http_request_header(&request, "x-amz-target"));
        EXPECT(!http_request_header(&request, "x-amzn-query-mode"));
        EXPECT_STR(request.body,
                        "Action=GetMetricData&Version=2010-08-01"
                        "&MetricDataQueries.member.1.Id=q0&MetricDataQueries.member.1.ReturnData=true"
                        "&MetricDataQueries.member.1.MetricStat.Metric.Namespace=AWS%2FLambda"
                        "&MetricDataQueries.member.1.MetricStat.Metric.MetricName=Errors"
                        "&MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Name=FunctionName"
                        "&MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.1.Value=checkout"
                        "&MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.2.Name=Resource"
                        "&MetricDataQueries.member.1.MetricStat.Metric.Dimensions.member.2.Value=checkout"
                        "%3Alive"
                        "&MetricDataQueries.member.1.MetricStat.Period=60"
                        "&MetricDataQueries.member.1.MetricStat.Stat=Sum"
                        "&MetricDataQueries.member.2.Id=q1&MetricDataQueries.member.2.ReturnData=true"
                        "&MetricDataQueries.member.2.MetricStat.Metric.Namespace=n"
                        "&MetricDataQueries.member.2.MetricStat.Metric.MetricName=m"
                        "&MetricDataQueries.member.2.MetricStat.Period=300"
                        "&MetricDataQueries.member.2.MetricStat.Stat=p99"
                        "&StartTime=2025-12-17T13%3A23%3A00Z&EndTime=2025-12-17T13%3A33%3A00Z"
                        "&ScanBy=TimestampAscending");
        EXPECT_OK(cloudwatch_get_metric_data(&endpoint, CLOUDWATCH_QUERY, queries, 1, TIME * USEC_PER_SEC,
                        (TIME + 600) * USEC_PER_SEC, "a+b=", &next));
        EXPECT_CONTAINS(next.body, "&NextToken=a%2Bb%3D");
}

TEST(limits_of_a_call) {
        _cleanup_(freep) MetricQuery *queries = alloc_array(CLOUDWATCH_QUERIES_MAX + 1, sizeof(MetricQuery));
        _cleanup_(http_request_done) HttpRequest request = { 0 }, refused = { 0 };

        EXPECT(queries);
        for (size_t i = 0; i <= CLOUDWATCH_QUERIES_MAX; i++)
                queries[i] = (MetricQuery){
                        .name_space = "n", .metric = "m", .stat = "Sum", .period_seconds = 60
                };
        EXPECT_OK(cloudwatch_get_metric_data(&endpoint, CLOUDWATCH_QUERY, queries, CLOUDWATCH_QUERIES_MAX, 0,
                        USEC_PER_DAY, NULL, &request));
        EXPECT_CONTAINS(request.body, "MetricDataQueries.member.500.Id=q499&");
        EXPECT_INT(cloudwatch_get_metric_data(&endpoint, CLOUDWATCH_QUERY, queries,
                                   CLOUDWATCH_QUERIES_MAX + 1, 0, USEC_PER_DAY, NULL, &refused),
                        -EINVAL);
}

static int parse_size(MetricData *data, const char *body, size_t size, char error[static 160]) {
        HttpResponse response = { .status = 200, .body = (char *) (uintptr_t) body, .body_size = size };

        error[0] = '\0';
        return cloudwatch_parse_metric_data(&response, CLOUDWATCH_QUERY, data, error);
}

static void parse(MetricData *data, const char *body) {
        char error[160];

        if (parse_size(data, body, strlen(body), error) < 0)
                FAIL("%s: %s", body, error);
}

#define PAGE(results, rest)                                                                           \
        "<GetMetricDataResponse xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/\">\n"         \
        "  <GetMetricDataResult>\n    <MetricDataResults>" results "</MetricDataResults>\n    " rest  \
        "  </GetMetricDataResult>\n  <ResponseMetadata><RequestId>r</RequestId></ResponseMetadata>\n" \
        "</GetMetricDataResponse>\n"
#define T(minute) "<member>2025-12-17T13:" minute ":00Z</member>"
#define V(value) "<member>" value "</member>"
#define RESULT(id, times, values, status)                                                         \
        "<member><Timestamps>" times "</Timestamps>\n<Values>" values "</Values><Label>L</Label>" \
        "<Id>" id "</Id><StatusCode>" status "</StatusCode></member>"

TEST(one_page) {
        _cleanup_(metric_data_done) MetricData data = { 0 };

        EXPECT_OK(metric_data_init(&data, 4));
        parse(&data,
                        PAGE(RESULT("q1", T("23") T("24"), V("3.0") V("1.5E-3"), "Complete") RESULT("q0", "",
                                             "",
                                             "Complete") "<member><Id>q3</Id><StatusCode>InternalError</StatusCode><Timestamps/><Values/>"
                                                         "<Messages><member><Code>InternalError</Code><Value>try &lt;later&gt;</Value>"
                                                         "</member><member><Code>Second</Code></member></Messages></member>",
                                        "<Messages><member><Code>Note</Code><Value>of all</Value></member>"
                                        "</Messages>"));
        EXPECT(!data.next_token);
        EXPECT_STR(data.message, "Note: of all");
        EXPECT_INT(data.series[0].status, METRIC_COMPLETE);
        EXPECT_INT(data.series[0].n_points, 0);
        EXPECT_INT(data.series[1].status, METRIC_COMPLETE);
        EXPECT_INT(data.series[1].n_points, 2);
        EXPECT_INT(data.series[1].points[0].time, TIME * USEC_PER_SEC);
        EXPECT_NEAR(data.series[1].points[0].value, 3, 0);
        EXPECT_INT(data.series[1].points[1].time, (TIME + 60) * USEC_PER_SEC);
        EXPECT_NEAR(data.series[1].points[1].value, 0.0015, 0);
        EXPECT_STR(data.series[1].message, "");
        EXPECT_INT(data.series[2].status, METRIC_ABSENT);
        EXPECT_INT(data.series[3].status, METRIC_INTERNAL);
        EXPECT_STR(data.series[3].message, "InternalError: try <later>");
}

TEST(pages_join) {
        _cleanup_(metric_data_done) MetricData data = { 0 };

        EXPECT_OK(metric_data_init(&data, 2));
        parse(&data,
                        PAGE(RESULT("q0", T("25") T("23"), V("3") V("1"), "PartialData"),
                                        "<NextToken>a+/=</NextToken>"));
        EXPECT_STR(data.next_token, "a+/=");
        EXPECT_INT(data.series[0].status, METRIC_PARTIAL);
        parse(&data, PAGE(RESULT("q0", T("24"), V("2"), "Complete"), "<NextToken/>"));
        EXPECT(!data.next_token);
        EXPECT_INT(data.series[0].status, METRIC_COMPLETE);
        EXPECT_INT(data.series[0].n_points, 3);
        for (size_t i = 0; i < 3; i++) {
                EXPECT_INT(data.series[0].points[i].time, (TIME + 60 * i) * USEC_PER_SEC);
                EXPECT_NEAR(data.series[0].points[i].value, (double) i + 1, 0);
        }
        EXPECT_INT(data.series[1].status, METRIC_ABSENT);
}

/* "PartialData" on the last page: CloudWatch gave up. */
TEST(partial_without_a_token) {
        _cleanup_(metric_data_done) MetricData data = { 0 };

        EXPECT_OK(metric_data_init(&data, 1));
        parse(&data, PAGE(RESULT("q0", T("23"), V("1"), "PartialData"), ""));
        EXPECT(!data.next_token);
        EXPECT_INT(data.series[0].status, METRIC_PARTIAL);
}

TEST(what_is_not_finite_is_no_point) {
        _cleanup_(metric_data_done) MetricData data = { 0 };

        EXPECT_OK(metric_data_init(&data, 1));
        parse(&data,
                        PAGE(RESULT("q0", T("23") T("24") T("25") T("26") T("27"),
                                             V("NaN") V("-7.25E+2") V("Infinity") V("-Infinity") V("1e999"),
                                             "Complete"),
                                        ""));
        EXPECT_INT(data.series[0].n_points, 1);
        EXPECT_INT(data.series[0].points[0].time, (TIME + 60) * USEC_PER_SEC);
        EXPECT_NEAR(data.series[0].points[0].value, -725, 0);
}

TEST(times_with_a_fraction_or_a_zone) {
        _cleanup_(metric_data_done) MetricData data = { 0 };

        EXPECT_OK(metric_data_init(&data, 1));
        parse(&data,
                        PAGE(RESULT("q0", V("2025-12-17T13:23:00.000Z") V("2025-12-17T14:24:00+01:00"),
                                             V("1") V("2"), "Complete"),
                                        ""));
        EXPECT_INT(data.series[0].points[0].time, TIME * USEC_PER_SEC);
        EXPECT_INT(data.series[0].points[1].time, (TIME + 60) * USEC_PER_SEC);
}

TEST(replies_that_are_refused) {
        static const char *const bad[] = { "", "{}", "{\"MetricDataResults\":[]}", "<a/>",
                "<html><body>no</body></html>", "<GetMetricDataResponse/>",
                "<GetMetricDataResponse><GetMetricDataResult/></GetMetricDataResponse>",
                "<ErrorResponse><GetMetricDataResult><MetricDataResults/></GetMetricDataResult>"
                "</ErrorResponse>",
                "<DescribeAlarmsResponse><DescribeAlarmsResult/></DescribeAlarmsResponse>",
                PAGE("<member/>", ""), PAGE(RESULT("q1", "", "", "Complete"), ""),
                PAGE(RESULT("", "", "", "Complete"), ""), PAGE(RESULT("q<x/>", "", "", "Complete"), ""),
                PAGE("<member><Id>q0</Id></member>", ""),
                PAGE("<member><Id>q0</Id><StatusCode>Complete</StatusCode><Values/></member>", ""),
                PAGE(RESULT("q0", T("23"), "", "Complete"), ""),
                PAGE(RESULT("q0", "", V("1"), "Complete"), ""),
                PAGE(RESULT("q0", T("23"), V("1") V("2"), "Complete"), ""),
                PAGE(RESULT("q0", T("23") T("23"), V("1") V("2"), "Complete"), ""),
                PAGE(RESULT("q0", V("1765977780"), V("1"), "Complete"), ""),
                PAGE(RESULT("q0", V(""), V("1"), "Complete"), ""),
                PAGE(RESULT("q0", T("23"), V(""), "Complete"), ""),
                PAGE(RESULT("q0", T("23"), V("nan"), "Complete"), ""),
                PAGE(RESULT("q0", T("23"), V("inf"), "Complete"), ""),
                PAGE(RESULT("q0", T("23"), V("0x10"), "Complete"), ""),
                PAGE(RESULT("q0", T("23"), V(" 1"), "Complete"), ""),
                PAGE(RESULT("q0", T("23"), V("1,5"), "Complete"), ""),
                PAGE(RESULT("q0", T("23"), V("<v>1</v>"), "Complete"), ""),
                PAGE("", "<NextToken><x/></NextToken>") };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(metric_data_done) MetricData data = { 0 };
                char error[160];

                EXPECT_OK(metric_data_init(&data, 1));
                if (parse_size(&data, bad[i], strlen(bad[i]), error) != -EBADMSG || error[0] == '\0')
                        FAIL("accepted, or without a word: %s", bad[i]);
        }
}

TEST(points_are_limited) {
        for (size_t extra = 0; extra < 2; extra++) {
                size_t n = CLOUDWATCH_DATAPOINTS_MAX + extra;
                _cleanup_(metric_data_done) MetricData data = { 0 };
                _cleanup_(buf_done) Buf b = BUF_INIT(BUF_MAX);
                char error[160];

                EXPECT_OK(metric_data_init(&data, 1));
                (void) buf_puts(&b,
                                "<GetMetricDataResponse><GetMetricDataResult><MetricDataResults><member>"
                                "<Id>q0</Id><StatusCode>Complete</StatusCode><Timestamps>");
                for (size_t i = 0; i < n; i++)
                        (void) buf_printf(&b, "<member>2025-12-%02zuT%02zu:%02zu:%02zuZ</member>",
                                        1 + i / 86400, i / 3600 % 24, i / 60 % 60, i % 60);
                (void) buf_puts(&b, "</Timestamps><Values>");
                for (size_t i = 0; i < n; i++)
                        (void) buf_puts(&b, "<member>1.0</member>");
                EXPECT_OK(buf_puts(&b,
                                "</Values></member></MetricDataResults></GetMetricDataResult>"
                                "</GetMetricDataResponse>"));
                EXPECT_INT(parse_size(&data, buf_text(&b), b.size, error), extra == 0 ? 0 : -EBADMSG);
                EXPECT_INT(data.series[0].n_points, extra == 0 ? n : 0);
        }
}

TEST(bytes_are_limited) {
        static const char page[] = PAGE("", "");
        _cleanup_(metric_data_done) MetricData data = { 0 };
        _cleanup_(freep) char *body = alloc_zero(16 * 1024 * 1024 + 2);
        char error[160];

        EXPECT(body);
        EXPECT_OK(metric_data_init(&data, 1));
        memset(body, ' ', 16 * 1024 * 1024 + 1);
        memcpy(body, page, sizeof(page) - 1);
        EXPECT_OK(parse_size(&data, body, 16 * 1024 * 1024, error));
        EXPECT_INT(parse_size(&data, body, 16 * 1024 * 1024 + 1, error), -EBADMSG);
        EXPECT_CONTAINS(error, "16 MiB");
}

/* What JSON says and what XML says become the same. */
TEST(both_protocols_agree) {
        static const char json[] =
                        "{\"MetricDataResults\":[{\"Id\":\"q0\",\"Timestamps\":[1765977780,1765977840],"
                        "\"Values\":[0.1,123456789.0625],\"StatusCode\":\"Forbidden\",\"Messages\":[{"
                        "\"Code\":\"Forbidden\",\"Value\":\"no\\u001b\"}]}],\"NextToken\":\"t\"}";
        static const char xml[] = PAGE(
                        "<member><Id>q0</Id><Timestamps>" T("23") T("24") "</Timestamps><Values>" V("0.1") V(
                                        "1.234567890625E8") "</Values><StatusCode>Forbidden</StatusCode><Messages><member>"
                                                            "<Value>no&#9;</Value><Code>Forbidden</Code></member></Messages>"
                                                            "</member>",
                        "<NextToken>t</NextToken>");
        _cleanup_(metric_data_done) MetricData a = { 0 }, b = { 0 };
        HttpResponse response = {
                .status = 200, .body = (char *) (uintptr_t) json, .body_size = strlen(json)
        };
        char error[160];

        EXPECT_OK(metric_data_init(&a, 1));
        EXPECT_OK(metric_data_init(&b, 1));
        EXPECT_OK(cloudwatch_parse_metric_data(&response, CLOUDWATCH_JSON, &a, error));
        parse(&b, xml);
        EXPECT_INT(a.series[0].status, METRIC_FORBIDDEN);
        EXPECT_INT(b.series[0].status, METRIC_FORBIDDEN);
        EXPECT_STR(a.series[0].message, "Forbidden: no ");
        EXPECT_STR(b.series[0].message, "Forbidden: no ");
        EXPECT_STR(a.next_token, b.next_token);
        EXPECT_INT(a.series[0].n_points, 2);
        EXPECT_INT(b.series[0].n_points, 2);
        for (size_t i = 0; i < 2; i++) {
                EXPECT_INT(a.series[0].points[i].time, b.series[0].points[i].time);
                EXPECT_NEAR(a.series[0].points[i].value, b.series[0].points[i].value, 0);
        }
}
