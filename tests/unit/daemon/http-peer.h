#pragma once

/* A scripted HTTP server on loopback that lives on the test's own event loop: no thread, no port chosen in
 * advance, and every byte of the conversation is the test's. */

#include <systemd/sd-event.h>

#include "base/buf.h"

typedef struct Peer Peer;

/* What happens behind the reply's text. */
typedef enum PeerEnd {
        PEER_KEEP,  /* the connection stays, for the next request */
        PEER_CLOSE, /* orderly */
        PEER_RESET, /* RST */
        PEER_HANG,  /* nothing, ever */
} PeerEnd;

typedef struct PeerRequest {
        const char *head; /* up to the empty line, NUL-terminated */
        const char *body;
        size_t body_size;
        unsigned connection; /* 0, 1, 2... in order of arrival */
        unsigned number;     /* 0, 1, 2... over all connections */
} PeerRequest;

/* Appends the reply, status line and all, to "out". */
typedef PeerEnd (*PeerAnswer)(const PeerRequest *request, Buf *out, void *userdata);

Peer *peer_new(sd_event *event, PeerAnswer answer, void *userdata);
Peer *peer_new_ipv6(sd_event *event, PeerAnswer answer, void *userdata); /* NULL: there is no ::1 here */
Peer *peer_free(Peer *p);
DEFINE_TRIVIAL_CLEANUP(Peer *, peer_free);

const char *peer_host(const Peer *p); /* "127.0.0.1:PORT", "[::1]:PORT" */
unsigned peer_requests(const Peer *p);
unsigned peer_connections(const Peer *p); /* ever accepted */
unsigned peer_open(const Peer *p);        /* of them, still open */

/* Appends a reply with a body and its length; "headers" are complete lines, or "". */
void peer_reply(Buf *out, const char *status, const char *headers, const char *body);

/* Runs the loop until *counter is at least n; fails the test when nothing happens any more. */
void peer_run(sd_event *event, const size_t *counter, size_t n);
/* Runs what is ready, without waiting. */
void peer_settle(sd_event *event);
