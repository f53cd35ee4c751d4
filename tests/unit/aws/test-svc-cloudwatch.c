#include "aws/svc-cloudwatch.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/usec.h"
#include "lib/test.h"

#define TIME 1765977780u
#define BUF_MAX (20u * 1024 * 1024)

static const AwsEndpoint endpoint = { .tls = true,
        .host = (char[]){ "monitoring.example.com" },
        .base_path = (char[]){ "" } };

static const MetricQuery errors = {
        .name_space = "AWS/Lambda",
        .metric = "Errors",
        .stat = "Sum",
        .dimensions = { { "FunctionName", "checkout" }, { "Resource", "checkout:live" } },
        .n_dimensions = 2,
        .period_seconds = 60,
};

TEST(request_on_the_wire) {
        _cleanup_(http_request_done) HttpRequest request = { 0 }, next = { 0 };

        EXPECT_OK(cloudwatch_get_metric_data(&endpoint, CLOUDWATCH_JSON, &errors, 1, TIME * USEC_PER_SEC,
                        (TIME + 600) * USEC_PER_SEC, NULL, &request));
        EXPECT_INT(request.method, HTTP_POST);
        EXPECT_STR(request.path, "/");
        EXPECT_STR(http_request_header(&request, "content-type"), "application/x-amz-json-1.0");
        EXPECT_STR(http_request_header(&request, "x-amz-target"),
                        "GraniteServiceVersion20100801.GetMetricData");
        EXPECT_STR(http_request_header(&request, "x-amzn-query-mode"), "true");
        EXPECT_STR(request.body,
                        "{\"MetricDataQueries\":[{\"MetricStat\":{\"Metric\":{\"Namespace\":\"AWS/Lambda\","
                        "\"MetricName\":\"Errors\",\"Dimensions\":[{\"Name\":\"FunctionName\",\"Value\":"
                        "\"checkout\"},{\"Name\":\"Resource\",\"Value\":\"checkout:live\"}]},\"Period\":60,"
                        "\"Stat\":\"Sum\"},\"Id\":\"q0\",\"ReturnData\":true}],\"StartTime\":1765977780,"
                        "\"EndTime\":1765978380,\"ScanBy\":\"TimestampAscending\"}");
        EXPECT_OK(cloudwatch_get_metric_data(&endpoint, CLOUDWATCH_JSON, &errors, 1, TIME * USEC_PER_SEC,
                        (TIME + 600) * USEC_PER_SEC, "token==", &next));
        EXPECT_CONTAINS(next.body, "\"NextToken\":\"token==\"}");
}

TEST(request_limits) {
        static MetricQuery queries[CLOUDWATCH_QUERIES_MAX + 1];
        MetricQuery bad = errors;
        HttpRequest request = { 0 };
        usec_t start = TIME * USEC_PER_SEC, end = start + 60 * USEC_PER_SEC;

        for (size_t i = 0; i < ELEMENTSOF(queries); i++)
                queries[i] = errors;
        EXPECT_OK(cloudwatch_get_metric_data(&endpoint, CLOUDWATCH_JSON, queries, CLOUDWATCH_QUERIES_MAX,
                        start, end, NULL, &request));
        EXPECT_CONTAINS(request.body, "\"q499\"");
        http_request_done(&request);
        EXPECT_INT(cloudwatch_get_metric_data(&endpoint, CLOUDWATCH_JSON, queries,
                                   CLOUDWATCH_QUERIES_MAX + 1, start, end, NULL, &request),
                        -EINVAL);
        EXPECT_INT(cloudwatch_get_metric_data(
                                   &endpoint, CLOUDWATCH_JSON, queries, 0, start, end, NULL, &request),
                        -EINVAL);
        EXPECT_INT(cloudwatch_get_metric_data(
                                   &endpoint, CLOUDWATCH_JSON, queries, 1, start, start, NULL, &request),
                        -EINVAL);
        EXPECT_INT(cloudwatch_get_metric_data(
                                   &endpoint, CLOUDWATCH_JSON, queries, 1, end, start, NULL, &request),
                        -EINVAL);
        bad.n_dimensions = CLOUDWATCH_DIMENSIONS_MAX + 1;
        EXPECT_INT(cloudwatch_get_metric_data(
                                   &endpoint, CLOUDWATCH_JSON, &bad, 1, start, end, NULL, &request),
                        -EINVAL);
        bad = errors;
        bad.period_seconds = 0;
        EXPECT_INT(cloudwatch_get_metric_data(
                                   &endpoint, CLOUDWATCH_JSON, &bad, 1, start, end, NULL, &request),
                        -EINVAL);
}

static int parse_size(MetricData *data, const char *body, size_t size, char error[static 160]) {
        HttpResponse response = { .status = 200, .body = (char *) (uintptr_t) body, .body_size = size };

        error[0] = '\0';
        return cloudwatch_parse_metric_data(&response, CLOUDWATCH_JSON, data, error);
}

static void parse(MetricData *data, const char *body) {
        char error[160];

        if (parse_size(data, body, strlen(body), error) < 0)
                FAIL("%s: %s", body, error);
}

TEST(data_starts_absent) {
        MetricData data = { 0 };

        EXPECT_OK(metric_data_init(&data, 3));
        for (size_t i = 0; i < 3; i++)
                EXPECT_INT(data.series[i].status, METRIC_ABSENT);
        metric_data_done(&data);
        EXPECT_OK(metric_data_init(&data, CLOUDWATCH_QUERIES_MAX));
        metric_data_done(&data);
        EXPECT_INT(metric_data_init(&data, CLOUDWATCH_QUERIES_MAX + 1), -EINVAL);
}

TEST(one_page) {
        _cleanup_(metric_data_done) MetricData data = { 0 };

        EXPECT_OK(metric_data_init(&data, 4));
        parse(&data,
                        "{\"Messages\":[],\"MetricDataResults\":["
                        "{\"Id\":\"q1\",\"Label\":\"Errors\",\"Timestamps\":[1765977780.0,1765977840],"
                        "\"Values\":[3.0,0],\"StatusCode\":\"Complete\"},"
                        "{\"Id\":\"q0\",\"Timestamps\":[],\"Values\":[],\"StatusCode\":\"Complete\"},"
                        "{\"Id\":\"q3\",\"StatusCode\":\"InternalError\"}]}");
        EXPECT(!data.next_token);
        EXPECT_INT(data.series[0].status, METRIC_COMPLETE);
        EXPECT_INT(data.series[0].n_points, 0);
        EXPECT_INT(data.series[1].status, METRIC_COMPLETE);
        EXPECT_INT(data.series[1].n_points, 2);
        EXPECT_INT(data.series[1].points[0].time, 1765977780 * USEC_PER_SEC);
        EXPECT_NEAR(data.series[1].points[0].value, 3, 0);
        EXPECT_INT(data.series[1].points[1].time, 1765977840 * USEC_PER_SEC);
        EXPECT_INT(data.series[2].status, METRIC_ABSENT);
        EXPECT_INT(data.series[3].status, METRIC_INTERNAL);
}

#define RESULT(times, values, status) \
        "{\"Id\":\"q0\",\"Timestamps\":[" times "],\"Values\":[" values "],\"StatusCode\":\"" status "\"}"
#define PAGE(results, rest) "{\"MetricDataResults\":[" results "]" rest "}"

static void expect_points(const MetricSeries *s, const unsigned *times, const double *values, size_t n) {
        EXPECT_INT(s->n_points, n);
        for (size_t i = 0; i < n; i++) {
                EXPECT_INT(s->points[i].time, times[i] * USEC_PER_SEC);
                EXPECT_NEAR(s->points[i].value, values[i], 0);
        }
}

TEST(an_id_may_come_again) {
        _cleanup_(metric_data_done) MetricData data = { 0 };

        EXPECT_OK(metric_data_init(&data, 1));
        parse(&data,
                        PAGE(RESULT("60,120", "1,2", "PartialData") "," RESULT("180", "3", "PartialData"),
                                        ",\"NextToken\":\"more\""));
        EXPECT_STR(data.next_token, "more");
        EXPECT_INT(data.series[0].status, METRIC_PARTIAL);
        parse(&data, PAGE(RESULT("240", "4", "Complete"), ",\"NextToken\":\"\""));
        EXPECT(!data.next_token);
        EXPECT_INT(data.series[0].status, METRIC_COMPLETE);
        expect_points(&data.series[0], (unsigned[]){ 60, 120, 180, 240 }, (double[]){ 1, 2, 3, 4 }, 4);
}

TEST(pages_in_any_order_ascend) {
        _cleanup_(metric_data_done) MetricData data = { 0 };

        EXPECT_OK(metric_data_init(&data, 1));
        parse(&data, PAGE(RESULT("300,180,60", "5,3,1", "Complete"), ""));
        parse(&data, PAGE(RESULT("120,240,360", "2,4,6", "Complete"), ""));
        parse(&data, PAGE(RESULT("30", "0.5", "Complete"), ""));
        /* The same bucket again: counts grow while they settle, so the newer page is right. */
        parse(&data, PAGE(RESULT("60,360", "11,66", "Complete"), ""));
        expect_points(&data.series[0], (unsigned[]){ 30, 60, 120, 180, 240, 300, 360 },
                        (double[]){ 0.5, 11, 2, 3, 4, 5, 66 }, 7);
}

TEST(what_is_not_finite_is_no_point) {
        _cleanup_(metric_data_done) MetricData data = { 0 };

        EXPECT_OK(metric_data_init(&data, 1));
        parse(&data,
                        PAGE(RESULT("60,120,180,240,300,360",
                                             "\"NaN\",1,\"Infinity\",\"-Infinity\",NaN,1e999", "Complete"),
                                        ""));
        expect_points(&data.series[0], (unsigned[]){ 120 }, (double[]){ 1 }, 1);
}

TEST(statuses_join) {
        static const struct {
                const char *first, *second;
                MetricStatus expected;
        } rows[] = {
                { "Complete", "Complete", METRIC_COMPLETE },
                { "PartialData", "Complete", METRIC_COMPLETE },
                { "Complete", "PartialData", METRIC_PARTIAL },
                { "InternalError", "Complete", METRIC_INTERNAL },
                { "Forbidden", "Complete", METRIC_FORBIDDEN },
                { "PartialData", "InternalError", METRIC_INTERNAL },
                { "Complete", "Forbidden", METRIC_FORBIDDEN },
                { "Complete", "SomethingNew", METRIC_PARTIAL },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(metric_data_done) MetricData data = { 0 };
                char body[512];

                EXPECT_OK(metric_data_init(&data, 1));
                (void) snprintf(body, sizeof(body),
                                "{\"MetricDataResults\":[{\"Id\":\"q0\",\"StatusCode\":\"%s\"},"
                                "{\"Id\":\"q0\",\"StatusCode\":\"%s\"}]}",
                                rows[i].first, rows[i].second);
                parse(&data, body);
                EXPECT_INT(data.series[0].status, rows[i].expected);
        }
}

#define WITH_MESSAGE(status, messages) \
        "{\"Id\":\"q0\",\"StatusCode\":\"" status "\",\"Messages\":" messages "}"

TEST(messages_are_kept) {
        static const struct {
                const char *body, *expected;
        } rows[] = {
                { PAGE(WITH_MESSAGE("Complete", "[]"), ""), "" },
                { PAGE(WITH_MESSAGE("Complete", "null"), ""), "" },
                { PAGE(WITH_MESSAGE("Forbidden", "[{\"Code\":\"Forbidden\",\"Value\":\"not\\nyou\"}]"), ""),
                                "Forbidden: not you" },
                { PAGE(WITH_MESSAGE("InternalError", "[{\"Code\":\"C\"},{\"Code\":\"D\"}]"), ""), "C" },
                { PAGE(WITH_MESSAGE("InternalError", "[{\"Value\":\"v\"}]"), ""), "v" },
                /* The words of the failure, not of what came before or after. */
                { PAGE(WITH_MESSAGE("PartialData", "[{\"Code\":\"A\"}]") "," WITH_MESSAGE(
                                       "InternalError", "[{\"Code\":\"B\"}]") "," WITH_MESSAGE("Complete",
                                       "[{\"Code\":\"C\"}]"),
                                  ""),
                                "B" },
                /* Odd words do no harm. */
                { PAGE(WITH_MESSAGE("Complete", "{}"), ""), "" },
                { PAGE(WITH_MESSAGE("Complete", "[1]"), ""), "" },
                { PAGE(WITH_MESSAGE("Complete", "[{\"Code\":1,\"Value\":[]}]"), ""), "" },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(metric_data_done) MetricData data = { 0 };

                EXPECT_OK(metric_data_init(&data, 1));
                parse(&data, rows[i].body);
                EXPECT_STR(data.series[0].message, rows[i].expected);
                EXPECT_STR(data.message, "");
        }
}

TEST(a_message_on_the_whole_is_cut) {
        _cleanup_(metric_data_done) MetricData data = { 0 };
        char body[1024];

        EXPECT_OK(metric_data_init(&data, 1));
        (void) snprintf(body, sizeof(body),
                        "{\"MetricDataResults\":[],\"Messages\":[{\"Code\":\"MaxMetricsExceeded\",\"Value\":\"%0500d"
                        "\"}]}",
                        0);
        parse(&data, body);
        EXPECT_CONTAINS(data.message, "MaxMetricsExceeded: 000");
        EXPECT_INT(strlen(data.message), METRIC_MESSAGE_MAX - 1);
}

TEST(replies_that_are_refused) {
        static const char *const bad[] = { "", "{}", "[]", "{\"MetricDataResults\":null}",
                "{\"MetricDataResults\":{}}", PAGE("1", ""), PAGE("null", ""), PAGE("{}", ""),
                PAGE("{\"Id\":\"q1\",\"StatusCode\":\"Complete\"}", ""),
                PAGE("{\"Id\":\"q\",\"StatusCode\":\"Complete\"}", ""),
                PAGE("{\"Id\":\"q-1\",\"StatusCode\":\"Complete\"}", ""),
                PAGE("{\"Id\":\"0\",\"StatusCode\":\"Complete\"}", ""),
                PAGE("{\"Id\":\"q99999999999999999999999\",\"StatusCode\":\"Complete\"}", ""),
                PAGE("{\"Id\":0,\"StatusCode\":\"Complete\"}", ""), PAGE("{\"Id\":\"q0\"}", ""),
                PAGE("{\"Id\":\"q0\",\"StatusCode\":1}", ""), PAGE(RESULT("60", "", "Complete"), ""),
                PAGE(RESULT("", "1", "Complete"), ""), PAGE(RESULT("60", "1,2", "Complete"), ""),
                PAGE(RESULT("60,60", "1,2", "Complete"), ""),
                PAGE(RESULT("120,60,120", "1,2,3", "Complete"), ""), PAGE(RESULT("-1", "1", "Complete"), ""),
                PAGE(RESULT("1e300", "1", "Complete"), ""), PAGE(RESULT("NaN", "1", "Complete"), ""),
                PAGE(RESULT("null", "1", "Complete"), ""), PAGE(RESULT("\"60\"", "1", "Complete"), ""),
                PAGE(RESULT("60", "null", "Complete"), ""), PAGE(RESULT("60", "{}", "Complete"), ""),
                PAGE(RESULT("60", "\"nan\"", "Complete"), ""), PAGE(RESULT("60", "\"1\"", "Complete"), ""),
                PAGE("{\"Id\":\"q0\",\"Timestamps\":{},\"Values\":{},\"StatusCode\":\"Complete\"}", ""),
                PAGE("{\"Id\":\"q0\",\"Timestamps\":[1],\"StatusCode\":\"Complete\"}", ""),
                PAGE("{\"Id\":\"q0\",\"Values\":[1],\"StatusCode\":\"Complete\"}", ""),
                PAGE("", ",\"NextToken\":1"), PAGE("", ",\"NextToken\":\"a\\u0000b\"") };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(metric_data_done) MetricData data = { 0 };
                char error[160];

                EXPECT_OK(metric_data_init(&data, 1));
                if (parse_size(&data, bad[i], strlen(bad[i]), error) != -EBADMSG || error[0] == '\0')
                        FAIL("accepted, or without a word: %s", bad[i]);
        }
}

/* n points from "first" on, a minute apart, as one result of q0. */
static void write_page(Buf *b, size_t first, size_t n) {
        buf_clear(b);
        (void) buf_puts(b,
                        "{\"MetricDataResults\":[{\"Id\":\"q0\",\"StatusCode\":\"Complete\",\"Values\":[");
        for (size_t i = 0; i < n; i++)
                (void) buf_puts(b, i == 0 ? "1" : ",1");
        (void) buf_puts(b, "],\"Timestamps\":[");
        for (size_t i = 0; i < n; i++)
                (void) buf_printf(b, "%s%zu", i == 0 ? "" : ",", (first + i) * 60);
        EXPECT_OK(buf_puts(b, "]}]}"));
}

TEST(points_are_limited) {
        _cleanup_(metric_data_done) MetricData data = { 0 };
        _cleanup_(buf_done) Buf b = BUF_INIT(BUF_MAX);
        char error[160];

        EXPECT_OK(metric_data_init(&data, 2));
        write_page(&b, 0, CLOUDWATCH_DATAPOINTS_MAX + 1);
        EXPECT_INT(parse_size(&data, buf_text(&b), b.size, error), -EBADMSG);
        write_page(&b, 0, CLOUDWATCH_DATAPOINTS_MAX);
        EXPECT_OK(parse_size(&data, buf_text(&b), b.size, error));
        EXPECT_INT(data.series[0].n_points, CLOUDWATCH_DATAPOINTS_MAX);
}

/* Of all series and pages together. */
TEST(points_are_limited_over_pages) {
        _cleanup_(metric_data_done) MetricData data = { 0 };
        size_t n = 1000000 - 2;
        char error[160];

        EXPECT_OK(metric_data_init(&data, 2));
        data.series[1].points = alloc_array(n, sizeof(MetricPoint));
        EXPECT(data.series[1].points);
        data.series[1].n_points = n;
        parse(&data, PAGE(RESULT("60,120", "1,2", "Complete"), ""));
        EXPECT_INT(parse_size(&data, PAGE(RESULT("180", "3", "Complete"), ""),
                                   strlen(PAGE(RESULT("180", "3", "Complete"), "")), error),
                        -EBADMSG);
        EXPECT_CONTAINS(error, "more data points");
        EXPECT_INT(data.series[0].n_points, 2);
}

TEST(bytes_are_limited) {
        _cleanup_(metric_data_done) MetricData data = { 0 };
        _cleanup_(freep) char *body = alloc_zero(16 * 1024 * 1024 + 2);
        char error[160];

        EXPECT(body);
        EXPECT_OK(metric_data_init(&data, 1));
        memset(body, ' ', 16 * 1024 * 1024 + 1);
        memcpy(body, PAGE("", ""), strlen(PAGE("", "")));
        EXPECT_OK(parse_size(&data, body, 16 * 1024 * 1024, error));
        EXPECT_INT(parse_size(&data, body, 16 * 1024 * 1024 + 1, error), -EBADMSG);
        EXPECT_CONTAINS(error, "16 MiB");
}

TEST(tokens_are_limited) {
        _cleanup_(metric_data_done) MetricData data = { 0 };
        _cleanup_(buf_done) Buf b = BUF_INIT(BUF_MAX);
        char error[160];

        EXPECT_OK(metric_data_init(&data, 1));
        (void) buf_printf(&b, PAGE("", ",\"NextToken\":\"%0*d\""), 64 * 1024, 1);
        EXPECT_OK(parse_size(&data, buf_text(&b), b.size, error));
        EXPECT_INT(strlen(data.next_token), 64 * 1024);
        buf_clear(&b);
        (void) buf_printf(&b, PAGE("", ",\"NextToken\":\"%0*d\""), 64 * 1024 + 1, 1);
        EXPECT_INT(parse_size(&data, buf_text(&b), b.size, error), -EBADMSG);
}
