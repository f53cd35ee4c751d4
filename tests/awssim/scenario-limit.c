#include "awssim/scenario-internal.h"
#include "base/alloc.h"
#include "base/str.h"

/* "5/s" or "5/s burst 10" */
static int parse_short(NodeReader *reader, yaml_node_t *node, LimitSpec *spec) {
        const char *s = node_scalar(reader, node, "a limit"), *rest = strstr(s, "/s");
        _cleanup_(freep) char *rate = NULL;
        const char *burst = rest ? str_after(rest, "/s burst ") : NULL;

        rate = rest ? alloc_copy_bytes(s, (size_t) (rest - s)) : NULL;
        if (rest && !rate)
                return -ENOMEM;
        if (!rest || (rest[2] != '\0' && !burst) || str_parse_decimal(rate, &spec->rate) < 0 ||
                        (burst && str_parse_decimal(burst, &spec->burst) < 0))
                return node_error(
                                reader, node, "\"%s\" found, expected a limit like 5/s or 5/s burst 10", s);
        return 0;
}

static int parse_limit(NodeReader *reader, yaml_node_t *node, void *out) {
        static const NodeKey keys[] = {
                { "rate", offsetof(LimitSpec, rate), node_decimal, true },
                { "burst", offsetof(LimitSpec, burst), node_decimal, false },
                { "retry_after", offsetof(LimitSpec, retry_after), node_duration, false },
        };
        LimitSpec *spec = out;
        int r;

        if (node->type == YAML_SCALAR_NODE)
                r = parse_short(reader, node, spec);
        else
                r = node_mapping(reader, node, keys, ELEMENTSOF(keys), spec);
        if (r < 0)
                return r;
        if (spec->burst < 1)
                spec->burst = MAX(spec->rate, 1.0);
        return spec->rate > 0 ? 0 : node_error(reader, node, "a limit must be more than 0/s");
}

int scenario_parse_limits(NodeReader *reader, yaml_node_t *node, void *out) {
        static const NodeKey keys[] = {
                { "lambda", LIMIT_LAMBDA * sizeof(LimitSpec), parse_limit, false },
                { "get_function", LIMIT_GET_FUNCTION * sizeof(LimitSpec), parse_limit, false },
                { "get_metric_data", LIMIT_GET_METRIC_DATA * sizeof(LimitSpec), parse_limit, false },
                { "get_metric_statistics", LIMIT_GET_METRIC_STATISTICS * sizeof(LimitSpec), parse_limit,
                                false },
                { "describe_alarms", LIMIT_DESCRIBE_ALARMS * sizeof(LimitSpec), parse_limit, false },
                { "sts", LIMIT_STS * sizeof(LimitSpec), parse_limit, false },
        };

        return node_mapping(reader, node, keys, ELEMENTSOF(keys), out);
}
