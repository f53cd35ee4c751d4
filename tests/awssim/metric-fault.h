#pragma once

/* What the scenario does to single queries of GetMetricData. */

#include "awssim/metric-source.h"

/* NULL: nothing. Of several, the first. */
const PoisonSpec *metric_poison(const Scenario *s, const MetricName *name);
const ResultSpec *metric_result_fault(const Scenario *s, const MetricName *name, usec_t age);

/* False: the result has no points at all. */
bool metric_result_keeps_points(const ResultSpec *spec);
