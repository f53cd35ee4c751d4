#include "awssim/metric-fault.h"

#include "base/str.h"

static bool text_matches(const char *wanted, const char *text) {
        return !wanted || (text && streq(wanted, text));
}

/* The alias in "function:alias"; NULL: none. */
static const char *resource_alias(const char *resource) {
        const char *colon = resource ? strchr(resource, ':') : NULL;

        return colon ? colon + 1 : NULL;
}

static bool series_matches(const SeriesMatch *m, const MetricName *name) {
        return text_matches(m->metric, name->metric) && text_matches(m->stat, name->stat) &&
                        text_matches(m->function, name->function) &&
                        text_matches(m->alias, resource_alias(name->resource)) &&
                        text_matches(m->version, name->version);
}

const PoisonSpec *metric_poison(const Scenario *s, const MetricName *name) {
        for (size_t i = 0; i < s->cloudwatch.n_poison; i++)
                if (series_matches(&s->cloudwatch.poison[i].match, name))
                        return s->cloudwatch.poison + i;
        return NULL;
}

const ResultSpec *metric_result_fault(const Scenario *s, const MetricName *name, usec_t age) {
        for (size_t i = 0; i < s->cloudwatch.n_results; i++) {
                const ResultSpec *spec = s->cloudwatch.results + i;

                if (series_matches(&spec->match, name) && age >= spec->from && age < spec->until)
                        return spec;
        }
        return NULL;
}

bool metric_result_keeps_points(const ResultSpec *spec) {
        return !spec || !spec->status || streq(spec->status, "Complete") ||
                        streq(spec->status, "PartialData");
}
