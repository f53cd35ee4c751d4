#pragma once

/* The HTTP side: libmicrohttpd driven by one poll() loop, so that nothing here needs a lock. */

#include "awssim/request-log.h"
#include "awssim/world.h"

typedef struct Server Server;

typedef struct ServerOptions {
        const char *listen;             /* "127.0.0.1:0", "[::1]:8080" */
        const char *tls_cert, *tls_key; /* PEM texts; NULL: plain HTTP */
} ServerOptions;

/* Listens. scenario and log are borrowed. -EINVAL: not an address to listen on. */
int server_new(const ServerOptions *options, Scenario *scenario, RequestLog *log, Server **ret);
Server *server_free(Server *s);
DEFINE_TRIVIAL_CLEANUP(Server *, server_free);

unsigned server_port(const Server *s);

/* Serves until SIGTERM or SIGINT, which the caller has blocked, arrive. */
int server_run(Server *s);
