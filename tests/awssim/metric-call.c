#include "awssim/metric-call.h"

#include <stdio.h>

#include "awssim/json-text.h"
#include "awssim/metric-fault.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"

#define DATAPOINTS_MAX 100800

void metric_call_done(MetricCall *c) {
        for (size_t i = 0; i < c->n_wants; i++) {
                free(c->wants[i].id);
                free(c->wants[i].label);
                metric_name_done(&c->wants[i].name);
        }
        free(c->wants);
        *c = (MetricCall){};
}

void metric_page_done(MetricPage *p) {
        for (size_t i = 0; i < p->n_results; i++) {
                free(p->results[i].times);
                free(p->results[i].values);
        }
        free(p->results);
        *p = (MetricPage){};
}

const char *metric_result_status(const MetricResult *result) {
        if (result->fault && result->fault->status)
                return result->fault->status;
        return result->partial ? "PartialData" : "Complete";
}

bool metric_period_is_valid(uint64_t s) {
        return s == 1 || s == 5 || s == 10 || s == 30 || (s > 0 && s % 60 == 0);
}

usec_t metric_window_start(usec_t start, uint64_t period) {
        return usec_floor(start, MIN(period, (uint64_t) 60) * USEC_PER_SEC);
}

static int refuse(Reply *reply, const char *format, size_t member) {
        char text[200];

        (void) snprintf(text, sizeof(text), "MetricDataQueries.member.%zu%s", member + 1, format);
        return reply_refuse(reply, 400, "ValidationException", "The parameter %s", text);
}

static bool id_is_valid(const char *s) {
        static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

        return s[0] >= 'a' && s[0] <= 'z' && strlen(s) <= 255 && strspn(s, letters) == strlen(s);
}

static int want_check(const MetricWant *want, size_t i, Reply *reply) {
        MetricStat stat;
        double quantile;

        if (!want->id)
                return refuse(reply, ".Id is required.", i);
        if (!id_is_valid(want->id))
                return reply_refuse(reply, 400, "ValidationException",
                                "The value %.255s for parameter MetricDataQueries.member.%zu.Id is not matching "
                                "the expected pattern ^[a-z][a-zA-Z0-9_]*$.",
                                want->id, i + 1);
        if (want->expression)
                return refuse(reply, ".Expression is metric math, which awssim does not evaluate.", i);
        if (!want->name.name_space || !want->name.metric || !want->name.stat)
                return refuse(reply,
                                ".MetricStat needs Metric with Namespace and MetricName, Period and Stat.",
                                i);
        if (!metric_period_is_valid(want->period))
                return refuse(reply, ".MetricStat.Period must be 1, 5, 10, 30 or a multiple of 60.", i);
        if (metric_stat_parse(want->name.stat, &stat, &quantile) < 0)
                return refuse(reply, ".MetricStat.Stat is no statistic that awssim knows.", i);
        return 0;
}

static int call_check_ids(const MetricCall *call, Reply *reply) {
        _cleanup_(map_freep) Map *ids = map_new();

        if (!ids)
                return -ENOMEM;
        for (size_t i = 0; i < call->n_wants; i++) {
                int r = map_put(ids, call->wants[i].id, call->wants + i);

                if (r == -EEXIST)
                        return reply_refuse(reply, 400, "ValidationException",
                                        "The values for parameter id in MetricDataQueries are not unique.");
                if (r < 0)
                        return r;
        }
        return 0;
}

/* One of them spoils it for all. */
static int call_check_poison(const Scenario *scenario, const MetricCall *call, Reply *reply) {
        for (size_t i = 0; i < call->n_wants; i++) {
                const PoisonSpec *poison = metric_poison(scenario, &call->wants[i].name);

                if (poison)
                        return reply_refuse(reply, 400, "ValidationException",
                                        "Error in query '%.255s' [%s]", call->wants[i].id,
                                        poison->message ? poison->message : "The metric cannot be read");
        }
        return 0;
}

static int call_check(const Scenario *scenario, const MetricCall *call, Reply *reply) {
        int r;

        if (call->n_wants == 0)
                return reply_refuse(reply, 400, "ValidationException",
                                "The parameter MetricDataQueries is required.");
        if (call->n_wants > METRIC_QUERIES_MAX)
                return reply_refuse(reply, 400, "ValidationException",
                                "The collection MetricDataQueries must not have a size greater than %d.",
                                METRIC_QUERIES_MAX);
        for (size_t i = 0; i < call->n_wants; i++) {
                r = want_check(call->wants + i, i, reply);
                if (r < 0)
                        return r;
        }
        if (call->start >= call->end)
                return reply_refuse(reply, 400, "ValidationException",
                                "The parameter StartTime must be less than the parameter EndTime.");
        if (call->max_datapoints > DATAPOINTS_MAX)
                return reply_refuse(reply, 400, "ValidationException",
                                "The parameter MaxDatapoints must be less than or equal to %d.",
                                DATAPOINTS_MAX);
        r = call_check_ids(call, reply);
        return r < 0 ? r : call_check_poison(scenario, call, reply);
}

/* Where a page begins. All pages of one answer look at the same moment, or points would move between them.
 */
struct cursor {
        uint64_t fingerprint; /* of the call that the token belongs to */
        usec_t now;
        size_t want, point;
};

static uint64_t call_fingerprint(const MetricCall *call) {
        uint64_t f = call->start * 31 + call->end;

        for (size_t i = 0; i < call->n_wants; i++)
                f = f * 31 + str_fingerprint(call->wants[i].id, strlen(call->wants[i].id));
        return f;
}

static int cursor_read(const MetricCall *call, usec_t now, struct cursor *ret, Reply *reply) {
        unsigned long long fingerprint, then;
        struct cursor c = { .fingerprint = call_fingerprint(call), .now = now };

        if (call->next_token) {
                if (sscanf(call->next_token, "sim-%16llx-%16llx-%zu-%zu", &fingerprint, &then, &c.want,
                                    &c.point) != 4 ||
                                fingerprint != c.fingerprint || then > now || c.want >= call->n_wants)
                        return reply_refuse(reply, 400, "InvalidNextToken", "The next token is not valid.");
                c.now = then;
        }
        *ret = c;
        return 0;
}

static void cursor_write(const struct cursor *c, char ret[static METRIC_TOKEN_MAX]) {
        (void) snprintf(ret, METRIC_TOKEN_MAX, "sim-%016llx-%016llx-%zu-%zu",
                        (unsigned long long) c->fingerprint, (unsigned long long) c->now, c->want, c->point);
}

static int result_add(MetricResult *result, usec_t time, double value) {
        usec_t *times;
        double *values;

        /* Grows by doubling: whenever the count is a power of two, the room is used up. */
        if ((result->n_points & (result->n_points - 1)) == 0) {
                size_t room = MAX(result->n_points * 2, (size_t) 1);

                times = alloc_resize(result->times, room, sizeof(usec_t));
                if (!times)
                        return -ENOMEM;
                result->times = times;
                values = alloc_resize(result->values, room, sizeof(double));
                if (!values)
                        return -ENOMEM;
                result->values = values;
        }
        result->times[result->n_points] = time;
        result->values[result->n_points++] = value;
        return 0;
}

/* The buckets of the window that can hold anything at all. */
struct window {
        usec_t begin, period;
        size_t n;
};

static struct window want_window(
                const World *w, const MetricCall *call, const MetricWant *want, usec_t now) {
        const MetricsSpec *m = &w->scenario->metrics;
        struct window v = { .begin = metric_window_start(call->start, want->period),
                .period = want->period * USEC_PER_SEC };
        usec_t oldest = usec_sub(w->start, usec_add(m->history, v.period)), end = usec_min(call->end, now);

        if (v.begin < oldest)
                v.begin += (oldest - v.begin) / v.period * v.period;
        if (v.period % m->resolution == 0 && v.begin < end)
                v.n = (end - v.begin + v.period - 1) / v.period;
        return v;
}

/* Reads on from cursor->point until "room" points are there. Leaves cursor->point where the next page goes
 * on, and sets result->partial when there is something left for it. */
static int result_fill(const World *w, const MetricCall *call, struct cursor *cursor, size_t room,
                MetricResult *result) {
        struct window v = want_window(w, call, result->want, cursor->now);
        MetricSource source;

        if (!metric_result_keeps_points(result->fault) ||
                        !metric_source_find(w, call->place, &result->want->name, &source))
                return 0;
        for (; cursor->point < v.n; cursor->point++) {
                size_t k = call->ascending ? cursor->point : v.n - 1 - cursor->point;
                usec_t t = v.begin + k * v.period;
                double value;
                int r;

                if (!metric_source_read(w, &source, t, v.period, cursor->now, &value))
                        continue;
                if (result->n_points == room) {
                        result->partial = true;
                        return 0;
                }
                if (result->fault && result->fault->has_value)
                        value = result->fault->value;
                r = result_add(result, t, value);
                if (r < 0)
                        return r;
        }
        return 0;
}

int metric_call_answer(const World *w, const MetricCall *call, usec_t now, MetricPage *ret, Reply *reply) {
        struct cursor cursor = {};
        uint64_t room = w->scenario->metrics.page_size;
        int r;

        r = call_check(w->scenario, call, reply);
        if (r >= 0)
                r = cursor_read(call, now, &cursor, reply);
        if (r < 0)
                return r;
        if (call->max_datapoints > 0)
                room = MIN(room, call->max_datapoints);
        ret->results = alloc_array(call->n_wants, sizeof(MetricResult));
        if (!ret->results)
                return -ENOMEM;
        for (; cursor.want < call->n_wants; cursor.want++, cursor.point = 0) {
                MetricResult *result = ret->results + ret->n_results;

                if (call->wants[cursor.want].hidden)
                        continue;
                result->want = call->wants + cursor.want;
                result->fault = metric_result_fault(
                                w->scenario, &result->want->name, usec_sub(cursor.now, w->start));
                ret->n_results++;
                r = result_fill(w, call, &cursor, (size_t) room, result);
                if (r < 0)
                        return r;
                room -= result->n_points;
                if (!result->partial)
                        continue;
                /* A series of which nothing fits begins on the next page. */
                if (result->n_points == 0)
                        ret->n_results--;
                cursor_write(&cursor, ret->next_token);
                return 0;
        }
        return 0;
}

static void note_result(const MetricResult *result, Buf *out) {
        const MetricName *name = &result->want->name;
        double sum = 0;

        for (size_t i = 0; i < result->n_points; i++)
                sum += result->values[i];
        json_text_open(out, NULL, '{');
        json_text_string(out, "id", result->want->id);
        json_text_string(out, "metric", name->metric);
        json_text_string(out, "stat", name->stat);
        json_text_string(out, "function", name->function);
        json_text_string(out, "resource", name->resource);
        json_text_string(out, "version", name->version);
        json_text_unsigned(out, "period", result->want->period);
        json_text_unsigned(out, "points", result->n_points);
        json_text_double(out, "sum", sum);
        json_text_close(out, '}');
}

void metric_page_note(const MetricPage *page, const MetricCall *call, Buf *out) {
        json_text_open(out, NULL, '{');
        json_text_double(out, "start", (double) call->start / (double) USEC_PER_SEC);
        json_text_double(out, "end", (double) call->end / (double) USEC_PER_SEC);
        json_text_open(out, "results", '[');
        for (size_t i = 0; i < page->n_results; i++)
                note_result(page->results + i, out);
        json_text_close(out, ']');
        json_text_close(out, '}');
}
