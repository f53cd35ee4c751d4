/* Replies of AWS. The first line says what is read: "alias", "version", "metrics" or "error STATUS"; for
 * "error", the next two lines are the headers x-amzn-errortype and x-amzn-query-error. The rest is the body.
 */

#include <math.h>
#include <stdlib.h>

#include "aws/fault.h"
#include "aws/svc-cloudwatch.h"
#include "aws/svc-lambda.h"
#include "base/alloc.h"
#include "base/str.h"
#include "fuzz/fuzz.h"

#define SERIES 3

static void check_text(const char *s, size_t size) {
        FUZZ_CHECK(memchr(s, '\0', size));
        for (; *s; s++)
                FUZZ_CHECK((unsigned char) *s >= ' ' && *s != 0x7f);
}

static void read_alias(const HttpResponse *response) {
        LambdaAlias alias = { 0 };
        char error[160] = "";
        int r = lambda_parse_alias(response, &alias, error);

        if (r < 0) {
                FUZZ_CHECK(r == -EBADMSG && error[0] != '\0');
                return;
        }
        FUZZ_CHECK(alias.extra_weight >= 0 && alias.extra_weight <= 1);
        FUZZ_CHECK(alias.n_extra > 0 || alias.extra_version == 0);
        FUZZ_CHECK(alias.revision[0] != '\0' && memchr(alias.revision, '\0', sizeof(alias.revision)));
}

static void read_version(const HttpResponse *response) {
        LambdaVersion version = { 0 };
        char error[160] = "";
        int r = lambda_parse_version(response, &version, error);

        if (r < 0) {
                FUZZ_CHECK(r == -EBADMSG && error[0] != '\0');
                return;
        }
        check_text(version.state_text, sizeof(version.state_text));
        FUZZ_CHECK(memchr(version.code_sha256, '\0', sizeof(version.code_sha256)));
}

static void check_series(const MetricSeries *s) {
        for (size_t i = 0; i < s->n_points; i++) {
                FUZZ_CHECK(isfinite(s->points[i].value));
                FUZZ_CHECK(i == 0 || s->points[i - 1].time < s->points[i].time);
        }
        FUZZ_CHECK(s->status != METRIC_ABSENT || s->n_points == 0);
}

static void read_metrics(const HttpResponse *response) {
        _cleanup_(metric_data_done) MetricData data = { 0 };
        char error[160] = "";
        size_t n_points[SERIES];
        int r;

        if (metric_data_init(&data, SERIES) < 0)
                abort();
        r = cloudwatch_parse_metric_data(response, CLOUDWATCH_JSON, &data, error);
        FUZZ_CHECK(r >= 0 || (r == -EBADMSG && error[0] != '\0'));
        for (size_t i = 0; i < SERIES; i++) {
                check_series(&data.series[i]);
                n_points[i] = data.series[i].n_points;
        }
        if (r < 0)
                return;
        /* The same page again adds nothing. */
        FUZZ_CHECK(cloudwatch_parse_metric_data(response, CLOUDWATCH_JSON, &data, error) >= 0);
        for (size_t i = 0; i < SERIES; i++)
                FUZZ_CHECK(data.series[i].n_points == n_points[i]);
}

static void read_error(const HttpResponse *response) {
        AwsError error;

        aws_error_from_response(response, &error);
        FUZZ_CHECK(aws_fault_to_string(error.fault));
        FUZZ_CHECK((error.fault == AWS_OK) == (response->status >= 200 && response->status < 300));
        FUZZ_CHECK((error.fault == AWS_OK) == (error.message[0] == '\0'));
        check_text(error.code, sizeof(error.code));
        check_text(error.message, sizeof(error.message));
}

/* Cuts a line off the front of *rest; in place. */
static char *take_line(char **rest) {
        char *line = *rest, *newline = strchr(line, '\n');

        if (!newline)
                return NULL;
        *newline = '\0';
        *rest = newline + 1;
        return line;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = alloc_copy_bytes((const char *) data, size);
        HttpResponse response = { .status = 200 };
        char *rest = text, *kind;

        if (!text)
                return 0;
        kind = take_line(&rest);
        if (!kind)
                return 0;
        if (str_after(kind, "error ")) {
                uint64_t status = 0;

                (void) str_parse_u64(str_after(kind, "error "), 599, &status);
                response.status = (unsigned) status;
                response.error_type = take_line(&rest);
                response.query_error = take_line(&rest);
        }
        response.body = rest;
        response.body_size = size - (size_t) (rest - text);
        if (streq(kind, "alias"))
                read_alias(&response);
        else if (streq(kind, "version"))
                read_version(&response);
        else if (streq(kind, "metrics"))
                read_metrics(&response);
        else if (str_after(kind, "error "))
                read_error(&response);
        return 0;
}
