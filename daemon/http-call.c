#include <ctype.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include "aws/metadata.h"
#include "base/alloc.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/usec.h"
#include "daemon/http-internal.h"

#define UNACKNOWLEDGED_SECONDS_MAX 15u
#define KEEPALIVE_IDLE_SECONDS 15L
#define KEEPALIVE_INTERVAL_SECONDS 5L

HttpCall *http_call_new(HttpRequest *take_request, const HttpLimits *limits) {
        HttpCall *c = alloc_one(HttpCall);

        if (!c)
                return NULL;
        c->limits = *limits;
        c->body = BUF_SECRET_INIT(limits->body_max); /* it may hold credentials */
        c->request = *take_request;
        *take_request = (HttpRequest){ 0 };
        return c;
}

/* Tokens and signatures are among them. */
static void forget_headers(struct curl_slist *list) {
        for (struct curl_slist *line = list; line; line = line->next)
                explicit_bzero(line->data, strlen(line->data));
        curl_slist_free_all(list);
}

HttpCall *http_call_free(HttpCall *c) {
        if (!c)
                return NULL;
        curl_easy_cleanup(c->easy);
        forget_headers(c->headers);
        http_response_done(&c->outcome.response);
        buf_done(&c->body);
        http_request_done(&c->request);
        free(c);
        return NULL;
}

bool http_call_is_waiting(const HttpCall *call) {
        return call->n_sent == 0;
}

/* Called each time when libcurl is about to send the request on an established connection. It would do so
 * again, by itself, when a reused connection breaks before the first byte of the reply, or when an HTTP/2
 * server refuses the stream; but then the first one may have arrived, and repeating a write is not libcurl's
 * decision. */
static int on_ready(void *userdata, char *to_ip, char *from_ip, int to_port, int from_port) {
        HttpCall *c = userdata;

        return c->n_sent++ == 0 ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

static size_t on_body(char *data, size_t size, size_t n, void *userdata) {
        HttpCall *c = userdata;
        int r = http_stream_take(c, data, size * n);

        if (r == 0) {
                r = buf_append(&c->body, data, size * n);
                c->is_too_large = r == -ENOBUFS;
        }
        return r < 0 ? 0 : size * n;
}

static int take_header(HttpResponse *response, const char *line, size_t size) {
        _cleanup_(freep) char *name = NULL, *value = NULL;
        const char *colon = memchr(line, ':', size), *end = line + size, *start;

        if (!colon || memchr(line, '\0', size))
                return 0;
        for (start = colon + 1; start < end && isspace((unsigned char) *start);)
                start++;
        while (end > start && isspace((unsigned char) end[-1]))
                end--;
        name = alloc_copy_bytes(line, (size_t) (colon - line));
        value = alloc_copy_bytes(start, (size_t) (end - start));
        return name && value ? http_response_take_header(response, name, value) : -ENOMEM;
}

static size_t on_header(char *data, size_t size, size_t n, void *userdata) {
        HttpCall *c = userdata;
        HttpResponse *response = &c->outcome.response;

        c->headers_size += size * n;
        c->has_too_many_headers = c->headers_size > HTTP_HEADERS_SIZE_MAX;
        if (c->has_too_many_headers)
                return 0;
        /* A status line: what came before belongs to an interim reply. */
        if (size * n >= 5 && memcmp(data, "HTTP/", 5) == 0) {
                http_response_done(response);
                *response = (HttpResponse){ 0 };
                return size * n;
        }
        return take_header(response, data, size * n) == -ENOMEM ? 0 : size * n;
}

static int add_line(struct curl_slist **list, const char *line) {
        struct curl_slist *longer = curl_slist_append(*list, line);

        if (!longer)
                return -ENOMEM;
        *list = longer;
        return 0;
}

static int add_header(struct curl_slist **list, const char *name, const char *value) {
        /* libcurl reads "name:" as "do not send it"; with a semicolon it goes out empty. */
        _cleanup_(secret_erase_stringp) char *line =
                        value[0] == '\0' ? alloc_printf("%s;", name) : alloc_printf("%s: %s", name, value);

        return line ? add_line(list, line) : -ENOMEM;
}

/* Exactly the headers of the request: what libcurl would add by itself is not what was signed. */
static int make_headers(HttpCall *c) {
        static const char *const silenced[] = { "expect", "accept", "content-type" };
        const HttpRequest *request = &c->request;
        int r;

        r = add_header(&c->headers, "Host", request->host);
        if (r < 0)
                return r;
        for (size_t i = 0; i < request->n_headers; i++) {
                r = add_header(&c->headers, request->headers[i].name, request->headers[i].value);
                if (r < 0)
                        return r;
        }
        for (size_t i = 0; i < ELEMENTSOF(silenced); i++) {
                _cleanup_(freep) char *line = NULL;

                if (http_request_header(request, silenced[i]))
                        continue;
                line = alloc_printf("%s:", silenced[i]);
                r = line ? add_line(&c->headers, line) : -ENOMEM;
                if (r < 0)
                        return r;
        }
        return 0;
}

/* An HTTP/2 connection outlives the calls that time out on it, so one that leads nowhere would take call
 * after call with it. The kernel ends it: when what was sent is not acknowledged for that long, or nothing
 * at all comes back from a silent one. */
static int on_socket(void *userdata, curl_socket_t fd, curlsocktype purpose) {
        unsigned milliseconds = UNACKNOWLEDGED_SECONDS_MAX * 1000;

        /* Not every socket is TCP's; without it things are slower, not wrong. */
        (void) setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &milliseconds, sizeof(milliseconds));
        return CURL_SOCKOPT_OK;
}

static long to_msec(usec_t span) {
        return (long) (usec_min(span, USEC_PER_DAY) + USEC_PER_MSEC - 1) / (long) USEC_PER_MSEC;
}

/* All of these fail for lack of memory only; true: all set. */
#define SET(option, value) (curl_easy_setopt(c->easy, (option), (value)) == CURLE_OK)

static bool set_limits(HttpCall *c) {
        /* A peer that is silent for most of the time allowed does not come back. */
        long silence = (c->limits.silence > 0 ? to_msec(c->limits.silence)
                                              : to_msec(c->limits.total_timeout) * 3 / 4) +
                        999;

        return SET(CURLOPT_CONNECTTIMEOUT_MS, to_msec(c->limits.connect_timeout)) &&
                        SET(CURLOPT_TIMEOUT_MS, to_msec(c->limits.total_timeout)) &&
                        SET(CURLOPT_LOW_SPEED_LIMIT, 1L) && SET(CURLOPT_LOW_SPEED_TIME, silence / 1000);
}

static bool set_security(HttpCall *c, const char *ca_bundle) {
        bool is_set = SET(CURLOPT_PROTOCOLS_STR, c->request.tls ? "https" : "http") &&
                        SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_SSL_VERIFYPEER, 1L) &&
                        SET(CURLOPT_SSL_VERIFYHOST, 2L) &&
                        SET(CURLOPT_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2) &&
                        SET(CURLOPT_DISALLOW_USERNAME_IN_URL, 1L);

        if (ca_bundle)
                is_set = is_set && SET(CURLOPT_CAINFO, ca_bundle) && SET(CURLOPT_CAPATH, NULL);
        return is_set;
}

/* A libcurl that was built without HTTP/2 refuses to be asked for it. */
static long best_version(void) {
        return (curl_version_info(CURLVERSION_NOW)->features & CURL_VERSION_HTTP2) != 0
                        ? CURL_HTTP_VERSION_2TLS
                        : CURL_HTTP_VERSION_1_1;
}

static bool set_request(HttpCall *c, const char *url) {
        const HttpRequest *request = &c->request;
        bool is_set = SET(CURLOPT_URL, url) && SET(CURLOPT_PATH_AS_IS, 1L) &&
                        SET(CURLOPT_HTTP_VERSION, best_version()) &&
                        /* Calls wait for a connection that may turn out to have room for them all; a
                         * rollback waits for nobody's handshake. */
                        SET(CURLOPT_PIPEWAIT, request->tls && c->lane == HTTP_LANE_NORMAL ? 1L : 0L) &&
                        SET(CURLOPT_USERAGENT, "canaryd");

        if (!c->stream.read &&
                        (request->body || request->method == HTTP_POST || request->method == HTTP_PUT))
                is_set = is_set && SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t) request->body_size) &&
                                SET(CURLOPT_POSTFIELDS, request->body ? request->body : "");
        return is_set && SET(CURLOPT_CUSTOMREQUEST, http_method_to_string(request->method)) &&
                        SET(CURLOPT_HTTPHEADER, c->headers);
}

static bool set_connection(HttpCall *c) {
        return SET(CURLOPT_MAXAGE_CONN, HTTP_IDLE_SECONDS_MAX) && SET(CURLOPT_NOSIGNAL, 1L) &&
                        /* Without it, giving up on a name waits for the resolver's thread. */
                        SET(CURLOPT_QUICK_EXIT, 1L) && SET(CURLOPT_TCP_KEEPALIVE, 1L) &&
                        SET(CURLOPT_TCP_KEEPIDLE, KEEPALIVE_IDLE_SECONDS) &&
                        SET(CURLOPT_TCP_KEEPINTVL, KEEPALIVE_INTERVAL_SECONDS) &&
                        SET(CURLOPT_SOCKOPTFUNCTION, on_socket);
}

/* What is for AWS is not for the proxy, and a proxy that speaks TLS is believed as little as anybody. */
static bool set_proxy(HttpCall *c, const char *ca_bundle) {
        bool is_set = SET(CURLOPT_HEADEROPT, (long) CURLHEADER_SEPARATE) &&
                        SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L) && SET(CURLOPT_PROXY_SSL_VERIFYPEER, 1L) &&
                        SET(CURLOPT_PROXY_SSL_VERIFYHOST, 2L) &&
                        SET(CURLOPT_PROXY_SSLVERSION, (long) CURL_SSLVERSION_TLSv1_2);

        if (ca_bundle)
                is_set = is_set && SET(CURLOPT_PROXY_CAINFO, ca_bundle) && SET(CURLOPT_PROXY_CAPATH, NULL);
        if (host_is_local(c->request.host))
                is_set = is_set && SET(CURLOPT_PROXY, "");
        return is_set;
}

static bool set_callbacks(HttpCall *c) {
        return SET(CURLOPT_PRIVATE, c) && SET(CURLOPT_ERRORBUFFER, c->error) &&
                        SET(CURLOPT_PREREQFUNCTION, on_ready) && SET(CURLOPT_PREREQDATA, c) &&
                        SET(CURLOPT_WRITEFUNCTION, on_body) && SET(CURLOPT_WRITEDATA, c) &&
                        SET(CURLOPT_HEADERFUNCTION, on_header) && SET(CURLOPT_HEADERDATA, c);
}

int http_call_prepare(HttpCall *c, const char *ca_bundle) {
        _cleanup_(secret_erase_stringp) char *url = NULL;
        int r;

        assert(!c->easy);
        c->ca_bundle = ca_bundle;
        r = http_request_url(&c->request, &url);
        if (r < 0)
                return r;
        r = make_headers(c);
        if (r < 0)
                return r;
        c->easy = curl_easy_init();
        if (!c->easy)
                return -ENOMEM;
        if (!set_limits(c) || !set_security(c, ca_bundle) || !set_connection(c) ||
                        !set_proxy(c, ca_bundle) || !set_request(c, url) || !set_callbacks(c) ||
                        !http_stream_prepare(c))
                return -ENOMEM;
        return 0;
}

void http_call_fail(HttpCall *c, AwsFault fault, const char *why) {
        HttpOutcome *outcome = &c->outcome;

        outcome->fault = fault;
        (void) snprintf(outcome->message, sizeof(outcome->message), "%s: %s", c->request.host, why);
        for (char *p = outcome->message; *p; p++)
                if (iscntrl((unsigned char) *p))
                        *p = ' ';
}

/* A proxy that does not let us through. It is named by its address: what the environment says may hold a
 * password. */
static void fail_at_proxy(HttpCall *c, long status, const char *why) {
        _cleanup_(freep) char *text = NULL;
        const char *ip = NULL;
        long port = 0;

        (void) curl_easy_getinfo(c->easy, CURLINFO_PRIMARY_IP, &ip);
        (void) curl_easy_getinfo(c->easy, CURLINFO_PRIMARY_PORT, &port);
        if (status == 407)
                why = "answers 407: it wants a user name and password, or others than the environment has";
        text = alloc_printf("proxy at %s port %ld: %s", str_is_empty(ip) ? "?" : ip, port, why);
        http_call_fail(c, AWS_UNREACHABLE, text ? text : why);
}

/* Somebody chose whom to believe, and may have chosen wrong, or the file is another one by now. */
static void fail_by_bundle(HttpCall *c, const char *why) {
        _cleanup_(freep) char *text =
                        alloc_printf("%s; what is believed is the CA bundle %s (ca_bundle, AWS_CA_BUNDLE)",
                                        why, c->ca_bundle);

        http_call_fail(c, AWS_UNREACHABLE, text ? text : why);
}

static void fail_with(HttpCall *c, CURLcode code) {
        /* Everything up to the TLS handshake is behind us once the request may go out. */
        AwsFault fault = c->n_sent > 0 && !http_call_is_partial(c) ? AWS_TRANSIENT : AWS_UNREACHABLE;
        const char *why = c->error[0] != '\0' ? c->error : curl_easy_strerror(code);
        long connected = 0; /* the status of a proxy's reply to CONNECT */
        char text[64];

        (void) curl_easy_getinfo(c->easy, CURLINFO_HTTP_CONNECTCODE, &connected);
        if (c->is_too_large || c->outcome.is_too_large) {
                (void) snprintf(text, sizeof(text), "reply is larger than %llu bytes",
                                c->is_too_large ? (unsigned long long) c->limits.body_max
                                                : (unsigned long long) c->stream.download_max);
                http_call_fail(c, fault, text);
        } else if (c->has_bad_stream) {
                http_call_fail(c, fault, "the body could not be read or written");
        } else if (c->has_too_many_headers) {
                (void) snprintf(text, sizeof(text), "headers of the reply are larger than %u bytes",
                                HTTP_HEADERS_SIZE_MAX);
                http_call_fail(c, fault, text);
        } else if (c->n_sent > 1)
                http_call_fail(c, fault,
                                "connection was lost, or the request turned away, before a reply came");
        else if (c->n_sent == 0 && (code == CURLE_PROXY || (connected != 0 && connected / 100 != 2)))
                fail_at_proxy(c, connected, why);
        else if (c->n_sent == 0 && c->ca_bundle &&
                        (code == CURLE_SSL_CACERT_BADFILE || code == CURLE_PEER_FAILED_VERIFICATION))
                fail_by_bundle(c, why);
        else
                http_call_fail(c, fault, why);
}

void http_call_finish(HttpCall *c, CURLcode code) {
        HttpOutcome *outcome = &c->outcome;
        curl_off_t elapsed = 0;
        long status = 0;

        (void) curl_easy_getinfo(c->easy, CURLINFO_TOTAL_TIME_T, &elapsed);
        (void) curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &status);
        outcome->elapsed = elapsed > 0 ? (usec_t) elapsed : 0;
        if (code != CURLE_OK) {
                fail_with(c, code);
                return;
        }
        if (status < 100 || status > 599) {
                http_call_fail(c, AWS_TRANSIENT, "reply has no HTTP status");
                return;
        }
        /* Of a request that is not tunnelled it is the proxy that says this, AWS never does. */
        if (status == 407 && !c->request.tls) {
                fail_at_proxy(c, status, "");
                return;
        }
        outcome->response.body_size = c->body.size;
        if (buf_take(&c->body, &outcome->response.body) < 0) {
                http_call_fail(c, AWS_TRANSIENT, "out of memory");
                return;
        }
        outcome->response.status = (unsigned) status;
        outcome->fault = AWS_OK;
}
