#include "awssim/scenario-internal.h"
#include "base/alloc.h"
#include "base/str.h"

#define LIST_MAX 1000

/* "aws" of "arn:aws:..." */
static int arn_partition(const char *arn, char *ret, size_t size) {
        const char *p = str_after(arn, "arn:");
        size_t n = p ? strcspn(p, ":") : 0;

        if (n == 0 || n >= size)
                return -EINVAL;
        memcpy(ret, p, n);
        ret[n] = '\0';
        return 0;
}

static int parse_role_arn(NodeReader *reader, yaml_node_t *node, void *out) {
        RoleSpec *role = out;
        const char *name;
        int r;

        r = node_text(reader, node, &role->arn);
        if (r < 0)
                return r;
        name = strrchr(role->arn, '/');
        if (arn_account(role->arn, role->account) < 0 ||
                        arn_partition(role->arn, role->partition, sizeof(role->partition)) < 0 ||
                        !strstr(role->arn, ":role/") || !name ||
                        str_copy(role->name, sizeof(role->name), name + 1) < 0)
                return node_error(reader, node,
                                "\"%s\" found, expected an ARN like arn:aws:iam::123456789012:role/deploy",
                                role->arn);
        return 0;
}

static int parse_role(NodeReader *reader, yaml_node_t *node, void *out) {
        static const NodeKey keys[] = {
                { "arn", 0, parse_role_arn, true },
                { "external_id", offsetof(RoleSpec, external_id), node_text, false },
                { "trusts", offsetof(RoleSpec, trusts), node_text_list, false },
                { "lifetime", offsetof(RoleSpec, lifetime), node_duration, false },
                { "denies", offsetof(RoleSpec, denies), node_text_list, false },
                { "allows", offsetof(RoleSpec, allows), node_text_list, false },
        };

        return node_mapping(reader, node, keys, ELEMENTSOF(keys), out);
}

int scenario_parse_roles(NodeReader *reader, yaml_node_t *node, void *out) {
        Scenario *s = out;
        int r;

        r = node_sequence(reader, node, LIST_MAX, sizeof(RoleSpec), parse_role, &s->roles, &s->n_roles);
        for (size_t i = 1; r >= 0 && i < s->n_roles; i++)
                for (size_t j = 0; r >= 0 && j < i; j++)
                        if (streq(s->roles[i].arn, s->roles[j].arn))
                                r = node_error(reader, node, "role \"%s\" is here twice", s->roles[i].arn);
        return r;
}

int scenario_parse_web_identity(NodeReader *reader, yaml_node_t *node, void *out) {
        static const NodeKey keys[] = {
                { "tokens", offsetof(WebIdentitySpec, tokens), node_text_list, false },
                { "expired", offsetof(WebIdentitySpec, expired), node_text_list, false },
        };

        return node_mapping(reader, node, keys, ELEMENTSOF(keys), out);
}

int scenario_parse_imds(NodeReader *reader, yaml_node_t *node, void *out) {
        static const NodeKey keys[] = {
                { "role", offsetof(ImdsSpec, role), node_text, true },
                { "v1", offsetof(ImdsSpec, v1), node_bool, false },
                { "hop_limit", offsetof(ImdsSpec, too_far), node_bool, false },
                { "stale", offsetof(ImdsSpec, stale), node_bool, false },
                { "token_lifetime", offsetof(ImdsSpec, token_lifetime), node_duration, false },
                { "error", offsetof(ImdsSpec, error), node_text, false },
        };

        return node_mapping(reader, node, keys, ELEMENTSOF(keys), out);
}

int scenario_parse_container(NodeReader *reader, yaml_node_t *node, void *out) {
        static const NodeKey keys[] = {
                { "role", offsetof(ContainerSpec, role), node_text, true },
                { "path", offsetof(ContainerSpec, path), node_text, false },
                { "token", offsetof(ContainerSpec, token), node_text, false },
                { "stale", offsetof(ContainerSpec, stale), node_bool, false },
        };
        ContainerSpec *c = out;
        int r;

        r = node_mapping(reader, node, keys, ELEMENTSOF(keys), c);
        if (r < 0)
                return r;
        if (!c->path)
                c->path = alloc_copy_string("/v2/credentials");
        if (!c->path)
                return -ENOMEM;
        return c->path[0] == '/' ? 0 : node_error(reader, node, "\"path\" must start with /");
}

/* Roles may be listed after those who have them. */
int scenario_check_identity(NodeReader *reader, yaml_node_t *node, const Scenario *s) {
        const char *const named[] = { s->imds.role, s->container.role };

        for (size_t i = 0; i < ELEMENTSOF(named); i++)
                if (named[i] && !scenario_find_role(s, named[i]))
                        return node_error(reader, node, "role \"%s\" is not among the roles", named[i]);
        return 0;
}

const RoleSpec *scenario_find_role(const Scenario *s, const char *arn) {
        for (size_t i = 0; i < s->n_roles; i++)
                if (streq(s->roles[i].arn, arn))
                        return s->roles + i;
        return NULL;
}

int arn_account(const char *arn, char ret[static 16]) {
        const char *p = arn;

        if (!str_after(arn, "arn:"))
                return -EINVAL;
        for (unsigned colons = 0; colons < 4; colons++) {
                p = strchr(p, ':');
                if (!p)
                        return -EINVAL;
                p++;
        }
        if (strspn(p, "0123456789") != 12 || p[12] != ':')
                return -EINVAL;
        memcpy(ret, p, 12);
        ret[12] = '\0';
        return 0;
}

void scenario_identity_done(Scenario *s) {
        for (size_t i = 0; i < s->n_roles; i++) {
                free(s->roles[i].arn);
                free(s->roles[i].external_id);
                text_list_done(&s->roles[i].trusts);
                text_list_done(&s->roles[i].denies);
                text_list_done(&s->roles[i].allows);
        }
        free(s->roles);
        text_list_done(&s->web_identity.tokens);
        text_list_done(&s->web_identity.expired);
        free(s->imds.role);
        free(s->imds.error);
        free(s->container.role);
        free(s->container.path);
        free(s->container.token);
}
