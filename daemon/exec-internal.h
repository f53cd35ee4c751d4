#pragma once

/* Shared by exec*.c: exec.c (operations and their completion), exec-aws.c (what Lambda is asked and what the
 * answer means), exec-metrics.c and exec-alarms.c (the same for CloudWatch), exec-batch.c (many readings of
 * metrics in one call), exec-code.c (what Lambda is asked about functions), exec-update.c (new code). */

#include "aws/svc-cloudwatch.h"
#include "aws/svc-function.h"
#include "base/map.h"
#include "daemon/aws-call.h"
#include "daemon/exec.h"

#define EXEC_ERROR_MAX (AWS_ERROR_CODE_MAX + AWS_ERROR_MESSAGE_MAX)

typedef struct ExecAlarmer ExecAlarmer;
typedef struct ExecAlarms ExecAlarms;
typedef struct ExecBatch ExecBatch;
typedef struct ExecBatcher ExecBatcher;
typedef struct ExecMetrics ExecMetrics;
typedef struct ExecUpdate ExecUpdate;

/* Whom an operation concerns: what goes into one batch, one gate, one set of credentials. Owned. */
typedef struct ExecScope {
        char *account, *region;
        char *role_arn, *external_id; /* NULL: the daemon's own credentials */
} ExecScope;

void exec_scope_done(ExecScope *s);
int exec_scope_copy(ExecScope *dst, const ExecScope *src);
bool exec_scope_equal(const ExecScope *a, const ExecScope *b);
AwsCallSpec exec_scope_spec(const ExecScope *s, AwsService service, GateFamily family, Lane lane);

typedef struct ExecOps {
        ExecOp *first, *last;
} ExecOps;

struct Exec {
        sd_event *event;
        AwsSettings settings;
        Http *http;
        Creds *creds;
        Gate *gate;
        AwsClock clock;
        AwsCaller *caller;
        ExecBatcher *batcher;
        ExecAlarmer *alarmer;
        char *state_directory; /* for copies of code */
        Map *without_json;     /* regions whose CloudWatch refuses that protocol */
        ExecOps running, ended;
        sd_event_source *deliver; /* of one that has ended, per turn of the loop */
};

struct ExecOp {
        Exec *exec; /* NULL while "done" runs: nothing is left to cancel */
        ExecOps *list;
        ExecOp *previous, *next;
        ExecDone done;
        void *userdata;

        Action action;
        char *function, *alias; /* of the target */
        ExecScope scope;
        ExecMetrics *metrics; /* ACTION_READ_METRICS only */
        ExecAlarms *alarms;   /* ACTION_READ_ALARMS only */
        ExecUpdate *update;   /* ACTION_UPDATE_CODE and ACTION_READ_CODE only */
        char *description;    /* ACTION_PUBLISH_VERSION only: of the version */

        AwsCall *call;   /* under way by itself, or */
        size_t n_pieces; /* in so many batches, or else all is known and about to be said */

        Event event; /* the completion, as far as it is known */
        char revision[REVISION_SIZE];
        char code_sha[CODE_SHA_SIZE];
        char state_words[ERROR_TEXT_SIZE];
        char role[ARN_TEXT_SIZE], dead_letter[ARN_TEXT_SIZE];
        char request_id[REQUEST_ID_SIZE];
        char error[EXEC_ERROR_MAX];
};

/* exec.c */
void exec_op_fail(ExecOp *op, Fault fault, const char *format, ...) _printf_(3, 4); /* notes how it failed */
/* Takes what every reply has: request id, Retry-After. False: the call failed, and that is noted. */
bool exec_op_take(ExecOp *op, const AwsCallOutcome *outcome);
void exec_op_deliver_later(ExecOp *op);
int exec_deliver_one(sd_event_source *source, void *userdata); /* for a defer source */
/* What to speak at first. A call keeps to it: others learn meanwhile. */
CloudwatchProtocol exec_protocol(const Exec *e, const char *region);
/* Some regions' CloudWatch may not know the JSON protocol: true, that is what the reply to a call in
 * *protocol says, it is noted, *protocol is the other one, and the same is to be asked again. */
bool exec_must_speak_query(
                Exec *e, const char *region, CloudwatchProtocol *protocol, const AwsCallOutcome *outcome);

/* A timer, off at first, behind everything else that is pending; and starts it: what is due at one moment
 * comes within moments. */
int exec_add_linger(sd_event *event, sd_event_time_handler_t callback, void *userdata, const char *what,
                sd_event_source **ret);
int exec_linger(sd_event_source *source);

/* exec-aws.c */
Fault exec_fault_from_aws(AwsFault fault);
/* The Lambda request of the operation, unsigned. -EINVAL: nothing that Lambda could be asked. */
int exec_aws_build(const ExecOp *op, const AwsEndpoint *endpoint, HttpRequest *ret);
/* Fills the completion from a 2xx reply. */
void exec_aws_take(ExecOp *op, const HttpResponse *response);

/* exec-code.c */
/* As exec_aws_build() and exec_aws_take(), for ACTION_READ_FUNCTION, PUBLISH_VERSION, CREATE_ALIAS (whose
 * reply is an alias) and READ_CONCURRENCY. */
int exec_code_build(const ExecOp *op, const AwsEndpoint *endpoint, HttpRequest *ret);
void exec_code_take(ExecOp *op, const HttpResponse *response);
/* Fills the completion with what a reply says of a function. False: it makes no sense, and that is noted. */
/* What a version and $LATEST tell alike: state, role, dead-letter target. */
void exec_code_take_version(ExecOp *op, const LambdaFunction *f);
bool exec_code_take_function(ExecOp *op, const HttpResponse *response);
/* The call failed, which is how Lambda says that there is nothing. */
bool exec_code_is_none(const ExecOp *op, const AwsError *error);

/* exec-update.c */
/* "publish" is borrowed for the call. Sets op->update, also on failure. */
int exec_update_start(ExecOp *op, const PlanPublish *publish);
ExecUpdate *exec_update_free(ExecUpdate *u); /* op->call has been cancelled */
/* op->call is the one that changes $LATEST. */
bool exec_update_is_sending(const ExecUpdate *u);

/* exec-metrics.c */
/* -EINVAL: no window that could be asked for. */
int exec_metrics_new(const ExecOp *op, const Plan *plan, ExecMetrics **ret);
ExecMetrics *exec_metrics_ref(ExecMetrics *m);
ExecMetrics *exec_metrics_free(ExecMetrics *m); /* drops a reference */
DEFINE_TRIVIAL_CLEANUP(ExecMetrics *, exec_metrics_free);
const MetricQuery *exec_metrics_queries(const ExecMetrics *m, size_t *ret_n);
size_t exec_metrics_inseparable(const ExecMetrics *m); /* the first so many go together or not at all */
/* Takes the series of the queries from "first" on. */
void exec_metrics_put(ExecMetrics *m, size_t first, MetricSeries *take_series, size_t n);
/* These queries failed; without the first ones the operation as a whole does, and that is noted. */
void exec_metrics_refuse(ExecOp *op, size_t first, size_t n, Fault fault, const char *words);
/* Everything was put or refused: fills the completion. */
void exec_metrics_finish(ExecOp *op);

/* exec-batch.c */
int exec_batcher_new(sd_event *event, Exec *exec, ExecBatcher **ret);
ExecBatcher *exec_batcher_free(ExecBatcher *b); /* operations must have been cancelled */
DEFINE_TRIVIAL_CLEANUP(ExecBatcher *, exec_batcher_free);
int exec_batcher_add(ExecBatcher *b, ExecOp *op);
void exec_batcher_drop(ExecBatcher *b, const ExecOp *op); /* it is not waited for any more */

/* exec-alarms.c */
int exec_alarms_new(const Plan *plan, ExecAlarms **ret);
ExecAlarms *exec_alarms_free(ExecAlarms *a);
DEFINE_TRIVIAL_CLEANUP(ExecAlarms *, exec_alarms_free);
int exec_alarmer_new(sd_event *event, Exec *exec, ExecAlarmer **ret);
ExecAlarmer *exec_alarmer_free(ExecAlarmer *a); /* operations must have been cancelled */
DEFINE_TRIVIAL_CLEANUP(ExecAlarmer *, exec_alarmer_free);
int exec_alarmer_add(ExecAlarmer *a, ExecOp *op);
void exec_alarmer_drop(ExecAlarmer *a, const ExecOp *op); /* it is not waited for any more */
