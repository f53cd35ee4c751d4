#include <math.h>
#include <stdio.h>

#include "awssim/alarm-call.h"
#include "awssim/cloudwatch.h"
#include "awssim/json-text.h"
#include "awssim/metric-call.h"
#include "awssim/xml-text.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "base/usec.h"

#define STATISTICS_MAX 16
#define STATISTICS_DATAPOINTS_MAX 1440

static int copy_text(const char *text, char **ret) {
        if (!text)
                return 0;
        *ret = alloc_copy_string(text);
        return *ret ? 0 : -ENOMEM;
}

static int get_time(const Form *form, const char *name, usec_t *ret, Reply *reply) {
        const char *text = form_get(form, name);

        if (!text)
                return reply_refuse(reply, 400, "MissingRequiredParameterException",
                                "The parameter %s is required.", name);
        if (time_parse_rfc3339(text, ret) < 0)
                return reply_refuse(reply, 400, "ValidationException",
                                "timestamp %.100s must be in ISO 8601", text);
        return 0;
}

static int get_number(const char *text, const char *name, uint64_t *ret, Reply *reply) {
        if (!text || str_parse_u64(text, UINT32_MAX, ret) >= 0)
                return 0;
        return reply_refuse(
                        reply, 400, "ValidationException", "The parameter %s is not a whole number.", name);
}

/* prefix is "MetricDataQueries.member.3.MetricStat.Metric." or "". */
static int parse_name(const Form *form, const char *prefix, MetricName *name) {
        int r;

        r = copy_text(form_getf(form, "%sNamespace", prefix), &name->name_space);
        if (r >= 0)
                r = copy_text(form_getf(form, "%sMetricName", prefix), &name->metric);
        for (unsigned i = 1; r >= 0 && i <= 30; i++) {
                const char *n = form_getf(form, "%sDimensions.member.%u.Name", prefix, i);
                const char *v = form_getf(form, "%sDimensions.member.%u.Value", prefix, i);

                if (!n || !v)
                        return r;
                r = metric_name_add_dimension(name, n, v);
        }
        return r;
}

static int parse_want(const Form *form, size_t i, MetricWant *want, Reply *reply) {
        char prefix[64], metric[96];
        const char *shown;
        int r;

        (void) snprintf(prefix, sizeof(prefix), "MetricDataQueries.member.%zu.", i);
        (void) snprintf(metric, sizeof(metric), "%sMetricStat.Metric.", prefix);
        r = copy_text(form_getf(form, "%sId", prefix), &want->id);
        if (r >= 0)
                r = copy_text(form_getf(form, "%sLabel", prefix), &want->label);
        if (r >= 0)
                r = copy_text(form_getf(form, "%sMetricStat.Stat", prefix), &want->name.stat);
        if (r >= 0)
                r = parse_name(form, metric, &want->name);
        if (r >= 0)
                r = get_number(form_getf(form, "%sMetricStat.Period", prefix), "Period", &want->period,
                                reply);
        if (r < 0)
                return r;
        shown = form_getf(form, "%sReturnData", prefix);
        want->hidden = shown && streq(shown, "false");
        want->expression = form_getf(form, "%sExpression", prefix);
        return 0;
}

static int parse_call(const Form *form, MetricCall *call, Reply *reply) {
        const char *scan = form_get(form, "ScanBy");
        int r = 0;

        call->wants = alloc_array(METRIC_QUERIES_MAX + 1, sizeof(MetricWant));
        if (!call->wants)
                return -ENOMEM;
        while (r >= 0 && call->n_wants <= METRIC_QUERIES_MAX &&
                        form_getf(form, "MetricDataQueries.member.%zu.Id", call->n_wants + 1)) {
                call->n_wants++;
                r = parse_want(form, call->n_wants, call->wants + call->n_wants - 1, reply);
        }
        if (r >= 0)
                r = get_time(form, "StartTime", &call->start, reply);
        if (r >= 0)
                r = get_time(form, "EndTime", &call->end, reply);
        if (r >= 0)
                r = get_number(form_get(form, "MaxDatapoints"), "MaxDatapoints", &call->max_datapoints,
                                reply);
        call->ascending = scan && streq(scan, "TimestampAscending");
        call->next_token = form_get(form, "NextToken");
        return r;
}

static void put_time(Buf *out, const char *name, usec_t t) {
        char text[TIME_TEXT_MAX];

        time_format_rfc3339(t, text);
        xml_text_element(out, name, text);
}

static void put_double(Buf *out, const char *name, double value) {
        char text[JSON_DOUBLE_MAX] = "NaN";

        if (isfinite(value))
                json_double_format(value, text);
        else if (!isnan(value))
                (void) snprintf(text, sizeof(text), value > 0 ? "Infinity" : "-Infinity");
        xml_text_element(out, name, text);
}

static void render_result(const MetricResult *result, Buf *out) {
        (void) buf_puts(out, "<member>");
        xml_text_element(out, "Id", result->want->id);
        xml_text_element(
                        out, "Label", result->want->label ? result->want->label : result->want->name.metric);
        (void) buf_puts(out, "<Timestamps>");
        for (size_t i = 0; i < result->n_points; i++)
                put_time(out, "member", result->times[i]);
        (void) buf_puts(out, "</Timestamps><Values>");
        for (size_t i = 0; i < result->n_points; i++)
                put_double(out, "member", result->values[i]);
        (void) buf_puts(out, "</Values>");
        xml_text_element(out, "StatusCode", metric_result_status(result));
        if (result->fault && result->fault->message) {
                (void) buf_puts(out, "<Messages><member>");
                xml_text_element(out, "Code", metric_result_status(result));
                xml_text_element(out, "Value", result->fault->message);
                (void) buf_puts(out, "</member></Messages>");
        }
        (void) buf_puts(out, "</member>");
}

static int get_metric_data(World *w, Request *request, usec_t now, Reply *reply) {
        _cleanup_(metric_call_done) MetricCall call = { .place = request_place(request) };
        _cleanup_(metric_page_done) MetricPage page = {};
        Buf *out = &reply->body;
        int r;

        r = parse_call(&request->query, &call, reply);
        if (r >= 0)
                r = metric_call_answer(w, &call, now, &page, reply);
        if (r < 0)
                return r;
        xml_text_open_response(out, request->operation, CLOUDWATCH_XML_NAMESPACE);
        (void) buf_puts(out, "<MetricDataResults>");
        for (size_t i = 0; i < page.n_results; i++)
                render_result(page.results + i, out);
        (void) buf_puts(out, "</MetricDataResults><Messages/>");
        if (page.next_token[0] != '\0')
                xml_text_element(out, "NextToken", page.next_token);
        xml_text_close_response(out, request->operation, request->request_id);
        metric_page_note(&page, &call, &request->served);
        return 0;
}

/* GetMetricStatistics: one metric, several statistics, points in no particular order. */
struct statistics {
        MetricName name;
        usec_t start, end;
        uint64_t period;
        const char *stats[STATISTICS_MAX];
        size_t n_stats, n_plain; /* the first n_plain are Statistics, the others ExtendedStatistics */
};

static void parse_stats(const Form *form, const char *list, struct statistics *s) {
        for (unsigned i = 1; i <= STATISTICS_MAX && s->n_stats < STATISTICS_MAX; i++) {
                const char *stat = form_getf(form, "%s.member.%u", list, i);

                if (!stat)
                        return;
                s->stats[s->n_stats++] = stat;
        }
}

static int statistics_check(const struct statistics *s, Reply *reply) {
        uint64_t points;

        if (!s->name.name_space || !s->name.metric)
                return reply_refuse(reply, 400, "MissingRequiredParameterException",
                                "The parameter %s is required.",
                                s->name.metric ? "Namespace" : "MetricName");
        if (s->n_stats == 0)
                return reply_refuse(reply, 400, "InvalidParameterCombinationException",
                                "At least one of the parameters Statistics and ExtendedStatistics must be "
                                "specified.");
        for (size_t i = 0; i < s->n_stats; i++) {
                MetricStat stat;
                double quantile;

                if (metric_stat_parse(s->stats[i], &stat, &quantile) < 0)
                        return reply_refuse(reply, 400, "InvalidParameterValueException",
                                        "The value %.60s for parameter Statistics is not supported.",
                                        s->stats[i]);
        }
        if (!metric_period_is_valid(s->period))
                return reply_refuse(reply, 400, "InvalidParameterValueException",
                                "The parameter Period must be 1, 5, 10, 30 or a multiple of 60.");
        if (s->start >= s->end)
                return reply_refuse(reply, 400, "InvalidParameterCombinationException",
                                "The parameter StartTime must be less than the parameter EndTime.");
        points = (s->end - s->start) / (s->period * USEC_PER_SEC);
        if (points > STATISTICS_DATAPOINTS_MAX)
                return reply_refuse(reply, 400, "InvalidParameterCombinationException",
                                "You have requested up to %llu datapoints, which exceeds the limit of 1,440. You "
                                "may reduce the datapoints requested by increasing Period, or decreasing the "
                                "time range.",
                                (unsigned long long) points);
        return 0;
}

static void render_datapoint(const World *w, const MetricSource *source, const struct statistics *s,
                usec_t t, usec_t now, Buf *out) {
        MetricSource one = *source;
        double value;

        one.stat = STAT_COUNT;
        if (!metric_source_read(w, &one, t, s->period * USEC_PER_SEC, now, &value))
                return;
        (void) buf_puts(out, "<member>");
        put_time(out, "Timestamp", t);
        xml_text_element(out, "Unit", source->kind == METRIC_DURATION ? "Milliseconds" : "Count");
        for (size_t i = 0; i < s->n_stats; i++) {
                (void) metric_stat_parse(s->stats[i], &one.stat, &one.quantile);
                (void) metric_source_read(w, &one, t, s->period * USEC_PER_SEC, now, &value);
                if (i == s->n_plain)
                        (void) buf_puts(out, "<ExtendedStatistics>");
                if (i < s->n_plain) {
                        put_double(out, s->stats[i], value);
                        continue;
                }
                (void) buf_puts(out, "<entry>");
                xml_text_element(out, "key", s->stats[i]);
                put_double(out, "value", value);
                (void) buf_puts(out, "</entry>");
        }
        (void) buf_puts(out, s->n_stats > s->n_plain ? "</ExtendedStatistics></member>" : "</member>");
}

static int statistics_parse(const Form *form, struct statistics *s, Reply *reply) {
        int r;

        r = parse_name(form, "", &s->name);
        if (r >= 0)
                r = get_time(form, "StartTime", &s->start, reply);
        if (r >= 0)
                r = get_time(form, "EndTime", &s->end, reply);
        if (r >= 0)
                r = get_number(form_get(form, "Period"), "Period", &s->period, reply);
        if (r < 0)
                return r;
        parse_stats(form, "Statistics", s);
        s->n_plain = s->n_stats;
        parse_stats(form, "ExtendedStatistics", s);
        r = statistics_check(s, reply);
        return r < 0 ? r : copy_text(s->stats[0], &s->name.stat);
}

static int answer_statistics(const World *w, const struct statistics *s, const Request *request, usec_t now,
                Reply *reply) {
        Buf *out = &reply->body;
        MetricSource source;

        xml_text_open_response(out, request->operation, CLOUDWATCH_XML_NAMESPACE);
        xml_text_element(out, "Label", s->name.metric);
        (void) buf_puts(out, "<Datapoints>");
        if (metric_source_find(w, request_place(request), &s->name, &source) &&
                        s->period * USEC_PER_SEC % w->scenario->metrics.resolution == 0)
                for (usec_t t = metric_window_start(s->start, s->period); t < usec_min(s->end, now);
                                t += s->period * USEC_PER_SEC)
                        render_datapoint(w, &source, s, t, now, out);
        (void) buf_puts(out, "</Datapoints>");
        xml_text_close_response(out, request->operation, request->request_id);
        return 0;
}

static int get_metric_statistics(World *w, Request *request, usec_t now, Reply *reply) {
        struct statistics s = {};
        int r;

        r = statistics_parse(&request->query, &s, reply);
        if (r >= 0)
                r = answer_statistics(w, &s, request, now, reply);
        metric_name_done(&s.name);
        return r;
}

int cloudwatch_query_handle(World *w, Request *request, usec_t now, Reply *reply) {
        if (streq(request->operation, "GetMetricData"))
                return get_metric_data(w, request, now, reply);
        if (streq(request->operation, "DescribeAlarms"))
                return alarm_query_describe(w, request, now, reply);
        if (streq(request->operation, "GetMetricStatistics"))
                return get_metric_statistics(w, request, now, reply);
        return reply_refuse(reply, 400, "UnknownOperationException",
                        "Could not find operation %s for version 2010-08-01", request->operation);
}
