#include "daemon/exec.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"
#include "daemon/exec-internal.h"

struct ExecWarm {
        HttpWarm *http;
};

const char *exec_region(const Exec *e) {
        return e->settings.region;
}

void exec_clock_read(const Exec *e, Now *ret) {
        aws_clock_read(&e->clock, ret);
}

void exec_clock_remember(Exec *e, const Now *then) {
        aws_clock_remember(&e->clock, then);
}

void exec_op_fail(ExecOp *op, Fault fault, const char *format, ...) {
        va_list args;

        op->event.fault = fault;
        va_start(args, format);
        (void) vsnprintf(op->error, sizeof(op->error), format, args);
        va_end(args);
        op->event.error = op->error;
}

CloudwatchProtocol exec_protocol(const Exec *e, const char *region) {
        return map_get(e->without_json, region) ? CLOUDWATCH_QUERY : CLOUDWATCH_JSON;
}

bool exec_must_speak_query(
                Exec *e, const char *region, CloudwatchProtocol *protocol, const AwsCallOutcome *outcome) {
        const HttpResponse *response = outcome->response;

        if (outcome->error.fault == AWS_OK || !response || !cloudwatch_refuses_json(response))
                return false;
        if (*protocol == CLOUDWATCH_QUERY) {
                /* It was not that, then: the other protocol is to be tried first again. */
                if (!cloudwatch_refuses_queries(response))
                        (void) map_remove(e->without_json, region);
                return false;
        }
        /* Another call may have learnt it already. */
        (void) map_put(e->without_json, region, e);
        *protocol = CLOUDWATCH_QUERY;
        return true;
}

void exec_scope_done(ExecScope *s) {
        free(s->account);
        free(s->region);
        free(s->role_arn);
        free(s->external_id);
        *s = (ExecScope){ 0 };
}

int exec_scope_copy(ExecScope *dst, const ExecScope *src) {
        _cleanup_(exec_scope_done) ExecScope s = { 0 };

        if (alloc_copy_optional(src->account, &s.account) < 0 ||
                        alloc_copy_optional(src->region, &s.region) < 0 ||
                        alloc_copy_optional(src->role_arn, &s.role_arn) < 0 ||
                        alloc_copy_optional(src->external_id, &s.external_id) < 0)
                return -ENOMEM;
        *dst = s;
        s = (ExecScope){ 0 };
        return 0;
}

bool exec_scope_equal(const ExecScope *a, const ExecScope *b) {
        return streq(a->account, b->account) && streq(a->region, b->region) &&
                        str_equal(a->role_arn, b->role_arn) && str_equal(a->external_id, b->external_id);
}

AwsCallSpec exec_scope_spec(const ExecScope *s, AwsService service, GateFamily family, Lane lane) {
        return (AwsCallSpec){
                .service = service,
                .family = family,
                .lane = lane,
                .account = s->account,
                .region = s->region,
                .key = { .role_arn = s->role_arn, .external_id = s->external_id },
                .is_repeatable = true,
        };
}

static void op_link(ExecOp *op, ExecOps *list) {
        op->list = list;
        op->next = NULL;
        op->previous = list->last;
        *(list->last ? &list->last->next : &list->first) = op;
        list->last = op;
}

static void op_unlink(ExecOp *op) {
        ExecOps *list = TAKE_PTR(op->list);

        if (!list)
                return;
        *(op->previous ? &op->previous->next : &list->first) = op->next;
        *(op->next ? &op->next->previous : &list->last) = op->previous;
        op->previous = op->next = NULL;
}

static void op_leave_batch(const ExecOp *op) {
        if (op->metrics)
                exec_batcher_drop(op->exec->batcher, op);
        else
                exec_alarmer_drop(op->exec->alarmer, op);
}

static ExecOp *op_free(ExecOp *op) {
        if (!op)
                return NULL;
        if (op->exec && op->n_pieces > 0)
                op_leave_batch(op);
        op_unlink(op);
        aws_call_cancel(op->call);
        (void) exec_metrics_free(op->metrics);
        (void) exec_alarms_free(op->alarms);
        (void) exec_update_free(op->update);
        free(op->description);
        exec_scope_done(&op->scope);
        free(op->function);
        free(op->alias);
        free(op);
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP(ExecOp *, op_free);

/* The last act of a callback: "done" may free the Exec. */
static void op_deliver(ExecOp *take_op) {
        _cleanup_(op_freep) ExecOp *op = take_op;

        op_unlink(op);
        op->exec = NULL;
        op->event.kind = action_completion(op->action.kind);
        op->event.target = op->action.target;
        op->event.op_id = op->action.op_id;
        op->done(&op->event, op->userdata);
}

int exec_deliver_one(sd_event_source *source, void *userdata) {
        Exec *e = userdata;
        ExecOp *op = e->ended.first;

        if (!op)
                return 0;
        if (op->next)
                (void) sd_event_source_set_enabled(e->deliver, SD_EVENT_ONESHOT);
        op_deliver(op);
        return 0;
}

void exec_op_deliver_later(ExecOp *op) {
        Exec *e = op->exec;

        op_unlink(op);
        op_link(op, &e->ended);
        (void) sd_event_source_set_enabled(e->deliver, SD_EVENT_ONESHOT);
}

bool exec_op_take(ExecOp *op, const AwsCallOutcome *outcome) {
        const HttpResponse *response = outcome->response;
        const AwsError *error = &outcome->error;

        if (error->request_id[0] != '\0') {
                (void) snprintf(op->request_id, sizeof(op->request_id), "%.*s",
                                (int) sizeof(op->request_id) - 1, error->request_id);
                op->event.request_id = op->request_id;
        }
        op->event.retry_after = response ? response->retry_after : 0;
        if (error->fault == AWS_OK)
                return true;
        exec_op_fail(op, exec_fault_from_aws(error->fault), "%s%s%s", error->code,
                        error->code[0] != '\0' ? ": " : "", error->message);
        return false;
}

/* How long the first of a batch waits for the others. */
#define LINGER (20 * USEC_PER_MSEC)
#define LINGER_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 10)

int exec_add_linger(sd_event *event, sd_event_time_handler_t callback, void *userdata, const char *what,
                sd_event_source **ret) {
        _cleanup_(sd_event_source_disable_unrefp) sd_event_source *source = NULL;
        int r;

        r = sd_event_add_time_relative(event, &source, CLOCK_BOOTTIME, 0, USEC_PER_MSEC, callback, userdata);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(source, what);
        r = sd_event_source_set_priority(source, LINGER_PRIORITY);
        if (r >= 0)
                r = sd_event_source_set_enabled(source, SD_EVENT_OFF);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(source);
        return 0;
}

int exec_linger(sd_event_source *source) {
        int r;

        r = sd_event_source_set_time_relative(source, LINGER);
        return r < 0 ? r : sd_event_source_set_enabled(source, SD_EVENT_ONESHOT);
}

static void on_lambda_done(const AwsCallOutcome *outcome, void *userdata) {
        ExecOp *op = userdata;

        op->call = NULL;
        if (exec_code_is_none(op, &outcome->error))
                op->event.concurrency = 0;
        else if (exec_op_take(op, outcome))
                exec_aws_take(op, outcome->response);
        op_deliver(op);
}

static int build_lambda(const AwsEndpoint *endpoint, HttpRequest *ret, void *userdata) {
        return exec_aws_build(userdata, endpoint, ret);
}

/* Without a revision there is nothing to compare with, and AWS would take the write as an order. Told this,
 * the brain reads the alias. */
static bool op_has_revision(ExecOp *op) {
        const char *revision = op->action.kind == ACTION_WRITE_ALIAS ? op->action.write.revision
                        : op->action.kind == ACTION_UPDATE_CODE      ? op->action.update.revision
                        : op->action.kind == ACTION_PUBLISH_VERSION  ? op->action.publish.revision
                                                                     : NULL;

        if (!revision || revision[0] != '\0')
                return true;
        exec_op_fail(op, FAULT_PRECONDITION, "no RevisionId to compare with");
        return false;
}

static bool op_has_region(ExecOp *op) {
        if (op->scope.region[0] != '\0')
                return true;
        exec_op_fail(op, FAULT_INVALID,
                        "no region: neither the plan, nor the daemon's configuration, nor its profile names one");
        return false;
}

static int op_call_lambda(ExecOp *op) {
        AwsCallSpec spec = exec_scope_spec(&op->scope, AWS_LAMBDA, GATE_LAMBDA, op->action.lane);

        spec.is_slow = op->action.kind == ACTION_PUBLISH_VERSION;
        spec.is_repeatable = op->action.kind != ACTION_WRITE_ALIAS &&
                        op->action.kind != ACTION_PUBLISH_VERSION && op->action.kind != ACTION_CREATE_ALIAS;
        return aws_call_start(op->exec->caller, &spec, build_lambda, on_lambda_done, op, &op->call);
}

static int op_begin(ExecOp *op, const Plan *plan) {
        int r;

        if (!op_has_revision(op) || !op_has_region(op)) {
                exec_op_deliver_later(op);
                return 0;
        }
        if (op->action.kind == ACTION_READ_METRICS) {
                r = exec_metrics_new(op, plan, &op->metrics);
                if (r == -EINVAL) {
                        exec_op_fail(op, FAULT_INVALID, "no window that CloudWatch could be asked for");
                        exec_op_deliver_later(op);
                        return 0;
                }
                return r < 0 ? r : exec_batcher_add(op->exec->batcher, op);
        }
        if (op->action.kind == ACTION_READ_ALARMS) {
                r = exec_alarms_new(plan, &op->alarms);
                return r < 0 ? r : exec_alarmer_add(op->exec->alarmer, op);
        }
        if (op->action.kind == ACTION_UPDATE_CODE || op->action.kind == ACTION_READ_CODE)
                return exec_update_start(op, &plan->targets[op->action.target].publish);
        return op_call_lambda(op);
}

static int scope_of(const PlanTarget *target, ExecScope *ret) {
        _cleanup_(exec_scope_done) ExecScope s = { 0 };
        size_t n;
        const char *account = plan_target_account(target, &n);

        s.account = alloc_copy_bytes(account, n);
        if (!s.account || alloc_copy_optional(target->role_arn, &s.role_arn) < 0 ||
                        alloc_copy_optional(target->external_id, &s.external_id) < 0 ||
                        alloc_copy_optional(target->region ? target->region : "", &s.region) < 0)
                return -ENOMEM;
        *ret = s;
        s = (ExecScope){ 0 };
        return 0;
}

static int op_new(Exec *e, const char *rollout, const Plan *plan, const Action *action, ExecOp **ret) {
        _cleanup_(op_freep) ExecOp *op = alloc_one(ExecOp);
        const PlanTarget *target;

        if (!op)
                return -ENOMEM;
        assert(action->target < plan->n_targets);
        target = &plan->targets[action->target];
        op->action = *action;
        op->function = alloc_copy_string(target->function);
        op->alias = alloc_copy_string(target->alias);
        if (!op->function || !op->alias || scope_of(target, &op->scope) < 0)
                return -ENOMEM;
        if (action->kind == ACTION_PUBLISH_VERSION) {
                op->description = alloc_printf("canaryd %.200s", rollout);
                if (!op->description)
                        return -ENOMEM;
        }
        op->exec = e;
        op_link(op, &e->running);
        *ret = TAKE_PTR(op);
        return 0;
}

int exec_start(Exec *e, const char *rollout, const Plan *plan, const Action *action, ExecDone done,
                void *userdata, ExecOp **ret) {
        _cleanup_(op_freep) ExecOp *op = NULL;
        int r;

        r = op_new(e, rollout, plan, action, &op);
        if (r < 0)
                return r;
        op->done = done;
        op->userdata = userdata;
        r = op_begin(op, plan);
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

bool exec_withdraw(ExecOp *op) {
        if (!op->exec)
                return false;
        /* What only reads on the way to new code has no effect, wherever it is. */
        if (op->update ? exec_update_is_sending(op->update) : op->call != NULL) {
                if (!op->call || !aws_call_recall(op->call))
                        return false;
                op->call = NULL;
        }
        (void) op_free(op);
        return true;
}

const char *exec_waits_for(const ExecOp *op) {
        return op->call ? aws_call_waits_for(op->call) : NULL;
}

int exec_warm_new(Exec *e, const Plan *plan, uint32_t target, ExecWarm **ret) {
        const char *region = plan->targets[target].region;
        _cleanup_(aws_endpoint_done) AwsEndpoint endpoint = { 0 };
        _cleanup_(exec_warm_freep) ExecWarm *w = alloc_one(ExecWarm);
        int r;

        if (!w)
                return -ENOMEM;
        r = aws_settings_endpoint(&e->settings, AWS_LAMBDA, region ? region : "", &endpoint);
        if (r >= 0)
                r = http_keep_warm(e->http, &endpoint, &w->http);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(w);
        return 0;
}

ExecWarm *exec_warm_free(ExecWarm *w) {
        if (!w)
                return NULL;
        (void) http_warm_free(w->http);
        free(w);
        return NULL;
}
