#include "awssim/cloudwatch.h"

#include "awssim/alarm-call.h"
#include "awssim/json-body.h"
#include "awssim/json-member.h"
#include "awssim/json-text.h"
#include "awssim/metric-call.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"

/* Seconds since the epoch, with or without a fraction. */
static int get_time(json_object *from, const char *key, usec_t *ret, Reply *reply) {
        json_object *value;
        double seconds;

        if (!json_object_object_get_ex(from, key, &value) || !value)
                return reply_refuse(reply, 400, "ValidationException", "The parameter %s is required.", key);
        if (!json_object_is_type(value, json_type_double) && !json_object_is_type(value, json_type_int))
                return json_member_refuse(reply, key, "a timestamp");
        seconds = json_object_get_double(value);
        if (!(seconds >= 0 && seconds < 1e11))
                return json_member_refuse(reply, key, "a timestamp");
        *ret = (usec_t) (seconds * (double) USEC_PER_SEC + 0.5);
        return 0;
}

static int parse_dimensions(json_object *metric, MetricName *name, Reply *reply) {
        json_object *list = NULL;
        int r;

        r = json_member(metric, "Dimensions", json_type_array, &list, reply);
        if (r < 0 || !list)
                return r;
        for (size_t i = 0; i < json_object_array_length(list); i++) {
                json_object *item = json_object_array_get_idx(list, i), *n, *v;

                if (!json_object_is_type(item, json_type_object) ||
                                !json_object_object_get_ex(item, "Name", &n) ||
                                !json_object_object_get_ex(item, "Value", &v) ||
                                !json_object_is_type(n, json_type_string) ||
                                !json_object_is_type(v, json_type_string))
                        return json_member_refuse(reply, "Dimensions", "a list of {Name, Value}");
                r = metric_name_add_dimension(name, json_object_get_string(n), json_object_get_string(v));
                if (r < 0)
                        return r;
        }
        return 0;
}

static int parse_metric_stat(json_object *stat, MetricWant *want, Reply *reply) {
        json_object *metric = NULL;
        int r;

        r = json_member(stat, "Metric", json_type_object, &metric, reply);
        if (r >= 0)
                r = json_member_copy(stat, "Stat", &want->name.stat, reply);
        if (r >= 0)
                r = json_member_unsigned(stat, "Period", &want->period, reply);
        if (r < 0 || !metric)
                return r;
        r = json_member_copy(metric, "Namespace", &want->name.name_space, reply);
        if (r >= 0)
                r = json_member_copy(metric, "MetricName", &want->name.metric, reply);
        return r < 0 ? r : parse_dimensions(metric, &want->name, reply);
}

static int parse_want(json_object *item, MetricWant *want, Reply *reply) {
        json_object *stat = NULL, *expression = NULL, *shown = NULL;
        int r;

        if (!json_object_is_type(item, json_type_object))
                return json_member_refuse(reply, "MetricDataQueries", "a list of objects");
        r = json_member_copy(item, "Id", &want->id, reply);
        if (r >= 0)
                r = json_member_copy(item, "Label", &want->label, reply);
        if (r >= 0)
                r = json_member(item, "Expression", json_type_string, &expression, reply);
        if (r >= 0)
                r = json_member(item, "ReturnData", json_type_boolean, &shown, reply);
        if (r >= 0)
                r = json_member(item, "MetricStat", json_type_object, &stat, reply);
        if (r < 0)
                return r;
        want->expression = expression;
        want->hidden = shown && !json_object_get_boolean(shown);
        return stat ? parse_metric_stat(stat, want, reply) : 0;
}

static int parse_wants(json_object *root, MetricCall *call, Reply *reply) {
        json_object *list = NULL;
        size_t n;
        int r;

        r = json_member(root, "MetricDataQueries", json_type_array, &list, reply);
        if (r < 0 || !list)
                return r;
        n = json_object_array_length(list);
        /* One more than allowed is enough to be refused for it. */
        n = MIN(n, (size_t) METRIC_QUERIES_MAX + 1);
        call->wants = alloc_array(MAX(n, (size_t) 1), sizeof(MetricWant));
        if (!call->wants)
                return -ENOMEM;
        call->n_wants = n;
        for (size_t i = 0; i < n && r >= 0; i++)
                r = parse_want(json_object_array_get_idx(list, i), call->wants + i, reply);
        return r;
}

static int parse_call(json_object *root, MetricCall *call, Reply *reply) {
        json_object *scan = NULL, *token = NULL;
        int r;

        r = parse_wants(root, call, reply);
        if (r >= 0)
                r = get_time(root, "StartTime", &call->start, reply);
        if (r >= 0)
                r = get_time(root, "EndTime", &call->end, reply);
        if (r >= 0)
                r = json_member_unsigned(root, "MaxDatapoints", &call->max_datapoints, reply);
        if (r >= 0)
                r = json_member(root, "ScanBy", json_type_string, &scan, reply);
        if (r >= 0)
                r = json_member(root, "NextToken", json_type_string, &token, reply);
        if (r < 0)
                return r;
        call->ascending = scan && streq(json_object_get_string(scan), "TimestampAscending");
        call->next_token = token ? json_object_get_string(token) : NULL;
        return 0;
}

static void render_page(const MetricPage *page, Buf *out) {
        json_text_open(out, NULL, '{');
        json_text_open(out, "MetricDataResults", '[');
        for (size_t i = 0; i < page->n_results; i++) {
                const MetricResult *result = page->results + i;

                json_text_open(out, NULL, '{');
                json_text_string(out, "Id", result->want->id);
                json_text_string(out, "Label",
                                result->want->label ? result->want->label : result->want->name.metric);
                json_text_open(out, "Timestamps", '[');
                for (size_t k = 0; k < result->n_points; k++)
                        json_text_double(out, NULL, (double) result->times[k] / (double) USEC_PER_SEC);
                json_text_close(out, ']');
                json_text_open(out, "Values", '[');
                for (size_t k = 0; k < result->n_points; k++)
                        json_text_double(out, NULL, result->values[k]);
                json_text_close(out, ']');
                json_text_string(out, "StatusCode", metric_result_status(result));
                if (result->fault && result->fault->message) {
                        json_text_open(out, "Messages", '[');
                        json_text_open(out, NULL, '{');
                        json_text_string(out, "Code", metric_result_status(result));
                        json_text_string(out, "Value", result->fault->message);
                        json_text_close(out, '}');
                        json_text_close(out, ']');
                }
                json_text_close(out, '}');
        }
        json_text_close(out, ']');
        json_text_raw(out, "Messages", "[]");
        if (page->next_token[0] != '\0')
                json_text_string(out, "NextToken", page->next_token);
        json_text_close(out, '}');
}

static int get_metric_data(World *w, json_object *root, Request *request, usec_t now, Reply *reply) {
        _cleanup_(metric_call_done) MetricCall call = { .place = request_place(request) };
        _cleanup_(metric_page_done) MetricPage page = {};
        int r;

        r = parse_call(root, &call, reply);
        if (r >= 0)
                r = metric_call_answer(w, &call, now, &page, reply);
        if (r < 0)
                return r;
        render_page(&page, &reply->body);
        metric_page_note(&page, &call, &request->served);
        return 0;
}

int cloudwatch_json_handle(World *w, Request *request, usec_t now, Reply *reply) {
        json_object *root = NULL;
        int r;

        if (streq(request->operation, "DescribeAlarms"))
                return alarm_json_describe(w, request, now, reply);
        if (!streq(request->operation, "GetMetricData"))
                return reply_refuse(reply, 400, "UnknownOperationException",
                                "The operation %s is not one that awssim plays", request->operation);
        r = json_body_parse(request, &root, reply);
        if (r < 0)
                return r;
        r = get_metric_data(w, root, request, now, reply);
        (void) json_object_put(root);
        return r;
}
