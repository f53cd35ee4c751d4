#pragma once

/* Shared by http.c (queues, and libcurl's multi interface on the event loop), http-call.c (one transfer),
 * http-stream.c (bodies that are not in memory) and http-warm.c (connections kept open). */

#include <curl/curl.h>

#include "base/buf.h"
#include "daemon/http.h"

/* Calls in flight: all of them, those to one host, and where even the rollback lane has to wait. */
#define HTTP_FLIGHT_MAX 64
#define HTTP_FLIGHT_HOST_MAX 16
#define HTTP_FLIGHT_ROLLBACK_MAX 256
#define HTTP_FLIGHT_TRANSFER_MAX 4 /* of all hosts; beside the others */
/* What a reply may have of headers, all of them together. libcurl has a limit of its own, and had none in
 * some versions. */
#define HTTP_HEADERS_SIZE_MAX (256u * 1024)
#define HTTP_LANE_COUNT (HTTP_LANE_TRANSFER + 1)

/* Idle connections older than this are not used again: AWS closes them at about a minute, and a request that
 * meets the closing has an unknown outcome. */
#define HTTP_IDLE_SECONDS_MAX 50L

typedef struct HttpHost HttpHost;

typedef struct HttpQueue {
        HttpCall *first, *last;
        size_t n;
} HttpQueue;

struct HttpCall {
        Http *http;       /* NULL while "done" runs: nothing is left to cancel */
        HttpHost *host;   /* NULL once it has ended */
        HttpQueue *queue; /* the one list that it is in */
        HttpCall *previous, *next;

        HttpLane lane;
        HttpLimits limits;
        HttpRequest request;
        HttpDone done;
        void *userdata;

        CURL *easy;
        struct curl_slist *headers;
        const char *ca_bundle; /* borrowed; NULL: the system's */
        char error[CURL_ERROR_SIZE];
        unsigned n_sent; /* how often libcurl came to the point of sending the request */
        size_t headers_size;
        bool is_too_large; /* for the buffer */
        bool has_too_many_headers;
        HttpStream stream;     /* all zero: none */
        uint64_t n_up, n_down; /* bytes of it */
        bool has_bad_stream;   /* "read" or "write" could not go on */
        Buf body;
        HttpOutcome outcome;
};

/* Takes the request over on success. */
HttpCall *http_call_new(HttpRequest *take_request, const HttpLimits *limits);
HttpCall *http_call_free(HttpCall *c);
DEFINE_TRIVIAL_CLEANUP(HttpCall *, http_call_free);

/* Sets up the transfer in c->easy; it only has to be given to a multi handle. ca_bundle outlives it. */
int http_call_prepare(HttpCall *c, const char *ca_bundle);

/* Sets c->easy up for c->stream. False: out of memory. */
bool http_stream_prepare(HttpCall *c);
/* A piece of a reply's body: >0 it was the stream's to take, <0 and the stream could not, 0 it is not its.
 */
int http_stream_take(HttpCall *c, const void *data, size_t size);

/* Fills c->outcome from how the transfer ended. */
void http_call_finish(HttpCall *c, CURLcode code);
/* The same for a call that never became a transfer. */
void http_call_fail(HttpCall *c, AwsFault fault, const char *why);

/* Hosts with a connection that is to stay. */
typedef struct HttpWarmList {
        HttpWarm *first;
        usec_t idle; /* how long a host may go unused */
} HttpWarmList;

#define HTTP_WARM_IDLE (40 * (usec_t) 1000000) /* well before HTTP_IDLE_SECONDS_MAX */

HttpWarmList *http_warm_list(Http *h);
sd_event *http_event(const Http *h);
/* A call has ended (its transfer, if there was one, is still there). */
void http_warm_note(HttpWarmList *list, const HttpCall *c);
/* What is left of them only waits for being freed. */
void http_warm_orphan(HttpWarmList *list);
