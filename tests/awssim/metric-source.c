#include "awssim/metric-source.h"

#include "awssim/traffic.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"

void metric_name_done(MetricName *n) {
        free(n->name_space);
        free(n->metric);
        free(n->stat);
        free(n->function);
        free(n->resource);
        free(n->version);
        *n = (MetricName){};
}

int metric_name_add_dimension(MetricName *n, const char *name, const char *value) {
        char **slot;

        if (streq(name, "FunctionName"))
                slot = &n->function;
        else if (streq(name, "Resource"))
                slot = &n->resource;
        else if (streq(name, "ExecutedVersion"))
                slot = &n->version;
        else {
                n->odd_dimensions = true;
                return 0;
        }
        if (*slot) {
                n->odd_dimensions = true;
                return 0;
        }
        *slot = alloc_copy_string(value);
        return *slot ? 0 : -ENOMEM;
}

int metric_stat_parse(const char *s, MetricStat *ret, double *ret_quantile) {
        static const char *const names[] = {
                [STAT_SUM] = "Sum",
                [STAT_AVERAGE] = "Average",
                [STAT_COUNT] = "SampleCount",
                [STAT_MINIMUM] = "Minimum",
                [STAT_MAXIMUM] = "Maximum",
        };
        double percent;

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (streq(s, names[i])) {
                        *ret = (MetricStat) i;
                        *ret_quantile = 0;
                        return 0;
                }
        if (s[0] != 'p' || str_parse_decimal(s + 1, &percent) < 0 || percent > 100)
                return -EINVAL;
        *ret = STAT_QUANTILE;
        *ret_quantile = percent / 100;
        return 0;
}

static bool find_kind(const char *metric, MetricKind *ret) {
        static const char *const names[] = {
                [METRIC_INVOCATIONS] = "Invocations",
                [METRIC_ERRORS] = "Errors",
                [METRIC_THROTTLES] = "Throttles",
                [METRIC_DURATION] = "Duration",
        };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (streq(metric, names[i])) {
                        *ret = (MetricKind) i;
                        return true;
                }
        return false;
}

/* "name:alias" of that very function, deleted aliases included: their past does not go away. */
static const Alias *find_resource(const Function *f, const char *resource) {
        const char *rest = str_after(resource, f->spec->name);

        if (!rest || rest[0] != ':')
                return NULL;
        for (size_t i = 0; i < f->n_aliases; i++)
                if (streq(f->aliases[i]->name, rest + 1))
                        return f->aliases[i];
        return NULL;
}

bool metric_source_find(const World *w, Place place, const MetricName *name, MetricSource *ret) {
        MetricSource s = {};
        uint64_t number;

        if (!streq(name->name_space, "AWS/Lambda") || name->odd_dimensions || !name->function ||
                        (name->version && !name->resource))
                return false;
        if (!find_kind(name->metric, &s.kind) || metric_stat_parse(name->stat, &s.stat, &s.quantile) < 0)
                return false;
        s.function = world_find_function(w, place, name->function);
        if (!s.function)
                return false;
        if (name->resource) {
                s.alias = find_resource(s.function, name->resource);
                if (!s.alias)
                        return false;
        }
        if (name->version) {
                if (version_parse(name->version, &number) < 0)
                        return false;
                s.version = function_find_version(s.function, number);
                if (!s.version)
                        return false;
        }
        *ret = s;
        return true;
}

static void source_total(const World *w, const MetricSource *source, usec_t t, usec_t period, usec_t now,
                TrafficTotal *total) {
        const Function *f = source->function;
        usec_t resolution = w->scenario->metrics.resolution;

        for (usec_t bucket = t; bucket < t + period; bucket += resolution)
                for (size_t i = 0; i < f->n_aliases; i++) {
                        if (source->alias && source->alias != f->aliases[i])
                                continue;
                        for (size_t j = 0; j < f->n_versions; j++)
                                if (!source->version || source->version == f->versions + j)
                                        traffic_add_bucket(w, f, f->aliases[i], f->versions + j, bucket, now,
                                                        total);
                }
}

/* Every invocation is a sample of 1, and of 0 or 1 for errors; there are no throttles. */
static double count_statistic(const MetricSource *source, const TrafficTotal *total) {
        double n = (double) total->invocations, sum = n;

        if (source->kind == METRIC_ERRORS)
                sum = (double) total->errors;
        else if (source->kind == METRIC_THROTTLES)
                sum = 0;
        switch (source->stat) {
        case STAT_SUM:
                return sum;
        case STAT_AVERAGE:
                return sum / n;
        case STAT_COUNT:
                return n;
        case STAT_MINIMUM:
                return sum < n ? 0 : 1;
        case STAT_MAXIMUM:
                return sum > 0 ? 1 : 0;
        case STAT_QUANTILE:
                return source->quantile > 1 - sum / n ? 1 : 0;
        }
        return 0;
}

static double duration_statistic(const MetricSource *source, const LatencyMix *mix) {
        double n = latency_count(mix), edge = MIN(0.5 / n, 0.5);

        switch (source->stat) {
        case STAT_SUM:
                return latency_sum(mix);
        case STAT_AVERAGE:
                return latency_sum(mix) / n;
        case STAT_COUNT:
                return n;
        case STAT_MINIMUM:
                return latency_quantile(mix, edge);
        case STAT_MAXIMUM:
                return latency_quantile(mix, 1 - edge);
        case STAT_QUANTILE:
                /* No percentile lies outside what was seen. */
                return latency_quantile(mix, MIN(MAX(source->quantile, edge), 1 - edge));
        }
        return 0;
}

bool metric_source_read(const World *w, const MetricSource *source, usec_t t, usec_t period, usec_t now,
                double *ret) {
        TrafficTotal total = {};

        source_total(w, source, t, period, now, &total);
        if (total.invocations == 0)
                return false;
        if (source->kind != METRIC_DURATION) {
                *ret = count_statistic(source, &total);
                return true;
        }
        if (total.latency.n_parts == 0)
                return false;
        *ret = duration_statistic(source, &total.latency);
        return true;
}
