#pragma once

/* An Http on a loop of its own, with a peer to talk to, and what became of each call. */

#include "base/usec.h"
#include "daemon/http.h"
#include "unit/daemon/http-peer.h"

#define FIXTURE_CALLS_MAX 512

typedef struct Fixture Fixture;

typedef struct Result Result;

struct Result {
        Fixture *fixture;
        size_t is_done; /* 0 or 1: something peer_run() can wait for */
        size_t order;   /* 0: the first one that was done */
        AwsFault fault;
        unsigned status;
        char message[AWS_ERROR_MESSAGE_MAX];
        char *body;
        size_t body_size;
        char request_id[64];
        usec_t elapsed;
        HttpCall *call;
        void (*on_done)(Result *result); /* may be NULL */
};

struct Fixture {
        sd_event *event;
        Peer *peer;
        Http *http;
        size_t n_done;
        Result results[FIXTURE_CALLS_MAX];
};

Fixture *fixture_new(PeerAnswer answer, void *userdata);
Fixture *fixture_free(Fixture *f);
DEFINE_TRIVIAL_CLEANUP(Fixture *, fixture_free);

/* Fills a request to the peer. */
void fixture_request(const Fixture *f, HttpMethod method, const char *path, HttpRequest *ret);

/* Starts a call whose outcome goes to results[i]. NULL limits: seconds, 64 KiB. */
void fixture_start(Fixture *f, size_t i, HttpRequest *take_request, HttpLane lane, const HttpLimits *limits);
void fixture_get(Fixture *f, size_t i, const char *path); /* a GET of the peer in the normal lane */
