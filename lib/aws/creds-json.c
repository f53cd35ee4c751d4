#include "aws/creds-json.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "aws/json-reply.h"
#include "base/str.h"
#include "base/timefmt.h"

#define PROCESS_VERSION 1

/* Members by AwsCredsField. */
static const char *const process_names[AWS_CREDS_FIELD_COUNT] = {
        [AWS_ACCESS_KEY] = "AccessKeyId",
        [AWS_SECRET_KEY] = "SecretAccessKey",
        [AWS_SESSION_TOKEN] = "SessionToken",
};
static const char *const service_names[AWS_CREDS_FIELD_COUNT] = {
        [AWS_ACCESS_KEY] = "AccessKeyId",
        [AWS_SECRET_KEY] = "SecretAccessKey",
        [AWS_SESSION_TOKEN] = "Token",
};

static int refuse(char reterr[static DIAG_MESSAGE_MAX], const char *format, ...) _printf_(2, 3);

static int refuse(char reterr[static DIAG_MESSAGE_MAX], const char *format, ...) {
        va_list args;

        va_start(args, format);
        (void) vsnprintf(reterr, DIAG_MESSAGE_MAX, format, args);
        va_end(args);
        return -EBADMSG;
}

static void wipe_and_put(struct json_object **o) {
        if (*o)
                json_reply_wipe(*o);
        (void) json_object_put(*o);
}

static int check_version(struct json_object *o, char reterr[static DIAG_MESSAGE_MAX]) {
        struct json_object *version = NULL;
        int r = json_reply_member(o, "Version", json_type_int, &version);

        if (r <= 0)
                return refuse(reterr, "there is no number \"Version\", expected %d", PROCESS_VERSION);
        if (json_object_get_int64(version) != PROCESS_VERSION)
                return refuse(reterr, "\"Version\" is %lld, expected %d",
                                (long long) json_object_get_int64(version), PROCESS_VERSION);
        return 0;
}

/* IMDS says with status 200 that the instance has no role any more, or that it could not be assumed. */
static int check_code(struct json_object *o, char reterr[static DIAG_MESSAGE_MAX]) {
        const char *code = json_reply_string(o, "Code");
        char shown[40];

        if (!code || streq(code, "Success"))
                return 0;
        json_reply_print(shown, sizeof(shown), code);
        (void) refuse(reterr, "it says \"%s\" instead of giving credentials", shown);
        return -ENODATA;
}

/* Absent, null and "" are the same. -EBADMSG: of another type. */
static int get_text(struct json_object *o, const char *name, const char **ret,
                char reterr[static DIAG_MESSAGE_MAX]) {
        struct json_object *value = NULL;
        int r = json_reply_member(o, name, json_type_string, &value);

        *ret = NULL;
        if (r == 0)
                return 0;
        if (r > 0)
                *ret = json_reply_string(o, name);
        return *ret ? 0 : refuse(reterr, "\"%s\" is no text", name);
}

static int read_expiry(
                struct json_object *o, bool is_optional, usec_t *ret, char reterr[static DIAG_MESSAGE_MAX]) {
        const char *text;
        int r;

        r = get_text(o, "Expiration", &text, reterr);
        if (r < 0)
                return r;
        if (!text && is_optional)
                return 0;
        if (!text)
                return refuse(reterr, "there is no \"Expiration\"");
        if (time_parse_rfc3339(text, ret) < 0)
                return refuse(reterr, "\"Expiration\" is no time such as 2026-01-15T12:34:56Z");
        return 0;
}

static int read_document(
                struct json_object *o, CredsJson kind, AwsCreds *ret, char reterr[static DIAG_MESSAGE_MAX]) {
        bool is_process = kind == CREDS_JSON_PROCESS;
        const char *const *names = is_process ? process_names : service_names;
        const char *values[AWS_CREDS_FIELD_COUNT];
        char error[DIAG_MESSAGE_MAX];
        int r;

        for (AwsCredsField f = 0; f < AWS_CREDS_FIELD_COUNT; f++) {
                r = get_text(o, names[f], &values[f], reterr);
                if (r < 0)
                        return r;
                if (str_is_empty(values[f]) && !(is_process && f == AWS_SESSION_TOKEN))
                        return refuse(reterr, "there is no \"%s\"", names[f]);
        }
        r = aws_creds_from_fields(names, values, ret, error);
        if (r == -EINVAL)
                return refuse(reterr, "%s", error);
        if (r < 0)
                return r;
        return read_expiry(o, is_process, &ret->expires, reterr);
}

int creds_json_parse(const char *text, size_t size, CredsJson kind, AwsCreds *ret,
                char reterr[static DIAG_MESSAGE_MAX]) {
        _cleanup_(wipe_and_put) struct json_object *o = NULL;
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
        int r;

        if (size > CREDS_JSON_MAX)
                return refuse(reterr, "larger than %u bytes", CREDS_JSON_MAX);
        r = json_reply_parse_secret(text, size, &o);
        if (r == -EBADMSG)
                return refuse(reterr, "this is no JSON object");
        if (r < 0)
                return r;
        if (kind == CREDS_JSON_PROCESS)
                r = check_version(o, reterr);
        else if (kind == CREDS_JSON_IMDS)
                r = check_code(o, reterr);
        if (r < 0)
                return r;
        r = read_document(o, kind, &creds, reterr);
        if (r < 0)
                return r;
        *ret = creds;
        creds = (AwsCreds){ 0 };
        return 0;
}
