#pragma once

/* GetMetricData as a value: what is asked, in whatever protocol, and one page of the answer. */

#include "awssim/metric-source.h"
#include "awssim/reply.h"

#define METRIC_QUERIES_MAX 500
#define METRIC_TOKEN_MAX 96

typedef struct MetricWant {
        char *id, *label; /* label may be NULL */
        MetricName name;
        uint64_t period; /* seconds */
        bool hidden;     /* ReturnData: false */
        bool expression; /* metric math: not played */
} MetricWant;

typedef struct MetricCall {
        Place place;
        MetricWant *wants;
        size_t n_wants;
        usec_t start, end;
        bool ascending;
        uint64_t max_datapoints; /* 0: not given */
        const char *next_token;  /* borrowed; NULL: first page */
} MetricCall;

typedef struct MetricResult {
        const MetricWant *want;
        usec_t *times; /* owned, in the order asked for */
        double *values;
        size_t n_points;
        bool partial;            /* goes on, on the next page */
        const ResultSpec *fault; /* borrowed; NULL: none */
} MetricResult;

typedef struct MetricPage {
        MetricResult *results;
        size_t n_results;
        char next_token[METRIC_TOKEN_MAX]; /* "": that was all */
} MetricPage;

const char *metric_result_status(const MetricResult *result);

void metric_call_done(MetricCall *c);
void metric_page_done(MetricPage *p);

/* Valid periods are 1, 5, 10, 30 and multiples of 60 seconds. */
bool metric_period_is_valid(uint64_t seconds);
/* Where the first bucket of a window starts: full minutes, or full periods when these are shorter. */
usec_t metric_window_start(usec_t start, uint64_t period);

/* Refuses what CloudWatch refuses, else answers. ret must be zeroed, and freed in any case. */
int metric_call_answer(const World *w, const MetricCall *call, usec_t now, MetricPage *ret, Reply *reply);

/* For the request log: the window and what was given, summed per series. */
void metric_page_note(const MetricPage *page, const MetricCall *call, Buf *out);
