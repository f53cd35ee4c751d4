#include <stdio.h>
#include <string.h>

#include "aws/json-reply.h"
#include "aws/presigned.h"
#include "aws/svc-function.h"
#include "base/alloc.h"
#include "base/secret.h"
#include "base/str.h"

#define REPLY_MAX (1024u * 1024)

static int bad_reply(char reterr[static 160], const char *what) {
        (void) str_copy(reterr, 160, what);
        return -EBADMSG;
}

static int parse_object(const HttpResponse *response, struct json_object **ret, char reterr[static 160]) {
        int r;

        if (response->body_size > REPLY_MAX)
                return bad_reply(reterr, "the reply is larger than 1 MiB");
        r = json_reply_parse_secret(response->body, response->body_size, ret);
        if (r == -EBADMSG)
                return bad_reply(reterr, "the reply is not a JSON object, or is cut off");
        return r;
}

static void wipe_below(struct json_object *o, const char *key, struct json_object **ret) {
        if (json_reply_member(o, key, json_type_object, ret) > 0)
                json_reply_wipe(*ret);
}

/* What may be a secret in it: the function's environment, and the address of its code. */
static void wipe_reply(struct json_object *o) {
        struct json_object *configuration = o, *environment = NULL, *below = NULL;

        wipe_below(o, "Code", &below);
        (void) json_reply_member(o, "Configuration", json_type_object, &configuration);
        wipe_below(configuration, "Environment", &environment);
        if (environment)
                wipe_below(environment, "Variables", &below);
}

static void wipe_and_putp(struct json_object **o) {
        if (*o)
                wipe_reply(*o);
        (void) json_object_put(*o);
}

/* 0 for "$LATEST" and for whatever else is no number as Lambda writes it. */
static uint64_t version_from_text(const char *s) {
        uint64_t version = 0;

        if (s[0] == '0' || str_parse_u64(s, UINT64_MAX, &version) < 0)
                return 0;
        return version;
}

static uint64_t fingerprint(const char *s) {
        if (str_is_empty(s))
                return 0;
        return MAX(str_fingerprint(s, strlen(s)), (uint64_t) 1);
}

static LambdaState state_from_text(const char *s) {
        if (streq(s, "Pending"))
                return LAMBDA_STATE_PENDING;
        if (streq(s, "Active"))
                return LAMBDA_STATE_ACTIVE;
        if (streq(s, "Inactive"))
                return LAMBDA_STATE_INACTIVE;
        return streq(s, "Failed") ? LAMBDA_STATE_FAILED : LAMBDA_STATE_OTHER;
}

static LambdaUpdate update_from_text(const char *s) {
        if (!s)
                return LAMBDA_UPDATE_NONE;
        if (streq(s, "Successful"))
                return LAMBDA_UPDATE_SUCCESSFUL;
        if (streq(s, "InProgress"))
                return LAMBDA_UPDATE_IN_PROGRESS;
        return streq(s, "Failed") ? LAMBDA_UPDATE_FAILED : LAMBDA_UPDATE_OTHER;
}

/* "Code: words", as much of it as there is. */
static void take_reason(struct json_object *o, const char *code_key, const char *words_key,
                char ret[static LAMBDA_REASON_MAX]) {
        const char *code = json_reply_string(o, code_key), *words = json_reply_string(o, words_key);
        char text[LAMBDA_REASON_MAX * 2];

        (void) snprintf(text, sizeof(text), "%s%s%s", code ? code : "",
                        !str_is_empty(code) && !str_is_empty(words) ? ": " : "", words ? words : "");
        json_reply_print(ret, LAMBDA_REASON_MAX, text);
}

static int take_timeout(struct json_object *o, LambdaFunction *f, char reterr[static 160]) {
        struct json_object *value = NULL;
        int64_t seconds;
        int r;

        r = json_reply_member(o, "Timeout", json_type_int, &value);
        seconds = r > 0 ? json_object_get_int64(value) : 0;
        if (r < 0 || seconds < 0 || seconds > INT32_MAX)
                return bad_reply(reterr, "Timeout is not a number of seconds");
        f->timeout_seconds = (unsigned) seconds;
        return 0;
}

/* Goes back to AWS as it came: only what a header or a log could carry. */
static bool is_plain(const char *s) {
        for (; *s; s++)
                if (*s <= ' ' || *s > '~')
                        return false;
        return true;
}

static int take_name(
                struct json_object *o, const char *key, char *dst, size_t size, char reterr[static 160]) {
        const char *text = json_reply_string(o, key);

        if (!text)
                return 0;
        if (is_plain(text) && str_copy(dst, size, text) >= 0)
                return 0;
        (void) snprintf(reterr, 160, "%s is longer than any is, or not plain text", key);
        return -EBADMSG;
}

/* Versions are compared by the fingerprint; the text is for people. */
static uint64_t take_arn(const char *text, char ret[static LAMBDA_ARN_MAX]) {
        if (text && is_plain(text))
                (void) str_copy(ret, LAMBDA_ARN_MAX, text);
        return fingerprint(text);
}

static int take_configuration(struct json_object *o, LambdaFunction *f, char reterr[static 160]) {
        struct json_object *dead_letter = NULL;
        const char *text;
        int r;

        text = json_reply_string(o, "Version");
        if (!text)
                return bad_reply(reterr, "the reply has no Version");
        f->version = version_from_text(text);
        if (f->version == 0 && !streq(text, "$LATEST"))
                return bad_reply(reterr, "Version is neither a number nor $LATEST");
        text = json_reply_string(o, "State");
        f->has_state = text;
        f->state = text ? state_from_text(text) : LAMBDA_STATE_OTHER;
        f->update = update_from_text(json_reply_string(o, "LastUpdateStatus"));
        text = json_reply_string(o, "PackageType");
        f->is_image = text && streq(text, "Image");
        f->role_fingerprint = take_arn(json_reply_string(o, "Role"), f->role);
        r = json_reply_member(o, "DeadLetterConfig", json_type_object, &dead_letter);
        if (r < 0)
                return bad_reply(reterr, "DeadLetterConfig is not an object");
        if (r > 0)
                f->dead_letter_fingerprint =
                                take_arn(json_reply_string(dead_letter, "TargetArn"), f->dead_letter);
        take_reason(o, "StateReasonCode", "StateReason", f->state_reason);
        take_reason(o, "LastUpdateStatusReasonCode", "LastUpdateStatusReason", f->update_reason);
        r = take_timeout(o, f, reterr);
        if (r >= 0)
                r = take_name(o, "RevisionId", f->revision, sizeof(f->revision), reterr);
        if (r >= 0)
                r = take_name(o, "CodeSha256", f->code_sha256, sizeof(f->code_sha256), reterr);
        return r;
}

int lambda_parse_function(const HttpResponse *response, LambdaFunction *ret, char reterr[static 160]) {
        _cleanup_(wipe_and_putp) struct json_object *o = NULL;
        LambdaFunction f = { 0 };
        int r;

        r = parse_object(response, &o, reterr);
        if (r >= 0)
                r = take_configuration(o, &f, reterr);
        if (r < 0)
                return r;
        *ret = f;
        return 0;
}

void lambda_code_done(LambdaCode *c) {
        (void) secret_erase_string(c->location);
        *c = (LambdaCode){ 0 };
}

/* Lambda's words for why it does not say where the code is. */
static int refuse_code(struct json_object *o, char reterr[static 160]) {
        struct json_object *error = NULL;
        const char *words;

        if (json_reply_member(o, "Error", json_type_object, &error) <= 0)
                return 0;
        words = json_reply_string(error, "Message");
        json_reply_print(reterr, 160, str_is_empty(words) ? "Lambda gives no reason" : words);
        return -EBADMSG;
}

static int take_image(struct json_object *o, LambdaCode *code, char reterr[static 160]) {
        int r;

        r = take_name(o, "ResolvedImageUri", code->image, sizeof(code->image), reterr);
        if (r >= 0 && code->image[0] == '\0')
                r = take_name(o, "ImageUri", code->image, sizeof(code->image), reterr);
        if (r >= 0 && code->image[0] == '\0')
                return bad_reply(reterr, "the reply has no ImageUri");
        return r;
}

static int take_location(struct json_object *o, LambdaCode *code, char reterr[static 160]) {
        const char *location = json_reply_string(o, "Location");

        if (str_is_empty(location))
                return bad_reply(reterr, "the reply has no Location of the code");
        if (strlen(location) > PRESIGNED_URL_MAX)
                return bad_reply(reterr, "the Location of the code is longer than any is");
        code->location = alloc_copy_string(location);
        return code->location ? 0 : -ENOMEM;
}

int lambda_parse_code(const HttpResponse *response, LambdaFunction *ret_function, LambdaCode *ret_code,
                char reterr[static 160]) {
        _cleanup_(wipe_and_putp) struct json_object *o = NULL;
        _cleanup_(lambda_code_done) LambdaCode code = { 0 };
        struct json_object *configuration = NULL, *where = NULL;
        LambdaFunction f = { 0 };
        int r;

        r = parse_object(response, &o, reterr);
        if (r < 0)
                return r;
        if (json_reply_member(o, "Configuration", json_type_object, &configuration) <= 0)
                return bad_reply(reterr, "the reply has no Configuration");
        if (json_reply_member(o, "Code", json_type_object, &where) <= 0)
                return bad_reply(reterr, "the reply has no Code");
        r = take_configuration(configuration, &f, reterr);
        if (r >= 0)
                r = refuse_code(where, reterr);
        code.is_image = f.is_image;
        if (r >= 0)
                r = f.is_image ? take_image(where, &code, reterr) : take_location(where, &code, reterr);
        if (r < 0)
                return r;
        *ret_function = f;
        *ret_code = code;
        code = (LambdaCode){ 0 };
        return 0;
}

static int take_count(struct json_object *o, const char *key, uint32_t *ret, char reterr[static 160]) {
        struct json_object *value = NULL;
        int64_t n;
        int r;

        r = json_reply_member(o, key, json_type_int, &value);
        n = r > 0 ? json_object_get_int64(value) : 0;
        if (r < 0 || n < 0 || n > INT32_MAX) {
                (void) snprintf(reterr, 160, "%s is not a number of executions", key);
                return -EBADMSG;
        }
        *ret = (uint32_t) n;
        return 0;
}

static LambdaProvisionedStatus provisioned_from_text(const char *s) {
        if (streq(s, "IN_PROGRESS"))
                return LAMBDA_PROVISIONED_IN_PROGRESS;
        if (streq(s, "READY"))
                return LAMBDA_PROVISIONED_READY;
        return streq(s, "FAILED") ? LAMBDA_PROVISIONED_FAILED : LAMBDA_PROVISIONED_OTHER;
}

int lambda_parse_provisioned(const HttpResponse *response, LambdaProvisioned *ret, char reterr[static 160]) {
        _cleanup_(wipe_and_putp) struct json_object *o = NULL;
        LambdaProvisioned p = { 0 };
        const char *text;
        int r;

        r = parse_object(response, &o, reterr);
        if (r < 0)
                return r;
        text = json_reply_string(o, "Status");
        if (!text)
                return bad_reply(reterr, "the reply has no Status");
        p.status = provisioned_from_text(text);
        r = take_count(o, "RequestedProvisionedConcurrentExecutions", &p.requested, reterr);
        if (r >= 0)
                r = take_count(o, "AllocatedProvisionedConcurrentExecutions", &p.allocated, reterr);
        if (r >= 0)
                r = take_count(o, "AvailableProvisionedConcurrentExecutions", &p.available, reterr);
        if (r < 0)
                return r;
        text = json_reply_string(o, "StatusReason");
        json_reply_print(p.reason, sizeof(p.reason), text ? text : "");
        *ret = p;
        return 0;
}
