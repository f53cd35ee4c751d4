#include "daemon/http.h"

#include <sys/epoll.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"
#include "daemon/http-internal.h"

/* Connections kept open while idle. */
#define IDLE_CONNECTIONS_MAX 64L

/* The calls to one host, by what they are waiting for. Gone when there are none. */
struct HttpHost {
        char *name;
        bool tls;
        HttpHost *previous, *next;
        HttpQueue waiting[HTTP_LANE_COUNT];
        HttpQueue running;
        size_t n_transfers; /* of them, those in HTTP_LANE_TRANSFER */
};

/* Libcurl's callbacks only turn event sources on and off. Everything else, adding transfers and collecting
 * what has ended, is done by the defer source, where no libcurl function is on the stack. It delivers one
 * call per turn, as its last act: whatever "done" does, even http_free(), nothing is touched afterwards. */
struct Http {
        sd_event *event;
        sd_event_source *timer; /* libcurl's own timeouts */
        sd_event_source *defer;
        CURLM *multi;     /* NULL: could not be made again after a failure, next start tries */
        bool is_poisoned; /* libcurl gave up on the multi handle: to be replaced */
        char *ca_bundle;
        HttpHost *first_host, *last_host; /* who had a turn stands last */
        HttpQueue ended;
        HttpWarmList warm;
        size_t n_running, n_transfers; /* the first without the second */
};

static void queue_push(HttpQueue *q, HttpCall *c) {
        assert(!c->queue);
        c->queue = q;
        c->previous = q->last;
        c->next = NULL;
        *(q->last ? &q->last->next : &q->first) = c;
        q->last = c;
        q->n++;
}

static void queue_remove(HttpCall *c) {
        HttpQueue *q = TAKE_PTR(c->queue);

        *(c->previous ? &c->previous->next : &q->first) = c->next;
        *(c->next ? &c->next->previous : &q->last) = c->previous;
        c->previous = c->next = NULL;
        q->n--;
}

static void host_link(Http *h, HttpHost *host) {
        host->previous = h->last_host;
        host->next = NULL;
        *(h->last_host ? &h->last_host->next : &h->first_host) = host;
        h->last_host = host;
}

static void host_unlink(Http *h, HttpHost *host) {
        *(host->previous ? &host->previous->next : &h->first_host) = host->next;
        *(host->next ? &host->next->previous : &h->last_host) = host->previous;
}

static HttpHost *host_get(Http *h, const HttpRequest *request) {
        HttpHost *host;

        for (host = h->first_host; host; host = host->next)
                if (host->tls == request->tls && streq(host->name, request->host))
                        return host;
        host = alloc_one(HttpHost);
        if (!host)
                return NULL;
        host->name = alloc_copy_string(request->host);
        if (!host->name) {
                free(host);
                return NULL;
        }
        host->tls = request->tls;
        host_link(h, host);
        return host;
}

static void host_release(Http *h, HttpHost *host) {
        for (size_t i = 0; i < ELEMENTSOF(host->waiting); i++)
                if (host->waiting[i].first)
                        return;
        if (host->running.first)
                return;
        host_unlink(h, host);
        free(host->name);
        free(host);
}

/* Once the loop is finished there are no more turns, and sd-event says so. */
static void http_arm(Http *h) {
        (void) sd_event_source_set_enabled(h->defer, SD_EVENT_ONESHOT);
}

static void host_count(Http *h, HttpHost *host, const HttpCall *c, int change) {
        bool is_transfer = c->lane == HTTP_LANE_TRANSFER;
        size_t *n = is_transfer ? &h->n_transfers : &h->n_running;

        *n += (size_t) change;
        if (is_transfer)
                host->n_transfers += (size_t) change;
}

/* Takes a call out of its list, off the multi handle and away from its host. */
static void call_detach(HttpCall *c) {
        Http *h = c->http;
        HttpHost *host = TAKE_PTR(c->host);
        bool is_running = host && c->queue == &host->running;

        queue_remove(c);
        if (is_running) {
                (void) curl_multi_remove_handle(h->multi, c->easy);
                host_count(h, host, c, -1);
        }
        if (host)
                host_release(h, host);
        http_arm(h);
}

static void call_end(HttpCall *c) {
        http_warm_note(&c->http->warm, c);
        call_detach(c);
        queue_push(&c->http->ended, c);
}

static void http_drive(Http *h, curl_socket_t fd, int what) {
        int n_running;

        if (!h->multi || h->is_poisoned)
                return;
        if (curl_multi_socket_action(h->multi, fd, what, &n_running) != CURLM_OK)
                h->is_poisoned = true;
        http_arm(h);
}

static int on_io(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        int what = 0;

        if (events & (EPOLLIN | EPOLLHUP))
                what |= CURL_CSELECT_IN;
        if (events & EPOLLOUT)
                what |= CURL_CSELECT_OUT;
        if (events & EPOLLERR)
                what |= CURL_CSELECT_ERR;
        http_drive(userdata, fd, what);
        return 0;
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        http_drive(userdata, CURL_SOCKET_TIMEOUT, 0);
        return 0;
}

/* From libcurl: what it wants to know about a socket. -1 makes it give up on the multi handle. */
static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *userdata, void *socket_data) {
        static const uint32_t events[] = {
                [CURL_POLL_NONE] = 0,
                [CURL_POLL_IN] = EPOLLIN,
                [CURL_POLL_OUT] = EPOLLOUT,
                [CURL_POLL_INOUT] = EPOLLIN | EPOLLOUT,
        };
        sd_event_source *source = socket_data;
        Http *h = userdata;

        if (what < 0 || (size_t) what >= ELEMENTSOF(events)) { /* CURL_POLL_REMOVE */
                (void) sd_event_source_disable_unref(source);
                return 0;
        }
        if (source)
                return sd_event_source_set_io_events(source, events[what]) < 0 ? -1 : 0;
        if (sd_event_get_state(h->event) == SD_EVENT_FINISHED)
                return 0;
        if (sd_event_add_io(h->event, &source, fd, events[what], on_io, h) < 0)
                return -1;
        (void) sd_event_source_set_description(source, "http-socket");
        /* The one libcurl function that is made for being called here. */
        if (curl_multi_assign(h->multi, fd, source) != CURLM_OK) {
                (void) sd_event_source_disable_unref(source);
                return -1;
        }
        return 0;
}

/* From libcurl: when it wants to be woken; -1: not at all. It counts in whole milliseconds and finds a timer
 * that fires within the last one too early, so those are rounded up. */
static int on_timeout_wanted(CURLM *multi, long milliseconds, void *userdata) {
        Http *h = userdata;
        usec_t span;

        if (sd_event_get_state(h->event) == SD_EVENT_FINISHED)
                return 0;
        if (milliseconds < 0)
                return sd_event_source_set_enabled(h->timer, SD_EVENT_OFF) < 0 ? -1 : 0;
        span = milliseconds == 0 ? 0 : (usec_t) milliseconds * USEC_PER_MSEC + USEC_PER_MSEC - 1;
        if (sd_event_source_set_time_relative(h->timer, span) < 0)
                return -1;
        return sd_event_source_set_enabled(h->timer, SD_EVENT_ONESHOT) < 0 ? -1 : 0;
}

static int http_open(Http *h) {
        CURLM *multi = curl_multi_init();

        if (!multi)
                return -ENOMEM;
        if (curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted) != CURLM_OK ||
                        curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, h) != CURLM_OK ||
                        curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timeout_wanted) != CURLM_OK ||
                        curl_multi_setopt(multi, CURLMOPT_TIMERDATA, h) != CURLM_OK ||
                        curl_multi_setopt(multi, CURLMOPT_PIPELINING, CURLPIPE_MULTIPLEX) != CURLM_OK ||
                        curl_multi_setopt(multi, CURLMOPT_MAX_CONCURRENT_STREAMS,
                                        (long) HTTP_FLIGHT_ROLLBACK_MAX) != CURLM_OK ||
                        curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, IDLE_CONNECTIONS_MAX) != CURLM_OK ||
                        curl_multi_setopt(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS,
                                        (long) HTTP_FLIGHT_ROLLBACK_MAX + IDLE_CONNECTIONS_MAX) !=
                                        CURLM_OK) {
                (void) curl_multi_cleanup(multi);
                return -ENOMEM;
        }
        h->multi = multi;
        return 0;
}

static HttpCall *http_any_running(Http *h) {
        for (HttpHost *host = h->first_host; host; host = host->next)
                if (host->running.first)
                        return host->running.first;
        return NULL;
}

/* A multi handle that failed is unusable, and so are its transfers. */
static void http_replace_multi(Http *h) {
        HttpCall *c;

        while ((c = http_any_running(h))) {
                http_call_finish(c, CURLE_ABORTED_BY_CALLBACK);
                call_end(c);
        }
        (void) curl_multi_cleanup(h->multi);
        h->multi = NULL;
        h->is_poisoned = false;
        (void) http_open(h);
}

/* Reads the queue of completions until it is empty: libcurl does not tell twice. */
static void http_collect(Http *h) {
        CURLMsg *message;
        int n_left;

        while (h->multi && (message = curl_multi_info_read(h->multi, &n_left))) {
                HttpCall *c = NULL;
                CURLcode code;

                if (message->msg != CURLMSG_DONE)
                        continue;
                code = message->data.result; /* removing the handle takes the message away */
                (void) curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &c);
                http_call_finish(c, code);
                call_end(c);
        }
}

/* The first call that waits in this lane, the hosts taking turns. */
static HttpCall *lane_next(Http *h, HttpLane lane, size_t host_max) {
        for (HttpHost *host = h->first_host; host; host = host->next) {
                HttpCall *c = host->waiting[lane].first;

                if (!c || host->running.n - host->n_transfers >= host_max)
                        continue;
                host_unlink(h, host);
                host_link(h, host);
                return c;
        }
        return NULL;
}

/* The call that may start now: rollbacks first. */
static HttpCall *http_next(Http *h) {
        HttpCall *c = NULL;

        if (h->n_running < HTTP_FLIGHT_ROLLBACK_MAX)
                c = lane_next(h, HTTP_LANE_ROLLBACK, SIZE_MAX);
        if (!c && h->n_running < HTTP_FLIGHT_MAX)
                c = lane_next(h, HTTP_LANE_NORMAL, HTTP_FLIGHT_HOST_MAX);
        if (!c && h->n_transfers < HTTP_FLIGHT_TRANSFER_MAX)
                c = lane_next(h, HTTP_LANE_TRANSFER, SIZE_MAX);
        return c;
}

static void http_begin(Http *h, HttpCall *c) {
        HttpHost *host = c->host;
        CURLMcode code;
        int r;

        r = h->multi ? 0 : http_open(h);
        if (r >= 0 && c->stream.leave)
                r = c->stream.leave(c->stream.leave_userdata, &c->request);
        if (r >= 0)
                r = http_call_prepare(c, h->ca_bundle);
        if (r < 0) {
                http_call_fail(c, AWS_UNREACHABLE, strerror(-r));
                call_end(c);
                return;
        }
        code = curl_multi_add_handle(h->multi, c->easy);
        if (code != CURLM_OK) {
                h->is_poisoned = code == CURLM_ABORTED_BY_CALLBACK;
                http_call_fail(c, AWS_UNREACHABLE, curl_multi_strerror(code));
                call_end(c);
                return;
        }
        queue_remove(c);
        queue_push(&host->running, c);
        host_count(h, host, c, 1);
}

static void http_deliver(Http *h) {
        _cleanup_(http_call_freep) HttpCall *c = h->ended.first;

        if (!c)
                return;
        queue_remove(c);
        c->http = NULL;
        if (h->ended.first)
                http_arm(h);
        c->done(&c->outcome, c->userdata);
}

static int on_defer(sd_event_source *source, void *userdata) {
        Http *h = userdata;
        HttpCall *c;

        if (h->is_poisoned)
                http_replace_multi(h);
        http_collect(h);
        while (!h->is_poisoned && (c = http_next(h)))
                http_begin(h, c);
        http_deliver(h);
        return 0;
}

static int http_add_sources(Http *h) {
        int r;

        r = sd_event_add_time_relative(h->event, &h->timer, CLOCK_MONOTONIC, 0, USEC_PER_MSEC, on_timer, h);
        if (r < 0)
                return r;
        r = sd_event_source_set_enabled(h->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = sd_event_add_defer(h->event, &h->defer, on_defer, h);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(h->timer, "http-timeout");
        (void) sd_event_source_set_description(h->defer, "http-queue");
        return sd_event_source_set_enabled(h->defer, SD_EVENT_OFF);
}

int http_new(sd_event *event, const char *ca_bundle, Http **ret) {
        _cleanup_(http_freep) Http *h = NULL;
        int r;

        /* Counted by libcurl; http_free() gives it back. */
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
                return -ENOMEM;
        h = alloc_one(Http);
        if (!h) {
                curl_global_cleanup();
                return -ENOMEM;
        }
        h->event = sd_event_ref(event);
        h->warm.idle = HTTP_WARM_IDLE;
        if ((~curl_version_info(CURLVERSION_NOW)->features & (CURL_VERSION_ASYNCHDNS | CURL_VERSION_SSL)) !=
                        0)
                return -EOPNOTSUPP;
        if (!str_is_empty(ca_bundle)) {
                h->ca_bundle = alloc_copy_string(ca_bundle);
                if (!h->ca_bundle)
                        return -ENOMEM;
        }
        r = http_add_sources(h);
        if (r < 0)
                return r;
        r = http_open(h);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(h);
        return 0;
}

HttpWarmList *http_warm_list(Http *h) {
        return &h->warm;
}

sd_event *http_event(const Http *h) {
        return h->event;
}

static HttpCall *http_any(Http *h) {
        const HttpHost *host = h->first_host; /* has a call, or would not be there */

        if (!host)
                return h->ended.first;
        for (size_t i = 0; i < ELEMENTSOF(host->waiting); i++)
                if (host->waiting[i].first)
                        return host->waiting[i].first;
        return host->running.first;
}

Http *http_free(Http *h) {
        HttpCall *c;

        if (!h)
                return NULL;
        http_warm_orphan(&h->warm);
        while ((c = http_any(h)))
                http_cancel(c);
        /* Closing connections still calls back. */
        (void) curl_multi_cleanup(h->multi);
        (void) sd_event_source_disable_unref(h->timer);
        (void) sd_event_source_disable_unref(h->defer);
        (void) sd_event_unref(h->event);
        free(h->ca_bundle);
        free(h);
        curl_global_cleanup();
        return NULL;
}

static int start(Http *h, HttpRequest *take_request, HttpLane lane, const HttpStream *stream,
                const HttpLimits *limits, HttpDone done, void *userdata, HttpCall **ret_call) {
        HttpHost *host;
        HttpCall *c;

        if (!take_request->host || !take_request->path)
                return -EINVAL;
        host = host_get(h, take_request);
        if (!host)
                return -ENOMEM;
        c = http_call_new(take_request, limits);
        if (!c) {
                host_release(h, host);
                return -ENOMEM;
        }
        c->http = h;
        c->host = host;
        c->lane = lane;
        c->stream = *stream;
        c->done = done;
        c->userdata = userdata;
        queue_push(&host->waiting[lane], c);
        http_arm(h);
        if (ret_call)
                *ret_call = c;
        return 0;
}

int http_start(Http *h, HttpRequest *take_request, HttpLane lane, const HttpLimits *limits, HttpDone done,
                void *userdata, HttpCall **ret_call) {
        return start(h, take_request, lane, &(const HttpStream){ 0 }, limits, done, userdata, ret_call);
}

int http_start_stream(Http *h, HttpRequest *take_request, const HttpStream *stream, const HttpLimits *limits,
                HttpDone done, void *userdata, HttpCall **ret_call) {
        return start(h, take_request, HTTP_LANE_TRANSFER, stream, limits, done, userdata, ret_call);
}

void http_cancel(HttpCall *call) {
        if (!call || !call->http)
                return;
        call_detach(call);
        (void) http_call_free(call);
}
