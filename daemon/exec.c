#include "daemon/exec.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "aws/sigv4.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"
#include "daemon/clock.h"
#include "daemon/creds-source.h"
#include "daemon/exec-internal.h"

struct Exec {
        sd_event *event;
        Http *http;
        CredsSource *creds;
        char *region;                           /* of targets that name none; may be NULL */
        char *endpoint_urls[AWS_SERVICE_COUNT]; /* instead of the region's; may be NULL */
        ExecOp *first_op;
};

static const HttpLimits limits[AWS_SERVICE_COUNT] = {
        [AWS_LAMBDA] = { 3 * USEC_PER_SEC, 10 * USEC_PER_SEC, 1024 * 1024 },
        [AWS_CLOUDWATCH] = { 3 * USEC_PER_SEC, 20 * USEC_PER_SEC, 16 * 1024 * 1024 },
        [AWS_STS] = { 3 * USEC_PER_SEC, 10 * USEC_PER_SEC, 1024 * 1024 },
};

void exec_op_fail(ExecOp *op, Fault fault, const char *format, ...) {
        va_list args;

        op->event.fault = fault;
        va_start(args, format);
        (void) vsnprintf(op->error, sizeof(op->error), format, args);
        va_end(args);
        op->event.error = op->error;
}

static AwsService service_of(const ExecOp *op) {
        return op->action.kind == ACTION_READ_METRICS ? AWS_CLOUDWATCH : AWS_LAMBDA;
}

static void op_unlink(ExecOp *op) {
        Exec *e = TAKE_PTR(op->exec);

        if (!e)
                return;
        *(op->previous ? &op->previous->next : &e->first_op) = op->next;
        if (op->next)
                op->next->previous = op->previous;
}

static ExecOp *op_free(ExecOp *op) {
        if (!op)
                return NULL;
        op_unlink(op);
        http_cancel(op->call);
        (void) sd_event_source_disable_unref(op->defer);
        (void) exec_metrics_free(op->metrics);
        aws_endpoint_done(&op->endpoint);
        free(op->function);
        free(op->alias);
        free(op->region);
        free(op);
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP(ExecOp *, op_free);

static EventKind event_kind_of(ActionKind kind) {
        switch (kind) {
        case ACTION_READ_ALIAS:
                return EVENT_ALIAS_READ;
        case ACTION_READ_VERSION:
                return EVENT_VERSION_READ;
        case ACTION_WRITE_ALIAS:
                return EVENT_ALIAS_WRITTEN;
        case ACTION_READ_METRICS:
                return EVENT_METRICS_READ;
        case ACTION_PERSIST:
        case ACTION_REPORT:
                break;
        }
        ASSERT_NEVER();
        return EVENT_TICK;
}

/* The last act of a callback: "done" may free the Exec. */
static void op_deliver(ExecOp *take_op) {
        _cleanup_(op_freep) ExecOp *op = take_op;

        op_unlink(op);
        op->event.kind = event_kind_of(op->action.kind);
        op->event.target = op->action.target;
        op->event.op_id = op->action.op_id;
        op->done(&op->event, op->userdata);
}

static int on_defer(sd_event_source *source, void *userdata) {
        op_deliver(userdata);
        return 0;
}

static int op_deliver_later(ExecOp *op) {
        int r;

        r = sd_event_add_defer(op->exec->event, &op->defer, on_defer, op);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(op->defer, "exec-failed");
        return 0;
}

static int op_build(const ExecOp *op, HttpRequest *ret) {
        return op->metrics ? exec_metrics_build(op, ret) : exec_aws_build(op, ret);
}

/* 1: signed. 0: not, the completion says why. */
static int op_sign(ExecOp *op, HttpRequest *request) {
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
        char error[DIAG_MESSAGE_MAX] = "";
        Now now;
        int r;

        clock_read(&now);
        r = creds_source_get(op->exec->creds, now.mono, &creds, error);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                exec_op_fail(op, FAULT_CREDENTIALS, "%s", error);
                return 0;
        }
        r = sigv4_sign(request, &creds,
                        &(const SigV4Scope){
                                        .region = op->region,
                                        .service = aws_service_signing_name(service_of(op)),
                                        .time = now.wall,
                        });
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                exec_op_fail(op, FAULT_UNREACHABLE, "the request could not be signed: %s", strerror(-r));
                return 0;
        }
        return 1;
}

static void on_http_done(const HttpOutcome *outcome, void *userdata);

/* 1: under way. 0: not, the completion says why. */
static int op_send(ExecOp *op) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        int r;

        r = op_build(op, &request);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                exec_op_fail(op, FAULT_INVALID, "nothing that AWS could be asked: %s", strerror(-r));
                return 0;
        }
        r = op_sign(op, &request);
        if (r <= 0)
                return r;
        r = http_start(op->exec->http, &request,
                        op->action.is_rollback ? HTTP_LANE_ROLLBACK : HTTP_LANE_NORMAL,
                        &limits[service_of(op)], on_http_done, op, &op->call);
        return r < 0 ? r : 1;
}

/* What stands in front of the canonical request when AWS explains a signature that does not match; that one
 * holds the session token. */
static void hide_request(char *message) {
        char *p = strstr(message, "The Canonical String");

        if (p)
                *p = '\0';
}

/* True: there is one more page to ask for. */
static bool op_take(ExecOp *op, const HttpOutcome *outcome) {
        const HttpResponse *response = &outcome->response;
        AwsError error;

        for (size_t n = 0; response->request_id && n < sizeof(op->request_id) - 1; n++) {
                if (!isgraph((unsigned char) response->request_id[n]))
                        break;
                op->request_id[n] = response->request_id[n];
                op->event.request_id = op->request_id;
        }
        op->event.retry_after = response->retry_after;
        if (outcome->fault != AWS_OK) {
                exec_op_fail(op, exec_fault_from_aws(outcome->fault), "%s", outcome->message);
                return false;
        }
        aws_error_from_response(response, &error);
        if (error.fault != AWS_OK) {
                hide_request(error.message);
                exec_op_fail(op, exec_fault_from_aws(error.fault), "%s%s%s", error.code,
                                error.code[0] != '\0' ? ": " : "", error.message);
                return false;
        }
        if (op->metrics)
                return exec_metrics_take(op, response);
        exec_aws_take(op, response);
        return false;
}

static void on_http_done(const HttpOutcome *outcome, void *userdata) {
        ExecOp *op = userdata;
        int r;

        op->call = NULL;
        if (op_take(op, outcome)) {
                r = op_send(op);
                if (r > 0)
                        return;
                if (r < 0)
                        exec_op_fail(op, FAULT_TRANSIENT, "next page: %s", strerror(-r));
        }
        op_deliver(op);
}

/* Without a revision there is nothing to compare with, and AWS would take the write as an order. Told this,
 * the brain reads the alias. 1: there is one, or none is needed. */
static int op_check_revision(ExecOp *op) {
        if (op->action.kind != ACTION_WRITE_ALIAS || op->action.write.revision[0] != '\0')
                return 1;
        exec_op_fail(op, FAULT_PRECONDITION, "no RevisionId to compare with");
        return 0;
}

/* 1: the operation knows where to go. 0: it cannot, the completion says why. */
static int op_find_endpoint(ExecOp *op) {
        AwsService service = service_of(op);
        const char *url = op->exec->endpoint_urls[service];
        int r;

        if (str_is_empty(op->region)) {
                exec_op_fail(op, FAULT_INVALID,
                                "no region: neither the plan nor the daemon's configuration names one");
                return 0;
        }
        r = aws_endpoint_from_region(service, op->region, &op->endpoint);
        if (r == -EINVAL) {
                exec_op_fail(op, FAULT_INVALID, "\"%s\" is not the name of a region", op->region);
                return 0;
        }
        if (r >= 0 && url) {
                aws_endpoint_done(&op->endpoint);
                r = aws_endpoint_from_url(url, &op->endpoint);
        }
        return r < 0 ? r : 1;
}

static int op_new(Exec *e, const Plan *plan, const Action *action, ExecOp **ret) {
        _cleanup_(op_freep) ExecOp *op = alloc_one(ExecOp);
        const PlanTarget *target;
        const char *region;

        if (!op)
                return -ENOMEM;
        assert(action->target < plan->n_targets);
        target = &plan->targets[action->target];
        region = target->region ? target->region : e->region;
        op->action = *action;
        op->function = alloc_copy_string(target->function);
        op->alias = alloc_copy_string(target->alias);
        op->region = alloc_copy_string(region ? region : "");
        if (!op->function || !op->alias || !op->region)
                return -ENOMEM;
        op->exec = e;
        op->next = e->first_op;
        if (op->next)
                op->next->previous = op;
        e->first_op = op;
        *ret = TAKE_PTR(op);
        return 0;
}

int exec_start(Exec *e, const Plan *plan, const Action *action, ExecDone done, void *userdata,
                ExecOp **ret) {
        _cleanup_(op_freep) ExecOp *op = NULL;
        int r;

        r = op_new(e, plan, action, &op);
        if (r < 0)
                return r;
        op->done = done;
        op->userdata = userdata;
        if (action->kind == ACTION_READ_METRICS) {
                r = exec_metrics_new(op, plan, &op->metrics);
                if (r < 0)
                        return r;
        }
        r = op_check_revision(op);
        if (r > 0)
                r = op_find_endpoint(op);
        if (r > 0)
                r = op_send(op);
        if (r == 0)
                r = op_deliver_later(op);
        if (r < 0)
                return r;
        if (ret)
                *ret = op;
        (void) TAKE_PTR(op);
        return 0;
}

void exec_cancel(ExecOp *op) {
        if (!op || !op->exec)
                return;
        (void) op_free(op);
}

static int copy_url(const char *specific, const char *general, char **ret, char reterr[static 320]) {
        const char *url = str_is_empty(specific) ? general : specific;
        AwsEndpoint endpoint = { 0 };
        int r;

        if (str_is_empty(url))
                return 0;
        r = aws_endpoint_from_url(url, &endpoint);
        aws_endpoint_done(&endpoint);
        if (r < 0) {
                (void) snprintf(reterr, 320,
                                "endpoint URL \"%s\": expected http:// or https://, a host, perhaps a port "
                                "and a path",
                                url);
                return r;
        }
        *ret = alloc_copy_string(url);
        return *ret ? 0 : -ENOMEM;
}

static int take_conf(Exec *e, const Conf *conf, char reterr[static 320]) {
        int r;

        if (!str_is_empty(conf->aws_ca_bundle) && access(conf->aws_ca_bundle, R_OK) < 0) {
                r = -errno;
                (void) snprintf(reterr, 320, "CA bundle %s cannot be read: %s", conf->aws_ca_bundle,
                                strerror(-r));
                return r;
        }
        r = copy_url(conf->aws_endpoint_url_lambda, conf->aws_endpoint_url, &e->endpoint_urls[AWS_LAMBDA],
                        reterr);
        if (r < 0)
                return r;
        r = copy_url(conf->aws_endpoint_url_cloudwatch, conf->aws_endpoint_url,
                        &e->endpoint_urls[AWS_CLOUDWATCH], reterr);
        if (r < 0)
                return r;
        if (conf->aws_region) {
                e->region = alloc_copy_string(conf->aws_region);
                if (!e->region)
                        return -ENOMEM;
        }
        return creds_source_new(conf, &e->creds);
}

int exec_new(sd_event *event, const Conf *conf, Exec **ret, char reterr[static 320]) {
        _cleanup_(exec_freep) Exec *e = alloc_one(Exec);
        int r;

        (void) str_copy(reterr, 320, "out of memory");
        if (!e)
                return -ENOMEM;
        e->event = sd_event_ref(event);
        r = take_conf(e, conf, reterr);
        if (r < 0)
                return r;
        r = http_new(event, conf->aws_ca_bundle, &e->http);
        if (r < 0) {
                (void) snprintf(reterr, 320, "cannot set up HTTP: %s",
                                r == -EOPNOTSUPP
                                                ? "libcurl comes without TLS or asynchronous name resolution"
                                                : strerror(-r));
                return r;
        }
        reterr[0] = '\0';
        *ret = TAKE_PTR(e);
        return 0;
}

Exec *exec_free(Exec *e) {
        if (!e)
                return NULL;
        for (ExecOp *op = e->first_op, *next; op; op = next) {
                next = op->next;
                exec_cancel(op);
        }
        (void) http_free(e->http);
        (void) creds_source_free(e->creds);
        for (size_t i = 0; i < ELEMENTSOF(e->endpoint_urls); i++)
                free(e->endpoint_urls[i]);
        free(e->region);
        (void) sd_event_unref(e->event);
        free(e);
        return NULL;
}
