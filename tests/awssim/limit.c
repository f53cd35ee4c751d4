#include "awssim/limit.h"

#include "awssim/json-text.h"
#include "base/alloc.h"
#include "base/map.h"
#include "base/str.h"
#include "base/usec.h"

typedef struct Bucket {
        LimitFamily family;
        char account[16], region[64];
        double tokens;
        usec_t at; /* when there were so many */
        uint64_t allowed, refused;
} Bucket;

static const char *const family_names[] = {
        [LIMIT_LAMBDA] = "lambda",
        [LIMIT_GET_FUNCTION] = "get_function",
        [LIMIT_GET_METRIC_DATA] = "get_metric_data",
        [LIMIT_GET_METRIC_STATISTICS] = "get_metric_statistics",
        [LIMIT_DESCRIBE_ALARMS] = "describe_alarms",
        [LIMIT_STS] = "sts",
};
STATIC_ASSERT(ELEMENTSOF(family_names) == LIMIT_FAMILIES);

static LimitFamily request_family(const Request *request) {
        if (request->service == SERVICE_STS)
                return LIMIT_STS;
        if (request->service == SERVICE_LAMBDA)
                return streq(request->operation, "GetFunction") ? LIMIT_GET_FUNCTION : LIMIT_LAMBDA;
        if (streq(request->operation, "DescribeAlarms"))
                return LIMIT_DESCRIBE_ALARMS;
        return streq(request->operation, "GetMetricStatistics") ? LIMIT_GET_METRIC_STATISTICS
                                                                : LIMIT_GET_METRIC_DATA;
}

static int find_bucket(World *w, const Request *request, LimitFamily family, Bucket **ret) {
        _cleanup_(freep) Bucket *bucket = NULL;
        char key[PLACE_KEY_MAX];
        int r;

        if (!place_key(request_place(request), family_names[family], key))
                return -ENAMETOOLONG;
        *ret = map_get(w->buckets, key);
        if (*ret)
                return 0;
        bucket = alloc_one(Bucket);
        if (!bucket)
                return -ENOMEM;
        bucket->family = family;
        memcpy(bucket->account, request->account, sizeof(bucket->account));
        memcpy(bucket->region, request->region, sizeof(bucket->region));
        bucket->tokens = w->scenario->limits[family].burst;
        bucket->at = request->arrived_mono;
        r = map_put(w->buckets, key, bucket);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(bucket);
        return 0;
}

static bool bucket_take(Bucket *b, const LimitSpec *spec, usec_t now) {
        double seconds = (double) usec_sub(now, b->at) / (double) USEC_PER_SEC;
        bool taken;

        b->tokens = MIN(spec->burst, b->tokens + spec->rate * seconds);
        b->at = usec_max(b->at, now);
        taken = spec->burst < 1 || b->tokens >= 1;
        if (taken) {
                b->tokens -= 1;
                b->allowed++;
        } else
                b->refused++;
        return taken;
}

int limit_take(World *w, const Request *request, Reply *reply) {
        LimitFamily family = request_family(request);
        const LimitSpec *spec = w->scenario->limits + family;
        Bucket *bucket;
        int r;

        r = find_bucket(w, request, family, &bucket);
        if (r < 0)
                return r;
        if (bucket_take(bucket, spec, request->arrived_mono))
                return 0;
        reply->retry_after = spec->retry_after;
        if (request->service == SERVICE_LAMBDA)
                return reply_refuse(reply, 429, "TooManyRequestsException", "Rate Exceeded.");
        return reply_refuse(reply, 400, "Throttling", "Rate exceeded");
}

void limits_render(const World *w, Buf *out) {
        const char *key;
        size_t cursor = 0;
        void *value;

        json_text_open(out, "limits", '[');
        while (map_next(w->buckets, &cursor, &key, &value)) {
                const Bucket *b = value;

                json_text_open(out, NULL, '{');
                json_text_string(out, "account", b->account);
                json_text_string(out, "region", b->region);
                json_text_string(out, "family", family_names[b->family]);
                json_text_unsigned(out, "allowed", b->allowed);
                json_text_unsigned(out, "refused", b->refused);
                json_text_close(out, '}');
        }
        json_text_close(out, ']');
}

void limits_done(World *w) {
        const char *key;
        size_t cursor = 0;
        void *value;

        if (!w->buckets)
                return;
        while (map_next(w->buckets, &cursor, &key, &value))
                free(value);
        (void) map_free(w->buckets);
}
