#include "awssim/scenario-internal.h"

#include "base/alloc.h"
#include "base/str.h"

/* "2", "2-4" or "2-": the calls of that operation, counted from 1. */
static int parse_call(NodeReader *reader, yaml_node_t *node, void *out) {
        const char *s = node_scalar(reader, node, "the number of a call, or a range"), *dash;
        _cleanup_(freep) char *first = NULL;
        FaultRule *rule = out;

        if (!s)
                return -EINVAL;
        dash = strchr(s, '-');
        first = alloc_copy_bytes(s, dash ? (size_t) (dash - s) : strlen(s));
        if (!first)
                return -ENOMEM;
        if (str_parse_u64(first, UINT64_MAX / 2, &rule->first) < 0 || rule->first == 0)
                return node_error(reader, node, "\"%s\" found, expected a call like 2, 2-4 or 2-", s);
        if (!dash)
                rule->last = rule->first;
        else if (dash[1] == '\0')
                rule->last = UINT64_MAX;
        else if (str_parse_u64(dash + 1, UINT64_MAX / 2, &rule->last) < 0 || rule->last < rule->first)
                return node_error(reader, node, "\"%s\" found, expected a call like 2, 2-4 or 2-", s);
        return 0;
}

static int parse_effect(NodeReader *reader, yaml_node_t *node, void *out) {
        const char *s = node_scalar(reader, node, "\"before\" or \"after\"");
        bool *ret = out;

        if (!s)
                return -EINVAL;
        if (!streq(s, "before") && !streq(s, "after"))
                return node_error(reader, node, "\"%s\" found, expected \"before\" or \"after\"", s);
        *ret = streq(s, "after");
        return 0;
}

static int parse_action(NodeReader *reader, yaml_node_t *node, void *out) {
        const char *s = node_scalar(reader, node, "an action");

        if (!s)
                return -EINVAL;
        if (fault_action_from_string(s, out) < 0)
                return node_error(reader, node,
                                "\"%s\" found, expected error, hang, reset, truncate, garbage, delay, slow or clock",
                                s);
        return 0;
}

int scenario_parse_fault(NodeReader *reader, yaml_node_t *node, void *out) {
        static const NodeKey keys[] = {
                { "operation", offsetof(FaultRule, operation), node_text, true },
                { "function", offsetof(FaultRule, function), node_text, false },
                { "region", offsetof(FaultRule, region), node_text, false },
                { "role", offsetof(FaultRule, role), node_text, false },
                { "call", 0, parse_call, false },
                { "for", offsetof(FaultRule, window), node_duration, false },
                { "every", offsetof(FaultRule, every), node_unsigned, false },
                { "action", offsetof(FaultRule, action), parse_action, false },
                { "effect", offsetof(FaultRule, after), parse_effect, false },
                { "status", offsetof(FaultRule, status), node_unsigned, false },
                { "code", offsetof(FaultRule, code), node_text, false },
                { "message", offsetof(FaultRule, message), node_text, false },
                { "delay", offsetof(FaultRule, delay), node_duration, false },
                { "retry_after", offsetof(FaultRule, retry_after), node_duration, false },
                { "offset", offsetof(FaultRule, offset), node_signed_duration, false },
        };
        FaultRule *rule = out;
        int r;

        r = node_mapping(reader, node, keys, ELEMENTSOF(keys), rule);
        if (r < 0)
                return r;
        if (rule->status != 0 && (rule->status < 400 || rule->status > 599))
                return node_error(reader, node, "\"status\" must be 400 to 599");
        if ((rule->action == FAULT_DELAY || rule->action == FAULT_SLOW) && rule->delay == 0)
                return node_error(reader, node, "action \"%s\" needs \"delay\"",
                                fault_action_to_string(rule->action));
        if (node_has_key(reader, node, "for") && (rule->window == 0 || node_has_key(reader, node, "call")))
                return node_error(reader, node, "\"for\" must be at least 1ms, and excludes \"call\"");
        if (rule->action == FAULT_CLOCK && rule->offset == 0)
                return node_error(reader, node, "action \"clock\" needs \"offset\"");
        if (node_has_key(reader, node, "every") && rule->every == 0)
                return node_error(reader, node, "\"every\" must be at least 1");
        /* "every: 3" alone strikes on calls 3, 6, 9 ...; neither key: on every call. */
        if (rule->first == 0) {
                rule->first = MAX(rule->every, (uint64_t) 1);
                rule->last = UINT64_MAX;
        }
        rule->every = MAX(rule->every, (uint64_t) 1);
        return 0;
}
