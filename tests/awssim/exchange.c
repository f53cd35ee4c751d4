#include "awssim/exchange.h"

#include "awssim/auth.h"
#include "awssim/cloudwatch.h"
#include "awssim/control.h"
#include "awssim/download.h"
#include "awssim/lambda.h"
#include "awssim/limit.h"
#include "awssim/metadata.h"
#include "awssim/policy.h"
#include "awssim/sts.h"
#include "awssim/world-code.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"

int64_t exchange_clock_offset(const Exchange *x) {
        return x->fault && x->fault->action == FAULT_CLOCK ? x->fault->offset : 0;
}

/* Both are answers in XML. */
static int refuse_json(Exchange *x, JsonSupport support) {
        x->request->protocol = PROTOCOL_QUERY;
        if (support == JSON_NOT_UNDERSTOOD)
                return reply_refuse(&x->reply, 400, "MissingAction",
                                "The request must contain the parameter Action");
        x->reply.status = 404;
        return buf_puts(&x->reply.body, "<UnknownOperationException/>\n");
}

static int serve_aws(Exchange *x, World *w, usec_t now) {
        Request *request = x->request;

        if (request->service == SERVICE_LAMBDA)
                return lambda_handle(w, request, now, &x->reply);
        if (request->service == SERVICE_STS)
                return sts_handle(w, request, now, &x->reply);
        if (request->protocol == PROTOCOL_JSON && w->scenario->cloudwatch.json != JSON_SERVED)
                return refuse_json(x, w->scenario->cloudwatch.json);
        return request->protocol == PROTOCOL_JSON ? cloudwatch_json_handle(w, request, now, &x->reply)
                                                  : cloudwatch_query_handle(w, request, now, &x->reply);
}

static int serve(Exchange *x, World *w, usec_t now) {
        Request *request = x->request;
        int r;

        world_settle(w, now);
        if (request->too_large)
                return reply_refuse(&x->reply, 413, "RequestTooLargeException",
                                "Request must be smaller than %d bytes", REQUEST_BODY_MAX);
        if (request->service == SERVICE_NONE)
                return reply_refuse(&x->reply, 404, "UnknownOperationException",
                                "awssim plays no such operation: %s %.500s", request->method,
                                request->http.path);
        if (request->service == SERVICE_CONTROL) {
                if (!x->from_loopback)
                        return reply_refuse(&x->reply, 403, "AccessDeniedException", "for loopback only");
                return control_handle(w, request, now, &x->reply);
        }
        if (request->service == SERVICE_IMDS)
                return imds_handle(w, request, now, &x->reply);
        if (request->service == SERVICE_CODE)
                return download_handle(w, request, now, &x->reply);
        if (request->service == SERVICE_CONTAINER)
                return container_handle(w, request, now, &x->reply);
        if (!sts_is_unsigned(request)) {
                r = auth_check(w, request, now, exchange_clock_offset(x), &x->reply);
                if (r < 0)
                        return r;
        }
        r = limit_take(w, request, &x->reply);
        if (r >= 0)
                r = policy_check(request, &x->reply);
        return r < 0 ? r : serve_aws(x, w, now);
}

/* JSON 1.0 by itself knows 400 and 500; the query mode keeps what the older protocol said. */
static void settle_status(Exchange *x) {
        Reply *reply = &x->reply;

        if (x->request->protocol == PROTOCOL_JSON && !x->request->query_mode &&
                        (reply->status == 403 || reply->status == 404))
                reply->status = 400;
}

/* What the fault makes of the reply. */
static void strike(Exchange *x) {
        const FaultRule *fault = x->fault;
        bool is_lambda = x->request->service == SERVICE_LAMBDA;

        switch (fault->action) {
        case FAULT_ERROR:
                (void) reply_refuse(&x->reply, fault_rule_status(fault), fault_rule_code(fault, is_lambda),
                                "%s", fault_rule_message(fault, is_lambda));
                x->reply.retry_after = fault->retry_after;
                return;
        case FAULT_HANG:
        case FAULT_RESET:
                x->phase = EXCHANGE_RESET;
                return;
        case FAULT_GARBAGE:
                x->reply.status = 200;
                x->reply.code[0] = '\0';
                buf_clear(&x->reply.body);
                (void) buf_puts(&x->reply.body, "<html><body>\x01\xff It works! {\"");
                return;
        case FAULT_TRUNCATE: /* the sender's business; it needs something to cut */
                if (x->reply.body.size == 0)
                        (void) buf_puts(&x->reply.body, "{\"message\": \"cut in the middle\"}");
                return;
        case FAULT_SLOW: /* the sender's, too */
        case FAULT_DELAY:
        case FAULT_CLOCK:
                return;
        }
}

static bool fault_prevents(const FaultRule *fault) {
        return fault && !fault->after && fault->action != FAULT_DELAY && fault->action != FAULT_SLOW &&
                        fault->action != FAULT_CLOCK;
}

static usec_t fault_delay_before(const FaultRule *fault) {
        return fault && !fault->after && fault->action != FAULT_SLOW ? fault->delay : 0;
}

static usec_t fault_delay_after(const FaultRule *fault) {
        if (!fault || fault->action == FAULT_SLOW)
                return 0;
        if (fault->action == FAULT_HANG)
                return fault->after && fault->delay > 0 ? fault->delay : USEC_INFINITY;
        return fault->after ? fault->delay : 0;
}

/* A call that assumes a role is about that one: it has no other yet, or comes from the one before in a
 * chain. */
static const char *role_of(const Request *request) {
        const char *assumed = request->service == SERVICE_STS ? form_get(&request->query, "RoleArn") : NULL;

        return assumed ? assumed : request->role ? request->role->arn : NULL;
}

static const FaultRule *fault_match(Scenario *scenario, const Request *request) {
        const FaultCall call = { .operation = request->operation,
                .function = request->function.name,
                .region = request->region,
                .role = role_of(request),
                .at = request->arrived_mono };

        return fault_rule_match(scenario->faults, scenario->n_faults, &call);
}

/* What a reply that is not to travel as far as its reader looks like from there. */
static const FaultRule too_far = { .action = FAULT_HANG };

int exchange_begin(Exchange *x, World *w, usec_t *ret_delay) {
        Request *request = x->request;
        int r;

        if (request->body.failed) {
                request->too_large = request->odd = true;
                buf_clear(&request->body);
        }
        request->http.body_size = request->body.size;
        r = buf_take(&request->body, &request->http.body);
        if (r < 0)
                return r;
        r = request_route(request, w->scenario);
        if (r >= 0)
                r = auth_identify(w, request);
        if (r < 0)
                return r;
        world_uuid(w, request->request_id);
        if (request->service == SERVICE_IMDS && w->scenario->imds.too_far &&
                        streq(request->operation, "ImdsToken"))
                x->fault = &too_far;
        else if (request->service != SERVICE_NONE && request->service != SERVICE_CONTROL)
                x->fault = fault_match(w->scenario, request);
        if (x->fault)
                request->fault = fault_action_to_string(x->fault->action);
        x->phase = EXCHANGE_RUN;
        *ret_delay = fault_delay_before(x->fault);
        return 0;
}

int exchange_run(Exchange *x, World *w, RequestLog *log, usec_t now, usec_t *ret_delay) {
        int r = 0;

        x->phase = EXCHANGE_SEND;
        if (!fault_prevents(x->fault)) {
                r = serve(x, w, now);
                if (r < 0 && r != -EREMOTEIO)
                        return r;
                settle_status(x);
        }
        if (x->fault)
                strike(x);
        if (x->reply.code[0] != '\0')
                reply_render_refusal(&x->reply, x->request);
        if (x->reply.body.failed)
                return -ENOBUFS;
        *ret_delay = fault_delay_after(x->fault);
        /* Whoever only watches does not show up among the requests. */
        if (streq(x->request->operation, "_sim/state"))
                return 0;
        return request_log_write(log, x->request, x->phase == EXCHANGE_RESET ? 0 : x->reply.status,
                        x->phase == EXCHANGE_RESET ? NULL : x->reply.code);
}
