#include <stdio.h>

#include "aws/svc-alarms.h"
#include "base/alloc.h"
#include "base/str.h"
#include "daemon/exec-internal.h"

#define PAGES_MAX 10
#define OPS_MAX 1000

typedef struct AlarmBatch AlarmBatch;

/* What one operation asks. */
struct ExecAlarms {
        char *names[PLAN_CHECKS_MAX];
        uint32_t checks[PLAN_CHECKS_MAX]; /* name -> index in the plan */
        size_t places[PLAN_CHECKS_MAX];   /* name -> index in the batch */
        size_t n;
        Alarm seen[PLAN_CHECKS_MAX];
        AlarmReading readings[PLAN_CHECKS_MAX];
};

/* The operations of one moment that ask the same CloudWatch, in one call. */
struct AlarmBatch {
        ExecAlarmer *alarmer;
        AlarmBatch *previous, *next;
        ExecScope scope;
        Lane lane;
        char *names[CLOUDWATCH_ALARMS_MAX];
        size_t n_names;
        ExecOp **ops; /* NULL: not waited for any more */
        size_t n_ops;
        bool is_closed; /* no more may come */
        AwsCall *call;
        CloudwatchProtocol protocol;
        AlarmData data;
        unsigned n_pages;
};

struct ExecAlarmer {
        Exec *exec;
        AlarmBatch *first;
        sd_event_source *flush;
};

int exec_alarms_new(const Plan *plan, ExecAlarms **ret) {
        _cleanup_(exec_alarms_freep) ExecAlarms *a = alloc_one(ExecAlarms);

        if (!a)
                return -ENOMEM;
        for (uint32_t i = 0; i < plan->n_checks && a->n < PLAN_CHECKS_MAX; i++) {
                if (plan->checks[i].kind != CHECK_ALARM)
                        continue;
                a->names[a->n] = alloc_copy_string(plan->checks[i].alarm);
                if (!a->names[a->n])
                        return -ENOMEM;
                a->checks[a->n++] = i;
        }
        *ret = TAKE_PTR(a);
        return 0;
}

ExecAlarms *exec_alarms_free(ExecAlarms *a) {
        if (!a)
                return NULL;
        for (size_t i = 0; i < a->n; i++)
                free(a->names[i]);
        free(a);
        return NULL;
}

static AlarmBatch *batch_free(AlarmBatch *b) {
        if (!b)
                return NULL;
        if (b->alarmer) {
                *(b->previous ? &b->previous->next : &b->alarmer->first) = b->next;
                if (b->next)
                        b->next->previous = b->previous;
        }
        aws_call_cancel(b->call);
        alarm_data_done(&b->data);
        for (size_t i = 0; i < b->n_names; i++)
                free(b->names[i]);
        exec_scope_done(&b->scope);
        free(b->ops);
        free(b);
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP(AlarmBatch *, batch_free);

static int batch_new(ExecAlarmer *alarmer, const ExecOp *op, AlarmBatch **ret) {
        _cleanup_(batch_freep) AlarmBatch *b = alloc_one(AlarmBatch);

        if (!b || exec_scope_copy(&b->scope, &op->scope) < 0)
                return -ENOMEM;
        b->lane = op->action.lane;
        b->ops = alloc_array(OPS_MAX, sizeof(ExecOp *));
        if (!b->ops)
                return -ENOMEM;
        b->alarmer = alarmer;
        b->next = alarmer->first;
        if (b->next)
                b->next->previous = b;
        alarmer->first = b;
        *ret = TAKE_PTR(b);
        return 0;
}

/* The index of the name in the batch; n_names: not there. */
static size_t find_name(const AlarmBatch *b, const char *name) {
        size_t i = 0;

        while (i < b->n_names && !streq(b->names[i], name))
                i++;
        return i;
}

static bool batch_suits(const AlarmBatch *b, const ExecOp *op) {
        size_t n_new = 0;

        if (b->is_closed || b->lane != op->action.lane || b->n_ops == OPS_MAX ||
                        !exec_scope_equal(&b->scope, &op->scope))
                return false;
        for (size_t i = 0; i < op->alarms->n; i++)
                n_new += find_name(b, op->alarms->names[i]) == b->n_names;
        return b->n_names + n_new <= CLOUDWATCH_ALARMS_MAX;
}

static int batch_push(AlarmBatch *b, ExecOp *op) {
        ExecAlarms *a = op->alarms;

        for (size_t i = 0; i < a->n; i++) {
                size_t place = find_name(b, a->names[i]);

                if (place == b->n_names) {
                        b->names[place] = alloc_copy_string(a->names[i]);
                        if (!b->names[place])
                                return -ENOMEM;
                        b->n_names++;
                }
                a->places[i] = place;
        }
        b->ops[b->n_ops++] = op;
        op->n_pieces = 1;
        return 0;
}

static AlarmSays says_of(const Alarm *alarm) {
        switch (alarm->state) {
        case ALARM_MISSING:
                return ALARM_SAYS_MISSING;
        case ALARM_OK:
                return alarm->is_doubtful ? ALARM_SAYS_NOTHING : ALARM_SAYS_OK;
        case ALARM_ALARM:
                return ALARM_SAYS_ALARM;
        case ALARM_INSUFFICIENT:
                return ALARM_SAYS_NOTHING;
        }
        ASSERT_NEVER();
        return ALARM_SAYS_NOTHING;
}

static void op_fill(ExecOp *op, const AlarmData *data) {
        ExecAlarms *a = op->alarms;

        for (size_t i = 0; i < a->n; i++) {
                a->seen[i] = data->alarms[a->places[i]];
                a->readings[i] = (AlarmReading){
                        .check = a->checks[i],
                        .says = says_of(&a->seen[i]),
                        .since = a->seen[i].since,
                        .reason = a->seen[i].reason,
                };
        }
        op->event.alarms = a->readings;
        op->event.n_alarms = a->n;
}

static void batch_end(AlarmBatch *take_batch, const AwsCallOutcome *outcome) {
        _cleanup_(batch_freep) AlarmBatch *b = take_batch;

        for (size_t i = 0; i < b->n_ops; i++) {
                ExecOp *op = b->ops[i];

                if (!op)
                        continue;
                op->n_pieces = 0;
                if (exec_op_take(op, outcome))
                        op_fill(op, &b->data);
                exec_op_deliver_later(op);
        }
}

static void batch_fail(AlarmBatch *b, AwsFault fault, const char *words) {
        AwsCallOutcome outcome = { .error.fault = fault };

        (void) snprintf(outcome.error.message, sizeof(outcome.error.message), "%s", words);
        batch_end(b, &outcome);
}

static void on_page(const AwsCallOutcome *outcome, void *userdata);

/* Others may still come while it waits for its turn. */
static int build(const AwsEndpoint *endpoint, HttpRequest *ret, void *userdata) {
        AlarmBatch *b = userdata;
        int r;

        b->is_closed = true;
        r = b->data.alarms ? 0 : alarm_data_init(&b->data, b->n_names);
        if (r < 0)
                return r;
        return cloudwatch_describe_alarms(endpoint, b->protocol, (const char *const *) b->names, b->n_names,
                        b->data.next_token, ret);
}

/* Asks for the first page, or the one after those that were taken. */
static void batch_ask(AlarmBatch *b) {
        AwsCallSpec spec = exec_scope_spec(&b->scope, AWS_CLOUDWATCH, GATE_ALARMS, b->lane);
        int r;

        if (!b->data.alarms)
                b->protocol = exec_protocol(b->alarmer->exec, b->scope.region);
        r = aws_call_start(b->alarmer->exec->caller, &spec, build, on_page, b, &b->call);
        if (r < 0)
                batch_fail(b, AWS_UNREACHABLE, strerror(-r));
}

static void batch_take(AlarmBatch *b, const AwsCallOutcome *outcome) {
        char error[160] = "";
        int r;

        r = cloudwatch_parse_alarms(
                        outcome->response, b->protocol, (const char *const *) b->names, &b->data, error);
        if (r == -EBADMSG) {
                batch_fail(b, AWS_PERMANENT, error);
        } else if (r < 0) {
                batch_fail(b, AWS_UNREACHABLE, strerror(-r));
        } else if (!b->data.next_token) {
                batch_end(b, outcome);
        } else if (++b->n_pages < PAGES_MAX) {
                batch_ask(b);
        } else {
                (void) snprintf(error, sizeof(error), "no end after %u pages of alarms", b->n_pages);
                batch_fail(b, AWS_PERMANENT, error);
        }
}

/* One name that CloudWatch does not accept shall not be everybody's misfortune. */
static void batch_split(AlarmBatch *take_batch) {
        _cleanup_(batch_freep) AlarmBatch *b = take_batch;

        for (size_t i = 0; i < b->n_ops; i++) {
                ExecOp *op = TAKE_PTR(b->ops[i]);
                AlarmBatch *single = NULL;

                if (!op)
                        continue;
                if (batch_new(b->alarmer, op, &single) >= 0 && batch_push(single, op) >= 0) {
                        single->is_closed = true;
                        batch_ask(single);
                        continue;
                }
                (void) batch_free(single);
                op->n_pieces = 0;
                exec_op_fail(op, FAULT_UNREACHABLE, "%s", strerror(ENOMEM));
                exec_op_deliver_later(op);
        }
}

static void on_page(const AwsCallOutcome *outcome, void *userdata) {
        AlarmBatch *b = userdata;

        b->call = NULL;
        if (exec_must_speak_query(b->alarmer->exec, b->scope.region, &b->protocol, outcome))
                batch_ask(b);
        else if (outcome->error.fault == AWS_OK)
                batch_take(b, outcome);
        else if (b->n_ops > 1 && outcome->response && cloudwatch_refuses_queries(outcome->response))
                batch_split(b);
        else
                batch_end(b, outcome);
}

static int on_flush(sd_event_source *source, uint64_t usec, void *userdata) {
        ExecAlarmer *a = userdata;

        for (AlarmBatch *b = a->first, *next; b; b = next) {
                next = b->next;
                if (!b->call)
                        batch_ask(b);
        }
        return 0;
}

int exec_alarmer_add(ExecAlarmer *a, ExecOp *op) {
        AlarmBatch *b;
        int r;

        for (b = a->first; b; b = b->next)
                if (batch_suits(b, op))
                        break;
        r = b ? 0 : batch_new(a, op, &b);
        if (r >= 0)
                r = batch_push(b, op);
        if (r >= 0 && sd_event_source_get_enabled(a->flush, NULL) == 0)
                r = exec_linger(a->flush);
        return r;
}

void exec_alarmer_drop(ExecAlarmer *a, const ExecOp *op) {
        for (AlarmBatch *b = a->first, *next; b; b = next) {
                size_t n_left = 0;

                next = b->next;
                for (size_t i = 0; i < b->n_ops; i++) {
                        if (b->ops[i] == op)
                                b->ops[i] = NULL;
                        n_left += b->ops[i] != NULL;
                }
                if (n_left == 0)
                        (void) batch_free(b);
        }
}

int exec_alarmer_new(sd_event *event, Exec *exec, ExecAlarmer **ret) {
        _cleanup_(exec_alarmer_freep) ExecAlarmer *a = alloc_one(ExecAlarmer);
        int r;

        if (!a)
                return -ENOMEM;
        a->exec = exec;
        r = exec_add_linger(event, on_flush, a, "exec-alarms", &a->flush);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(a);
        return 0;
}

ExecAlarmer *exec_alarmer_free(ExecAlarmer *a) {
        if (!a)
                return NULL;
        while (a->first)
                (void) batch_free(a->first);
        (void) sd_event_source_disable_unref(a->flush);
        free(a);
        return NULL;
}
