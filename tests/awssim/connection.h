#pragma once

/* libmicrohttpd's callbacks: from bytes to an Exchange and back, and the exchanges that wait meanwhile. */

#include <microhttpd.h>

#include "awssim/exchange.h"

typedef struct Connection Connection;

/* What all connections share. */
typedef struct ConnectionContext {
        World *world;
        RequestLog *log;
        bool tls;
        usec_t start_mono;
        Connection *waiting; /* suspended ones */
        int failure;         /* the last failure of the simulator itself, 0: none */
} ConnectionContext;

/* The server's wall clock: right but for the scenario's offset. */
usec_t connection_wall(const Scenario *scenario);

/* For MHD_start_daemon(); cls is the ConnectionContext. */
enum MHD_Result connection_on_request(void *cls, struct MHD_Connection *mhd, const char *url,
                const char *method, const char *version, const char *upload, size_t *upload_size,
                void **request_cls);
void *connection_on_uri(void *cls, const char *uri, struct MHD_Connection *mhd);
void connection_on_completed(void *cls, struct MHD_Connection *mhd, void **request_cls,
                enum MHD_RequestTerminationCode code);

/* Numbers the sockets. */
void connection_on_socket(void *cls, struct MHD_Connection *mhd, void **socket_context,
                enum MHD_ConnectionNotificationCode code);

/* Lets those go on whose time (monotonic) has come. */
void connection_resume_due(ConnectionContext *context, usec_t now);
usec_t connection_next_deadline(const ConnectionContext *context); /* USEC_INFINITY: nobody waits */
/* Before the daemon may stop: cuts off whatever still waits. */
void connection_resume_all(ConnectionContext *context);
