#include "awssim/scenario-internal.h"

#include "base/str.h"

#define DEFAULT_LATENCY_MS 50
#define DEFAULT_SPREAD 0.25

static int parse_since(NodeReader *reader, yaml_node_t *node, void *out) {
        const char *s = node_scalar(reader, node, "\"traffic\" or \"start\"");
        bool *ret = out;

        if (!s)
                return -EINVAL;
        if (!streq(s, "traffic") && !streq(s, "start"))
                return node_error(reader, node, "\"%s\" found, expected \"traffic\" or \"start\"", s);
        *ret = streq(s, "start");
        return 0;
}

static int parse_state(NodeReader *reader, yaml_node_t *node, void *out) {
        static const char *const states[] = { "Pending", "Active", "Inactive", "Failed" };
        const char *s = node_scalar(reader, node, "a state");

        if (!s)
                return -EINVAL;
        for (size_t i = 0; i < ELEMENTSOF(states); i++)
                if (streq(s, states[i]))
                        return node_text(reader, node, out);
        return node_error(reader, node, "\"%s\" found, expected Pending, Active, Inactive or Failed", s);
}

static int parse_version_number(NodeReader *reader, yaml_node_t *node, void *out) {
        uint64_t *ret = out;
        int r;

        r = node_unsigned(reader, node, ret);
        if (r < 0)
                return r;
        return *ret == 0 ? node_error(reader, node, "versions count from 1") : 0;
}

static int parse_version(NodeReader *reader, yaml_node_t *node, void *out) {
        static const NodeKey keys[] = {
                { "version", offsetof(VersionSpec, version), parse_version_number, true },
                { "error_rate", offsetof(VersionSpec, errors), node_share_curve, false },
                { "errors", offsetof(VersionSpec, errors), node_share_curve, false },
                { "latency_ms", offsetof(VersionSpec, latency), node_latency_curve, false },
                { "latency", offsetof(VersionSpec, latency), node_latency_curve, false },
                { "spread", offsetof(VersionSpec, spread), node_decimal, false },
                { "since", offsetof(VersionSpec, since_start), parse_since, false },
                { "state", offsetof(VersionSpec, state), parse_state, false },
                { "role", offsetof(VersionSpec, role), node_text, false },
                { "dead_letter", offsetof(VersionSpec, dead_letter), node_text, false },
                { "reason", offsetof(VersionSpec, reason), node_text, false },
                { "unpublished", offsetof(VersionSpec, unpublished), node_bool, false },
                { "code", offsetof(VersionSpec, code), node_text, false },
                { "code_file", offsetof(VersionSpec, code_file), node_text, false },
                { "image", offsetof(VersionSpec, image), node_text, false },
        };
        VersionSpec *v = out;
        int r;

        v->spread = DEFAULT_SPREAD;
        r = node_mapping(reader, node, keys, ELEMENTSOF(keys), v);
        if (r < 0)
                return r;
        if ((v->code != NULL) + (v->code_file != NULL) + (v->image != NULL) > 1)
                return node_error(reader, node, "only one of \"code\", \"code_file\" and \"image\"");
        if (v->spread < 0.001 || v->spread > 3)
                return node_error(reader, node, "\"spread\" must be between 0.001 and 3");
        if (v->latency.n_points == 0)
                return curve_set_constant(&v->latency, DEFAULT_LATENCY_MS);
        return 0;
}

static int parse_weights(NodeReader *reader, yaml_node_t *node, void *out) {
        AliasSpec *a = out;
        yaml_node_pair_t *p;
        int r;

        if (node->type != YAML_MAPPING_NODE ||
                        node->data.mapping.pairs.top - node->data.mapping.pairs.start != 1)
                return node_error(reader, node, "expected one version and its weight, like {42: 5%%}");
        p = node->data.mapping.pairs.start;
        r = parse_version_number(
                        reader, yaml_document_get_node(reader->document, p->key), &a->extra_version);
        if (r < 0)
                return r;
        return node_share(reader, yaml_document_get_node(reader->document, p->value), &a->extra_weight);
}

static int parse_alias(NodeReader *reader, yaml_node_t *node, void *out) {
        static const NodeKey keys[] = {
                { "name", offsetof(AliasSpec, name), node_text, true },
                { "version", offsetof(AliasSpec, version), parse_version_number, true },
                { "description", offsetof(AliasSpec, description), node_text, false },
                { "weights", 0, parse_weights, false },
        };
        AliasSpec *a = out;

        a->line = node_line(node);
        return node_mapping(reader, node, keys, ELEMENTSOF(keys), a);
}

static int parse_traffic(NodeReader *reader, yaml_node_t *node, void *out) {
        static const NodeKey keys[] = {
                { "alias", offsetof(TrafficSpec, alias), node_text, true },
                { "requests_per_second", offsetof(TrafficSpec, rate), node_rate_curve, false },
                { "rate", offsetof(TrafficSpec, rate), node_rate_curve, false },
        };
        TrafficSpec *t = out;
        int r;

        t->line = node_line(node);
        r = node_mapping(reader, node, keys, ELEMENTSOF(keys), t);
        if (r < 0)
                return r;
        if (t->rate.n_points == 0)
                return node_error(reader, node, "key \"requests_per_second\" or \"rate\" is missing");
        return 0;
}

static int parse_versions(NodeReader *reader, yaml_node_t *node, void *out) {
        FunctionSpec *f = out;

        return node_sequence(reader, node, SCENARIO_VERSIONS_MAX, sizeof(VersionSpec), parse_version,
                        &f->versions, &f->n_versions);
}

static int parse_aliases(NodeReader *reader, yaml_node_t *node, void *out) {
        FunctionSpec *f = out;

        return node_sequence(reader, node, SCENARIO_ALIASES_MAX, sizeof(AliasSpec), parse_alias, &f->aliases,
                        &f->n_aliases);
}

static int parse_provisioned(NodeReader *reader, yaml_node_t *node, void *out) {
        static const NodeKey keys[] = {
                { "alias", offsetof(ProvisionedSpec, alias), node_text, true },
                { "executions", offsetof(ProvisionedSpec, executions), node_unsigned, true },
        };

        return node_mapping(reader, node, keys, ELEMENTSOF(keys), out);
}

static int parse_provisioned_list(NodeReader *reader, yaml_node_t *node, void *out) {
        FunctionSpec *f = out;

        return node_sequence(reader, node, SCENARIO_ALIASES_MAX, sizeof(ProvisionedSpec), parse_provisioned,
                        &f->provisioned, &f->n_provisioned);
}

static int parse_traffic_list(NodeReader *reader, yaml_node_t *node, void *out) {
        FunctionSpec *f = out;

        return node_sequence(reader, node, SCENARIO_ALIASES_MAX, sizeof(TrafficSpec), parse_traffic,
                        &f->traffic, &f->n_traffic);
}

static bool function_has_version(const FunctionSpec *f, uint64_t version) {
        for (size_t i = 0; i < f->n_versions; i++)
                if (f->versions[i].version == version && !f->versions[i].unpublished)
                        return true;
        return false;
}

/* What no single entry can tell: references between the lists of one function, and double names. */
static int function_check(NodeReader *reader, yaml_node_t *node, const FunctionSpec *f) {
        for (size_t i = 1; i < f->n_versions; i++)
                for (size_t j = 0; j < i; j++)
                        if (f->versions[i].version == f->versions[j].version)
                                return node_error(reader, node, "version %llu is here twice",
                                                (unsigned long long) f->versions[i].version);
        for (size_t i = 0; i < f->n_aliases; i++) {
                const AliasSpec *a = f->aliases + i;

                if (!function_has_version(f, a->version) ||
                                (a->extra_version > 0 && !function_has_version(f, a->extra_version)))
                        return node_error(reader, node,
                                        "alias \"%s\" (line %u) names a version that is not listed", a->name,
                                        a->line);
                for (size_t j = 0; j < i; j++)
                        if (streq(a->name, f->aliases[j].name))
                                return node_error(reader, node, "alias \"%s\" is here twice", a->name);
        }
        for (size_t i = 0; i < f->n_traffic; i++)
                for (size_t j = 0; j < i; j++)
                        if (streq(f->traffic[i].alias, f->traffic[j].alias))
                                return node_error(reader, node,
                                                "traffic of alias \"%s\" (line %u) is here twice",
                                                f->traffic[i].alias, f->traffic[i].line);
        return 0;
}

int scenario_parse_function(NodeReader *reader, yaml_node_t *node, void *out) {
        static const NodeKey keys[] = {
                { "name", offsetof(FunctionSpec, name), node_text, true },
                { "versions", 0, parse_versions, true },
                { "aliases", 0, parse_aliases, false },
                { "traffic", 0, parse_traffic_list, false },
                { "account", offsetof(FunctionSpec, account), node_text, false },
                { "region", offsetof(FunctionSpec, region), node_text, false },
                { "role", offsetof(FunctionSpec, role), node_text, false },
                { "timeout", offsetof(FunctionSpec, timeout_seconds), node_unsigned, false },
                { "provisioned", 0, parse_provisioned_list, false },
                { "update_takes", offsetof(FunctionSpec, update_takes), node_duration, false },
                { "update_fails", offsetof(FunctionSpec, update_fails), node_text, false },
                { "publish_takes", offsetof(FunctionSpec, publish_takes), node_duration, false },
                { "provision_takes", offsetof(FunctionSpec, provision_takes), node_duration, false },
        };
        FunctionSpec *f = out;
        int r;

        f->line = node_line(node);
        f->timeout_seconds = 3;
        r = node_mapping(reader, node, keys, ELEMENTSOF(keys), f);
        if (r < 0)
                return r;
        if (strlen(f->name) > 64)
                return node_error(reader, node, "function names have at most 64 characters");
        return function_check(reader, node, f);
}
