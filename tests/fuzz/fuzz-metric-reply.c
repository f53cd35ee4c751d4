/* Replies of GetMetricData. The first line is the protocol: "json" or "xml". The rest is the body. */

#include <math.h>
#include <stdlib.h>

#include "aws/svc-cloudwatch.h"
#include "fuzz/reply-input.h"

#define SERIES 3

static void check_series(const MetricSeries *s) {
        for (size_t i = 0; i < s->n_points; i++) {
                FUZZ_CHECK(isfinite(s->points[i].value));
                FUZZ_CHECK(i == 0 || s->points[i - 1].time < s->points[i].time);
        }
        FUZZ_CHECK(s->status != METRIC_ABSENT || (s->n_points == 0 && s->message[0] == '\0'));
        check_text(s->message, sizeof(s->message));
}

static void read_metrics(const HttpResponse *response, CloudwatchProtocol protocol) {
        _cleanup_(metric_data_done) MetricData data = { 0 };
        char error[160] = "";
        size_t n_points[SERIES];
        int r;

        if (metric_data_init(&data, SERIES) < 0)
                abort();
        r = cloudwatch_parse_metric_data(response, protocol, &data, error);
        FUZZ_CHECK(r >= 0 || (r == -EBADMSG && error[0] != '\0'));
        for (size_t i = 0; i < SERIES; i++) {
                check_series(&data.series[i]);
                n_points[i] = data.series[i].n_points;
        }
        check_text(data.message, sizeof(data.message));
        if (r < 0)
                return;
        /* The same page again adds nothing. */
        FUZZ_CHECK(cloudwatch_parse_metric_data(response, protocol, &data, error) >= 0);
        for (size_t i = 0; i < SERIES; i++)
                FUZZ_CHECK(data.series[i].n_points == n_points[i]);
}

static void read_metrics_json(const HttpResponse *response) {
        read_metrics(response, CLOUDWATCH_JSON);
}

static void read_metrics_xml(const HttpResponse *response) {
        read_metrics(response, CLOUDWATCH_QUERY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const ReplyKind kinds[] = { { "json", read_metrics_json }, { "xml", read_metrics_xml } };

        return read_reply(data, size, kinds, ELEMENTSOF(kinds));
}
