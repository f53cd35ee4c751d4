#include "base/str.h"
#include "base/usec.h"
#include "codec/aws-name.h"
#include "codec/plan-internal.h"
#include "codec/plan-value.h"

#define WANTS_FUNCTION "a function's name or its ARN"
#define WANTS_ALIAS "the name of an alias"
#define WANTS_REGION "a region such as eu-west-1"
#define WANTS_ROLE "the ARN of a role, like arn:aws:iam::123456789012:role/deploy"
#define WANTS_EXTERNAL_ID "2 to 1224 letters, digits and \"_+=,.@:/-\""

/* A text that "fault" finds nothing wrong with; else *ret stays as it is. */
static void read_name(const YamlNode *node, DiagList *diags, const char *wants,
                const char *(*fault)(const char *s), const char **ret) {
        const char *s = yaml_text_of(node, diags, wants);
        const char *why = s ? fault(s) : NULL;

        if (why)
                yaml_refuse(node, diags, wants, why);
        else if (s)
                *ret = s;
}

static const char *function_fault(const char *s) {
        const char *region;
        size_t length;

        return aws_function_fault(s, &region, &length);
}

/* "to" and "publish" are two answers to one question. */
static void read_version(const YamlNode *map, PlanTarget *target, DiagList *diags) {
        const YamlNode *to = yaml_map_get(map, "to"), *publish = yaml_map_get(map, "publish");

        if (to && publish)
                diag_add(diags, DIAG_ERROR, to->key->line, to->key->column,
                                "\"to\" names a version that is there and \"publish\" makes one; remove one of "
                                "them");
        if (to) {
                target->publish = (PlanPublish){ 0 };
                (void) plan_value_version(to, diags, &target->to);
        }
        if (publish) {
                target->to = 0;
                plan_read_publish(publish, &target->publish, diags);
        }
}

void plan_read_target(const YamlNode *map, PlanTarget *target, DiagList *diags) {
        const YamlNode *function = yaml_map_get(map, "function"), *alias = yaml_map_get(map, "alias");
        const YamlNode *region = yaml_map_get(map, "region"), *role = yaml_map_get(map, "role_arn");
        const YamlNode *external_id = yaml_map_get(map, "external_id"), *from = yaml_map_get(map, "from");
        const YamlNode *create_alias = yaml_map_get(map, "create_alias");

        if (function)
                read_name(function, diags, WANTS_FUNCTION, function_fault, &target->function);
        if (alias)
                read_name(alias, diags, WANTS_ALIAS, aws_alias_fault, &target->alias);
        if (region)
                read_name(region, diags, WANTS_REGION, aws_region_fault, &target->region);
        if (role) {
                target->external_id = NULL; /* that was for another role */
                read_name(role, diags, WANTS_ROLE, aws_role_fault, &target->role_arn);
        }
        if (external_id)
                read_name(external_id, diags, WANTS_EXTERNAL_ID, aws_external_id_fault,
                                &target->external_id);
        if (from)
                (void) plan_value_version(from, diags, &target->from);
        if (create_alias)
                (void) plan_value_bool(create_alias, diags, &target->create_alias);
        read_version(map, target, diags);
}

static void settle_region(const YamlNode *map, PlanTarget *target, char buffer[static AWS_REGION_MAX + 1],
                DiagList *diags) {
        const YamlNode *function = yaml_map_get(map, "function"), *own = yaml_map_get(map, "region");
        const YamlNode *place = function ? function : own;
        const char *region = NULL;
        size_t length = 0;

        if (!target->function || aws_function_fault(target->function, &region, &length) || !region)
                return;
        /* A function of its own, given by ARN, says where it is better than what the top says for all. */
        if (target->region && (own || !function) &&
                        (strlen(target->region) != length || strncmp(region, target->region, length) != 0)) {
                /* Both from the top: that was said there. */
                if (place)
                        diag_add(diags, DIAG_ERROR, place->line, place->column,
                                        "the ARN is of region %.*s, but \"region\" says %s; remove \"region\" or "
                                        "correct one of them",
                                        (int) length, region, target->region);
                return;
        }
        memcpy(buffer, region, length);
        buffer[length] = '\0';
        target->region = buffer;
}

/* The value that holds for this target, and thereby where it stands. */
static const YamlNode *find(const YamlNode *map, const YamlNode *top, const char *name) {
        return yaml_map_has(map, name) ? yaml_map_get(map, name) : yaml_map_get(top, name);
}

static bool has(const YamlNode *map, const YamlNode *top, const char *name) {
        return yaml_map_has(map, name) || yaml_map_has(top, name);
}

static void check_versions(
                const YamlNode *map, const YamlNode *top, const PlanTarget *target, DiagList *diags) {
        const YamlNode *from = find(map, top, "from"), *to = find(map, top, "to");
        const YamlNode *create = find(map, top, "create_alias"), *place;

        if (from && to && target->to != 0 && target->to == target->from) {
                place = to->parent == map ? to : from;
                /* Both from the top: that was said there. */
                if (place->parent == map)
                        diag_add(diags, DIAG_ERROR, place->line, place->column,
                                        "\"to\" is %llu like \"from\" on line %u: there is nothing to shift",
                                        (unsigned long long) target->to, from->line);
        }
        /* Said at the top for targets, each of them may have a "from" of its own. */
        if (map == top && (yaml_map_has(top, "targets") || yaml_map_has(top, "waves")))
                return;
        if (target->create_alias && create && !has(map, top, "from")) {
                place = create->parent == map ? create->key : map;
                diag_add(diags, DIAG_ERROR, place->line, place->column,
                                "\"create_alias\" needs \"from\": write the version that the new alias points to "
                                "before traffic is shifted");
        }
}

static void check_external_id(const YamlNode *map, const YamlNode *top, DiagList *diags) {
        const YamlNode *own = yaml_map_get(map, "external_id");

        if (own && !has(map, top, "role_arn"))
                diag_add(diags, DIAG_ERROR, own->key->line, own->key->column,
                                "\"external_id\" is told to a role that is assumed, but there is no \"role_arn\"; "
                                "add it, or remove \"external_id\"");
}

/* At the top, plan_rule_top says it. */
static void check_missing(const YamlNode *map, const YamlNode *top, DiagList *diags) {
        static const struct {
                const char *name, *other, *like;
        } wanted[] = {
                { "function", "function", "function: checkout" },
                { "alias", "alias", "alias: live" },
                { "to", "publish", "to: 42\" or \"publish: latest" },
        };

        for (size_t i = 0; i < ELEMENTSOF(wanted); i++)
                if (!has(map, top, wanted[i].name) && !has(map, top, wanted[i].other))
                        diag_add(diags, DIAG_ERROR, map->line, map->column,
                                        "a target needs \"%s\"; write it here, like \"%s\", or at the top for all "
                                        "targets",
                                        wanted[i].name, wanted[i].like);
}

void plan_settle_target(const YamlNode *map, const YamlNode *top, PlanTarget *target,
                char region[static AWS_REGION_MAX + 1], DiagList *diags) {
        if (map != top)
                check_missing(map, top, diags);
        settle_region(map, target, region, diags);
        check_versions(map, top, target, diags);
        check_external_id(map, top, diags);
}
