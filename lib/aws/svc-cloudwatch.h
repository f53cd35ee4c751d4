#pragma once

/* Amazon CloudWatch: GetMetricData, in both protocols. Requests come unsigned. */

#include "aws/endpoint.h"

#define CLOUDWATCH_QUERIES_MAX 500
#define CLOUDWATCH_DIMENSIONS_MAX 8
#define CLOUDWATCH_DATAPOINTS_MAX 100800
#define METRIC_MESSAGE_MAX 160

typedef enum CloudwatchProtocol {
        CLOUDWATCH_JSON,  /* AWS JSON 1.0 */
        CLOUDWATCH_QUERY, /* form in, XML out: where JSON is refused */
} CloudwatchProtocol;

typedef struct MetricDimension {
        const char *name, *value; /* borrowed */
} MetricDimension;

/* Answers are matched by Id, which is "q<index of the query>". */
typedef struct MetricQuery {
        const char *name_space, *metric, *stat; /* borrowed */
        MetricDimension dimensions[CLOUDWATCH_DIMENSIONS_MAX];
        size_t n_dimensions;
        unsigned period_seconds;
} MetricQuery;

typedef enum MetricStatus {
        METRIC_COMPLETE,
        METRIC_PARTIAL,  /* more to come by NextToken, or CloudWatch gave up: not to be judged */
        METRIC_INTERNAL, /* InternalError */
        METRIC_FORBIDDEN,
        METRIC_ABSENT, /* no result with this query's Id */
} MetricStatus;

typedef struct MetricPoint {
        usec_t time;  /* start of the bucket */
        double value; /* finite */
} MetricPoint;

typedef struct MetricSeries {
        MetricStatus status;
        MetricPoint *points; /* ascending by time; owned */
        size_t n_points;
        char message[METRIC_MESSAGE_MAX]; /* AWS's words on this result, "Code: value", fit to print; or ""
                                           */
} MetricSeries;

typedef struct MetricData {
        MetricSeries *series; /* one per query, in the order of the queries; owned */
        size_t n_series;
        char *next_token;                 /* NULL: that was the last page; owned */
        char message[METRIC_MESSAGE_MAX]; /* on the call as a whole */
} MetricData;

int metric_data_init(MetricData *d, size_t n_queries); /* every series METRIC_ABSENT */
void metric_data_done(MetricData *d);

/* start inclusive, end exclusive, whole seconds. next_token: NULL for the first page. -EINVAL: too many
 * queries. */
int cloudwatch_get_metric_data(const AwsEndpoint *e, CloudwatchProtocol protocol, const MetricQuery *queries,
                size_t n, usec_t start, usec_t end, const char *next_token, HttpRequest *ret);

/* Adds one page of results to *data (initialised for the same queries), replaces next_token. Infinite and
 * NaN points are dropped. -EBADMSG with words in reterr: not what the model says; *data may then hold part
 * of the page. */
int cloudwatch_parse_metric_data(const HttpResponse *response, CloudwatchProtocol protocol, MetricData *data,
                char reterr[static 160]);

/* Whether an error reply to a JSON request says that JSON is not spoken there, so that Query is worth a try.
 * What answers with a page of its own (a proxy, another service) looks the same: that Query is spoken is
 * known when it has worked. Never true for what an operation of CloudWatch itself refuses. */
bool cloudwatch_refuses_json(const HttpResponse *response);

/* Whether an error reply refuses what is asked for, so that a smaller set of queries may pass, and the call
 * is not at fault as a whole. */
bool cloudwatch_refuses_queries(const HttpResponse *response);
