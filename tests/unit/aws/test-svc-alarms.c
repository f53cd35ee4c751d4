#include "aws/svc-alarms.h"

#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/usec.h"
#include "lib/test.h"

#define BUF_MAX (8u * 1024 * 1024)

static const AwsEndpoint endpoint = { .tls = true,
        .host = (char[]){ "monitoring.example.com" },
        .base_path = (char[]){ "" } };
static const char *const names[] = { "errors high", "all of it", "gone" };

TEST(json_request_on_the_wire) {
        _cleanup_(http_request_done) HttpRequest request = { 0 }, next = { 0 };

        EXPECT_OK(cloudwatch_describe_alarms(&endpoint, CLOUDWATCH_JSON, names, 2, NULL, &request));
        EXPECT_INT(request.method, HTTP_POST);
        EXPECT_STR(http_request_header(&request, "content-type"), "application/x-amz-json-1.0");
        EXPECT_STR(http_request_header(&request, "x-amz-target"),
                        "GraniteServiceVersion20100801.DescribeAlarms");
        EXPECT_STR(http_request_header(&request, "x-amzn-query-mode"), "true");
        EXPECT_STR(request.body,
                        "{\"AlarmNames\":[\"errors high\",\"all of it\"],"
                        "\"AlarmTypes\":[\"MetricAlarm\",\"CompositeAlarm\"],\"MaxRecords\":100}");
        EXPECT_OK(cloudwatch_describe_alarms(&endpoint, CLOUDWATCH_JSON, names, 1, "more", &next));
        EXPECT_CONTAINS(next.body, ",\"NextToken\":\"more\"}");
}

TEST(query_request_on_the_wire) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };

        EXPECT_OK(cloudwatch_describe_alarms(&endpoint, CLOUDWATCH_QUERY, names, 2, "a=", &request));
        EXPECT_STR(http_request_header(&request, "content-type"),
                        "application/x-www-form-urlencoded; charset=utf-8");
        EXPECT_STR(request.body,
                        "Action=DescribeAlarms&Version=2010-08-01&AlarmNames.member.1=errors%20high"
                        "&AlarmNames.member.2=all%20of%20it&AlarmTypes.member.1=MetricAlarm"
                        "&AlarmTypes.member.2=CompositeAlarm&MaxRecords=100&NextToken=a%3D");
}

TEST(limits_of_a_call) {
        const char *many[CLOUDWATCH_ALARMS_MAX + 1];
        char longest[4 * ALARM_NAME_MAX + 2];

        for (size_t i = 0; i < ELEMENTSOF(many); i++)
                many[i] = "a";
        memset(longest, 'a', sizeof(longest) - 1);
        longest[sizeof(longest) - 1] = '\0';
        for (CloudwatchProtocol p = CLOUDWATCH_JSON; p <= CLOUDWATCH_QUERY; p++) {
                const char *const bad[] = { "", "\xff", longest }, *const good = longest + 1;
                _cleanup_(http_request_done) HttpRequest a = { 0 }, b = { 0 }, refused = { 0 };

                EXPECT_OK(cloudwatch_describe_alarms(&endpoint, p, many, CLOUDWATCH_ALARMS_MAX, NULL, &a));
                EXPECT_OK(cloudwatch_describe_alarms(&endpoint, p, &good, 1, NULL, &b));
                EXPECT_INT(cloudwatch_describe_alarms(
                                           &endpoint, p, many, CLOUDWATCH_ALARMS_MAX + 1, NULL, &refused),
                                -EINVAL);
                EXPECT_INT(cloudwatch_describe_alarms(&endpoint, p, many, 0, NULL, &refused), -EINVAL);
                for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                        EXPECT_INT(cloudwatch_describe_alarms(&endpoint, p, &bad[i], 1, NULL, &refused),
                                        -EINVAL);
        }
}

TEST(all_are_missing_at_first) {
        AlarmData data = { 0 };

        EXPECT_OK(alarm_data_init(&data, 3));
        for (size_t i = 0; i < 3; i++)
                EXPECT_INT(data.alarms[i].state, ALARM_MISSING);
        alarm_data_done(&data);
        EXPECT_OK(alarm_data_init(&data, CLOUDWATCH_ALARMS_MAX));
        alarm_data_done(&data);
        EXPECT_INT(alarm_data_init(&data, CLOUDWATCH_ALARMS_MAX + 1), -EINVAL);
}

static int parse(CloudwatchProtocol protocol, AlarmData *data, const char *body, size_t size,
                char error[static 160]) {
        HttpResponse response = { .status = 200, .body = (char *) (uintptr_t) body, .body_size = size };

        error[0] = '\0';
        return cloudwatch_parse_alarms(&response, protocol, names, data, error);
}

static void parse_well(CloudwatchProtocol protocol, AlarmData *data, const char *body) {
        char error[160];

        if (parse(protocol, data, body, strlen(body), error) < 0)
                FAIL("%s: %s", body, error);
}

#define XML(metric, composite, rest)                                                                  \
        "<DescribeAlarmsResponse xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/\">"          \
        "<DescribeAlarmsResult><CompositeAlarms>" composite "</CompositeAlarms><MetricAlarms>" metric \
        "</MetricAlarms>" rest "</DescribeAlarmsResult></DescribeAlarmsResponse>"

static const char *const full[] = {
        [CLOUDWATCH_JSON] = "{\"CompositeAlarms\":[{\"AlarmName\":\"all of it\",\"AlarmRule\":\"ALARM(x)\","
                            "\"StateValue\":\"ALARM\",\"StateReason\":\"x\\nis in ALARM\","
                            "\"StateUpdatedTimestamp\":1765977900.25,"
                            "\"StateTransitionedTimestamp\":1765977780.5}],"
                            "\"MetricAlarms\":[{\"AlarmName\":\"not ours\",\"StateValue\":\"ALARM\"},"
                            "{\"AlarmName\":\"errors high\",\"StateValue\":\"OK\",\"StateReason\":\"fine\","
                            "\"EvaluationState\":\"PARTIAL_DATA\",\"Dimensions\":[{\"Name\":\"a\"}],"
                            "\"StateUpdatedTimestamp\":1765977840}]}",
        [CLOUDWATCH_QUERY] = XML(
                        "<member><AlarmName>not ours</AlarmName><StateValue>ALARM</StateValue></member>"
                        "<member><AlarmName>errors high</AlarmName><StateValue>OK</StateValue>"
                        "<StateReason>fine</StateReason><EvaluationState>PARTIAL_DATA</EvaluationState>"
                        "<Dimensions><member><Name>a</Name></member></Dimensions>"
                        "<StateUpdatedTimestamp>2025-12-17T13:24:00Z</StateUpdatedTimestamp></member>",
                        "<member><AlarmName>all of it</AlarmName><AlarmRule>ALARM(x)</AlarmRule>"
                        "<StateValue>ALARM</StateValue><StateReason>x\nis in ALARM</StateReason>"
                        "<StateUpdatedTimestamp>2025-12-17T13:25:00.250Z</StateUpdatedTimestamp>"
                        "<StateTransitionedTimestamp>2025-12-17T13:23:00.500Z</StateTransitionedTimestamp>"
                        "</member>",
                        ""),
};

TEST(both_kinds_in_both_protocols) {
        for (CloudwatchProtocol p = CLOUDWATCH_JSON; p <= CLOUDWATCH_QUERY; p++) {
                _cleanup_(alarm_data_done) AlarmData data = { 0 };

                EXPECT_OK(alarm_data_init(&data, 3));
                parse_well(p, &data, full[p]);
                EXPECT(!data.next_token);
                EXPECT_INT(data.alarms[0].state, ALARM_OK);
                EXPECT(data.alarms[0].is_doubtful);
                EXPECT_INT(data.alarms[0].since, UINT64_C(1765977840) * USEC_PER_SEC);
                EXPECT_STR(data.alarms[0].reason, "fine");
                EXPECT_INT(data.alarms[1].state, ALARM_ALARM);
                EXPECT(!data.alarms[1].is_doubtful);
                EXPECT_INT(data.alarms[1].since, UINT64_C(1765977780500000));
                EXPECT_STR(data.alarms[1].reason, "x is in ALARM");
                EXPECT_INT(data.alarms[2].state, ALARM_MISSING);
                EXPECT_STR(data.alarms[2].reason, "");
        }
}

#define JSON_ALARM(name, state) "{\"AlarmName\":\"" name "\",\"StateValue\":\"" state "\"}"
#define XML_ALARM(name, state) \
        "<member><AlarmName>" name "</AlarmName><StateValue>" state "</StateValue></member>"

TEST(pages_add_up) {
        static const char *const pages[][2] = {
                [CLOUDWATCH_JSON] = { "{\"MetricAlarms\":[" JSON_ALARM(
                                                      "gone", "OK") "],\"CompositeAlarms\":"
                                                                    "[],\"NextToken\":\"more\"}",
                                "{\"MetricAlarms\":[" JSON_ALARM("errors high", "INSUFFICIENT_DATA") "]}" },
                [CLOUDWATCH_QUERY] = { XML(XML_ALARM("gone", "OK"), "", "<NextToken>more</NextToken>"),
                                XML(XML_ALARM("errors high", "INSUFFICIENT_DATA"), "", "") },
        };

        for (CloudwatchProtocol p = CLOUDWATCH_JSON; p <= CLOUDWATCH_QUERY; p++) {
                _cleanup_(alarm_data_done) AlarmData data = { 0 };

                EXPECT_OK(alarm_data_init(&data, 3));
                parse_well(p, &data, pages[p][0]);
                EXPECT_STR(data.next_token, "more");
                EXPECT_INT(data.alarms[0].state, ALARM_MISSING);
                parse_well(p, &data, pages[p][1]);
                EXPECT(!data.next_token);
                EXPECT_INT(data.alarms[0].state, ALARM_INSUFFICIENT);
                EXPECT_INT(data.alarms[1].state, ALARM_MISSING);
                EXPECT_INT(data.alarms[2].state, ALARM_OK);
        }
}

/* Nothing that is odd may pass for OK. */
TEST(doubt_is_never_ok) {
        _cleanup_(alarm_data_done) AlarmData data = { 0 };

        EXPECT_OK(alarm_data_init(&data, 3));
        parse_well(CLOUDWATCH_JSON, &data, "{}");
        EXPECT_INT(data.alarms[0].state, ALARM_MISSING);
        parse_well(CLOUDWATCH_JSON, &data, "{\"MetricAlarms\":[" JSON_ALARM("Errors high", "OK") "]}");
        EXPECT_INT(data.alarms[0].state, ALARM_MISSING);
        parse_well(CLOUDWATCH_JSON, &data, "{\"MetricAlarms\":[" JSON_ALARM("errors high", "Ok") "]}");
        EXPECT_INT(data.alarms[0].state, ALARM_INSUFFICIENT);
        parse_well(CLOUDWATCH_JSON, &data,
                        "{\"MetricAlarms\":[" JSON_ALARM("errors high", "ALARM") "," JSON_ALARM(
                                        "errors high", "OK") "]}");
        EXPECT_INT(data.alarms[0].state, ALARM_ALARM);
        parse_well(CLOUDWATCH_JSON, &data,
                        "{\"MetricAlarms\":[{\"AlarmName\":\"all of it\",\"StateValue\":\"OK\","
                        "\"EvaluationState\":\"SOMETHING_NEW\"}]}");
        EXPECT_INT(data.alarms[1].state, ALARM_OK);
        EXPECT(data.alarms[1].is_doubtful);
}

TEST(a_name_asked_for_twice) {
        static const char *const twice[] = { "a", "b", "a" };
        static const char body[] = "{\"MetricAlarms\":[" JSON_ALARM("a", "OK") "]}";
        _cleanup_(alarm_data_done) AlarmData data = { 0 };
        HttpResponse response = {
                .status = 200, .body = (char *) (uintptr_t) body, .body_size = strlen(body)
        };
        char error[160];

        EXPECT_OK(alarm_data_init(&data, 3));
        EXPECT_OK(cloudwatch_parse_alarms(&response, CLOUDWATCH_JSON, twice, &data, error));
        EXPECT_INT(data.alarms[0].state, ALARM_OK);
        EXPECT_INT(data.alarms[1].state, ALARM_MISSING);
        EXPECT_INT(data.alarms[2].state, ALARM_OK);
}

TEST(replies_that_are_refused) {
        static const struct {
                CloudwatchProtocol protocol;
                const char *body;
        } rows[] = {
                { CLOUDWATCH_JSON, "" },
                { CLOUDWATCH_JSON, "[]" },
                { CLOUDWATCH_JSON, XML("", "", "") },
                { CLOUDWATCH_JSON, "{\"MetricAlarms\":{}}" },
                { CLOUDWATCH_JSON, "{\"CompositeAlarms\":\"x\"}" },
                { CLOUDWATCH_JSON, "{\"MetricAlarms\":[1]}" },
                { CLOUDWATCH_JSON, "{\"MetricAlarms\":[{}]}" },
                { CLOUDWATCH_JSON, "{\"MetricAlarms\":[{\"AlarmName\":\"gone\"}]}" },
                { CLOUDWATCH_JSON, "{\"MetricAlarms\":[{\"StateValue\":\"OK\"}]}" },
                { CLOUDWATCH_JSON,
                                "{\"MetricAlarms\":[{\"AlarmName\":\"gone\",\"StateValue\":\"OK\","
                                "\"StateTransitionedTimestamp\":\"2025-12-17T13:24:00Z\"}]}" },
                { CLOUDWATCH_JSON,
                                "{\"MetricAlarms\":[{\"AlarmName\":\"gone\",\"StateValue\":\"OK\","
                                "\"StateUpdatedTimestamp\":-1}]}" },
                { CLOUDWATCH_JSON, "{\"NextToken\":[]}" },
                { CLOUDWATCH_QUERY, "" },
                { CLOUDWATCH_QUERY, "{}" },
                { CLOUDWATCH_QUERY, "<DescribeAlarmsResponse/>" },
                { CLOUDWATCH_QUERY, "<html/>" },
                { CLOUDWATCH_QUERY, XML("<member/>", "", "") },
                { CLOUDWATCH_QUERY, XML("", "<member><AlarmName>gone</AlarmName></member>", "") },
                { CLOUDWATCH_QUERY,
                                XML("<member><AlarmName>gone</AlarmName><StateValue>OK</StateValue>"
                                    "<StateUpdatedTimestamp>1765977780</StateUpdatedTimestamp></member>",
                                                "", "") },
                { CLOUDWATCH_QUERY, XML("", "", "<NextToken><a/></NextToken>") },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(alarm_data_done) AlarmData data = { 0 };
                char error[160];

                EXPECT_OK(alarm_data_init(&data, 3));
                if (parse(rows[i].protocol, &data, rows[i].body, strlen(rows[i].body), error) != -EBADMSG ||
                                error[0] == '\0')
                        FAIL("accepted, or without a word: %s", rows[i].body);
        }
}

TEST(bytes_are_limited) {
        for (CloudwatchProtocol p = CLOUDWATCH_JSON; p <= CLOUDWATCH_QUERY; p++) {
                _cleanup_(alarm_data_done) AlarmData data = { 0 };
                _cleanup_(buf_done) Buf b = BUF_INIT(BUF_MAX);
                char error[160];

                EXPECT_OK(alarm_data_init(&data, 3));
                (void) buf_puts(&b, full[p]);
                while (b.size < 4 * 1024 * 1024)
                        (void) buf_putc(&b, '\n');
                EXPECT_OK(parse(p, &data, buf_text(&b), b.size, error));
                EXPECT_OK(buf_putc(&b, '\n'));
                EXPECT_INT(parse(p, &data, buf_text(&b), b.size, error), -EBADMSG);
                EXPECT_CONTAINS(error, "4 MiB");
        }
}
