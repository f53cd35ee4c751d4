#include "aws/svc-cloudwatch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aws/fault.h"
#include "aws/json-reply.h"
#include "aws/svc-cloudwatch-internal.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"

#define TARGET "GraniteServiceVersion20100801."
#define TOKEN_MAX (64u * 1024)
#define POINTS_TOTAL_MAX 1000000u /* of all series over all pages: 16 MiB */

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

int cloudwatch_request(
                const AwsEndpoint *e, CloudwatchProtocol protocol, const char *operation, HttpRequest *ret) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        char target[96];
        int r;

        r = aws_endpoint_request(e, HTTP_POST, "/", &request);
        if (r < 0)
                return r;
        if (protocol == CLOUDWATCH_JSON) {
                (void) snprintf(target, sizeof(target), TARGET "%s", operation);
                r = http_request_add_header(&request, "x-amz-target", target);
                if (r < 0)
                        return r;
                /* Keeps the status and the codes of the Query protocol, which say more. */
                r = http_request_add_header(&request, "x-amzn-query-mode", "true");
                if (r < 0)
                        return r;
        }
        *ret = request;
        request = (HttpRequest){ 0 };
        return 0;
}

static int finish(CloudwatchProtocol protocol, const MetricCall *call, HttpRequest *request) {
        switch (protocol) {
        case CLOUDWATCH_JSON:
                return cloudwatch_json_finish_metrics(call, request);
        case CLOUDWATCH_QUERY:
                return cloudwatch_query_finish_metrics(call, request);
        }
        ASSERT_NEVER();
        return -EINVAL;
}

int cloudwatch_get_metric_data(const AwsEndpoint *e, CloudwatchProtocol protocol, const MetricQuery *queries,
                size_t n, usec_t start, usec_t end, const char *next_token, HttpRequest *ret) {
        const MetricCall call = {
                .queries = queries, .n = n, .start = start, .end = end, .next_token = next_token
        };
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        int r;

        if (n == 0 || n > CLOUDWATCH_QUERIES_MAX || start / USEC_PER_SEC >= end / USEC_PER_SEC)
                return -EINVAL;
        for (size_t i = 0; i < n; i++)
                if (queries[i].n_dimensions > CLOUDWATCH_DIMENSIONS_MAX || queries[i].period_seconds == 0)
                        return -EINVAL;
        r = cloudwatch_request(e, protocol, "GetMetricData", &request);
        if (r < 0)
                return r;
        r = finish(protocol, &call, &request);
        if (r < 0)
                return r;
        *ret = request;
        request = (HttpRequest){ 0 };
        return 0;
}

int cloudwatch_bad_reply(char reterr[static 160], const char *what) {
        (void) str_copy(reterr, 160, what);
        return -EBADMSG;
}

void cloudwatch_print_message(char dst[static METRIC_MESSAGE_MAX], const char *code, const char *value) {
        char text[2 * METRIC_MESSAGE_MAX];

        (void) snprintf(text, sizeof(text), "%s%s%s", code ? code : "",
                        str_is_empty(code) || str_is_empty(value) ? "" : ": ", value ? value : "");
        json_reply_print(dst, METRIC_MESSAGE_MAX, text);
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

void metric_result_done(MetricResult *result) {
        free(result->points);
        *result = (MetricResult){ 0 };
}

int metric_data_take_result(
                MetricData *data, const MetricResult *result, size_t *n_points, char reterr[static 160]) {
        MetricSeries *series;
        MetricStatus status;
        int r;

        series = find_series(data, result->id);
        if (!series)
                return cloudwatch_bad_reply(reterr, "a result has an Id that was not asked for");
        if (!result->status)
                return cloudwatch_bad_reply(reterr, "a result has no StatusCode");
        r = order_points(result->points, result->n_points);
        if (r < 0)
                return cloudwatch_bad_reply(
                                reterr, "Timestamps and Values of a result do not make a series");
        *n_points += result->n_points;
        if (*n_points > POINTS_TOTAL_MAX)
                return cloudwatch_bad_reply(reterr, "more data points than were asked for");
        r = merge_points(series, result->points, result->n_points);
        if (r < 0)
                return r;
        status = join_status(series->status, status_from_text(result->status));
        /* The words of a failure stay with it. */
        if (result->message[0] != '\0' && (series->message[0] == '\0' || status != series->status))
                memcpy(series->message, result->message, sizeof(series->message));
        series->status = status;
        return 0;
}

int cloudwatch_take_token(char **token, const char *text, char reterr[static 160]) {
        char *copy = NULL;

        if (!str_is_empty(text)) {
                if (strlen(text) > TOKEN_MAX)
                        return cloudwatch_bad_reply(reterr, "NextToken is longer than 64 KiB");
                copy = alloc_copy_string(text);
                if (!copy)
                        return -ENOMEM;
        }
        free(*token);
        *token = copy;
        return 0;
}

int cloudwatch_parse_metric_data(const HttpResponse *response, CloudwatchProtocol protocol, MetricData *data,
                char reterr[static 160]) {
        size_t n_points = count_points(data);

        if (response->body_size > METRIC_REPLY_MAX)
                return cloudwatch_bad_reply(reterr, "the reply is larger than 16 MiB");
        switch (protocol) {
        case CLOUDWATCH_JSON:
                return cloudwatch_json_parse_metrics(response, data, &n_points, reterr);
        case CLOUDWATCH_QUERY:
                return cloudwatch_query_parse_metrics(response, data, &n_points, reterr);
        }
        ASSERT_NEVER();
        return -EINVAL;
}
