#include "golden.h"

#include "base/alloc.h"

static void expect(const char *check, const char *words) {
        _cleanup_(freep) char *all = alloc_printf(
                        "steps: [{weight: 1%%, hold: 1m}]\nhealth:\n  checks:\n    - {%s}\n", check);
        _cleanup_(freep) char *found = golden_plan_with(all);

        EXPECT_CONTAINS(found, words);
}

TEST(metrics) {
        expect("metric: error_rate, max: 25%", "check error_rate: error_rate > 0.25 min_requests 1\n");
        expect("metric: errors, max: 1000000000", "check errors: errors > 1000000000 min_requests 1\n");
        expect("metric: errors, max: 1000000001", "the maximum is 1000000000");
        expect("metric: duration, stat: p50, max: 2s",
                        "check duration: duration p50> 2000 min_requests 1\n");
        expect("metric: Duration, max: 1", "did you mean \"duration\"?");
        expect("metric: invocations, max: 1", "not supported by this version");
        expect("metric: [errors], max: 1", "found a list");
}

TEST(statistics) {
        expect("metric: duration, stat: Average, max: 1", "duration Average>");
        expect("metric: duration, stat: Maximum, max: 1", "duration Maximum>");
        expect("metric: duration, stat: p99.99, max: 1", "duration p99.99>");
        expect("metric: duration, stat: p90.0, max: 1", "duration p90.0>");
        expect("metric: duration, stat: p49.99, max: 1", "from p50 to p99.99");
        expect("metric: duration, stat: p100, max: 1", "from p50 to p99.99");
        expect("metric: duration, stat: p099, max: 1", "from p50 to p99.99");
        expect("metric: duration, stat: p99.0000000000, max: 1", "duration p99.0000000000>");
        expect("metric: duration, stat: p99.000000000000, max: 1", "must be a statistic");
        expect("metric: duration, stat: p, max: 1", "must be a statistic");
        expect("metric: duration, stat: Minimum, max: 1", "whether requests got slower");
        expect("metric: duration, stat: median, max: 1", "did you mean \"p50\"?");
        expect("metric: duration, stat: maximun, max: 1", "did you mean \"Maximum\"?");
        expect("metric: duration, stat: [p99], max: 1", "found a list");
        expect("metric: duration, max: 1", "needs \"stat\"");
        expect("metric: error_rate, stat: Sum, max: 1%", "\"stat\" is for \"metric: duration\" only");
}

#define N64 "nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"

TEST(names) {
        expect("name: " N64 ", metric: errors, max: 1", "check " N64 ": errors");
        expect("name: " N64 "n, metric: errors, max: 1", "\"name\" must be a name");
        expect("name: '', metric: errors, max: 1", "\"name\" must be a name");
        expect("name: {}, metric: errors, max: 1", "found an empty map");
}

TEST(names_are_unique) {
        expect("name: a, metric: errors, max: 1}\n    - {name: a, metric: errors, max: 2",
                        "checkout.yaml:9:14: error: the check on line 8 has the name \"a\" already");
        expect("name: duration, metric: errors, max: 1}\n    - {metric: duration, stat: p99, max: 2",
                        "checkout.yaml:9:7: error: the check on line 8 has the name \"duration\" already");
}

TEST(requests) {
        expect("metric: errors, max: 1, min_requests: 1", "min_requests 1\n");
        expect("metric: errors, max: 1, min_requests: 1000000000", "min_requests 1000000000\n");
        expect("metric: errors, max: 1, min_requests: 0", "the minimum is 1");
        expect("metric: errors, max: 1, min_requests: 1000000001", "the maximum is 1000000000");
}
