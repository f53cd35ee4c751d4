#include "unit/daemon/http-peer.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "base/str.h"
#include "base/usec.h"
#include "lib/test.h"

#define PEER_CONNECTIONS_MAX 1024
#define PEER_BYTES_MAX (8u * 1024 * 1024)
#define PATIENCE (10 * USEC_PER_SEC)
#define TURNS_MAX 200000

typedef struct Conn {
        Peer *peer;
        int fd;
        sd_event_source *source;
        unsigned number;
        Buf in, out;
        size_t sent;
        PeerEnd end;
} Conn;

struct Peer {
        sd_event *event;
        sd_event_source *source;
        int fd;
        char host[32];
        PeerAnswer answer;
        void *userdata;
        Conn *conns[PEER_CONNECTIONS_MAX];
        unsigned n_conns, n_open, n_requests;
};

static void conn_free(Conn *c) {
        (void) sd_event_source_disable_unref(c->source);
        c->peer->conns[c->number] = NULL;
        c->peer->n_open--;
        (void) fd_close(c->fd);
        buf_done(&c->in);
        buf_done(&c->out);
        free(c);
}

static void conn_reset(Conn *c) {
        const struct linger at_once = { .l_onoff = 1 };

        (void) setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        conn_free(c);
}

static size_t content_length(const char *head) {
        const char *p = strcasestr(head, "\r\ncontent-length:");
        uint64_t n = 0;

        if (!p)
                return 0;
        for (p += strlen("\r\ncontent-length:"); *p == ' ';)
                p++;
        for (; *p >= '0' && *p <= '9'; p++)
                n = n * 10 + (uint64_t) (*p - '0');
        return n;
}

/* True: a request was answered. */
static bool conn_answer(Conn *c) {
        char *end = c->in.size > 0 ? strstr(c->in.data, "\r\n\r\n") : NULL;
        size_t head_size, body_size, rest;
        PeerRequest request;

        if (!end)
                return false;
        head_size = (size_t) (end - c->in.data) + 4;
        end[2] = '\0';
        body_size = content_length(c->in.data);
        if (c->in.size - head_size < body_size) {
                end[2] = '\r';
                return false;
        }
        request = (PeerRequest){ c->in.data, c->in.data + head_size, body_size, c->number,
                c->peer->n_requests++ };
        c->end = c->peer->answer(&request, &c->out, c->peer->userdata);
        rest = c->in.size - head_size - body_size;
        memmove(c->in.data, c->in.data + head_size + body_size, rest + 1);
        c->in.size = rest;
        return true;
}

/* False: the connection is gone. */
static bool conn_flush(Conn *c) {
        while (c->sent < c->out.size) {
                ssize_t n = send(c->fd, c->out.data + c->sent, c->out.size - c->sent, MSG_NOSIGNAL);

                if (n < 0 && errno == EAGAIN) {
                        (void) sd_event_source_set_io_events(c->source, EPOLLIN | EPOLLOUT);
                        return true;
                }
                if (n < 0) {
                        conn_free(c);
                        return false;
                }
                c->sent += (size_t) n;
        }
        (void) sd_event_source_set_io_events(c->source, EPOLLIN);
        if (c->end == PEER_RESET)
                conn_reset(c);
        else if (c->end == PEER_CLOSE)
                conn_free(c);
        else
                return true;
        return false;
}

static int on_conn(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        char bytes[8192];
        Conn *c = userdata;
        ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

        if (n == 0 || (n < 0 && errno != EAGAIN)) {
                conn_free(c);
                return 0;
        }
        /* No HTTP (a TLS greeting, say) or far too much of it: a server hangs up. */
        if ((n > 0 && buf_append(&c->in, bytes, (size_t) n) < 0) ||
                        (c->in.size > 0 && (c->in.data[0] < 'A' || c->in.data[0] > 'Z'))) {
                conn_free(c);
                return 0;
        }
        if (c->end != PEER_HANG)
                (void) conn_answer(c);
        (void) conn_flush(c);
        return 0;
}

static int on_accept(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Peer *p = userdata;
        Conn *c;
        int conn = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

        if (conn < 0)
                return 0;
        EXPECT(p->n_conns < PEER_CONNECTIONS_MAX);
        c = alloc_one(Conn);
        if (!c) { /* a test may make that fail */
                (void) fd_close(conn);
                return 0;
        }
        c->peer = p;
        c->fd = conn;
        c->number = p->n_conns++;
        c->in = c->out = BUF_INIT(PEER_BYTES_MAX);
        p->conns[c->number] = c;
        p->n_open++;
        EXPECT_OK(sd_event_add_io(p->event, &c->source, conn, EPOLLIN, on_conn, c));
        return 0;
}

static Peer *peer_new_at(sd_event *event, struct sockaddr *address, socklen_t size, PeerAnswer answer,
                void *userdata) {
        Peer *p = alloc_one(Peer);

        EXPECT(p);
        p->event = event;
        p->answer = answer;
        p->userdata = userdata;
        p->fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (p->fd < 0 || bind(p->fd, address, size) < 0) {
                (void) fd_close(p->fd);
                free(p);
                return NULL;
        }
        EXPECT_OK(listen(p->fd, PEER_CONNECTIONS_MAX));
        EXPECT_OK(getsockname(p->fd, address, &size));
        EXPECT_OK(sd_event_add_io(event, &p->source, p->fd, EPOLLIN, on_accept, p));
        return p;
}

Peer *peer_new(sd_event *event, PeerAnswer answer, void *userdata) {
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        Peer *p = peer_new_at(event, (struct sockaddr *) &address, sizeof(address), answer, userdata);

        EXPECT(p);
        (void) snprintf(p->host, sizeof(p->host), "127.0.0.1:%u", ntohs(address.sin_port));
        return p;
}

Peer *peer_new_ipv6(sd_event *event, PeerAnswer answer, void *userdata) {
        struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
        Peer *p = peer_new_at(event, (struct sockaddr *) &address, sizeof(address), answer, userdata);

        if (p)
                (void) snprintf(p->host, sizeof(p->host), "[::1]:%u", ntohs(address.sin6_port));
        return p;
}

Peer *peer_free(Peer *p) {
        if (!p)
                return NULL;
        for (unsigned i = 0; i < p->n_conns; i++)
                if (p->conns[i])
                        conn_free(p->conns[i]);
        (void) sd_event_source_disable_unref(p->source);
        (void) fd_close(p->fd);
        free(p);
        return NULL;
}

const char *peer_host(const Peer *p) {
        return p->host;
}

unsigned peer_requests(const Peer *p) {
        return p->n_requests;
}

unsigned peer_connections(const Peer *p) {
        return p->n_conns;
}

unsigned peer_open(const Peer *p) {
        return p->n_open;
}

void peer_reply(Buf *out, const char *status, const char *headers, const char *body) {
        EXPECT_OK(buf_printf(out, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n%s", status, strlen(body),
                        headers, body));
}

void peer_run(sd_event *event, const size_t *counter, size_t n) {
        for (unsigned turn = 0; *counter < n; turn++) {
                int r = sd_event_run(event, PATIENCE);

                EXPECT_OK(r);
                if (r == 0 || turn == TURNS_MAX)
                        FAIL("waited for %zu, there are only %zu", n, *counter);
        }
}

void peer_settle(sd_event *event) {
        for (unsigned turn = 0; turn < TURNS_MAX; turn++) {
                int r = sd_event_run(event, 0);

                EXPECT_OK(r);
                if (r == 0)
                        return;
        }
        FAIL("the loop never comes to rest");
}
