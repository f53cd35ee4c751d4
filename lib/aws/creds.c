#include "aws/creds.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/str.h"
#include "base/usec.h"

typedef enum CredsField {
        FIELD_ACCESS_KEY,
        FIELD_SECRET_KEY,
        FIELD_SESSION_TOKEN,
} CredsField;
#define _FIELD_MAX (FIELD_SESSION_TOKEN + 1)

/* A piece of somebody else's text. Values are only ever looked at in place, so that no copy of a secret is
 * left behind. */
typedef struct Span {
        const char *text; /* NULL: not there */
        size_t n;
} Span;

static const struct {
        const char *name; /* in files; in the environment, the same in capitals */
        CredsField field;
} field_names[] = {
        { "aws_access_key_id", FIELD_ACCESS_KEY }, { "aws_secret_access_key", FIELD_SECRET_KEY },
        { "aws_session_token", FIELD_SESSION_TOKEN },
        { "aws_security_token", FIELD_SESSION_TOKEN }, /* its name in boto's days */
};

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
static const char *find_fault(CredsField field, const Span *value) {
        static const size_t max[_FIELD_MAX] = {
                [FIELD_ACCESS_KEY] = AWS_ACCESS_KEY_MAX - 1,
                [FIELD_SECRET_KEY] = AWS_SECRET_KEY_MAX,
                [FIELD_SESSION_TOKEN] = AWS_SESSION_TOKEN_MAX,
        };

        if (value->n > max[field])
                return "is too long";
        for (size_t i = 0; i < value->n; i++) {
                char c = value->text[i];

                if (c == '\n')
                        return "goes on over several lines";
                if (field == FIELD_ACCESS_KEY ? !is_access_key_char(c) : !is_secret_char(c))
                        return "holds a character that no key has (is it quoted, or cut from a table?)";
        }
        return NULL;
}

static int fill(const Span values[static _FIELD_MAX], AwsCreds *ret) {
        const Span *access = &values[FIELD_ACCESS_KEY], *secret = &values[FIELD_SECRET_KEY],
                   *token = &values[FIELD_SESSION_TOKEN];
        _cleanup_(aws_creds_done) AwsCreds creds = { .expires = USEC_INFINITY };

        assert(access->text && secret->text);
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

static Span span_of(const char *s) {
        return (Span){ s, s ? strlen(s) : 0 };
}

int aws_creds_from_values(const char *access_key, const char *secret_key, const char *session_token,
                AwsCreds *ret, char reterr[static DIAG_MESSAGE_MAX]) {
        static const char *const variables[_FIELD_MAX] = {
                "AWS_ACCESS_KEY_ID",
                "AWS_SECRET_ACCESS_KEY",
                "AWS_SESSION_TOKEN",
        };
        const Span values[_FIELD_MAX] = { span_of(access_key), span_of(secret_key), span_of(session_token) };
        bool has_access = values[FIELD_ACCESS_KEY].n > 0, has_secret = values[FIELD_SECRET_KEY].n > 0;

        if (!has_access && !has_secret)
                return 0;
        if (!has_access || !has_secret)
                return refuse(reterr, "%s is set but %s is not", variables[has_secret],
                                variables[has_access]);
        for (CredsField f = 0; f < _FIELD_MAX; f++) {
                const char *fault = find_fault(f, &values[f]);

                if (fault)
                        return refuse(reterr, "%s %s", variables[f], fault);
        }
        return fill(values, ret);
}

/* A walk through an INI text as Python's configparser does it, because that is what made the format. */
typedef struct Ini {
        const char *rest, *end; /* what was not read yet */
        const char *profile;
        unsigned line;
        size_t indent; /* of the last section or key line */
        bool in_section, in_profile;
        Span *value; /* what an indented line goes on with; NULL: nothing that we look at */
        bool in_key; /* there is a key above, ours or not */
        Span values[_FIELD_MAX];
        unsigned lines[_FIELD_MAX];
} Ini;

static bool is_blank(char c) {
        return c == ' ' || c == '\t' || c == '\r' || c == '\f' || c == '\v';
}

static Span trim(Span s) {
        while (s.n > 0 && is_blank(s.text[0])) {
                s.text++;
                s.n--;
        }
        while (s.n > 0 && is_blank(s.text[s.n - 1]))
                s.n--;
        return s;
}

/* A '#' or ';' behind white space starts a comment: no value of ours holds either. */
static Span without_comment(Span s) {
        for (size_t i = 1; i < s.n; i++)
                if ((s.text[i] == '#' || s.text[i] == ';') && is_blank(s.text[i - 1]))
                        return trim((Span){ s.text, i });
        return s;
}

static Span next_line(Ini *ini) {
        size_t left = (size_t) (ini->end - ini->rest);
        const char *newline = memchr(ini->rest, '\n', left);
        Span line = { ini->rest, newline ? (size_t) (newline - ini->rest) : left };

        ini->rest += line.n + (newline != NULL);
        ini->line++;
        return line;
}

static bool span_equals(Span s, const char *text) {
        return strlen(text) == s.n && memcmp(s.text, text, s.n) == 0;
}

static int read_section(Ini *ini, Span content, char reterr[static DIAG_MESSAGE_MAX]) {
        Span bare = without_comment(content);

        if (bare.text[bare.n - 1] != ']' || bare.n < 3)
                return refuse(reterr,
                                "looking for profile \"%s\": line %u: a section is written [name], this one "
                                "has no end",
                                ini->profile, ini->line);
        ini->in_section = true;
        ini->in_profile = span_equals(trim((Span){ bare.text + 1, bare.n - 2 }), ini->profile);
        ini->in_key = false;
        ini->value = NULL;
        return 0;
}

static void take_value(Ini *ini, Span key, Span value) {
        ini->value = NULL;
        for (size_t i = 0; i < ELEMENTSOF(field_names); i++) {
                CredsField field = field_names[i].field;

                if (strlen(field_names[i].name) != key.n ||
                                strncasecmp(field_names[i].name, key.text, key.n) != 0)
                        continue;
                ini->values[field] = without_comment(value);
                ini->lines[field] = ini->line;
                ini->value = &ini->values[field];
        }
}

static int read_key(Ini *ini, Span content, char reterr[static DIAG_MESSAGE_MAX]) {
        size_t n = 0;

        if (!ini->in_section)
                return refuse(reterr, "looking for profile \"%s\": line %u: text before the first [name]",
                                ini->profile, ini->line);
        ini->in_key = true;
        ini->value = NULL;
        if (!ini->in_profile)
                return 0; /* what other profiles hold is not our business, mistakes included */
        while (n < content.n && content.text[n] != '=' && content.text[n] != ':')
                n++;
        if (n == 0 || n == content.n)
                return refuse(reterr, "profile \"%s\": line %u: expected \"key = value\"", ini->profile,
                                ini->line);
        take_value(ini, trim((Span){ content.text, n }),
                        trim((Span){ content.text + n + 1, content.n - n - 1 }));
        return 0;
}

static int read_line(Ini *ini, char reterr[static DIAG_MESSAGE_MAX]) {
        Span line = next_line(ini), content = trim(line);
        size_t indent = (size_t) (content.text - line.text);

        if (content.n == 0 || content.text[0] == '#' || content.text[0] == ';')
                return 0;
        if (ini->in_key && indent > ini->indent) {
                /* Part of the value above. None of ours has a second line; span it, so that it is refused.
                 */
                if (ini->value)
                        ini->value->n = (size_t) (content.text + content.n - ini->value->text);
                return 0;
        }
        ini->indent = indent;
        return content.text[0] == '[' ? read_section(ini, content, reterr) : read_key(ini, content, reterr);
}

static int check_profile(const Ini *ini, char reterr[static DIAG_MESSAGE_MAX]) {
        bool has_access = ini->values[FIELD_ACCESS_KEY].n > 0,
             has_secret = ini->values[FIELD_SECRET_KEY].n > 0;

        if (!has_access && !has_secret)
                return 0;
        if (!has_access || !has_secret)
                return refuse(reterr, "profile \"%s\": line %u: %s stands without %s", ini->profile,
                                ini->lines[has_secret], field_names[has_secret].name,
                                field_names[has_access].name);
        for (CredsField f = 0; f < _FIELD_MAX; f++) {
                const char *fault = find_fault(f, &ini->values[f]);

                if (fault)
                        return refuse(reterr, "profile \"%s\": line %u: %s %s", ini->profile, ini->lines[f],
                                        field_names[f].name, fault);
        }
        return 1;
}

int aws_creds_from_file(const char *text, size_t size, const char *profile, AwsCreds *ret,
                char reterr[static DIAG_MESSAGE_MAX]) {
        Ini ini = { .rest = text, .end = text + size, .profile = profile };
        int r;

        if (size > AWS_CREDS_FILE_MAX)
                return refuse(reterr, "looking for profile \"%s\": the file is larger than %u bytes",
                                profile, AWS_CREDS_FILE_MAX);
        if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
                ini.rest += 3; /* a byte order mark, as some editors write it */
        while (ini.rest < ini.end) {
                r = read_line(&ini, reterr);
                if (r < 0)
                        return r;
        }
        r = check_profile(&ini, reterr);
        if (r <= 0)
                return r;
        return fill(ini.values, ret);
}
