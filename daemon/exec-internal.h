#pragma once

/* Shared by exec.c (operations and their completion), exec-aws.c (what to ask and what the answer means) and
 * exec-metrics.c (the same for CloudWatch, which answers in pages). */

#include "aws/svc-cloudwatch.h"
#include "daemon/exec.h"
#include "daemon/http.h"

#define EXEC_ERROR_MAX (AWS_ERROR_CODE_MAX + AWS_ERROR_MESSAGE_MAX)

typedef struct ExecMetrics ExecMetrics;

struct ExecOp {
        Exec *exec; /* NULL while "done" runs: nothing is left to cancel */
        ExecOp *previous, *next;
        ExecDone done;
        void *userdata;

        Action action;
        char *function, *alias, *region; /* of the target */
        AwsEndpoint endpoint;
        ExecMetrics *metrics; /* ACTION_READ_METRICS only */

        HttpCall *call;         /* under way, or */
        sd_event_source *defer; /* failed before it could be, and about to say so */

        Event event; /* the completion, as far as it is known */
        char revision[REVISION_SIZE];
        char request_id[REQUEST_ID_SIZE];
        char error[EXEC_ERROR_MAX];
};

/* Notes how the operation failed. */
void exec_op_fail(ExecOp *op, Fault fault, const char *format, ...) _printf_(3, 4);

Fault exec_fault_from_aws(AwsFault fault);

/* The Lambda request of the operation, unsigned. -EINVAL: nothing that Lambda could be asked. */
int exec_aws_build(const ExecOp *op, HttpRequest *ret);
/* Fills the completion from a 2xx reply. */
void exec_aws_take(ExecOp *op, const HttpResponse *response);

int exec_metrics_new(const ExecOp *op, const Plan *plan, ExecMetrics **ret);
ExecMetrics *exec_metrics_free(ExecMetrics *m);
DEFINE_TRIVIAL_CLEANUP(ExecMetrics *, exec_metrics_free);

/* The request for the first page, or the one after those that were taken. */
int exec_metrics_build(const ExecOp *op, HttpRequest *ret);
/* True: there is one more page to ask for. False: the completion is filled. */
bool exec_metrics_take(ExecOp *op, const HttpResponse *response);
