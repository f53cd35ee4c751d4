#include <math.h>
#include <stdio.h>
#include <string.h>

#include "aws/json-request.h"
#include "aws/svc-cloudwatch-internal.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"

#define TIMESTAMP_MAX 253402300799.0 /* the last second of year 9999 */

static void add_query(JsonRequest *j, struct json_object *queries, size_t index, const MetricQuery *q) {
        struct json_object *o = json_request_object(j, queries, NULL);
        struct json_object *stat = json_request_object(j, o, "MetricStat");
        struct json_object *metric = json_request_object(j, stat, "Metric");
        struct json_object *dimensions;
        char id[24];

        (void) snprintf(id, sizeof(id), "q%zu", index);
        json_request_string(j, o, "Id", id);
        json_request_boolean(j, o, "ReturnData", true);
        json_request_string(j, metric, "Namespace", q->name_space);
        json_request_string(j, metric, "MetricName", q->metric);
        dimensions = json_request_array(j, metric, "Dimensions");
        for (size_t i = 0; i < q->n_dimensions; i++) {
                struct json_object *dimension = json_request_object(j, dimensions, NULL);

                json_request_string(j, dimension, "Name", q->dimensions[i].name);
                json_request_string(j, dimension, "Value", q->dimensions[i].value);
        }
        json_request_integer(j, stat, "Period", q->period_seconds);
        json_request_string(j, stat, "Stat", q->stat);
}

int cloudwatch_json_finish_metrics(const MetricCall *call, HttpRequest *request) {
        _cleanup_(json_request_done) JsonRequest j = { 0 };
        struct json_object *list;

        json_request_init(&j);
        list = json_request_array(&j, j.root, "MetricDataQueries");
        for (size_t i = 0; i < call->n; i++)
                add_query(&j, list, i, &call->queries[i]);
        json_request_integer(&j, j.root, "StartTime", (int64_t) (call->start / USEC_PER_SEC));
        json_request_integer(&j, j.root, "EndTime", (int64_t) (call->end / USEC_PER_SEC));
        json_request_string(&j, j.root, "ScanBy", "TimestampAscending");
        if (!str_is_empty(call->next_token))
                json_request_string(&j, j.root, "NextToken", call->next_token);
        return json_request_finish(&j, CLOUDWATCH_JSON_TYPE, request);
}

int cloudwatch_json_parse(const HttpResponse *response, struct json_object **ret, char reterr[static 160]) {
        int r;

        r = json_reply_parse(response->body, response->body_size, ret);
        if (r == -EBADMSG)
                return cloudwatch_bad_reply(reterr,
                                "the reply is not a JSON object, is cut off, or has too many elements");
        return r;
}

/* 1: a point. 0: one that is not finite. */
static int parse_value(struct json_object *o, double *ret) {
        static const char *const not_finite[] = { "NaN", "Infinity", "-Infinity" };
        const char *s;

        if (json_object_is_type(o, json_type_string)) {
                s = json_object_get_string(o);
                for (size_t i = 0; i < ELEMENTSOF(not_finite); i++)
                        if (streq(s, not_finite[i]))
                                return 0;
                return -EBADMSG;
        }
        if (json_object_is_type(o, json_type_double) && !isfinite(json_object_get_double(o)))
                return 0;
        return json_reply_number(o, ret) < 0 ? -EBADMSG : 1;
}

int cloudwatch_json_time(struct json_object *o, usec_t *ret) {
        double seconds;

        if (json_reply_number(o, &seconds) < 0 || seconds < 0 || seconds > TIMESTAMP_MAX)
                return -EBADMSG;
        *ret = (usec_t) llround(seconds * (double) USEC_PER_SEC);
        return 0;
}

static int parse_points(struct json_object *o, MetricResult *result) {
        struct json_object *times = NULL, *values = NULL;
        _cleanup_(freep) MetricPoint *points = NULL;
        size_t n = 0, total;
        int r;

        r = json_reply_member(o, "Timestamps", json_type_array, &times);
        if (r >= 0)
                r = json_reply_member(o, "Values", json_type_array, &values);
        if (r < 0 || !times != !values)
                return -EBADMSG;
        total = times ? json_object_array_length(times) : 0;
        if (total > CLOUDWATCH_DATAPOINTS_MAX || (values && json_object_array_length(values) != total))
                return -EBADMSG;
        points = alloc_array(total, sizeof(MetricPoint));
        if (!points)
                return -ENOMEM;
        for (size_t i = 0; i < total; i++) {
                r = cloudwatch_json_time(json_object_array_get_idx(times, i), &points[n].time);
                if (r < 0)
                        return r;
                r = parse_value(json_object_array_get_idx(values, i), &points[n].value);
                if (r < 0)
                        return r;
                n += r > 0;
        }
        result->points = TAKE_PTR(points);
        result->n_points = n;
        return 0;
}

/* The first of the Messages. They are words and no more: what is odd about them is passed over. */
static void parse_message(struct json_object *o, char dst[static METRIC_MESSAGE_MAX]) {
        struct json_object *list = NULL, *first;

        if (json_reply_member(o, "Messages", json_type_array, &list) <= 0 ||
                        json_object_array_length(list) == 0)
                return;
        first = json_object_array_get_idx(list, 0);
        if (json_object_is_type(first, json_type_object))
                cloudwatch_print_message(
                                dst, json_reply_string(first, "Code"), json_reply_string(first, "Value"));
}

static int take_result(MetricData *data, struct json_object *o, size_t *n_points, char reterr[static 160]) {
        _cleanup_(metric_result_done) MetricResult result = { 0 };
        int r;

        if (!json_object_is_type(o, json_type_object))
                return cloudwatch_bad_reply(reterr, "an element of MetricDataResults is not an object");
        result.id = json_reply_string(o, "Id");
        result.status = json_reply_string(o, "StatusCode");
        r = parse_points(o, &result);
        if (r == -EBADMSG)
                return cloudwatch_bad_reply(
                                reterr, "Timestamps and Values of a result do not make a series");
        if (r < 0)
                return r;
        parse_message(o, result.message);
        return metric_data_take_result(data, &result, n_points, reterr);
}

int cloudwatch_json_take_token(struct json_object *o, char **token, char reterr[static 160]) {
        const char *text = json_reply_string(o, "NextToken");
        struct json_object *value = NULL;
        int r;

        r = json_reply_member(o, "NextToken", json_type_string, &value);
        if (r < 0 || (r > 0 && !text))
                return cloudwatch_bad_reply(reterr, "NextToken is not a string");
        return cloudwatch_take_token(token, text, reterr);
}

int cloudwatch_json_parse_metrics(
                const HttpResponse *response, MetricData *data, size_t *n_points, char reterr[static 160]) {
        _cleanup_(json_object_putp) struct json_object *o = NULL;
        struct json_object *results = NULL;
        int r;

        r = cloudwatch_json_parse(response, &o, reterr);
        if (r < 0)
                return r;
        if (json_reply_member(o, "MetricDataResults", json_type_array, &results) <= 0)
                return cloudwatch_bad_reply(reterr, "the reply has no MetricDataResults");
        parse_message(o, data->message);
        for (size_t i = 0; i < json_object_array_length(results); i++) {
                r = take_result(data, json_object_array_get_idx(results, i), n_points, reterr);
                if (r < 0)
                        return r;
        }
        return cloudwatch_json_take_token(o, &data->next_token, reterr);
}
