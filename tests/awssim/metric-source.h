#pragma once

/* One published metric of namespace AWS/Lambda, and how to read a point of it from the traffic model. */

#include "awssim/world.h"

/* What a query names, as texts; NULL: not given. */
typedef struct MetricName {
        char *name_space, *metric, *stat;
        char *function, *resource, *version; /* dimensions */
        bool odd_dimensions;                 /* others besides, or one of them twice */
} MetricName;

void metric_name_done(MetricName *n);
int metric_name_add_dimension(MetricName *n, const char *name, const char *value);

typedef enum MetricKind {
        METRIC_INVOCATIONS,
        METRIC_ERRORS,
        METRIC_THROTTLES,
        METRIC_DURATION,
} MetricKind;

typedef enum MetricStat {
        STAT_SUM,
        STAT_AVERAGE,
        STAT_COUNT,
        STAT_MINIMUM,
        STAT_MAXIMUM,
        STAT_QUANTILE,
} MetricStat;

typedef struct MetricSource {
        const Function *function;
        MetricKind kind;
        MetricStat stat;
        double quantile;
        const Alias *alias;     /* NULL: all */
        const Version *version; /* NULL: all */
} MetricSource;

/* "Sum", "p99.9" ...; -EINVAL. */
int metric_stat_parse(const char *s, MetricStat *ret, double *ret_quantile);

/* False: no such metric was ever published, so there is no data, which is not an error. */
bool metric_source_find(const World *w, Place place, const MetricName *name, MetricSource *ret);

/* The point of [t, t + period), as visible at "now". False: there is none. t on the resolution's grid. */
bool metric_source_read(const World *w, const MetricSource *source, usec_t t, usec_t period, usec_t now,
                double *ret);
