#include <math.h>

#include "awssim/scenario-internal.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"

#define RULES_MAX 1000

static int parse_json(NodeReader *reader, yaml_node_t *node, void *out) {
        static const char *const names[] = {
                [JSON_SERVED] = "served",
                [JSON_REFUSED] = "refused",
                [JSON_NOT_UNDERSTOOD] = "not_understood",
        };
        const char *s = node_scalar(reader, node, "served, refused or not_understood");
        JsonSupport *ret = out;

        if (!s)
                return -EINVAL;
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (streq(s, names[i])) {
                        *ret = (JsonSupport) i;
                        return 0;
                }
        return node_error(reader, node, "\"%s\" found, expected served, refused or not_understood", s);
}

static int parse_composite(NodeReader *reader, yaml_node_t *node, void *out) {
        const char *s = node_scalar(reader, node, "\"shown\" or \"hidden\"");
        bool *ret = out;

        if (!s)
                return -EINVAL;
        if (!streq(s, "shown") && !streq(s, "hidden"))
                return node_error(reader, node, "\"%s\" found, expected \"shown\" or \"hidden\"", s);
        *ret = streq(s, "hidden");
        return 0;
}

#define MATCH_KEYS(type)                                                                  \
        { "metric", offsetof(type, match.metric), node_text, false },                     \
                        { "stat", offsetof(type, match.stat), node_text, false },         \
                        { "function", offsetof(type, match.function), node_text, false }, \
                        { "alias", offsetof(type, match.alias), node_text, false }, {     \
                "version", offsetof(type, match.version), node_text, false                \
        }

static int parse_poison(NodeReader *reader, yaml_node_t *node, void *out) {
        static const NodeKey keys[] = {
                { "message", offsetof(PoisonSpec, message), node_text, false },
                MATCH_KEYS(PoisonSpec),
        };

        return node_mapping(reader, node, keys, ELEMENTSOF(keys), out);
}

static int parse_status(NodeReader *reader, yaml_node_t *node, void *out) {
        static const char *const names[] = { "Complete", "InternalError", "Forbidden", "PartialData" };
        const char *s = node_scalar(reader, node, "a status");

        if (!s)
                return -EINVAL;
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                if (streq(s, names[i]))
                        return node_text(reader, node, out);
        return node_error(reader, node,
                        "\"%s\" found, expected Complete, InternalError, Forbidden or PartialData", s);
}

static int parse_value(NodeReader *reader, yaml_node_t *node, void *out) {
        const char *s = node_scalar(reader, node, "a value");
        ResultSpec *spec = out;

        if (!s)
                return -EINVAL;
        spec->has_value = true;
        if (streq(s, "NaN"))
                spec->value = NAN;
        else if (streq(s, "Infinity"))
                spec->value = INFINITY;
        else if (streq(s, "-Infinity"))
                spec->value = -INFINITY;
        else
                return node_decimal(reader, node, &spec->value);
        return 0;
}

static int parse_result(NodeReader *reader, yaml_node_t *node, void *out) {
        static const NodeKey keys[] = {
                { "status", offsetof(ResultSpec, status), parse_status, false },
                { "message", offsetof(ResultSpec, message), node_text, false },
                { "value", 0, parse_value, false },
                { "from", offsetof(ResultSpec, from), node_duration, false },
                { "until", offsetof(ResultSpec, until), node_duration, false },
                MATCH_KEYS(ResultSpec),
        };
        ResultSpec *spec = out;

        spec->until = USEC_INFINITY;
        return node_mapping(reader, node, keys, ELEMENTSOF(keys), spec);
}

static int parse_poison_list(NodeReader *reader, yaml_node_t *node, void *out) {
        CloudwatchSpec *c = out;

        return node_sequence(
                        reader, node, RULES_MAX, sizeof(PoisonSpec), parse_poison, &c->poison, &c->n_poison);
}

static int parse_result_list(NodeReader *reader, yaml_node_t *node, void *out) {
        CloudwatchSpec *c = out;

        return node_sequence(reader, node, RULES_MAX, sizeof(ResultSpec), parse_result, &c->results,
                        &c->n_results);
}

int scenario_parse_cloudwatch(NodeReader *reader, yaml_node_t *node, void *out) {
        static const NodeKey keys[] = {
                { "json", offsetof(CloudwatchSpec, json), parse_json, false },
                { "composite_alarms", offsetof(CloudwatchSpec, hides_composite), parse_composite, false },
                { "poison", 0, parse_poison_list, false },
                { "results", 0, parse_result_list, false },
        };

        return node_mapping(reader, node, keys, ELEMENTSOF(keys), out);
}

static void match_done(SeriesMatch *m) {
        free(m->metric);
        free(m->stat);
        free(m->function);
        free(m->alias);
        free(m->version);
}

void scenario_cloudwatch_done(Scenario *s) {
        CloudwatchSpec *c = &s->cloudwatch;

        for (size_t i = 0; i < c->n_poison; i++) {
                match_done(&c->poison[i].match);
                free(c->poison[i].message);
        }
        for (size_t i = 0; i < c->n_results; i++) {
                match_done(&c->results[i].match);
                free(c->results[i].status);
                free(c->results[i].message);
        }
        free(c->poison);
        free(c->results);
}
