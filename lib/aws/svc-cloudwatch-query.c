#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aws/svc-cloudwatch-internal.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "base/usec.h"

#define API_VERSION "2010-08-01"

void cloudwatch_query_init(FormRequest *f, const char *operation) {
        form_request_init(f, FORM_MAX, false);
        form_request_string(f, "Action", operation);
        form_request_string(f, "Version", API_VERSION);
}

static void add_member(FormRequest *f, size_t index, const char *name, const char *value) {
        form_request_add(f, value, strlen(value), "MetricDataQueries.member.%zu.%s", index + 1, name);
}

static void add_dimension(FormRequest *f, size_t query, size_t index, const char *name, const char *value) {
        form_request_add(f, value, strlen(value),
                        "MetricDataQueries.member.%zu.MetricStat.Metric.Dimensions.member.%zu.%s", query + 1,
                        index + 1, name);
}

static void add_query(FormRequest *f, size_t index, const MetricQuery *q) {
        char text[24];

        (void) snprintf(text, sizeof(text), "q%zu", index);
        add_member(f, index, "Id", text);
        add_member(f, index, "ReturnData", "true");
        add_member(f, index, "MetricStat.Metric.Namespace", q->name_space);
        add_member(f, index, "MetricStat.Metric.MetricName", q->metric);
        for (size_t i = 0; i < q->n_dimensions; i++) {
                add_dimension(f, index, i, "Name", q->dimensions[i].name);
                add_dimension(f, index, i, "Value", q->dimensions[i].value);
        }
        (void) snprintf(text, sizeof(text), "%u", q->period_seconds);
        add_member(f, index, "MetricStat.Period", text);
        add_member(f, index, "MetricStat.Stat", q->stat);
}

static void add_time(FormRequest *f, const char *name, usec_t t) {
        char text[TIME_TEXT_MAX];

        time_format_rfc3339(t, text);
        form_request_string(f, name, text);
}

int cloudwatch_query_finish_metrics(const MetricCall *call, HttpRequest *request) {
        _cleanup_(form_request_done) FormRequest f = { 0 };

        cloudwatch_query_init(&f, "GetMetricData");
        for (size_t i = 0; i < call->n; i++)
                add_query(&f, i, &call->queries[i]);
        add_time(&f, "StartTime", call->start);
        add_time(&f, "EndTime", call->end);
        form_request_string(&f, "ScanBy", "TimestampAscending");
        if (!str_is_empty(call->next_token))
                form_request_string(&f, "NextToken", call->next_token);
        return form_request_finish(&f, request);
}

int cloudwatch_query_parse(const HttpResponse *response, const char *operation, XmlReply *ret,
                const XmlNode **ret_result, char reterr[static 160]) {
        _cleanup_(xml_reply_done) XmlReply x = { 0 };
        const XmlNode *result = NULL;
        char name[64];
        int r;

        r = xml_reply_parse(response->body, response->body_size, &x);
        if (r == -EBADMSG)
                return cloudwatch_bad_reply(reterr,
                                "the reply is not an XML document, is cut off, or has too many elements");
        if (r < 0)
                return r;
        (void) snprintf(name, sizeof(name), "%sResponse", operation);
        if (streq(x.nodes[0].name, name)) {
                (void) snprintf(name, sizeof(name), "%sResult", operation);
                result = xml_node_child(&x.nodes[0], name);
        }
        if (!result)
                return cloudwatch_bad_reply(reterr, "the reply is XML, but not that of this operation");
        *ret = x;
        *ret_result = result;
        x = (XmlReply){ 0 };
        return 0;
}

/* 1: a point. 0: one that is not finite. */
static int parse_value(const char *s, double *ret) {
        static const char *const not_finite[] = { "NaN", "Infinity", "-Infinity" };
        double value;

        for (size_t i = 0; i < ELEMENTSOF(not_finite); i++)
                if (streq(s, not_finite[i]))
                        return 0;
        if (xml_text_number(s, &value) < 0)
                return -EBADMSG;
        if (!isfinite(value))
                return 0;
        *ret = value;
        return 1;
}

static size_t count_children(const XmlNode *parent) {
        size_t n = 0;

        for (const XmlNode *node = parent ? parent->child : NULL; node; node = node->next)
                n++;
        return n;
}

static int parse_points(const XmlNode *node, MetricResult *result) {
        const XmlNode *times = xml_node_child(node, "Timestamps"), *values = xml_node_child(node, "Values");
        _cleanup_(freep) MetricPoint *points = NULL;
        size_t n = 0, total = count_children(times);
        int r;

        if (!times != !values || total > CLOUDWATCH_DATAPOINTS_MAX || count_children(values) != total)
                return -EBADMSG;
        points = alloc_array(total, sizeof(MetricPoint));
        if (!points)
                return -ENOMEM;
        for (const XmlNode *t = times ? times->child : NULL, *v = values ? values->child : NULL; t && v;
                        t = t->next, v = v->next) {
                if (time_parse_rfc3339(t->text, &points[n].time) < 0)
                        return -EBADMSG;
                r = parse_value(v->text, &points[n].value);
                if (r < 0)
                        return r;
                n += r > 0;
        }
        result->points = TAKE_PTR(points);
        result->n_points = n;
        return 0;
}

static void parse_message(const XmlNode *node, char dst[static METRIC_MESSAGE_MAX]) {
        const XmlNode *first = xml_node_child(xml_node_child(node, "Messages"), "member");

        if (first)
                cloudwatch_print_message(dst, xml_node_text(first, "Code"), xml_node_text(first, "Value"));
}

static int take_result(MetricData *data, const XmlNode *node, size_t *n_points, char reterr[static 160]) {
        _cleanup_(metric_result_done) MetricResult result = { .id = xml_node_text(node, "Id"),
                .status = xml_node_text(node, "StatusCode") };
        int r;

        r = parse_points(node, &result);
        if (r == -EBADMSG)
                return cloudwatch_bad_reply(
                                reterr, "Timestamps and Values of a result do not make a series");
        if (r < 0)
                return r;
        parse_message(node, result.message);
        return metric_data_take_result(data, &result, n_points, reterr);
}

int cloudwatch_query_take_token(const XmlNode *result, char **token, char reterr[static 160]) {
        const char *text = xml_node_text(result, "NextToken");

        if (!text && xml_node_child(result, "NextToken"))
                return cloudwatch_bad_reply(reterr, "NextToken is not text");
        return cloudwatch_take_token(token, text, reterr);
}

int cloudwatch_query_parse_metrics(
                const HttpResponse *response, MetricData *data, size_t *n_points, char reterr[static 160]) {
        _cleanup_(xml_reply_done) XmlReply x = { 0 };
        const XmlNode *result = NULL, *list;
        int r;

        r = cloudwatch_query_parse(response, "GetMetricData", &x, &result, reterr);
        if (r < 0)
                return r;
        list = xml_node_child(result, "MetricDataResults");
        if (!list)
                return cloudwatch_bad_reply(reterr, "the reply has no MetricDataResults");
        parse_message(result, data->message);
        for (const XmlNode *node = list->child; node; node = node->next) {
                r = take_result(data, node, n_points, reterr);
                if (r < 0)
                        return r;
        }
        return cloudwatch_query_take_token(result, &data->next_token, reterr);
}
