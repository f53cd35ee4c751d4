#include "aws/svc-cloudwatch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/json-reply.h"
#include "aws/json-request.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"

#define TARGET "GraniteServiceVersion20100801.GetMetricData"
#define REPLY_MAX (16u * 1024 * 1024)
#define TOKEN_MAX (64u * 1024)
#define TIMESTAMP_MAX 253402300799.0 /* the last second of year 9999 */
#define POINTS_TOTAL_MAX 1000000u    /* of all series over all pages: 16 MiB */

int metric_data_init(MetricData *d, size_t n_queries) {
        MetricSeries *series;

        if (n_queries > CLOUDWATCH_QUERIES_MAX)
                return -EINVAL;
        series = alloc_array(n_queries, sizeof(MetricSeries));
        if (!series)
                return -ENOMEM;
        for (size_t i = 0; i < n_queries; i++)
                series[i].status = METRIC_ABSENT;
        *d = (MetricData){ .series = series, .n_series = n_queries };
        return 0;
}

void metric_data_done(MetricData *d) {
        for (size_t i = 0; i < d->n_series; i++)
                free(d->series[i].points);
        free(d->series);
        free(d->next_token);
        *d = (MetricData){ 0 };
}

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

static int finish_query(const MetricQuery *queries, size_t n, usec_t start, usec_t end,
                const char *next_token, HttpRequest *request) {
        _cleanup_(json_request_done) JsonRequest j = { 0 };
        struct json_object *list;

        json_request_init(&j);
        list = json_request_array(&j, j.root, "MetricDataQueries");
        for (size_t i = 0; i < n; i++)
                add_query(&j, list, i, &queries[i]);
        json_request_integer(&j, j.root, "StartTime", (int64_t) (start / USEC_PER_SEC));
        json_request_integer(&j, j.root, "EndTime", (int64_t) (end / USEC_PER_SEC));
        json_request_string(&j, j.root, "ScanBy", "TimestampAscending");
        if (!str_is_empty(next_token))
                json_request_string(&j, j.root, "NextToken", next_token);
        return json_request_finish(&j, "application/x-amz-json-1.0", request);
}

int cloudwatch_get_metric_data(const AwsEndpoint *e, const MetricQuery *queries, size_t n, usec_t start,
                usec_t end, const char *next_token, HttpRequest *ret) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        int r;

        if (n == 0 || n > CLOUDWATCH_QUERIES_MAX || start / USEC_PER_SEC >= end / USEC_PER_SEC)
                return -EINVAL;
        for (size_t i = 0; i < n; i++)
                if (queries[i].n_dimensions > CLOUDWATCH_DIMENSIONS_MAX || queries[i].period_seconds == 0)
                        return -EINVAL;
        r = aws_endpoint_request(e, HTTP_POST, "/", &request);
        if (r < 0)
                return r;
        r = http_request_add_header(&request, "x-amz-target", TARGET);
        if (r < 0)
                return r;
        /* Keeps the status and the codes of the Query protocol, which say more. */
        r = http_request_add_header(&request, "x-amzn-query-mode", "true");
        if (r < 0)
                return r;
        r = finish_query(queries, n, start, end, next_token, &request);
        if (r < 0)
                return r;
        *ret = request;
        request = (HttpRequest){ 0 };
        return 0;
}

static int bad_reply(char reterr[static 160], const char *what) {
        (void) str_copy(reterr, 160, what);
        return -EBADMSG;
}

static MetricStatus status_from_text(const char *s) {
        if (streq(s, "Complete"))
                return METRIC_COMPLETE;
        if (streq(s, "InternalError"))
                return METRIC_INTERNAL;
        if (streq(s, "Forbidden"))
                return METRIC_FORBIDDEN;
        return METRIC_PARTIAL; /* and words that do not exist yet: not to be judged either */
}

/* One Id can come several times. A failure in any part is a failure; else the last part decides, because
 * "partial" announces a next one. */
static MetricStatus join_status(MetricStatus before, MetricStatus now) {
        switch (before) {
        case METRIC_INTERNAL:
        case METRIC_FORBIDDEN:
                return before;
        case METRIC_COMPLETE:
        case METRIC_PARTIAL:
        case METRIC_ABSENT:
                return now;
        }
        ASSERT_NEVER();
        return now;
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

static int parse_time(struct json_object *o, usec_t *ret) {
        double seconds;

        if (json_reply_number(o, &seconds) < 0 || seconds < 0 || seconds > TIMESTAMP_MAX)
                return -EBADMSG;
        *ret = (usec_t) llround(seconds * (double) USEC_PER_SEC);
        return 0;
}

static int compare_points(const void *a, const void *b) {
        const MetricPoint *x = a, *y = b;

        return (x->time > y->time) - (x->time < y->time);
}

/* Makes the points ascend, whatever the order they came in. -EBADMSG: two for the same time. */
static int order_points(MetricPoint *points, size_t n) {
        bool ascending = true;

        for (size_t i = 1; i < n && ascending; i++)
                ascending = points[i - 1].time < points[i].time;
        if (ascending)
                return 0;
        qsort(points, n, sizeof(points[0]), compare_points);
        for (size_t i = 1; i < n; i++)
                if (points[i - 1].time == points[i].time)
                        return -EBADMSG;
        return 0;
}

static int parse_points(struct json_object *result, MetricPoint **ret, size_t *ret_n) {
        struct json_object *times = NULL, *values = NULL;
        _cleanup_(freep) MetricPoint *points = NULL;
        size_t n = 0, total;
        int r;

        r = json_reply_member(result, "Timestamps", json_type_array, &times);
        if (r >= 0)
                r = json_reply_member(result, "Values", json_type_array, &values);
        if (r < 0 || !times != !values)
                return -EBADMSG;
        total = times ? json_object_array_length(times) : 0;
        if (total > CLOUDWATCH_DATAPOINTS_MAX || (values && json_object_array_length(values) != total))
                return -EBADMSG;
        points = alloc_array(total, sizeof(MetricPoint));
        if (!points)
                return -ENOMEM;
        for (size_t i = 0; i < total; i++) {
                r = parse_time(json_object_array_get_idx(times, i), &points[n].time);
                if (r < 0)
                        return r;
                r = parse_value(json_object_array_get_idx(values, i), &points[n].value);
                if (r < 0)
                        return r;
                n += r > 0;
        }
        r = order_points(points, n);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(points);
        *ret_n = n;
        return 0;
}

/* The usual case: the next page goes on where the last one ended. */
static int append_points(MetricSeries *series, const MetricPoint *added, size_t n_added) {
        MetricPoint *points;

        points = alloc_resize(series->points, series->n_points + n_added, sizeof(MetricPoint));
        if (!points)
                return -ENOMEM;
        memcpy(points + series->n_points, added, n_added * sizeof(MetricPoint));
        series->points = points;
        series->n_points += n_added;
        return 0;
}

/* Both ascend. Where both have a point for the same time, the newer reply is right. */
static int merge_points(MetricSeries *series, const MetricPoint *added, size_t n_added) {
        MetricPoint *merged;
        size_t n = 0, i = 0;

        if (n_added == 0)
                return 0;
        if (series->n_points == 0 || series->points[series->n_points - 1].time < added[0].time)
                return append_points(series, added, n_added);
        merged = alloc_array(series->n_points + n_added, sizeof(MetricPoint));
        if (!merged)
                return -ENOMEM;
        for (size_t j = 0; j < n_added; j++) {
                while (i < series->n_points && series->points[i].time < added[j].time)
                        merged[n++] = series->points[i++];
                if (i < series->n_points && series->points[i].time == added[j].time)
                        i++;
                merged[n++] = added[j];
        }
        while (i < series->n_points)
                merged[n++] = series->points[i++];
        free(series->points);
        series->points = merged;
        series->n_points = n;
        return 0;
}

/* "q17" -> series 17. NULL: none of ours. */
static MetricSeries *find_series(MetricData *data, const char *id) {
        const char *digits = id ? str_after(id, "q") : NULL;
        uint64_t index;

        if (!digits || str_parse_u64(digits, UINT64_MAX, &index) < 0 || index >= data->n_series)
                return NULL;
        return &data->series[index];
}

static size_t count_points(const MetricData *data) {
        size_t n = 0;

        for (size_t i = 0; i < data->n_series; i++)
                n += data->series[i].n_points;
        return n;
}

static int take_result(
                MetricData *data, struct json_object *result, size_t *n_points, char reterr[static 160]) {
        _cleanup_(freep) MetricPoint *points = NULL;
        MetricSeries *series;
        const char *status;
        size_t n = 0;
        int r;

        if (!json_object_is_type(result, json_type_object))
                return bad_reply(reterr, "an element of MetricDataResults is not an object");
        series = find_series(data, json_reply_string(result, "Id"));
        if (!series)
                return bad_reply(reterr, "a result has an Id that was not asked for");
        status = json_reply_string(result, "StatusCode");
        if (!status)
                return bad_reply(reterr, "a result has no StatusCode");
        r = parse_points(result, &points, &n);
        if (r == -EBADMSG)
                return bad_reply(reterr, "Timestamps and Values of a result do not make a series");
        if (r < 0)
                return r;
        *n_points += n;
        if (*n_points > POINTS_TOTAL_MAX)
                return bad_reply(reterr, "more data points than were asked for");
        r = merge_points(series, points, n);
        if (r < 0)
                return r;
        series->status = join_status(series->status, status_from_text(status));
        return 0;
}

static int take_token(MetricData *data, struct json_object *o, char reterr[static 160]) {
        struct json_object *value = NULL;
        const char *text;
        char *token = NULL;
        int r;

        r = json_reply_member(o, "NextToken", json_type_string, &value);
        text = json_reply_string(o, "NextToken");
        if (r < 0 || (r > 0 && !text))
                return bad_reply(reterr, "NextToken is not a string");
        if (!str_is_empty(text)) {
                if (strlen(text) > TOKEN_MAX)
                        return bad_reply(reterr, "NextToken is longer than 64 KiB");
                token = alloc_copy_string(text);
                if (!token)
                        return -ENOMEM;
        }
        free(data->next_token);
        data->next_token = token;
        return 0;
}

int cloudwatch_parse_metric_data(const HttpResponse *response, MetricData *data, char reterr[static 160]) {
        _cleanup_(json_object_putp) struct json_object *o = NULL;
        struct json_object *results = NULL;
        size_t n_points = count_points(data);
        int r;

        if (response->body_size > REPLY_MAX)
                return bad_reply(reterr, "the reply is larger than 16 MiB");
        r = json_reply_parse(response->body, response->body_size, &o);
        if (r == -EBADMSG)
                return bad_reply(reterr,
                                "the reply is not a JSON object, is cut off, or has too many elements");
        if (r < 0)
                return r;
        if (json_reply_member(o, "MetricDataResults", json_type_array, &results) <= 0)
                return bad_reply(reterr, "the reply has no MetricDataResults");
        for (size_t i = 0; i < json_object_array_length(results); i++) {
                r = take_result(data, json_object_array_get_idx(results, i), &n_points, reterr);
                if (r < 0)
                        return r;
        }
        return take_token(data, o, reterr);
}
