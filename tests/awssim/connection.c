#include "awssim/connection.h"

#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <time.h>

#include "awssim/metadata.h"
#include "awssim/sim-clock.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"

struct Connection {
        ConnectionContext *context;
        struct MHD_Connection *mhd;
        Exchange exchange;
        bool waiting;
        usec_t deadline; /* monotonic, while waiting */
        Connection *next, *previous;
};

usec_t connection_wall(const Scenario *scenario) {
        return clock_wall() + (usec_t) scenario->clock_offset;
}

static void connection_wait(Connection *c, usec_t delay) {
        ConnectionContext *context = c->context;

        c->deadline = usec_add(clock_monotonic(), delay);
        c->waiting = true;
        c->previous = NULL;
        c->next = context->waiting;
        if (c->next)
                c->next->previous = c;
        context->waiting = c;
        MHD_suspend_connection(c->mhd);
}

static void connection_unlink(Connection *c) {
        if (!c->waiting)
                return;
        if (c->previous)
                c->previous->next = c->next;
        else
                c->context->waiting = c->next;
        if (c->next)
                c->next->previous = c->previous;
        c->waiting = false;
}

void connection_resume_due(ConnectionContext *context, usec_t now) {
        for (Connection *c = context->waiting, *next; c; c = next) {
                next = c->next;
                if (c->deadline > now)
                        continue;
                connection_unlink(c);
                MHD_resume_connection(c->mhd);
        }
}

usec_t connection_next_deadline(const ConnectionContext *context) {
        usec_t deadline = USEC_INFINITY;

        for (const Connection *c = context->waiting; c; c = c->next)
                deadline = usec_min(deadline, c->deadline);
        return deadline;
}

void connection_resume_all(ConnectionContext *context) {
        while (context->waiting) {
                Connection *c = context->waiting;

                c->exchange.phase = EXCHANGE_RESET;
                connection_unlink(c);
                MHD_resume_connection(c->mhd);
        }
}

static Connection *connection_free(Connection *c) {
        if (!c)
                return NULL;
        connection_unlink(c);
        (void) request_free(c->exchange.request);
        reply_done(&c->exchange.reply);
        free(c);
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP(Connection *, connection_free);

void *connection_on_uri(void *cls, const char *uri, struct MHD_Connection *mhd) {
        ConnectionContext *context = cls;
        _cleanup_(connection_freep) Connection *c = alloc_one(Connection);

        if (!c)
                return NULL;
        c->context = context;
        c->mhd = mhd;
        c->exchange.reply = REPLY_INIT;
        c->exchange.request = request_new(uri, context->tls);
        if (!c->exchange.request)
                return NULL;
        return TAKE_PTR(c);
}

void connection_on_completed(void *cls, struct MHD_Connection *mhd, void **request_cls,
                enum MHD_RequestTerminationCode code) {
        (void) connection_free(*request_cls);
        *request_cls = NULL;
}

/* One socket, over all its requests. */
struct socket {
        uint64_t number;
        bool used;
};

void connection_on_socket(void *cls, struct MHD_Connection *mhd, void **socket_context,
                enum MHD_ConnectionNotificationCode code) {
        ConnectionContext *context = cls;
        World *w = context->world;
        struct socket *s;

        if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
                w->n_connections_open--;
                free(*socket_context);
                *socket_context = NULL;
                return;
        }
        w->n_connections++;
        w->n_connections_open++;
        s = alloc_one(struct socket);
        if (s)
                s->number = w->n_connections;
        *socket_context = s;
}

static enum MHD_Result take_header(void *cls, enum MHD_ValueKind kind, const char *name, const char *value) {
        return request_add_header(cls, name, value ? value : "") < 0 ? MHD_NO : MHD_YES;
}

static bool peer_is_loopback(struct MHD_Connection *mhd) {
        const union MHD_ConnectionInfo *info =
                        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);

        if (!info)
                return false;
        if (info->client_addr->sa_family == AF_INET) {
                const struct sockaddr_in *in = (const void *) info->client_addr;

                return ntohl(in->sin_addr.s_addr) >> 24 == 127;
        }
        if (info->client_addr->sa_family == AF_INET6) {
                const struct sockaddr_in6 *in = (const void *) info->client_addr;

                return IN6_IS_ADDR_LOOPBACK(&in->sin6_addr);
        }
        return false;
}

static void note_socket(Connection *c) {
        const union MHD_ConnectionInfo *info =
                        MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
        struct socket *s = info ? info->socket_context : NULL;

        if (!s)
                return;
        c->exchange.request->connection = s->number;
        c->exchange.request->connection_used = s->used;
        s->used = true;
}

static int connection_take_head(Connection *c, const char *method) {
        Request *request = c->exchange.request;
        int n;

        request->arrived = connection_wall(c->context->world->scenario);
        request->arrived_mono = clock_monotonic() - c->context->start_mono;
        note_socket(c);
        c->exchange.from_loopback = peer_is_loopback(c->mhd);
        c->exchange.phase = EXCHANGE_BODY;
        request_set_method(request, method);
        n = MHD_get_connection_values(c->mhd, MHD_HEADER_KIND, NULL, NULL);
        return MHD_get_connection_values(c->mhd, MHD_HEADER_KIND, take_header, request) == n ? 0 : -ENOMEM;
}

/* An immediate RST: unlike close(), disconnecting does not let anything queued out before it. */
static void connection_cut(Connection *c) {
        const union MHD_ConnectionInfo *info =
                        MHD_get_connection_info(c->mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
        const struct sockaddr nobody = { .sa_family = AF_UNSPEC };

        if (info)
                (void) connect(info->connect_fd, &nobody, sizeof(nobody));
}

/* A body that ends before its Content-Length. */
struct truncated {
        size_t size;
        char data[];
};

static ssize_t truncated_read(void *cls, uint64_t position, char *out, size_t max) {
        const struct truncated *t = cls;
        size_t n;

        if (position >= t->size / 2)
                return MHD_CONTENT_READER_END_WITH_ERROR;
        n = MIN(max, t->size / 2 - (size_t) position);
        memcpy(out, t->data + position, n);
        return (ssize_t) n;
}

static struct MHD_Response *response_truncated(const Buf *body) {
        struct truncated *t = alloc_zero(sizeof(*t) + body->size);
        struct MHD_Response *response;

        if (!t)
                return NULL;
        t->size = body->size;
        memcpy(t->data, buf_text(body), body->size);
        response = MHD_create_response_from_callback(body->size, 4096, truncated_read, t, free);
        if (!response)
                free(t);
        return response;
}

/* A body in single bytes (or few, where it is long), evenly over a time. Waits as connections do, suspended.
 */
struct slow {
        Connection *connection;
        usec_t begin, span;
        size_t size;
        char data[];
};

static ssize_t slow_read(void *cls, uint64_t position, char *out, size_t max) {
        const struct slow *s = cls;
        usec_t age = usec_sub(clock_monotonic(), s->begin);
        size_t due = age >= s->span ? s->size
                                    : 1 + (size_t) ((double) s->size * (double) age / (double) s->span);
        size_t n = MIN(due, s->size);

        if (n <= position) {
                connection_wait(s->connection, usec_max(s->span / s->size, USEC_PER_MSEC));
                return 0;
        }
        n = MIN(n - (size_t) position, max);
        memcpy(out, s->data + position, n);
        return (ssize_t) n;
}

static struct MHD_Response *response_slow(Connection *c, const Buf *body, usec_t span) {
        struct slow *s = alloc_zero(sizeof(*s) + body->size);
        struct MHD_Response *response;

        if (!s)
                return NULL;
        s->connection = c;
        s->begin = clock_monotonic();
        s->span = span;
        s->size = body->size;
        memcpy(s->data, buf_text(body), body->size);
        response = MHD_create_response_from_callback(body->size, 4096, slow_read, s, free);
        if (!response)
                free(s);
        return response;
}

static struct MHD_Response *response_new(Connection *c) {
        Exchange *x = &c->exchange;
        Buf *body = &x->reply.body;
        struct MHD_Response *response;
        size_t size = body->size;
        char *data;

        if (x->fault && x->fault->action == FAULT_TRUNCATE)
                return response_truncated(body);
        if (x->fault && x->fault->action == FAULT_SLOW && size > 0)
                return response_slow(c, body, x->fault->delay);
        if (buf_take(body, &data) < 0)
                return NULL;
        response = MHD_create_response_from_buffer(size, data, MHD_RESPMEM_MUST_FREE);
        if (!response)
                free(data);
        return response;
}

/* libmicrohttpd's own Date would be the true one, and come twice. */
static void add_date(struct MHD_Response *response, usec_t now) {
        time_t seconds = (time_t) (now / USEC_PER_SEC);
        char text[40];
        struct tm tm;

        if (gmtime_r(&seconds, &tm) && strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0)
                (void) MHD_add_response_header(response, "Date", text);
}

static void add_header(struct MHD_Response *response, const char *name, const char *value) {
        if (value[0] != '\0')
                (void) MHD_add_response_header(response, name, value);
}

static void add_number(struct MHD_Response *response, const char *name, uint64_t value) {
        char text[32];

        (void) snprintf(text, sizeof(text), "%llu", (unsigned long long) value);
        add_header(response, name, text);
}

static enum MHD_Result connection_send(Connection *c) {
        Exchange *x = &c->exchange;
        const Reply *reply = &x->reply;
        struct MHD_Response *response = response_new(c);
        enum MHD_Result result;

        if (!response)
                return MHD_NO;
        add_header(response, "Content-Type", reply_content_type(reply, x->request));
        add_header(response, "x-amzn-RequestId", x->request->request_id);
        add_header(response, "x-amzn-errortype", reply->error_type);
        add_header(response, "x-amzn-query-error", reply->query_error);
        if (reply->imds_ttl > 0)
                add_number(response, IMDS_TTL_HEADER, reply->imds_ttl);
        add_date(response, connection_wall(c->context->world->scenario) + (usec_t) exchange_clock_offset(x));
        if (reply->retry_after > 0)
                add_number(response, "Retry-After",
                                usec_ceil(reply->retry_after, USEC_PER_SEC) / USEC_PER_SEC);
        result = MHD_queue_response(c->mhd, reply->status, response);
        MHD_destroy_response(response);
        return result;
}

/* Goes on from the complete request as far as it can without waiting. */
static int connection_advance(Connection *c, enum MHD_Result *ret) {
        ConnectionContext *context = c->context;
        Exchange *x = &c->exchange;
        usec_t delay = 0;
        int r;

        if (x->phase == EXCHANGE_BODY) {
                r = exchange_begin(x, context->world, &delay);
                if (r < 0)
                        return r;
        }
        if (x->phase == EXCHANGE_RUN && delay == 0) {
                r = exchange_run(x, context->world, context->log, connection_wall(context->world->scenario),
                                &delay);
                if (r < 0)
                        return r;
        }
        *ret = MHD_YES;
        if (delay > 0)
                connection_wait(c, delay);
        else if (x->phase == EXCHANGE_SEND)
                *ret = connection_send(c);
        else {
                connection_cut(c);
                *ret = MHD_NO;
        }
        return 0;
}

enum MHD_Result connection_on_request(void *cls, struct MHD_Connection *mhd, const char *url,
                const char *method, const char *version, const char *upload, size_t *upload_size,
                void **request_cls) {
        ConnectionContext *context = cls;
        Connection *c = *request_cls;
        enum MHD_Result result = MHD_YES;
        int r;

        if (!c)
                return MHD_NO;
        if (c->exchange.phase == EXCHANGE_HEAD)
                r = connection_take_head(c, method);
        else if (*upload_size > 0) {
                /* Too much sticks in the buffer and is answered when all of it is in. */
                (void) buf_append(&c->exchange.request->body, upload, *upload_size);
                *upload_size = 0;
                r = 0;
        } else
                r = connection_advance(c, &result);
        if (r < 0) {
                (void) fprintf(stderr, "awssim: %s %s: %s\n", method, url, strerror(-r));
                context->failure = r;
                return MHD_NO;
        }
        return result;
}
