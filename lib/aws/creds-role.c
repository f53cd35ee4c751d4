#include "aws/creds-role.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/str.h"

#define WORD "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"

#define ARN_MIN 20u
#define ARN_MAX 2048u
#define SESSION_NAME_MIN 2u
#define SESSION_NAME_MAX 64u
#define EXTERNAL_ID_MIN 2u
#define EXTERNAL_ID_MAX 1224u

static bool is_made_of(const char *s, const char *characters, size_t min, size_t max) {
        size_t n = strnlen(s, max + 1);

        return n >= min && n <= max && strspn(s, characters) == n;
}

bool role_arn_is_valid(const char *s) {
        /* STS takes nearly anything for an ARN. Names and paths of roles are made of these. */
        return is_made_of(s, WORD "+=,.@:/-!\"#$%&'()*;<>?[\\]^`{|}~", ARN_MIN, ARN_MAX) &&
                        str_after(s, "arn:");
}

bool role_session_name_is_valid(const char *s) {
        return is_made_of(s, WORD "+=,.@-", SESSION_NAME_MIN, SESSION_NAME_MAX);
}

bool role_external_id_is_valid(const char *s) {
        return is_made_of(s, WORD "+=,.@:/-", EXTERNAL_ID_MIN, EXTERNAL_ID_MAX);
}

static int refuse(char reterr[static DIAG_MESSAGE_MAX], const char *what) {
        (void) snprintf(reterr, DIAG_MESSAGE_MAX, "%s", what);
        return -EINVAL;
}

static int check(const CredsRoleTexts *t, uint64_t *ret_duration, char reterr[static DIAG_MESSAGE_MAX]) {
        if (!t->arn || !role_arn_is_valid(t->arn))
                return refuse(reterr,
                                "the role's ARN is none, expected one such as arn:aws:iam::123456789012:role/deploy");
        if (t->session_name && !role_session_name_is_valid(t->session_name))
                return refuse(reterr,
                                "role_session_name is no good, expected 2 to 64 letters, digits or _+=,.@-");
        if (t->external_id && !role_external_id_is_valid(t->external_id))
                return refuse(reterr,
                                "external_id is no good, expected 2 to 1224 letters, digits or _+=,.@:/-");
        if (t->duration_seconds &&
                        (str_parse_u64(t->duration_seconds, CREDS_TTL_MAX, ret_duration) < 0 ||
                                        *ret_duration < CREDS_TTL_MIN))
                return refuse(reterr, "duration_seconds is no good, expected a number from 900 to 43200");
        return 0;
}

static int copy_optional(char **dst, const char *src) {
        if (!src)
                return 0;
        *dst = alloc_copy_string(src);
        return *dst ? 0 : -ENOMEM;
}

int creds_role_read(const CredsRoleTexts *texts, CredsRole *ret, char reterr[static DIAG_MESSAGE_MAX]) {
        _cleanup_(creds_role_done) CredsRole role = { 0 };
        uint64_t duration = 0;
        int r;

        r = check(texts, &duration, reterr);
        if (r < 0)
                return r;
        if (copy_optional(&role.arn, texts->arn) < 0 ||
                        copy_optional(&role.external_id, texts->external_id) < 0 ||
                        copy_optional(&role.session_name, texts->session_name) < 0)
                return -ENOMEM;
        role.duration_seconds = (unsigned) duration;
        *ret = role;
        role = (CredsRole){ 0 };
        return 0;
}

void creds_role_done(CredsRole *r) {
        free(r->arn);
        free(r->external_id);
        free(r->session_name);
        *r = (CredsRole){ 0 };
}
