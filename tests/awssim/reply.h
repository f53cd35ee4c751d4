#pragma once

/* What goes back: either a body, or a refusal that becomes one in the request's own protocol. */

#include "awssim/request.h"

#define ERROR_CODE_MAX 96

typedef struct Reply {
        unsigned status;
        Buf body;
        char code[ERROR_CODE_MAX]; /* "": not a refusal */
        Buf message;
        uint64_t imds_ttl;                /* seconds that a token of IMDS is good for; 0: no token */
        usec_t retry_after;               /* 0: no Retry-After */
        char error_type[ERROR_CODE_MAX];  /* x-amzn-errortype; "" = none */
        char query_error[ERROR_CODE_MAX]; /* x-amzn-query-error; "" = none */
} Reply;

#define REPLY_INIT \
        ((Reply){ .status = 200, .body = BUF_INIT(64 * 1024 * 1024), .message = BUF_INIT(16 * 1024) })

void reply_done(Reply *reply);

/* Turns the reply into a refusal. Always -EREMOTEIO, so that "return reply_refuse(...)" ends an operation.
 */
int reply_refuse(Reply *reply, unsigned status, const char *code, const char *format, ...) _printf_(4, 5);

/* Writes the refusal as the protocol has it, with the code as that protocol spells it. */
void reply_render_refusal(Reply *reply, const Request *request);

const char *reply_content_type(const Reply *reply, const Request *request);
