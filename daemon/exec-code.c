#include <stdio.h>

#include "aws/svc-function.h"
#include "base/str.h"
#include "daemon/exec-internal.h"

static int build_alias(const ExecOp *op, const AwsEndpoint *endpoint, HttpRequest *ret) {
        return lambda_create_alias(endpoint, op->function, op->alias, op->action.version, ret);
}

static int build_publish(const ExecOp *op, const AwsEndpoint *endpoint, HttpRequest *ret) {
        return lambda_publish_version(endpoint, op->function, op->action.publish.code_sha,
                        op->action.publish.revision, op->description, ret);
}

int exec_code_build(const ExecOp *op, const AwsEndpoint *endpoint, HttpRequest *ret) {
        switch (op->action.kind) {
        case ACTION_READ_FUNCTION:
                return lambda_get_version(endpoint, op->function, op->action.version, ret);
        case ACTION_PUBLISH_VERSION:
                return build_publish(op, endpoint, ret);
        case ACTION_CREATE_ALIAS:
                return build_alias(op, endpoint, ret);
        case ACTION_READ_CONCURRENCY:
                return lambda_get_provisioned(endpoint, op->function, op->alias, ret);
        case ACTION_UPDATE_CODE: /* exec-update.c */
        case ACTION_READ_CODE:
        case ACTION_READ_ALIAS:
        case ACTION_READ_VERSION:
        case ACTION_WRITE_ALIAS:
        case ACTION_READ_METRICS:
        case ACTION_READ_ALARMS:
        case ACTION_PERSIST:
        case ACTION_REPORT:
        case ACTION_CANCEL:
                break;
        }
        return -EINVAL;
}

/* Words that we do not know are taken for what they most likely are: something that goes on. */
static FunctionState state_of(const LambdaFunction *f) {
        switch (f->state) {
        case LAMBDA_STATE_ACTIVE:
        case LAMBDA_STATE_INACTIVE:
                return FUNCTION_ACTIVE; /* it wakes up when it is called */
        case LAMBDA_STATE_FAILED:
                return FUNCTION_FAILED;
        case LAMBDA_STATE_PENDING:
                return FUNCTION_PENDING;
        case LAMBDA_STATE_OTHER:
                return f->has_state ? FUNCTION_PENDING : FUNCTION_ACTIVE;
        }
        ASSERT_NEVER();
        return FUNCTION_PENDING;
}

static UpdateStatus update_of(const LambdaFunction *f) {
        switch (f->update) {
        case LAMBDA_UPDATE_NONE:
        case LAMBDA_UPDATE_SUCCESSFUL:
                return UPDATE_SUCCESSFUL;
        case LAMBDA_UPDATE_FAILED:
                return UPDATE_FAILED;
        case LAMBDA_UPDATE_IN_PROGRESS:
        case LAMBDA_UPDATE_OTHER:
                return UPDATE_IN_PROGRESS;
        }
        ASSERT_NEVER();
        return UPDATE_IN_PROGRESS;
}

static void fail_reply(ExecOp *op, int error, const char *words) {
        exec_op_fail(op, error == -ENOMEM ? FAULT_TRANSIENT : FAULT_PERMANENT, "%s",
                        words[0] != '\0' ? words : strerror(-error));
}

static bool take_reason(ExecOp *op, const LambdaFunction *f) {
        const char *words = op->event.update == UPDATE_FAILED || op->event.state == FUNCTION_ACTIVE
                        ? f->update_reason
                        : f->state_reason;

        return words[0] != '\0' && str_copy(op->state_words, sizeof(op->state_words), words) >= 0;
}

/* What does not fit is known by its end: there is the name. */
static const char *take_arn(const char *arn, char ret[static ARN_TEXT_SIZE]) {
        size_t n = strlen(arn);

        (void) snprintf(ret, ARN_TEXT_SIZE, "%s%s", n < ARN_TEXT_SIZE ? "" : "...",
                        n < ARN_TEXT_SIZE ? arn : arn + n - (ARN_TEXT_SIZE - sizeof("...")));
        return n > 0 ? ret : NULL;
}

void exec_code_take_version(ExecOp *op, const LambdaFunction *f) {
        op->event.state = state_of(f);
        op->event.update = update_of(f);
        op->event.state_words = take_reason(op, f) ? op->state_words : NULL;
        op->event.role = f->role_fingerprint;
        op->event.dead_letter = f->dead_letter_fingerprint;
        op->event.role_arn = take_arn(f->role, op->role);
        op->event.dead_letter_arn = take_arn(f->dead_letter, op->dead_letter);
}

bool exec_code_take_function(ExecOp *op, const HttpResponse *response) {
        char error[160] = "";
        LambdaFunction f;
        int r;

        r = lambda_parse_function(response, &f, error);
        if (r < 0) {
                fail_reply(op, r, error);
                return false;
        }
        if (f.code_sha256[0] == '\0' || f.revision[0] == '\0') {
                exec_op_fail(op, FAULT_PERMANENT, "the reply has no %s",
                                f.revision[0] == '\0' ? "RevisionId" : "CodeSha256");
                return false;
        }
        (void) str_copy(op->revision, sizeof(op->revision), f.revision);
        (void) str_copy(op->code_sha, sizeof(op->code_sha), f.code_sha256);
        op->event.revision = op->revision;
        op->event.code_sha = op->code_sha;
        exec_code_take_version(op, &f);
        op->event.is_image = f.is_image;
        op->event.version = f.version;
        return true;
}

static void take_read(ExecOp *op, const HttpResponse *response) {
        if (exec_code_take_function(op, response) && op->event.version != op->action.version)
                exec_op_fail(op, FAULT_PERMANENT, "the reply is about another version");
}

static void take_published(ExecOp *op, const HttpResponse *response) {
        if (!exec_code_take_function(op, response))
                return;
        if (op->event.version == 0)
                exec_op_fail(op, FAULT_PERMANENT, "the reply names no version that was published");
        else if (op->action.publish.code_sha[0] != '\0' && !streq(op->code_sha, op->action.publish.code_sha))
                exec_op_fail(op, FAULT_PERMANENT, "version %llu was published with the code %s, expected %s",
                                (unsigned long long) op->event.version, op->code_sha,
                                op->action.publish.code_sha);
}

static void take_concurrency(ExecOp *op, const HttpResponse *response) {
        char error[160] = "";
        LambdaProvisioned p;
        int r;

        r = lambda_parse_provisioned(response, &p, error);
        if (r < 0)
                fail_reply(op, r, error);
        else
                op->event.concurrency = p.requested;
}

void exec_code_take(ExecOp *op, const HttpResponse *response) {
        if (op->action.kind == ACTION_PUBLISH_VERSION)
                take_published(op, response);
        else if (op->action.kind == ACTION_READ_CONCURRENCY)
                take_concurrency(op, response);
        else
                take_read(op, response);
}

bool exec_code_is_none(const ExecOp *op, const AwsError *error) {
        return op->action.kind == ACTION_READ_CONCURRENCY && lambda_provisioned_is_none(error);
}
