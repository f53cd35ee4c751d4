#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"
#include "daemon/http-internal.h"

#define PAUSE_MIN USEC_PER_SEC
#define PAUSE_MAX (60 * USEC_PER_SEC)
/* A server that hangs up earlier than expected is asked more often, down to this. */
#define IDLE_MIN (10 * USEC_PER_SEC)
#define ACCURACY (10 * USEC_PER_MSEC)

struct HttpWarm {
        Http *http; /* NULL: it is gone */
        HttpWarm *previous, *next;
        unsigned n_refs;
        AwsEndpoint endpoint;
        sd_event_source *timer;
        HttpCall *call;   /* ours, under way */
        usec_t idle;      /* how long its connection may go unused */
        usec_t pause;     /* after the last failure; 0: the last call was answered */
        bool is_expected; /* there was a connection when our call began */
};

static void warm_arm(HttpWarm *w, usec_t span) {
        /* Fails only once the loop is finished. */
        if (sd_event_source_set_time_relative(w->timer, span) >= 0)
                (void) sd_event_source_set_enabled(w->timer, SD_EVENT_ONESHOT);
}

static void warm_succeeded(HttpWarm *w) {
        w->pause = 0;
        warm_arm(w, w->idle);
}

static void warm_failed(HttpWarm *w) {
        w->pause = w->pause == 0 ? PAUSE_MIN : usec_min(w->pause * 2, PAUSE_MAX);
        warm_arm(w, w->pause);
}

static void on_answer(const HttpOutcome *outcome, void *userdata) {
        HttpWarm *w = userdata;

        w->call = NULL; /* http_warm_note() has seen the rest */
}

static int warm_call(HttpWarm *w) {
        static const HttpLimits limits = { 5 * USEC_PER_SEC, 10 * USEC_PER_SEC, 64 * 1024 };
        HttpRequest request = { 0 };
        int r;

        r = aws_endpoint_request(&w->endpoint, HTTP_GET, "/", &request);
        if (r < 0)
                return r;
        r = http_start(w->http, &request, HTTP_LANE_NORMAL, &limits, on_answer, w, &w->call);
        if (r < 0)
                http_request_done(&request);
        return r;
}

static int on_idle(sd_event_source *source, uint64_t usec, void *userdata) {
        HttpWarm *w = userdata;

        if (!w->call && warm_call(w) < 0)
                warm_failed(w);
        return 0;
}

/* Others fail for reasons of their own, many at a time: that says that the connection may be gone, not that
 * asking again soon is in vain. */
static void note_failure(HttpWarm *w, bool is_ours) {
        bool was_expected = w->is_expected;

        w->is_expected = false;
        if (is_ours)
                warm_failed(w);
        else if (was_expected)
                warm_arm(w, PAUSE_MIN);
}

void http_warm_note(HttpWarmList *list, const HttpCall *c) {
        if (c->lane == HTTP_LANE_TRANSFER)
                return; /* it has used no connection that is kept */
        for (HttpWarm *w = list->first; w; w = w->next) {
                long n_connects = 0;

                if (w->endpoint.tls != c->request.tls || !streq(w->endpoint.host, c->request.host))
                        continue;
                if (c->outcome.fault != AWS_OK) {
                        note_failure(w, w->call == c);
                        return;
                }
                if (w->call == c && w->is_expected &&
                                curl_easy_getinfo(c->easy, CURLINFO_NUM_CONNECTS, &n_connects) == CURLE_OK &&
                                n_connects > 0)
                        w->idle = MIN(w->idle, usec_max(w->idle / 2, IDLE_MIN));
                w->is_expected = true;
                warm_succeeded(w);
                return;
        }
}

static void warm_unlink(HttpWarm *w) {
        HttpWarmList *list = http_warm_list(w->http);

        *(w->previous ? &w->previous->next : &list->first) = w->next;
        if (w->next)
                w->next->previous = w->previous;
        w->previous = w->next = NULL;
        http_cancel(TAKE_PTR(w->call));
        w->timer = sd_event_source_disable_unref(w->timer);
        w->http = NULL;
}

void http_warm_orphan(HttpWarmList *list) {
        while (list->first)
                warm_unlink(list->first);
}

HttpWarm *http_warm_free(HttpWarm *w) {
        if (!w || --w->n_refs > 0)
                return NULL;
        if (w->http)
                warm_unlink(w);
        aws_endpoint_done(&w->endpoint);
        free(w);
        return NULL;
}

static HttpWarm *warm_find(const HttpWarmList *list, const AwsEndpoint *e) {
        for (HttpWarm *w = list->first; w; w = w->next)
                if (w->endpoint.tls == e->tls && streq(w->endpoint.host, e->host))
                        return w;
        return NULL;
}

static void warm_link(HttpWarmList *list, HttpWarm *w) {
        w->next = list->first;
        if (w->next)
                w->next->previous = w;
        list->first = w;
}

int http_keep_warm(Http *h, const AwsEndpoint *e, HttpWarm **ret) {
        _cleanup_(http_warm_freep) HttpWarm *w = warm_find(http_warm_list(h), e);
        int r;

        if (w) {
                w->n_refs++;
                *ret = TAKE_PTR(w);
                return 0;
        }
        w = alloc_one(HttpWarm);
        if (!w)
                return -ENOMEM;
        w->n_refs = 1;
        w->idle = http_warm_list(h)->idle;
        w->endpoint = (AwsEndpoint){
                .tls = e->tls,
                .host = alloc_copy_string(e->host),
                .base_path = alloc_copy_string(""),
        };
        if (!w->endpoint.host || !w->endpoint.base_path)
                return -ENOMEM;
        r = sd_event_add_time_relative(http_event(h), &w->timer, CLOCK_BOOTTIME, 0, ACCURACY, on_idle, w);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(w->timer, "http-warm");
        w->http = h;
        warm_link(http_warm_list(h), w);
        *ret = TAKE_PTR(w);
        return 0;
}
