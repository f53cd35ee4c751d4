/* Replies of Lambda about code. The first line says what is read: "function", "code" or "provisioned". The
 * rest is the body. */

#include "aws/presigned.h"
#include "aws/svc-function.h"
#include "fuzz/reply-input.h"

static void check_function(const LambdaFunction *f) {
        check_text(f->revision, sizeof(f->revision));
        check_text(f->code_sha256, sizeof(f->code_sha256));
        check_text(f->state_reason, sizeof(f->state_reason));
        check_text(f->update_reason, sizeof(f->update_reason));
        FUZZ_CHECK(f->has_state || f->state == LAMBDA_STATE_OTHER);
}

static void read_function(const HttpResponse *response) {
        LambdaFunction f = { 0 };
        char error[160] = "";
        int r = lambda_parse_function(response, &f, error);

        if (r < 0)
                FUZZ_CHECK(r == -EBADMSG && error[0] != '\0');
        else
                check_function(&f);
}

static void read_code(const HttpResponse *response) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        _cleanup_(lambda_code_done) LambdaCode code = { 0 };
        LambdaFunction f = { 0 };
        char error[160] = "";
        int r = lambda_parse_code(response, &f, &code, error);

        check_text(error, sizeof(error));
        if (r < 0) {
                FUZZ_CHECK(r == -EBADMSG && error[0] != '\0' && !code.location);
                return;
        }
        check_function(&f);
        check_text(code.image, sizeof(code.image));
        FUZZ_CHECK(code.is_image == (code.image[0] != '\0') && code.is_image == !code.location);
        if (!code.location || presigned_request(code.location, true, &request) < 0)
                return;
        check_text(request.path, PRESIGNED_URL_MAX);
        FUZZ_CHECK(request.path[0] == '/' && !strchr(request.path, '?'));
}

static void read_provisioned(const HttpResponse *response) {
        LambdaProvisioned p = { 0 };
        char error[160] = "";
        int r = lambda_parse_provisioned(response, &p, error);

        if (r < 0)
                FUZZ_CHECK(r == -EBADMSG && error[0] != '\0');
        else
                check_text(p.reason, sizeof(p.reason));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const ReplyKind kinds[] = { { "function", read_function }, { "code", read_code },
                { "provisioned", read_provisioned } };

        return read_reply(data, size, kinds, ELEMENTSOF(kinds));
}
