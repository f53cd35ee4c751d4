/* How fast replies of GetMetricData are read: 500 queries of 10 points, in both protocols. The least it
 * could cost is a look at every byte: SHA-256 over the same ones. */

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "aws/digest.h"
#include "aws/svc-cloudwatch.h"
#include "base/buf.h"
#include "base/timefmt.h"
#include "base/usec.h"

#define ROUNDS 100u
#define POINTS 10u
#define QUERIES ((unsigned) CLOUDWATCH_QUERIES_MAX)
#define BODY_MAX (4u * 1024 * 1024)
#define TIME UINT64_C(1765977780)

/* Of the processor: what else runs on the machine does not count. */
static usec_t now(void) {
        struct timespec t = { 0 };

        if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) < 0)
                abort();
        return (usec_t) t.tv_sec * USEC_PER_SEC + (usec_t) t.tv_nsec / 1000;
}

static void write_json(Buf *b) {
        (void) buf_puts(b, "{\"MetricDataResults\":[");
        for (unsigned i = 0; i < QUERIES; i++) {
                (void) buf_printf(b, "%s{\"Id\":\"q%u\",\"Label\":\"Invocations\",\"Timestamps\":[",
                                i == 0 ? "" : ",", i);
                for (unsigned j = 0; j < POINTS; j++)
                        (void) buf_printf(b, "%s%llu.0", j == 0 ? "" : ",",
                                        (unsigned long long) TIME + 60ull * j);
                (void) buf_puts(b, "],\"Values\":[");
                for (unsigned j = 0; j < POINTS; j++)
                        (void) buf_printf(b, "%s%u.25", j == 0 ? "" : ",", i * j);
                (void) buf_puts(b, "],\"StatusCode\":\"Complete\",\"Messages\":[]}");
        }
        (void) buf_puts(b, "],\"Messages\":[]}");
}

static void write_xml(Buf *b) {
        (void) buf_puts(b,
                        "<GetMetricDataResponse xmlns=\"http://monitoring.amazonaws.com/doc/2010-08-01/\">\n"
                        "  <GetMetricDataResult>\n    <MetricDataResults>\n");
        for (unsigned i = 0; i < QUERIES; i++) {
                (void) buf_puts(b, "      <member>\n        <Timestamps>\n");
                for (unsigned j = 0; j < POINTS; j++) {
                        char text[TIME_TEXT_MAX];

                        time_format_rfc3339((TIME + 60ull * j) * USEC_PER_SEC, text);
                        (void) buf_printf(b, "          <member>%s</member>\n", text);
                }
                (void) buf_puts(b, "        </Timestamps>\n        <Values>\n");
                for (unsigned j = 0; j < POINTS; j++)
                        (void) buf_printf(b, "          <member>%u.25</member>\n", i * j);
                (void) buf_printf(b,
                                "        </Values>\n        <Label>Invocations</Label>\n"
                                "        <Id>q%u</Id>\n        <StatusCode>Complete</StatusCode>\n"
                                "      </member>\n",
                                i);
        }
        (void) buf_puts(b,
                        "    </MetricDataResults>\n  </GetMetricDataResult>\n  <ResponseMetadata>\n"
                        "    <RequestId>c6104cbe-af31-11e0-8154-cbc7ccf896c7</RequestId>\n"
                        "  </ResponseMetadata>\n</GetMetricDataResponse>\n");
}

static double megabytes_per_second(size_t size, usec_t span) {
        return (double) size * ROUNDS / (double) usec_max(span, 1);
}

static double bench_parse(const Buf *b, CloudwatchProtocol protocol) {
        const HttpResponse response = { .status = 200, .body = b->data, .body_size = b->size };
        usec_t start = now();

        for (unsigned i = 0; i < ROUNDS; i++) {
                _cleanup_(metric_data_done) MetricData data = { 0 };
                char error[160];

                if (metric_data_init(&data, QUERIES) < 0 ||
                                cloudwatch_parse_metric_data(&response, protocol, &data, error) < 0 ||
                                data.series[QUERIES - 1].n_points != POINTS)
                        abort();
        }
        return megabytes_per_second(b->size, now() - start);
}

static double bench_hash(const Buf *b) {
        uint8_t digest[DIGEST_SIZE];
        usec_t start = now();

        for (unsigned i = 0; i < ROUNDS; i++)
                if (digest_sha256(b->data, b->size, digest) < 0)
                        abort();
        return megabytes_per_second(b->size, now() - start);
}

static void bench(const char *name, void (*write)(Buf *), CloudwatchProtocol protocol) {
        _cleanup_(buf_done) Buf b = BUF_INIT(BODY_MAX);
        double parsed, hashed;

        write(&b);
        if (b.failed)
                abort();
        parsed = bench_parse(&b, protocol);
        hashed = bench_hash(&b);
        printf("bench-parse: %.1f MB/s of %s (GetMetricData, %u queries of %u points, %zu bytes, %.0f "
               "replies/s), %.1f times the cost of SHA-256 over the same bytes\n",
                        parsed, name, QUERIES, POINTS, b.size, parsed * 1000000 / (double) b.size,
                        hashed / parsed);
}

int main(void) {
        bench("JSON", write_json, CLOUDWATCH_JSON);
        bench("XML", write_xml, CLOUDWATCH_QUERY);
        return EXIT_SUCCESS;
}
