#pragma once

/* HTTP calls on the event loop: libcurl's multi interface driven by sd-event. Nothing blocks.
 *
 * HTTP/2 where a TLS server offers it: the calls to one host then share a connection. Proxies as the
 * environment names them (https_proxy, http_proxy in lower case, all_proxy, no_proxy), but never for
 * loopback and link-local hosts. A request is sent once, or not at all; nothing repeats it. */

#include <sys/types.h>
#include <systemd/sd-event.h>

#include "aws/endpoint.h"
#include "aws/fault.h"
#include "aws/http-value.h"

typedef struct Http Http;
typedef struct HttpCall HttpCall;
typedef struct HttpWarm HttpWarm;

typedef enum HttpLane {
        HTTP_LANE_NORMAL,
        HTTP_LANE_ROLLBACK, /* starts ahead of every waiting call, and beyond the limit of calls in flight */
        HTTP_LANE_TRANSFER, /* bodies of many megabytes: few at a time, and in nobody's way */
} HttpLane;

typedef struct HttpLimits {
        usec_t connect_timeout, total_timeout;
        size_t body_max;
        usec_t silence; /* of a peer that does not come back; 0: most of total_timeout */
} HttpLimits;

/* Bodies that are not in memory. Either direction or both. The call has a connection of its own. */
typedef struct HttpStream {
        uint64_t upload_size; /* exactly */
        /* Bytes of the request's body from "offset" on: how many, 1 to size. <0: cannot; the call ends.
         * NULL: the body is the request's. */
        ssize_t (*read)(void *userdata, uint64_t offset, void *dst, size_t size);
        uint64_t download_max;
        /* Takes what comes with status 200. <0: cannot; the call ends. NULL: it is kept in memory. */
        int (*write)(void *userdata, const void *data, size_t size);
        void *userdata;
        /* Its turn has come, perhaps after many minutes: the last that is done to the request, such as
         * signing it. <0: it cannot leave. NULL: nothing is to be done. */
        int (*leave)(void *leave_userdata, HttpRequest *request);
        void *leave_userdata;
} HttpStream;

/* How a call ended without a usable reply; AWS_OK when there is one (of any status). */
typedef struct HttpOutcome {
        AwsFault fault; /* AWS_OK, AWS_TRANSIENT (may have arrived there), AWS_UNREACHABLE (cannot have) */
        char message[AWS_ERROR_MESSAGE_MAX];
        bool is_too_large;     /* what the stream was to write is more than download_max */
        HttpResponse response; /* borrowed by the callback */
        usec_t elapsed;
} HttpOutcome;

/* Never called from inside http_start(). The call is gone afterwards. */
typedef void (*HttpDone)(const HttpOutcome *outcome, void *userdata);

/* ca_bundle: path or NULL for the system's. -EOPNOTSUPP: libcurl without asynchronous name resolution or
 * TLS. */
int http_new(sd_event *event, const char *ca_bundle, Http **ret);
Http *http_free(Http *h); /* cancels everything */
DEFINE_TRIVIAL_CLEANUP(Http *, http_free);

/* Takes the request over (it is empty afterwards). ret_call may be kept for http_cancel() until "done" ran.
 */
int http_start(Http *h, HttpRequest *take_request, HttpLane lane, const HttpLimits *limits, HttpDone done,
                void *userdata, HttpCall **ret_call);
/* The same with streams, in HTTP_LANE_TRANSFER. A request that did not leave as a whole is AWS_UNREACHABLE.
 */
int http_start_stream(Http *h, HttpRequest *take_request, const HttpStream *stream, const HttpLimits *limits,
                HttpDone done, void *userdata, HttpCall **ret_call);
void http_cancel(HttpCall *call); /* "done" will not be called; NULL is fine */
/* Still in a queue, or connecting: nothing of the request was sent. */
bool http_call_is_waiting(const HttpCall *call);
/* On its way, but not all of its body: cancelled now, it has done nothing. */
bool http_call_is_partial(const HttpCall *call);

/* From now until http_warm_free() a connection to that host is kept open, so that a call there finds one: it
 * is opened at once, and when the host was not used for a while, a small unsigned request (answered with an
 * error, which counts against nobody) keeps it from being closed as idle. Failing is silent; it is tried
 * again, after growing pauses of up to a minute. Several may want the same host. */
int http_keep_warm(Http *h, const AwsEndpoint *e, HttpWarm **ret);
HttpWarm *http_warm_free(HttpWarm *w);
DEFINE_TRIVIAL_CLEANUP(HttpWarm *, http_warm_free);
