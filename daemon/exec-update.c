#include <stdio.h>

#include "aws/base64.h"
#include "aws/svc-function.h"
#include "base/alloc.h"
#include "base/str.h"
#include "daemon/code-fetch.h"
#include "daemon/code-upload.h"
#include "daemon/exec-internal.h"

/* The store is in the same directory, and no rollback may wait for room. */
#define STORE_ROOM ((uint64_t) 16 * 1024 * 1024)

/* One UPDATE_CODE, or READ_CODE, which ends with the hash: what is sent is found, fetched and hashed, as far
 * as needed, then sent in one call. All that comes before that call changes nothing at AWS. */
struct ExecUpdate {
        ExecOp *op;
        PublishKind kind; /* PUBLISH_NOTHING: the code of an old version */
        bool has_sha256;
        uint8_t sha256[DIGEST_SIZE];
        char *bucket, *key, *object_version, *image;
        bool is_sending; /* what op->call does */
        CodeFetch *fetch;
        CodeUpload *upload;
};

/* AWS's spelling of the SHA-256 of a zip. */
#define SHA_TEXT_SIZE (BASE64_SIZE(DIGEST_SIZE) + 1)

static void sha_to_text(const uint8_t sha256[static DIGEST_SIZE], char ret[static SHA_TEXT_SIZE]) {
        base64_encode(sha256, DIGEST_SIZE, ret);
        ret[SHA_TEXT_SIZE - 1] = '\0';
}

ExecUpdate *exec_update_free(ExecUpdate *u) {
        if (!u)
                return NULL;
        (void) code_fetch_free(u->fetch);
        (void) code_upload_free(u->upload);
        free(u->bucket);
        free(u->key);
        free(u->object_version);
        free(u->image);
        free(u);
        return NULL;
}

bool exec_update_is_sending(const ExecUpdate *u) {
        return u->is_sending;
}

static void fail_later(ExecUpdate *u, Fault fault, const char *words) {
        exec_op_fail(u->op, fault, "%s", words);
        exec_op_deliver_later(u->op);
}

/* What Lambda got is what was meant. */
static void check_sent(ExecUpdate *u) {
        char expected[SHA_TEXT_SIZE];

        if (u->op->event.fault != FAULT_NONE || !u->upload)
                return;
        sha_to_text(code_upload_sha256(u->upload), expected);
        if (!streq(u->op->code_sha, expected))
                exec_op_fail(u->op, FAULT_PERMANENT, "Lambda says that it got the code %s, %s was sent",
                                u->op->code_sha, expected);
}

/* Of a call that touches nothing, however unsure its end is. */
static Fault sure_fault(Fault fault) {
        return fault == FAULT_TRANSIENT || fault == FAULT_PERMANENT ? FAULT_UNREACHABLE : fault;
}

static void on_sent(const AwsCallOutcome *outcome, void *userdata) {
        ExecUpdate *u = userdata;
        ExecOp *op = u->op;
        const char *trouble = u->upload ? code_upload_trouble(u->upload) : NULL;

        op->call = NULL;
        if (exec_op_take(op, outcome))
                (void) exec_code_take_function(op, outcome->response);
        else if (trouble && op->event.fault == sure_fault(op->event.fault))
                /* It did not leave as a whole, or the signature did not fit it. */
                exec_op_fail(op, FAULT_INVALID, "%s", trouble);
        check_sent(u);
        exec_op_deliver_later(op);
}

static int build_sent(const AwsEndpoint *endpoint, HttpRequest *ret, void *userdata) {
        const ExecUpdate *u = userdata;
        const char *revision = u->op->action.update.revision;

        if (u->upload)
                return lambda_update_code_zip(endpoint, u->op->function, ret);
        if (u->image)
                return lambda_update_code_image(endpoint, u->op->function, u->image, revision, ret);
        if (u->bucket && u->key)
                return lambda_update_code_s3(endpoint, u->op->function, u->bucket, u->key, u->object_version,
                                revision, ret);
        return -EINVAL;
}

static int send_code(ExecUpdate *u) {
        AwsCallSpec spec = exec_scope_spec(&u->op->scope, AWS_LAMBDA, GATE_LAMBDA, u->op->action.lane);

        spec.is_repeatable = false;
        spec.is_slow = true;
        spec.body = u->upload ? code_upload_body(u->upload) : NULL;
        u->is_sending = true;
        return aws_call_start(u->op->exec->caller, &spec, build_sent, on_sent, u, &u->op->call);
}

static bool is_planned(const ExecUpdate *u, char words[static CODE_FILE_WORDS_MAX]) {
        char hex[DIGEST_HEX_MAX], expected[DIGEST_HEX_MAX];

        if (!u->has_sha256)
                return true;
        digest_to_hex(code_upload_sha256(u->upload), hex);
        digest_to_hex(u->sha256, expected);
        (void) snprintf(words, CODE_FILE_WORDS_MAX,
                        "the zip has the SHA-256 %s, the plan says %s: nothing was sent", hex, expected);
        return streq(hex, expected);
}

/* A zip of the plan must be the one that the plan means, and that preflight has read; one that was fetched,
 * the old version's. */
static bool is_meant(const ExecUpdate *u, char words[static CODE_FILE_WORDS_MAX]) {
        const char *expected = u->op->action.update.code_sha;
        char found[SHA_TEXT_SIZE];

        if (u->kind != PUBLISH_NOTHING && !is_planned(u, words))
                return false;
        sha_to_text(code_upload_sha256(u->upload), found);
        if (u->kind == PUBLISH_NOTHING)
                (void) snprintf(words, CODE_FILE_WORDS_MAX,
                                "the code that was fetched for version %llu has the SHA-256 %s, expected %s",
                                (unsigned long long) u->op->action.update.version, found, expected);
        else
                (void) snprintf(words, CODE_FILE_WORDS_MAX,
                                "the zip has changed since preflight has read it: SHA-256 %s, then %s: nothing was sent",
                                found, expected);
        return (u->kind != PUBLISH_NOTHING && expected[0] == '\0') || streq(found, expected);
}

static void deliver_hash(ExecUpdate *u) {
        ExecOp *op = u->op;

        sha_to_text(code_upload_sha256(u->upload), op->code_sha);
        op->event.code_sha = op->code_sha;
        exec_op_deliver_later(op);
}

static void on_hashed(int error, void *userdata) {
        ExecUpdate *u = userdata;
        const char *trouble = code_upload_trouble(u->upload);
        bool is_read = u->op->action.kind == ACTION_READ_CODE;
        char words[CODE_FILE_WORDS_MAX];
        int r;

        if (error < 0) {
                fail_later(u, trouble && !code_file_may_heal(error) ? FAULT_INVALID : FAULT_UNREACHABLE,
                                trouble ? trouble : strerror(-error));
                return;
        }
        if (is_read ? !is_planned(u, words) : !is_meant(u, words)) {
                fail_later(u, FAULT_INVALID, words);
                return;
        }
        if (is_read) {
                deliver_hash(u);
                return;
        }
        r = send_code(u);
        if (r < 0)
                fail_later(u, FAULT_UNREACHABLE, strerror(-r));
}

static int begin_upload(ExecUpdate *u, CodeFile *take_file) {
        const char *revision = u->op->action.kind == ACTION_UPDATE_CODE ? u->op->action.update.revision : "";

        return code_upload_new(u->op->exec->event, take_file, revision, on_hashed, u, &u->upload);
}

static void on_fetched(CodeFile *file, Fault fault, const char *words, void *userdata) {
        ExecUpdate *u = userdata;
        int r;

        u->fetch = NULL;
        if (!file) {
                fail_later(u, fault, words);
                return;
        }
        r = begin_upload(u, file);
        if (r < 0)
                fail_later(u, FAULT_UNREACHABLE, strerror(-r));
}

/* "http" is for an AWS on this host: what AWS itself names is https. */
static int begin_fetch(ExecUpdate *u, const char *url, char words[static CODE_FILE_WORDS_MAX]) {
        _cleanup_(aws_endpoint_done) AwsEndpoint endpoint = { 0 };
        CodeFetchSpec spec = { .url = url, .directory = u->op->exec->state_directory, .spare = STORE_ROOM };
        int r;

        r = aws_settings_endpoint(&u->op->exec->settings, AWS_LAMBDA, u->op->scope.region, &endpoint);
        if (r < 0)
                return r;
        spec.allows_http = !endpoint.tls;
        return code_fetch_start(u->op->exec->http, &spec, on_fetched, u, &u->fetch, words);
}

/* Where the old version's code is. */
static void take_place(ExecUpdate *u, const HttpResponse *response) {
        _cleanup_(lambda_code_done) LambdaCode code = { 0 };
        char words[CODE_FILE_WORDS_MAX] = "", error[160] = "";
        LambdaFunction f;
        int r;

        r = lambda_parse_code(response, &f, &code, error);
        if (r < 0) {
                fail_later(u, FAULT_UNREACHABLE, error[0] != '\0' ? error : strerror(-r));
                return;
        }
        if (f.version != u->op->action.update.version ||
                        !streq(f.code_sha256, u->op->action.update.code_sha)) {
                (void) snprintf(words, sizeof(words),
                                "version %llu has the code %s, expected version %llu with %s",
                                (unsigned long long) f.version, f.code_sha256,
                                (unsigned long long) u->op->action.update.version,
                                u->op->action.update.code_sha);
                fail_later(u, FAULT_INVALID, words);
                return;
        }
        if (code.is_image) {
                u->image = alloc_copy_string(code.image);
                r = u->image ? send_code(u) : -ENOMEM;
        } else {
                r = begin_fetch(u, code.location, words);
        }
        if (r < 0)
                fail_later(u, r == -EINVAL ? FAULT_INVALID : FAULT_UNREACHABLE,
                                words[0] != '\0' ? words : strerror(-r));
}

static void on_found(const AwsCallOutcome *outcome, void *userdata) {
        ExecUpdate *u = userdata;
        ExecOp *op = u->op;

        op->call = NULL;
        if (exec_op_take(op, outcome)) {
                take_place(u, outcome->response);
                return;
        }
        op->event.fault = sure_fault(op->event.fault);
        exec_op_deliver_later(op);
}

static int build_found(const AwsEndpoint *endpoint, HttpRequest *ret, void *userdata) {
        const ExecUpdate *u = userdata;

        return lambda_get_function(endpoint, u->op->function, u->op->action.update.version, ret);
}

static int find_code(ExecUpdate *u) {
        AwsCallSpec spec = exec_scope_spec(&u->op->scope, AWS_LAMBDA, GATE_LAMBDA, u->op->action.lane);

        return aws_call_start(u->op->exec->caller, &spec, build_found, on_found, u, &u->op->call);
}

static int open_zip(ExecUpdate *u, const char *path) {
        char words[CODE_FILE_WORDS_MAX] = "";
        CodeFile *file = NULL;
        int r;

        r = code_file_open(path, u->has_sha256, &file, words);
        if (r == -ENOMEM)
                return r;
        if (r < 0) {
                fail_later(u, code_file_may_heal(r) ? FAULT_UNREACHABLE : FAULT_INVALID, words);
                return 0;
        }
        return begin_upload(u, file);
}

static int take_source(ExecUpdate *u, const PlanPublish *p) {
        u->kind = p->kind;
        u->has_sha256 = p->has_sha256;
        memcpy(u->sha256, p->sha256, sizeof(u->sha256));
        if (alloc_copy_optional(p->bucket, &u->bucket) < 0 || alloc_copy_optional(p->key, &u->key) < 0 ||
                        alloc_copy_optional(p->object_version, &u->object_version) < 0 ||
                        alloc_copy_optional(p->image, &u->image) < 0)
                return -ENOMEM;
        return 0;
}

int exec_update_start(ExecOp *op, const PlanPublish *publish) {
        ExecUpdate *u = alloc_one(ExecUpdate);
        int r;

        if (!u)
                return -ENOMEM;
        op->update = u;
        u->op = op;
        if (op->action.kind == ACTION_UPDATE_CODE && op->action.update.version > 0)
                return find_code(u);
        r = take_source(u, publish);
        if (r < 0)
                return r;
        switch (u->kind) {
        case PUBLISH_ZIP:
                return open_zip(u, publish->path);
        case PUBLISH_S3:
        case PUBLISH_IMAGE:
                return send_code(u);
        case PUBLISH_NOTHING:
        case PUBLISH_LATEST:
                fail_later(u, FAULT_INVALID, "the plan names no code to send");
                return 0;
        }
        ASSERT_NEVER();
        return -EINVAL;
}
