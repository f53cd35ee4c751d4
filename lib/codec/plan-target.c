#include "base/str.h"
#include "codec/aws-name.h"
#include "codec/plan-internal.h"
#include "codec/plan-value.h"

#define WANTS_FUNCTION "a function's name or its ARN"
#define WANTS_ALIAS "the name of an alias"
#define WANTS_REGION "a region such as eu-west-1"
#define WANTS_ROLE "the ARN of a role, like arn:aws:iam::123456789012:role/deploy"
#define WANTS_EXTERNAL_ID "2 to 1224 letters, digits and \"_+=,.@:/-\""

static void read_function(const YamlNode *node, PlanDraft *draft, DiagList *diags) {
        const char *s = yaml_text_of(node, diags, WANTS_FUNCTION), *region = NULL, *fault;
        size_t length = 0;

        if (!s)
                return;
        fault = aws_function_fault(s, &region, &length);
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
        } else if (region &&
                        (strlen(draft->region) != length || strncmp(region, draft->region, length) != 0))
                diag_add(diags, DIAG_ERROR, node->line, node->column,
                                "the ARN is of region %.*s, but \"region\" says %s; remove \"region\" or correct "
                                "one of them",
                                (int) length, region, draft->region);
}

static void read_alias(const YamlNode *node, PlanDraft *draft, DiagList *diags) {
        const char *s = yaml_text_of(node, diags, WANTS_ALIAS);
        const char *fault = s ? aws_alias_fault(s) : NULL;

        if (fault)
                yaml_refuse(node, diags, WANTS_ALIAS, fault);
        if (!s || fault)
                return;
        (void) str_copy(draft->alias, sizeof(draft->alias), s);
        draft->target.alias = draft->alias;
}

static void read_region(const YamlNode *node, PlanDraft *draft, DiagList *diags) {
        const char *s = yaml_text_of(node, diags, WANTS_REGION);
        const char *fault = s ? aws_region_fault(s) : NULL;

        if (fault)
                yaml_refuse(node, diags, WANTS_REGION, fault);
        if (!s || fault)
                return;
        (void) str_copy(draft->region, sizeof(draft->region), s);
        draft->target.region = draft->region;
}

static void read_role(const YamlNode *node, PlanDraft *draft, DiagList *diags) {
        const char *s = yaml_text_of(node, diags, WANTS_ROLE);
        const char *fault = s ? aws_role_fault(s) : NULL;

        if (fault)
                yaml_refuse(node, diags, WANTS_ROLE, fault);
        if (!s || fault)
                return;
        (void) str_copy(draft->role_arn, sizeof(draft->role_arn), s);
        draft->target.role_arn = draft->role_arn;
}

static void read_external_id(const YamlNode *top, const YamlNode *node, PlanDraft *draft, DiagList *diags) {
        const char *s = yaml_text_of(node, diags, WANTS_EXTERNAL_ID);
        const char *fault = s ? aws_external_id_fault(s) : NULL;

        if (!yaml_map_has(top, "role_arn"))
                diag_add(diags, DIAG_ERROR, node->key->line, node->key->column,
                                "\"external_id\" is told to a role that is assumed, but there is no \"role_arn\"; "
                                "add it, or remove \"external_id\"");
        if (fault)
                yaml_refuse(node, diags, WANTS_EXTERNAL_ID, fault);
        if (!s || fault)
                return;
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
