#include "aws/creds.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/usec.h"

/* A piece of somebody else's text. Values are only ever looked at in place, so that no copy of a secret is
 * left behind. */
typedef struct Span {
        const char *text;
        size_t n;
} Span;

static int refuse(char reterr[static DIAG_MESSAGE_MAX], const char *format, ...) _printf_(2, 3);

static int refuse(char reterr[static DIAG_MESSAGE_MAX], const char *format, ...) {
        va_list args;

        va_start(args, format);
        (void) vsnprintf(reterr, DIAG_MESSAGE_MAX, format, args);
        va_end(args);
        return -EINVAL;
}

void aws_creds_done(AwsCreds *c) {
        c->secret_key = secret_unref(c->secret_key);
        c->session_token = secret_unref(c->session_token);
        *c = (AwsCreds){ 0 };
}

int aws_creds_copy(AwsCreds *dst, const AwsCreds *src) {
        assert(!dst->secret_key && !dst->session_token);
        *dst = *src;
        if (dst->secret_key)
                (void) secret_ref(dst->secret_key);
        if (dst->session_token)
                (void) secret_ref(dst->session_token);
        return 0;
}

static bool is_access_key_char(char c) {
        return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
}

/* Base64 with room for the keys that emulators invent. Quotes and backslashes are what comes of a shell
 * script. */
static bool is_secret_char(char c) {
        return c > ' ' && c <= '~' && c != '"' && c != '\'' && c != '\\';
}

/* What is wrong with a value, in words that do not repeat it; NULL: nothing. */
static const char *find_fault(AwsCredsField field, Span value) {
        static const size_t max[AWS_CREDS_FIELD_COUNT] = {
                [AWS_ACCESS_KEY] = AWS_ACCESS_KEY_MAX - 1,
                [AWS_SECRET_KEY] = AWS_SECRET_KEY_MAX,
                [AWS_SESSION_TOKEN] = AWS_SESSION_TOKEN_MAX,
        };

        if (value.n > max[field])
                return "is too long";
        for (size_t i = 0; i < value.n; i++) {
                char c = value.text[i];

                if (c == '\n')
                        return "goes on over several lines";
                if (field == AWS_ACCESS_KEY ? !is_access_key_char(c) : !is_secret_char(c))
                        return "holds a character that no key has (is it quoted, or cut from a table?)";
        }
        return NULL;
}

static int fill(const Span values[static AWS_CREDS_FIELD_COUNT], AwsCreds *ret) {
        const Span *access = &values[AWS_ACCESS_KEY], *secret = &values[AWS_SECRET_KEY],
                   *token = &values[AWS_SESSION_TOKEN];
        _cleanup_(aws_creds_done) AwsCreds creds = { .expires = USEC_INFINITY };

        memcpy(creds.access_key, access->text, access->n);
        creds.secret_key = secret_new(secret->text, secret->n);
        if (!creds.secret_key)
                return -ENOMEM;
        if (token->n > 0) {
                creds.session_token = secret_new(token->text, token->n);
                if (!creds.session_token)
                        return -ENOMEM;
        }
        *ret = creds;
        creds = (AwsCreds){ 0 };
        return 1;
}

static int from_spans(const char *const names[static AWS_CREDS_FIELD_COUNT],
                const Span values[static AWS_CREDS_FIELD_COUNT], AwsCreds *ret,
                char reterr[static DIAG_MESSAGE_MAX]) {
        bool has_access = values[AWS_ACCESS_KEY].n > 0, has_secret = values[AWS_SECRET_KEY].n > 0;

        if (!has_access && !has_secret)
                return 0;
        if (!has_access || !has_secret)
                return refuse(reterr, "%s is set but %s is not",
                                names[has_access ? AWS_ACCESS_KEY : AWS_SECRET_KEY],
                                names[has_access ? AWS_SECRET_KEY : AWS_ACCESS_KEY]);
        for (AwsCredsField f = 0; f < AWS_CREDS_FIELD_COUNT; f++) {
                const char *fault = find_fault(f, values[f]);

                if (fault)
                        return refuse(reterr, "%s %s", names[f], fault);
        }
        return fill(values, ret);
}

int aws_creds_from_fields(const char *const names[static AWS_CREDS_FIELD_COUNT],
                const char *const values[static AWS_CREDS_FIELD_COUNT], AwsCreds *ret,
                char reterr[static DIAG_MESSAGE_MAX]) {
        Span spans[AWS_CREDS_FIELD_COUNT];

        for (AwsCredsField f = 0; f < AWS_CREDS_FIELD_COUNT; f++)
                spans[f] = (Span){ values[f], values[f] ? strlen(values[f]) : 0 };
        return from_spans(names, spans, ret, reterr);
}

int aws_creds_from_values(const char *access_key, const char *secret_key, const char *session_token,
                AwsCreds *ret, char reterr[static DIAG_MESSAGE_MAX]) {
        static const char *const names[] = {
                [AWS_ACCESS_KEY] = "AWS_ACCESS_KEY_ID",
                [AWS_SECRET_KEY] = "AWS_SECRET_ACCESS_KEY",
                [AWS_SESSION_TOKEN] = "AWS_SESSION_TOKEN",
        };
        const char *const values[] = {
                [AWS_ACCESS_KEY] = access_key,
                [AWS_SECRET_KEY] = secret_key,
                [AWS_SESSION_TOKEN] = session_token,
        };

        return aws_creds_from_fields(names, values, ret, reterr);
}

/* A '#' or ';' behind white space starts a comment for half of the tools that read these files, and no
 * value of ours can hold either. */
static Span without_comment(const char *value) {
        Span s = { value, value ? strcspn(value, "\n") : 0 };

        if (value && value[s.n] != '\0')
                return (Span){ value, strlen(value) }; /* to be refused for its lines */
        for (size_t i = 1; i < s.n; i++)
                if ((value[i] == '#' || value[i] == ';') && (value[i - 1] == ' ' || value[i - 1] == '\t')) {
                        s.n = i;
                        break;
                }
        while (s.n > 0 && (value[s.n - 1] == ' ' || value[s.n - 1] == '\t'))
                s.n--;
        return s;
}

int aws_creds_from_section(
                const Ini *ini, const char *section, AwsCreds *ret, char reterr[static DIAG_MESSAGE_MAX]) {
        const char *keys[] = {
                [AWS_ACCESS_KEY] = "aws_access_key_id",
                [AWS_SECRET_KEY] = "aws_secret_access_key",
                [AWS_SESSION_TOKEN] = "aws_session_token",
        };
        char names[AWS_CREDS_FIELD_COUNT][DIAG_MESSAGE_MAX / 3];
        const char *shown[AWS_CREDS_FIELD_COUNT];
        Span values[AWS_CREDS_FIELD_COUNT];

        if (!ini_get(ini, section, keys[AWS_SESSION_TOKEN]))
                keys[AWS_SESSION_TOKEN] = "aws_security_token"; /* its name in boto's days */
        for (AwsCredsField f = 0; f < AWS_CREDS_FIELD_COUNT; f++) {
                values[f] = without_comment(ini_get(ini, section, keys[f]));
                shown[f] = keys[f];
                if (values[f].n == 0)
                        continue;
                (void) snprintf(names[f], sizeof(names[f]), "line %u: %s", ini_line(ini, section, keys[f]),
                                keys[f]);
                shown[f] = names[f];
        }
        return from_spans(shown, values, ret, reterr);
}
