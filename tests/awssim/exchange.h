#pragma once

/* One request on its way to its reply: which fault strikes it, what it does to the world, what goes back. No
 * sockets here. */

#include "awssim/fault-rule.h"
#include "awssim/reply.h"
#include "awssim/request-log.h"

typedef enum ExchangePhase {
        EXCHANGE_HEAD,  /* method and headers are still to be taken */
        EXCHANGE_BODY,  /* the body comes in */
        EXCHANGE_RUN,   /* to be carried out, once any delay is over */
        EXCHANGE_SEND,  /* the reply is ready, to be sent once any delay is over */
        EXCHANGE_RESET, /* to be cut off */
} ExchangePhase;

typedef struct Exchange {
        ExchangePhase phase;
        Request *request;
        Reply reply;
        const FaultRule *fault; /* NULL: none */
        bool from_loopback;
} Exchange;

/* The body is complete: finds out what is asked and whether a fault strikes. ret_delay: to wait before
 * exchange_run(). */
int exchange_begin(Exchange *x, World *w, usec_t *ret_delay);

/* Carries it out, fills the reply and the log. "now" is the server's wall clock; ret_delay: to wait before
 * the next phase, which is EXCHANGE_SEND or EXCHANGE_RESET. */
int exchange_run(Exchange *x, World *w, RequestLog *log, usec_t now, usec_t *ret_delay);

/* By how much this exchange's clock is wrong, on top of the server's. */
int64_t exchange_clock_offset(const Exchange *x);
