#include "base/str.h"
#include "codec/plan-internal.h"
#include "codec/plan-value.h"

#define LOWER "abcdefghijklmnopqrstuvwxyz"
#define UPPER "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS "0123456789"
#define LAMBDA_NAME LOWER UPPER DIGITS "-_"
#define LAMBDA_NAME_MAX 64
#define ARN_FIELDS 7  /* arn:PARTITION:lambda:REGION:ACCOUNT:function:NAME */
#define ROLE_FIELDS 6 /* arn:PARTITION:iam::ACCOUNT:role/PATH/NAME */
#define ACCOUNT_DIGITS 12
#define EXTERNAL_ID_MIN 2

#define WANTS_FUNCTION "a function's name or its ARN"
#define WANTS_ALIAS "the name of an alias"
#define WANTS_REGION "a region such as eu-west-1"
#define WANTS_ROLE "the ARN of a role, like arn:aws:iam::123456789012:role/deploy"
#define WANTS_EXTERNAL_ID "2 to 1224 letters, digits and \"_+=,.@:/-\""

static bool consists_of(const char *s, size_t n, const char *characters) {
        return n > 0 && strspn(s, characters) >= n;
}

/* Splits at the colons, nothing copied; fields beyond "max" are counted, too. */
static size_t split_colons(const char *s, const char **fields, size_t *lengths, size_t max) {
        size_t n = 0;

        for (;; n++) {
                size_t length = strcspn(s, ":");

                if (n < max) {
                        fields[n] = s;
                        lengths[n] = length;
                }
                if (s[length] == '\0')
                        return n + 1;
                s += length + 1;
        }
}

static bool field_is(const char *field, size_t length, const char *word) {
        return length == strlen(word) && strncmp(field, word, length) == 0;
}

static const char *arn_fault(const char *s, const char **ret_region, size_t *ret_length) {
        const char *f[ARN_FIELDS] = { 0 };
        size_t length[ARN_FIELDS] = { 0 }, n = split_colons(s, f, length, ARN_FIELDS);

        if (n == ARN_FIELDS + 1)
                return "the ARN must not end in a version or alias: put the alias under \"alias\"";
        if (n != ARN_FIELDS || !field_is(f[2], length[2], "lambda") ||
                        !field_is(f[5], length[5], "function"))
                return "a function's ARN reads arn:aws:lambda:REGION:ACCOUNT:function:NAME";
        if (!consists_of(f[3], length[3], LOWER DIGITS "-") || length[3] > PLAN_REGION_MAX)
                return "the ARN's fourth part is no region";
        if (length[4] != ACCOUNT_DIGITS || !consists_of(f[4], length[4], DIGITS))
                return "the ARN's fifth part is no account number of 12 digits";
        if (!consists_of(f[1], length[1], LOWER "-") || !consists_of(f[6], length[6], LAMBDA_NAME) ||
                        length[6] > LAMBDA_NAME_MAX)
                return "a function's ARN reads arn:aws:lambda:REGION:ACCOUNT:function:NAME";
        *ret_region = f[3];
        *ret_length = length[3];
        return NULL;
}

static const char *function_fault(const char *s, const char **ret_region, size_t *ret_length) {
        if (str_after(s, "arn:"))
                return strlen(s) > PLAN_FUNCTION_MAX ? "an ARN has at most 140 characters"
                                                     : arn_fault(s, ret_region, ret_length);
        if (strstr(s, ":function:"))
                return "a partial ARN is not understood: write the name alone or the whole ARN";
        if (strchr(s, ':'))
                return "write the name alone and put what is behind the \":\" under \"alias\"";
        if (!consists_of(s, strlen(s), LAMBDA_NAME))
                return "names have letters, digits, \"-\" and \"_\" only";
        if (strlen(s) > LAMBDA_NAME_MAX)
                return "names have at most 64 characters";
        return NULL;
}

static void read_function(const YamlNode *node, PlanDraft *draft, DiagList *diags) {
        const char *s = yaml_text_of(node, diags, WANTS_FUNCTION), *region = NULL, *fault;
        size_t length = 0;

        if (!s)
                return;
        fault = function_fault(s, &region, &length);
        if (fault) {
                yaml_refuse(node, diags, WANTS_FUNCTION, fault);
                return;
        }
        (void) str_copy(draft->function, sizeof(draft->function), s);
        draft->target.function = draft->function;
        if (region && !draft->target.region) {
                memcpy(draft->region, region, length);
                draft->region[length] = '\0';
                draft->target.region = draft->region;
        } else if (region && !field_is(region, length, draft->region))
                diag_add(diags, DIAG_ERROR, node->line, node->column,
                                "the ARN is of region %.*s, but \"region\" says %s; remove \"region\" or correct "
                                "one of them",
                                (int) length, region, draft->region);
}

static const char *alias_fault(const char *s) {
        if (s[0] == '$')
                return "$LATEST is no alias: only an alias can split traffic";
        if (!consists_of(s, strlen(s), LAMBDA_NAME))
                return "aliases have letters, digits, \"-\" and \"_\" only";
        if (strlen(s) > PLAN_ALIAS_MAX)
                return "aliases have at most 128 characters";
        if (consists_of(s, strlen(s), DIGITS))
                return "a number is a version, an alias has a letter in it";
        return NULL;
}

static void read_alias(const YamlNode *node, PlanDraft *draft, DiagList *diags) {
        const char *s = yaml_text_of(node, diags, WANTS_ALIAS);
        const char *fault = s ? alias_fault(s) : NULL;

        if (fault)
                yaml_refuse(node, diags, WANTS_ALIAS, fault);
        if (!s || fault)
                return;
        (void) str_copy(draft->alias, sizeof(draft->alias), s);
        draft->target.alias = draft->alias;
}

static const char *region_fault(const char *s) {
        size_t n = strlen(s);

        if (!consists_of(s, n, LOWER DIGITS "-") || !strchr(LOWER, s[0]) || s[n - 1] == '-')
                return "regions have small letters, digits and \"-\" only";
        if (n > PLAN_REGION_MAX)
                return "no region has such a long name";
        if (!strchr(s, '-'))
                return "regions read like eu-west-1, us-east-1 or ap-southeast-2";
        if (n > 2 && strchr(LOWER, s[n - 1]) && strchr(DIGITS, s[n - 2]))
                return "that is an availability zone: leave out the letter at the end";
        return NULL;
}

static void read_region(const YamlNode *node, PlanDraft *draft, DiagList *diags) {
        const char *s = yaml_text_of(node, diags, WANTS_REGION);
        const char *fault = s ? region_fault(s) : NULL;

        if (fault)
                yaml_refuse(node, diags, WANTS_REGION, fault);
        if (!s || fault)
                return;
        (void) str_copy(draft->region, sizeof(draft->region), s);
        draft->target.region = draft->region;
}

static bool is_visible_ascii(const char *s) {
        while (*s > ' ' && *s < 0x7f)
                s++;
        return *s == '\0';
}

static const char *role_fault(const char *s) {
        const char *f[ROLE_FIELDS] = { 0 };
        size_t length[ROLE_FIELDS] = { 0 }, n = split_colons(s, f, length, ROLE_FIELDS);

        if (strlen(s) > PLAN_ROLE_MAX)
                return "an ARN has at most 2048 characters";
        if (!field_is(f[0], length[0], "arn") || n != ROLE_FIELDS)
                return "write the whole ARN";
        if (field_is(f[2], length[2], "sts"))
                return "that is a session of a role; write the ARN of the role itself";
        if (!field_is(f[2], length[2], "iam") || length[3] != 0 || !str_after(f[5], "role/"))
                return "that is no role";
        if (length[4] != ACCOUNT_DIGITS || !consists_of(f[4], length[4], DIGITS))
                return "the ARN's fifth part is no account number of 12 digits";
        if (!consists_of(f[1], length[1], LOWER "-") || !is_visible_ascii(f[5]) ||
                        length[5] == strlen("role/") || f[5][length[5] - 1] == '/')
                return "a role's ARN reads arn:aws:iam::ACCOUNT:role/NAME";
        return NULL;
}

static void read_role(const YamlNode *node, PlanDraft *draft, DiagList *diags) {
        const char *s = yaml_text_of(node, diags, WANTS_ROLE);
        const char *fault = s ? role_fault(s) : NULL;

        if (fault)
                yaml_refuse(node, diags, WANTS_ROLE, fault);
        if (!s || fault)
                return;
        (void) str_copy(draft->role_arn, sizeof(draft->role_arn), s);
        draft->target.role_arn = draft->role_arn;
}

static void read_external_id(const YamlNode *top, const YamlNode *node, PlanDraft *draft, DiagList *diags) {
        const char *s = yaml_text_of(node, diags, WANTS_EXTERNAL_ID);

        if (!yaml_map_has(top, "role_arn"))
                diag_add(diags, DIAG_ERROR, node->key->line, node->key->column,
                                "\"external_id\" is told to a role that is assumed, but there is no \"role_arn\"; "
                                "add it, or remove \"external_id\"");
        if (!s)
                return;
        if (strlen(s) < EXTERNAL_ID_MIN || strlen(s) > PLAN_EXTERNAL_ID_MAX ||
                        !consists_of(s, strlen(s), LOWER UPPER DIGITS "_+=,.@:/-")) {
                yaml_refuse(node, diags, WANTS_EXTERNAL_ID, NULL);
                return;
        }
        (void) str_copy(draft->external_id, sizeof(draft->external_id), s);
        draft->target.external_id = draft->external_id;
}

void plan_read_target(const YamlNode *top, PlanDraft *draft, DiagList *diags) {
        const YamlNode *function = yaml_map_get(top, "function"), *alias = yaml_map_get(top, "alias");
        const YamlNode *region = yaml_map_get(top, "region"), *role = yaml_map_get(top, "role_arn");
        const YamlNode *external_id = yaml_map_get(top, "external_id");
        const YamlNode *from = yaml_map_get(top, "from"), *to = yaml_map_get(top, "to");
        PlanTarget *target = &draft->target;

        if (region)
                read_region(region, draft, diags);
        if (function)
                read_function(function, draft, diags);
        if (alias)
                read_alias(alias, draft, diags);
        if (role)
                read_role(role, draft, diags);
        if (external_id)
                read_external_id(top, external_id, draft, diags);
        if (from)
                (void) plan_value_version(from, diags, &target->from);
        if (to && plan_value_version(to, diags, &target->to) && from && target->to == target->from)
                diag_add(diags, DIAG_ERROR, to->line, to->column,
                                "\"to\" is %llu like \"from\" on line %u: there is nothing to shift",
                                (unsigned long long) target->to, from->line);
        draft->plan.targets = target;
        draft->plan.n_targets = 1;
}
