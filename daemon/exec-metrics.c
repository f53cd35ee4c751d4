#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"
#include "daemon/exec-internal.h"

#define PAGES_MAX 100
#define VERSION_TEXT_MAX 24

/* The queries that are always there; those of the duration checks follow. */
enum {
        NEW_INVOCATIONS,
        NEW_ERRORS,
        OLD_INVOCATIONS,
        OLD_ERRORS,
        N_COUNTS,
};

struct ExecMetrics {
        usec_t period;
        char *name;     /* of the function, without the rest of its ARN */
        char *resource; /* "name:alias" */
        char version_new[VERSION_TEXT_MAX], version_old[VERSION_TEXT_MAX];
        char *stats[PLAN_CHECKS_MAX];
        uint32_t checks[PLAN_CHECKS_MAX]; /* query N_COUNTS + i -> index in the plan */
        MetricQuery queries[N_COUNTS + PLAN_CHECKS_MAX];
        size_t n_queries;
        unsigned n_pages;
        MetricData data;
        MetricRow *rows;
        MetricValue *values;
};

/* "checkout" of "checkout", "123456789012:function:checkout" and
 * "arn:aws:lambda:eu-west-1:123456789012:function:checkout": metrics know names only. */
static char *copy_function_name(const char *function) {
        const char *behind = strstr(function, ":function:"), *name = function;

        if (behind)
                name = behind + strlen(":function:");
        return alloc_copy_bytes(name, strcspn(name, ":"));
}

static void add_query(ExecMetrics *m, const char *metric, const char *stat, const char *version) {
        assert(m->n_queries < ELEMENTSOF(m->queries));
        m->queries[m->n_queries++] = (MetricQuery){
                        .name_space = "AWS/Lambda",
                        .metric = metric,
                        .stat = stat,
                        .dimensions =
                                        {
                                                        {"FunctionName", m->name},
                                                        {"Resource", m->resource},
                                                        {"ExecutedVersion", version},
                                        },
                        .n_dimensions = 3,
                        .period_seconds = (unsigned) (m->period / USEC_PER_SEC),
        };
}

static int add_checks(ExecMetrics *m, const Plan *plan) {
        size_t n = 0;

        for (uint32_t i = 0; i < plan->n_checks && n < PLAN_CHECKS_MAX; i++) {
                if (plan->checks[i].kind != CHECK_DURATION)
                        continue;
                m->stats[n] = alloc_copy_string(plan->checks[i].stat);
                if (!m->stats[n])
                        return -ENOMEM;
                m->checks[n] = i;
                add_query(m, "Duration", m->stats[n++], m->version_new);
        }
        return 0;
}

int exec_metrics_new(const ExecOp *op, const Plan *plan, ExecMetrics **ret) {
        _cleanup_(exec_metrics_freep) ExecMetrics *m = alloc_one(ExecMetrics);
        int r;

        if (!m)
                return -ENOMEM;
        m->period = plan->period;
        m->name = copy_function_name(op->function);
        if (!m->name)
                return -ENOMEM;
        m->resource = alloc_printf("%s:%s", m->name, op->alias);
        if (!m->resource)
                return -ENOMEM;
        (void) snprintf(m->version_new, sizeof(m->version_new), "%" PRIu64, op->action.metrics.version_new);
        (void) snprintf(m->version_old, sizeof(m->version_old), "%" PRIu64, op->action.metrics.version_old);
        add_query(m, "Invocations", "Sum", m->version_new);
        add_query(m, "Errors", "Sum", m->version_new);
        add_query(m, "Invocations", "Sum", m->version_old);
        add_query(m, "Errors", "Sum", m->version_old);
        r = add_checks(m, plan);
        if (r < 0)
                return r;
        r = metric_data_init(&m->data, m->n_queries);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

ExecMetrics *exec_metrics_free(ExecMetrics *m) {
        if (!m)
                return NULL;
        for (size_t i = 0; i < ELEMENTSOF(m->stats); i++)
                free(m->stats[i]);
        metric_data_done(&m->data);
        free(m->name);
        free(m->resource);
        free(m->rows);
        free(m->values);
        free(m);
        return NULL;
}

static size_t count_buckets(const ExecOp *op) {
        return usec_sub(op->action.metrics.until, op->action.metrics.from) / op->metrics->period;
}

int exec_metrics_build(const ExecOp *op, HttpRequest *ret) {
        const ExecMetrics *m = op->metrics;

        if (m->period < USEC_PER_SEC || count_buckets(op) > METRIC_ROWS_MAX)
                return -EINVAL;
        return cloudwatch_get_metric_data(&op->endpoint, CLOUDWATCH_JSON, m->queries, m->n_queries,
                        op->action.metrics.from, op->action.metrics.until, m->data.next_token, ret);
}

/* Only complete results may be judged. */
static bool is_complete(ExecOp *op) {
        const ExecMetrics *m = op->metrics;

        for (size_t i = 0; i < m->n_queries; i++) {
                const MetricQuery *q = &m->queries[i];

                switch (m->data.series[i].status) {
                case METRIC_COMPLETE:
                        continue;
                case METRIC_FORBIDDEN:
                        exec_op_fail(op, FAULT_DENIED, "%s %s: CloudWatch says Forbidden", q->metric,
                                        q->stat);
                        return false;
                case METRIC_PARTIAL:
                case METRIC_INTERNAL:
                        exec_op_fail(op, FAULT_TRANSIENT, "%s %s: CloudWatch could not give all of it",
                                        q->metric, q->stat);
                        return false;
                case METRIC_ABSENT:
                        exec_op_fail(op, FAULT_PERMANENT, "%s %s: asked for, but not in the reply",
                                        q->metric, q->stat);
                        return false;
                }
        }
        return true;
}

/* CloudWatch may start earlier than asked, at a whole minute; and it never has a count below zero. */
static int trim_series(const ExecOp *op, MetricSeries *s) {
        usec_t from = op->action.metrics.from, until = op->action.metrics.until;
        size_t n = 0;

        for (size_t i = 0; i < s->n_points; i++) {
                MetricPoint p = s->points[i];

                if (p.value < 0)
                        return -EBADMSG;
                p.time = usec_floor(p.time, op->metrics->period);
                if (p.time < from || p.time >= until)
                        continue;
                if (n > 0 && s->points[n - 1].time == p.time)
                        return -EBADMSG;
                s->points[n++] = p;
        }
        s->n_points = n;
        return 0;
}

static double value_at(const MetricSeries *s, size_t *cursor, usec_t time) {
        if (*cursor >= s->n_points || s->points[*cursor].time != time)
                return 0;
        return s->points[(*cursor)++].value;
}

static usec_t next_time(const MetricData *data, const size_t cursors[static N_COUNTS]) {
        usec_t next = USEC_INFINITY;

        for (size_t i = 0; i < N_COUNTS; i++)
                if (cursors[i] < data->series[i].n_points)
                        next = usec_min(next, data->series[i].points[cursors[i]].time);
        return next;
}

/* Errors may be published a moment before the invocations they belong to. */
static Counts make_counts(double invocations, double errors) {
        return (Counts){ .invocations = MAX(invocations, errors), .errors = errors };
}

static int merge_counts(ExecOp *op) {
        ExecMetrics *m = op->metrics;
        size_t cursors[N_COUNTS] = { 0 }, n = 0, n_most = 0;
        usec_t time;

        for (size_t i = 0; i < N_COUNTS; i++)
                n_most += m->data.series[i].n_points;
        m->rows = alloc_array(n_most, sizeof(MetricRow));
        if (!m->rows)
                return -ENOMEM;
        while ((time = next_time(&m->data, cursors)) != USEC_INFINITY) {
                double values[N_COUNTS];

                for (size_t i = 0; i < N_COUNTS; i++)
                        values[i] = value_at(&m->data.series[i], &cursors[i], time);
                m->rows[n++] = (MetricRow){
                        .start = time,
                        .new_version = make_counts(values[NEW_INVOCATIONS], values[NEW_ERRORS]),
                        .old_version = make_counts(values[OLD_INVOCATIONS], values[OLD_ERRORS]),
                };
        }
        op->event.rows = m->rows;
        op->event.n_rows = n;
        return 0;
}

static int merge_values(ExecOp *op) {
        ExecMetrics *m = op->metrics;
        size_t n = 0, n_most = 0;

        for (size_t i = N_COUNTS; i < m->n_queries; i++)
                n_most += m->data.series[i].n_points;
        m->values = alloc_array(n_most, sizeof(MetricValue));
        if (!m->values)
                return -ENOMEM;
        for (size_t i = N_COUNTS; i < m->n_queries; i++)
                for (size_t j = 0; j < m->data.series[i].n_points; j++)
                        m->values[n++] = (MetricValue){
                                .start = m->data.series[i].points[j].time,
                                .check = m->checks[i - N_COUNTS],
                                .value = m->data.series[i].points[j].value,
                        };
        op->event.values = m->values;
        op->event.n_values = n;
        return 0;
}

static int finish(ExecOp *op) {
        ExecMetrics *m = op->metrics;
        int r;

        if (!is_complete(op))
                return 0;
        for (size_t i = 0; i < m->n_queries; i++) {
                r = trim_series(op, &m->data.series[i]);
                if (r < 0) {
                        exec_op_fail(op, FAULT_PERMANENT, "%s %s: not what such a metric can be",
                                        m->queries[i].metric, m->queries[i].stat);
                        return 0;
                }
        }
        r = merge_counts(op);
        if (r < 0)
                return r;
        return merge_values(op);
}

bool exec_metrics_take(ExecOp *op, const HttpResponse *response) {
        ExecMetrics *m = op->metrics;
        char error[160] = "";
        int r;

        r = cloudwatch_parse_metric_data(response, CLOUDWATCH_JSON, &m->data, error);
        if (r == -EBADMSG) {
                exec_op_fail(op, FAULT_PERMANENT, "%s", error);
                return false;
        }
        if (r >= 0 && m->data.next_token) {
                if (++m->n_pages < PAGES_MAX)
                        return true;
                exec_op_fail(op, FAULT_PERMANENT, "no end after %u pages of metrics", m->n_pages);
                return false;
        }
        if (r >= 0)
                r = finish(op);
        if (r < 0)
                exec_op_fail(op, FAULT_TRANSIENT, "%s", strerror(-r));
        return false;
}
