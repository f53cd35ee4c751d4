#pragma once

/* HTTP requests and replies as plain values: built and read here, carried by somebody else. */

#include "base/macro.h"

#define HTTP_HEADERS_MAX 24

typedef enum HttpMethod {
        HTTP_GET,
        HTTP_POST,
        HTTP_PUT,
        HTTP_DELETE,
} HttpMethod;

typedef struct HttpHeader {
        char *name;  /* lower case; owned */
        char *value; /* owned */
} HttpHeader;

struct HttpRequest {
        HttpMethod method;
        bool tls;
        char *host;  /* exactly what goes out in Host: lower case, port only when not the scheme's default;
                        owned */
        char *path;  /* as on the wire: starts with '/', percent-encoded once; owned */
        char *query; /* as on the wire, without '?'; NULL or "" when there is none; owned */
        bool path_verbatim; /* sign the path as it is (S3's way); false: normalised and encoded once more */
        char *body;         /* owned; NULL when there is none */
        size_t body_size;
        HttpHeader headers[HTTP_HEADERS_MAX]; /* Host is not among them */
        size_t n_headers;
};

/* The part of a reply that anything here looks at. Text members are owned and NULL when absent. */
struct HttpResponse {
        unsigned status; /* 100-599; 0: no reply at all */
        char *body;      /* NUL-terminated, never NULL in a filled reply */
        size_t body_size;
        char *request_id;   /* x-amzn-requestid or x-amz-request-id */
        char *error_type;   /* x-amzn-errortype, raw */
        char *query_error;  /* x-amzn-query-error, raw */
        usec_t date;        /* Date header, 0 when absent or unreadable */
        bool has_age;       /* Age header: from a cache, and so is the date */
        usec_t retry_after; /* how long the far side asks us to wait, at most a day; 0 when it does not */
        usec_t retry_at;    /* Retry-After as a date, which becomes a span when the date is known */
        bool has_retry_ms;  /* x-amz-retry-after was there: it beats Retry-After */
};

const char *http_method_to_string(HttpMethod m);

void http_request_done(HttpRequest *r);
void http_response_done(HttpResponse *r);

/* Copies both; the name is lower-cased. -ENOBUFS: too many headers. -EINVAL: CR, LF or NUL in either. */
int http_request_add_header(HttpRequest *r, const char *name, const char *value);
void http_request_drop_header(HttpRequest *r, const char *name);         /* every header of that name */
const char *http_request_header(const HttpRequest *r, const char *name); /* NULL: absent */

/* "https://host/path?query", owned by the caller. */
int http_request_url(const HttpRequest *r, char **ret);

/* Takes one received header line's name (any case) and value into the fields above; others, and values that
 * are too long to be true, are ignored. A repeated header counts as it came last. */
int http_response_take_header(HttpResponse *r, const char *name, const char *value);
