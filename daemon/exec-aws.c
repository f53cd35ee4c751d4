#include <math.h>

#include "aws/svc-function.h"
#include "base/str.h"
#include "daemon/exec-internal.h"

/* How far a weight may be from a whole hundredth of a per cent and still be one that we wrote. */
#define WEIGHT_TOLERANCE 1e-6

Fault exec_fault_from_aws(AwsFault fault) {
        switch (fault) {
        case AWS_OK:
                return FAULT_NONE;
        case AWS_THROTTLED:
                return FAULT_THROTTLED;
        case AWS_TRANSIENT:
                return FAULT_TRANSIENT;
        case AWS_UNREACHABLE:
                return FAULT_UNREACHABLE;
        case AWS_EXPIRED:
                return FAULT_CREDENTIALS;
        case AWS_CLOCK:
                return FAULT_CLOCK;
        case AWS_DENIED:
                return FAULT_DENIED;
        case AWS_CONFLICT:
                return FAULT_CONFLICT;
        case AWS_PRECONDITION:
                return FAULT_PRECONDITION;
        case AWS_MISSING:
                return FAULT_MISSING;
        case AWS_INVALID:
                return FAULT_INVALID;
        case AWS_PERMANENT:
                return FAULT_PERMANENT;
        }
        ASSERT_NEVER();
        return FAULT_PERMANENT;
}

int exec_aws_build(const ExecOp *op, const AwsEndpoint *endpoint, HttpRequest *ret) {
        const Action *a = &op->action;

        switch (a->kind) {
        case ACTION_READ_ALIAS:
                return lambda_get_alias(endpoint, op->function, op->alias, ret);
        case ACTION_READ_VERSION:
                return lambda_get_version(endpoint, op->function, a->version, ret);
        case ACTION_WRITE_ALIAS:
                if (a->write.route.is_odd)
                        return -EINVAL;
                return lambda_update_alias(endpoint, op->function, op->alias, a->write.route.primary,
                                a->write.route.extra, a->write.route.weight, a->write.revision, ret);
        case ACTION_READ_FUNCTION:
        case ACTION_PUBLISH_VERSION:
        case ACTION_CREATE_ALIAS:
        case ACTION_READ_CONCURRENCY:
                return exec_code_build(op, endpoint, ret);
        case ACTION_READ_METRICS:
        case ACTION_READ_ALARMS:
        case ACTION_UPDATE_CODE:
        case ACTION_READ_CODE:
        case ACTION_PERSIST:
        case ACTION_REPORT:
        case ACTION_CANCEL:
                break;
        }
        return -EINVAL;
}

/* Anything that no plan of ours writes is kept as near as it can be, and marked. */
static Route route_from_alias(const LambdaAlias *alias) {
        double units = alias->extra_weight * WEIGHT_FULL, whole = round(units);
        Route route = { .primary = alias->version, .is_odd = alias->version == 0 };

        if (alias->n_extra == 0)
                return route;
        route.extra = alias->extra_version;
        route.weight = whole >= 0 && whole <= WEIGHT_FULL ? (uint32_t) whole : 0;
        if (alias->n_extra > 1 || alias->extra_version == 0 ||
                        !(fabs(units - route.weight) <= WEIGHT_TOLERANCE))
                route.is_odd = 1;
        return route;
}

static void take_alias(ExecOp *op, const HttpResponse *response) {
        char error[160] = "";
        LambdaAlias alias;
        int r;

        r = lambda_parse_alias(response, &alias, error);
        if (r >= 0)
                r = str_copy(op->revision, sizeof(op->revision), alias.revision);
        if (r < 0) {
                exec_op_fail(op, r == -ENOMEM ? FAULT_TRANSIENT : FAULT_PERMANENT, "%s",
                                error[0] != '\0' ? error : strerror(-r));
                return;
        }
        op->event.route = route_from_alias(&alias);
        op->event.revision = op->revision;
}

static void take_version(ExecOp *op, const HttpResponse *response) {
        char error[160] = "";
        LambdaFunction version;
        int r;

        r = lambda_parse_function(response, &version, error);
        if (r < 0) {
                exec_op_fail(op, r == -ENOMEM ? FAULT_TRANSIENT : FAULT_PERMANENT, "%s",
                                error[0] != '\0' ? error : strerror(-r));
                return;
        }
        if (version.version != op->action.version) {
                exec_op_fail(op, FAULT_PERMANENT, "the reply is about another version");
                return;
        }
        exec_code_take_version(op, &version);
        op->event.version_active = op->event.state == FUNCTION_ACTIVE;
}

void exec_aws_take(ExecOp *op, const HttpResponse *response) {
        switch (op->action.kind) {
        case ACTION_READ_VERSION:
                take_version(op, response);
                return;
        case ACTION_READ_ALIAS:
        case ACTION_WRITE_ALIAS:
        case ACTION_CREATE_ALIAS:
                take_alias(op, response);
                return;
        case ACTION_READ_FUNCTION:
        case ACTION_PUBLISH_VERSION:
        case ACTION_READ_CONCURRENCY:
                exec_code_take(op, response);
                return;
        case ACTION_READ_METRICS:
        case ACTION_READ_ALARMS:
        case ACTION_UPDATE_CODE:
        case ACTION_READ_CODE:
        case ACTION_PERSIST:
        case ACTION_REPORT:
        case ACTION_CANCEL:
                break;
        }
        ASSERT_NEVER();
}
