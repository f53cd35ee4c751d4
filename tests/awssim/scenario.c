#include "awssim/scenario.h"

#include <stdio.h>

#include "awssim/scenario-internal.h"
#include "base/alloc.h"
#include "base/map.h"
#include "base/str.h"
#include "base/usec.h"

static int parse_secret(NodeReader *reader, yaml_node_t *node, void *out) {
        const char *s = node_scalar(reader, node, "a secret");
        Secret **ret = out;

        if (!s)
                return -EINVAL;
        *ret = secret_new(s, strlen(s));
        return *ret ? 0 : -ENOMEM;
}

static int parse_credential(NodeReader *reader, yaml_node_t *node, void *out) {
        static const NodeKey keys[] = {
                { "access_key", offsetof(CredentialSpec, access_key), node_text, true },
                { "secret_key", offsetof(CredentialSpec, secret_key), parse_secret, true },
                { "session_token", offsetof(CredentialSpec, session_token), node_text, false },
                { "arn", offsetof(CredentialSpec, arn), node_text, false },
                { "expires_after", offsetof(CredentialSpec, expires_after), node_duration, false },
                { "allows", offsetof(CredentialSpec, allows), node_text_list, false },
        };

        return node_mapping(reader, node, keys, ELEMENTSOF(keys), out);
}

static int parse_credentials(NodeReader *reader, yaml_node_t *node, void *out) {
        Scenario *s = out;

        return node_sequence(reader, node, 100, sizeof(CredentialSpec), parse_credential, &s->credentials,
                        &s->n_credentials);
}

static int parse_functions(NodeReader *reader, yaml_node_t *node, void *out) {
        Scenario *s = out;

        return node_sequence(reader, node, SCENARIO_FUNCTIONS_MAX, sizeof(FunctionSpec),
                        scenario_parse_function, &s->functions, &s->n_functions);
}

static int default_text(char **text, const char *value) {
        if (!*text)
                *text = alloc_copy_string(value);
        return *text ? 0 : -ENOMEM;
}

static bool account_is_valid(const char *s) {
        return strlen(s) == 12 && strspn(s, "0123456789") == 12;
}

/* A function or an alarm: something that has an account and a region. */
struct placed {
        const char *what, *name;
        unsigned line;
        char **account, **region;
};

/* The scenario's own account and region, unless others are given; no name twice in one place. */
static int place_one(
                NodeReader *reader, yaml_node_t *node, Scenario *s, Map *names, const struct placed *p) {
        char key[512];
        int r;

        r = default_text(p->account, s->account);
        if (r >= 0)
                r = default_text(p->region, s->region);
        if (r < 0)
                return r;
        if (!account_is_valid(*p->account) || !scenario_has_region(s, *p->region))
                return node_error(reader, node,
                                "%s \"%s\" (line %u): \"account\" must be 12 digits, in quotes, and \"region\" "
                                "among the regions",
                                p->what, p->name, p->line);
        (void) snprintf(key, sizeof(key), "%s/%.64s/%s/%.255s", *p->account, *p->region, p->what, p->name);
        r = map_put(names, key, s);
        return r == -EEXIST ? node_error(reader, node, "%s \"%s\" (line %u) is here twice", p->what, p->name,
                                              p->line)
                            : r;
}

static int place_all(NodeReader *reader, yaml_node_t *node, Scenario *s) {
        _cleanup_(map_freep) Map *names = map_new();
        int r = names ? 0 : -ENOMEM;

        for (size_t i = 0; r >= 0 && i < s->n_functions; i++) {
                FunctionSpec *f = s->functions + i;
                const struct placed p = { "function", f->name, f->line, &f->account, &f->region };

                r = place_one(reader, node, s, names, &p);
        }
        for (size_t i = 0; r >= 0 && i < s->n_alarms; i++) {
                AlarmSpec *a = s->alarms + i;
                const struct placed p = { "alarm", a->name, a->line, &a->account, &a->region };

                r = place_one(reader, node, s, names, &p);
        }
        return r;
}

bool scenario_has_region(const Scenario *s, const char *region) {
        return streq(s->region, region) || text_list_has(&s->regions, region);
}

static int parse_metrics(NodeReader *reader, yaml_node_t *node, void *out) {
        static const NodeKey keys[] = {
                { "resolution", offsetof(MetricsSpec, resolution), node_duration, false },
                { "delay", offsetof(MetricsSpec, delay), node_duration, false },
                { "trickle", offsetof(MetricsSpec, trickle), node_duration, false },
                { "history", offsetof(MetricsSpec, history), node_duration, false },
                { "page_size", offsetof(MetricsSpec, page_size), node_unsigned, false },
        };
        MetricsSpec *m = out;
        int r;

        r = node_mapping(reader, node, keys, ELEMENTSOF(keys), m);
        if (r < 0)
                return r;
        if (m->resolution == 0 || m->resolution % USEC_PER_SEC != 0)
                return node_error(reader, node, "\"resolution\" must be whole seconds, at least 1s");
        if (m->page_size == 0)
                return node_error(reader, node, "\"page_size\" must be at least 1");
        return 0;
}

static int parse_faults(NodeReader *reader, yaml_node_t *node, void *out) {
        Scenario *s = out;

        return node_sequence(reader, node, 1000, sizeof(FaultRule), scenario_parse_fault, &s->faults,
                        &s->n_faults);
}

static int parse_root(NodeReader *reader, yaml_node_t *node, Scenario *s) {
        static const NodeKey keys[] = {
                { "functions", 0, parse_functions, true },
                { "account", offsetof(Scenario, account), node_text, false },
                { "region", offsetof(Scenario, region), node_text, false },
                { "regions", offsetof(Scenario, regions), node_text_list, false },
                { "seed", offsetof(Scenario, seed), node_unsigned, false },
                { "clock_offset", offsetof(Scenario, clock_offset), node_signed_duration, false },
                { "credentials", 0, parse_credentials, false },
                { "roles", 0, scenario_parse_roles, false },
                { "web_identity", offsetof(Scenario, web_identity), scenario_parse_web_identity, false },
                { "imds", offsetof(Scenario, imds), scenario_parse_imds, false },
                { "container", offsetof(Scenario, container), scenario_parse_container, false },
                { "metrics", offsetof(Scenario, metrics), parse_metrics, false },
                { "cloudwatch", offsetof(Scenario, cloudwatch), scenario_parse_cloudwatch, false },
                { "limits", offsetof(Scenario, limits), scenario_parse_limits, false },
                { "alarms", 0, scenario_parse_alarms, false },
                { "faults", 0, parse_faults, false },
                { "objects", 0, scenario_parse_objects, false },
                { "code_life", offsetof(Scenario, code_life), node_duration, false },
        };
        int r;

        r = node_mapping(reader, node, keys, ELEMENTSOF(keys), s);
        if (r < 0)
                return r;
        r = default_text(&s->account, "123456789012");
        if (r >= 0)
                r = default_text(&s->region, "eu-west-1");
        if (r < 0)
                return r;
        if (!account_is_valid(s->account))
                return node_error(reader, node, "\"account\" must be 12 digits, in quotes");
        r = place_all(reader, node, s);
        return r < 0 ? r : scenario_check_identity(reader, node, s);
}

static int parse_document(yaml_document_t *document, Scenario *s, DiagList *diags) {
        NodeReader reader = { .document = document, .diags = diags };
        yaml_node_t *root = yaml_document_get_root_node(document);

        if (!root) {
                diag_add(diags, DIAG_ERROR, 0, 0, "there is no scenario in it");
                return -EINVAL;
        }
        return parse_root(&reader, root, s);
}

int scenario_parse(const char *text, size_t size, Scenario *ret, DiagList *diags) {
        yaml_parser_t parser;
        yaml_document_t document;
        int r;

        ret->seed = 1;
        ret->metrics = (MetricsSpec){ .resolution = 60 * USEC_PER_SEC,
                .delay = 60 * USEC_PER_SEC,
                .trickle = 60 * USEC_PER_SEC,
                .page_size = 100800 };
        if (!yaml_parser_initialize(&parser))
                return -ENOMEM;
        yaml_parser_set_input_string(&parser, (const unsigned char *) text, size);
        if (yaml_parser_load(&parser, &document)) {
                r = parse_document(&document, ret, diags);
                yaml_document_delete(&document);
        } else {
                diag_add(diags, DIAG_ERROR, (unsigned) parser.problem_mark.line + 1,
                                (unsigned) parser.problem_mark.column + 1, "not YAML: %s",
                                parser.problem ? parser.problem : "cannot be read");
                r = -EINVAL;
        }
        yaml_parser_delete(&parser);
        return r;
}

static void function_done(FunctionSpec *f) {
        for (size_t i = 0; i < f->n_versions; i++) {
                curve_done(&f->versions[i].errors);
                curve_done(&f->versions[i].latency);
                free(f->versions[i].state);
                free(f->versions[i].role);
                free(f->versions[i].dead_letter);
                free(f->versions[i].reason);
                free(f->versions[i].code);
                free(f->versions[i].code_file);
                free(f->versions[i].image);
        }
        for (size_t i = 0; i < f->n_aliases; i++) {
                free(f->aliases[i].name);
                free(f->aliases[i].description);
        }
        for (size_t i = 0; i < f->n_traffic; i++) {
                free(f->traffic[i].alias);
                curve_done(&f->traffic[i].rate);
        }
        for (size_t i = 0; i < f->n_provisioned; i++)
                free(f->provisioned[i].alias);
        free(f->provisioned);
        free(f->update_fails);
        free(f->versions);
        free(f->aliases);
        free(f->traffic);
        free(f->name);
        free(f->account);
        free(f->region);
        free(f->role);
}

void scenario_done(Scenario *s) {
        for (size_t i = 0; i < s->n_functions; i++)
                function_done(s->functions + i);
        for (size_t i = 0; i < s->n_credentials; i++) {
                free(s->credentials[i].access_key);
                (void) secret_unref(s->credentials[i].secret_key);
                free(s->credentials[i].session_token);
                free(s->credentials[i].arn);
                text_list_done(&s->credentials[i].allows);
        }
        for (size_t i = 0; i < s->n_faults; i++)
                fault_rule_done(s->faults + i);
        scenario_identity_done(s);
        scenario_alarms_done(s);
        scenario_objects_done(s);
        scenario_cloudwatch_done(s);
        text_list_done(&s->regions);
        free(s->functions);
        free(s->credentials);
        free(s->faults);
        free(s->account);
        free(s->region);
        *s = (Scenario){};
}
