#include <inttypes.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"
#include "daemon/exec-internal.h"

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
        unsigned n_refs;
        usec_t period;
        char *name;     /* of the function, without the rest of its ARN */
        char *resource; /* "name:alias" */
        char version_new[VERSION_TEXT_MAX], version_old[VERSION_TEXT_MAX];
        char *stats[PLAN_CHECKS_MAX];
        uint32_t checks[PLAN_CHECKS_MAX]; /* query N_COUNTS + i -> index in the plan */
        MetricQuery queries[N_COUNTS + PLAN_CHECKS_MAX];
        size_t n_queries;
        MetricSeries series[N_COUNTS + PLAN_CHECKS_MAX];
        MetricRow *rows;
        MetricValue *values;
        CheckFault faults[PLAN_CHECKS_MAX];
        size_t n_faults;
        char *words[PLAN_CHECKS_MAX]; /* of the faults */
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

static bool window_is_possible(const ExecOp *op, const Plan *plan) {
        usec_t from = op->action.metrics.from, until = op->action.metrics.until;

        return plan->period >= USEC_PER_SEC && until > from &&
                        (until - from) / plan->period <= METRIC_ROWS_MAX;
}

int exec_metrics_new(const ExecOp *op, const Plan *plan, ExecMetrics **ret) {
        _cleanup_(exec_metrics_freep) ExecMetrics *m = NULL;
        int r;

        if (!window_is_possible(op, plan))
                return -EINVAL;
        m = alloc_one(ExecMetrics);
        if (!m)
                return -ENOMEM;
        m->n_refs = 1;
        for (size_t i = 0; i < ELEMENTSOF(m->series); i++)
                m->series[i].status = METRIC_ABSENT;
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
        *ret = TAKE_PTR(m);
        return 0;
}

ExecMetrics *exec_metrics_ref(ExecMetrics *m) {
        m->n_refs++;
        return m;
}

ExecMetrics *exec_metrics_free(ExecMetrics *m) {
        if (!m || --m->n_refs > 0)
                return NULL;
        for (size_t i = 0; i < ELEMENTSOF(m->stats); i++)
                free(m->stats[i]);
        for (size_t i = 0; i < ELEMENTSOF(m->series); i++)
                free(m->series[i].points);
        for (size_t i = 0; i < ELEMENTSOF(m->words); i++)
                free(m->words[i]);
        free(m->name);
        free(m->resource);
        free(m->rows);
        free(m->values);
        free(m);
        return NULL;
}

const MetricQuery *exec_metrics_queries(const ExecMetrics *m, size_t *ret_n) {
        *ret_n = m->n_queries;
        return m->queries;
}

size_t exec_metrics_inseparable(const ExecMetrics *m) {
        return N_COUNTS;
}

void exec_metrics_put(ExecMetrics *m, size_t first, MetricSeries *take_series, size_t n) {
        for (size_t i = 0; i < n; i++) {
                free(m->series[first + i].points);
                m->series[first + i] = take_series[i];
                take_series[i] = (MetricSeries){ .status = METRIC_ABSENT };
        }
}

/* Without the counts there is nothing to judge; without a check's own metric all but that check. */
static void refuse(ExecOp *op, size_t query, Fault fault, const char *words) {
        ExecMetrics *m = op->metrics;
        const MetricQuery *q = &m->queries[query];
        size_t n = m->n_faults;

        if (op->event.fault != FAULT_NONE)
                return;
        if (query < N_COUNTS) {
                exec_op_fail(op, fault, "%s %s: %s", q->metric, q->stat, words);
                return;
        }
        assert(n < ELEMENTSOF(m->faults));
        m->words[n] = alloc_printf("%s %s: %s", q->metric, q->stat, words);
        m->faults[n] = (CheckFault){
                .check = m->checks[query - N_COUNTS], .fault = fault, .error = m->words[n]
        };
        m->n_faults++;
        m->series[query].n_points = 0;
}

void exec_metrics_refuse(ExecOp *op, size_t first, size_t n, Fault fault, const char *words) {
        for (size_t i = first; i < first + n; i++) {
                op->metrics->series[i].status = METRIC_COMPLETE; /* its end is known */
                refuse(op, i, fault, words);
        }
}

/* Only complete results may be judged. */
static void refuse_incomplete(ExecOp *op, size_t query) {
        const MetricSeries *s = &op->metrics->series[query];
        const char *words = s->message;

        switch (s->status) {
        case METRIC_COMPLETE:
                return;
        case METRIC_FORBIDDEN:
                refuse(op, query, FAULT_DENIED, words[0] ? words : "CloudWatch says Forbidden");
                return;
        case METRIC_PARTIAL:
        case METRIC_INTERNAL:
                refuse(op, query, FAULT_TRANSIENT, words[0] ? words : "CloudWatch could not give all of it");
                return;
        case METRIC_ABSENT:
                refuse(op, query, FAULT_PERMANENT, "asked for, but not in the reply");
                return;
        }
        ASSERT_NEVER();
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

static usec_t next_time(const ExecMetrics *m, const size_t cursors[static N_COUNTS]) {
        usec_t next = USEC_INFINITY;

        for (size_t i = 0; i < N_COUNTS; i++)
                if (cursors[i] < m->series[i].n_points)
                        next = usec_min(next, m->series[i].points[cursors[i]].time);
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
                n_most += m->series[i].n_points;
        m->rows = alloc_array(n_most, sizeof(MetricRow));
        if (!m->rows)
                return -ENOMEM;
        while ((time = next_time(m, cursors)) != USEC_INFINITY) {
                double values[N_COUNTS];

                for (size_t i = 0; i < N_COUNTS; i++)
                        values[i] = value_at(&m->series[i], &cursors[i], time);
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
                n_most += m->series[i].n_points;
        m->values = alloc_array(n_most, sizeof(MetricValue));
        if (!m->values)
                return -ENOMEM;
        for (size_t i = N_COUNTS; i < m->n_queries; i++)
                for (size_t j = 0; j < m->series[i].n_points; j++)
                        m->values[n++] = (MetricValue){
                                .start = m->series[i].points[j].time,
                                .check = m->checks[i - N_COUNTS],
                                .value = m->series[i].points[j].value,
                        };
        op->event.values = m->values;
        op->event.n_values = n;
        return 0;
}

void exec_metrics_finish(ExecOp *op) {
        ExecMetrics *m = op->metrics;
        int r;

        for (size_t i = 0; i < m->n_queries; i++)
                refuse_incomplete(op, i);
        for (size_t i = 0; i < m->n_queries; i++)
                if (trim_series(op, &m->series[i]) < 0)
                        refuse(op, i, FAULT_PERMANENT, "not what such a metric can be");
        if (op->event.fault != FAULT_NONE)
                return;
        r = merge_counts(op);
        if (r >= 0)
                r = merge_values(op);
        if (r < 0) {
                exec_op_fail(op, FAULT_TRANSIENT, "%s", strerror(-r));
                return;
        }
        op->event.check_faults = m->faults;
        op->event.n_check_faults = m->n_faults;
}
