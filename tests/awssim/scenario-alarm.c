#include "awssim/alarm.h"
#include "awssim/scenario-internal.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"

#define FOLLOW_OVER_DEFAULT (10 * USEC_PER_SEC)

static int parse_state(NodeReader *reader, yaml_node_t *node, void *out) {
        const char *s = node_scalar(reader, node, "a state");
        double *ret = out;
        AlarmState state;

        if (!s)
                return -EINVAL;
        if (alarm_state_from_string(s, &state) < 0)
                return node_error(reader, node,
                                "\"%s\" found, expected OK, ALARM, INSUFFICIENT_DATA or missing", s);
        *ret = (double) state;
        return 0;
}

static int parse_states(NodeReader *reader, yaml_node_t *node, void *out) {
        return node_curve(reader, node, "state", parse_state, out);
}

static int parse_type(NodeReader *reader, yaml_node_t *node, void *out) {
        const char *s = node_scalar(reader, node, "\"metric\" or \"composite\"");
        bool *ret = out;

        if (!s)
                return -EINVAL;
        if (!streq(s, "metric") && !streq(s, "composite"))
                return node_error(reader, node, "\"%s\" found, expected \"metric\" or \"composite\"", s);
        *ret = streq(s, "composite");
        return 0;
}

static int parse_evaluation_state(NodeReader *reader, yaml_node_t *node, void *out) {
        static const char *const states[] = { "PARTIAL_DATA", "EVALUATION_ERROR", "EVALUATION_FAILURE" };
        const char *s = node_scalar(reader, node, "an evaluation state");

        if (!s)
                return -EINVAL;
        for (size_t i = 0; i < ELEMENTSOF(states); i++)
                if (streq(s, states[i]))
                        return node_text(reader, node, out);
        return node_error(reader, node,
                        "\"%s\" found, expected PARTIAL_DATA, EVALUATION_ERROR or EVALUATION_FAILURE", s);
}

static int parse_follows(NodeReader *reader, yaml_node_t *node, void *out) {
        static const NodeKey keys[] = {
                { "function", offsetof(FollowSpec, function), node_text, true },
                { "error_rate_above", offsetof(FollowSpec, error_rate_above), node_share, true },
                { "alias", offsetof(FollowSpec, alias), node_text, false },
                { "version", offsetof(FollowSpec, version), node_unsigned, false },
                { "over", offsetof(FollowSpec, over), node_duration, false },
        };
        FollowSpec *f = out;
        int r;

        f->over = FOLLOW_OVER_DEFAULT;
        r = node_mapping(reader, node, keys, ELEMENTSOF(keys), f);
        if (r < 0)
                return r;
        return f->over > 0 && f->over % USEC_PER_SEC == 0
                        ? 0
                        : node_error(reader, node, "\"over\" must be whole seconds");
}

static int parse_alarm(NodeReader *reader, yaml_node_t *node, void *out) {
        static const NodeKey keys[] = {
                { "name", offsetof(AlarmSpec, name), node_text, true },
                { "account", offsetof(AlarmSpec, account), node_text, false },
                { "region", offsetof(AlarmSpec, region), node_text, false },
                { "type", offsetof(AlarmSpec, is_composite), parse_type, false },
                { "state", offsetof(AlarmSpec, states), parse_states, false },
                { "reason", offsetof(AlarmSpec, reason), node_text, false },
                { "evaluation_state", offsetof(AlarmSpec, evaluation_state), parse_evaluation_state, false },
                { "follows", offsetof(AlarmSpec, follows), parse_follows, false },
        };
        AlarmSpec *a = out;
        int r;

        a->line = node_line(node);
        r = node_mapping(reader, node, keys, ELEMENTSOF(keys), a);
        if (r < 0)
                return r;
        if (strlen(a->name) > 255)
                return node_error(reader, node, "alarm names have at most 255 characters");
        if (a->follows.function && a->states.n_points > 0)
                return node_error(reader, node, "\"follows\" and \"state\" exclude each other");
        return 0;
}

int scenario_parse_alarms(NodeReader *reader, yaml_node_t *node, void *out) {
        Scenario *s = out;

        return node_sequence(reader, node, SCENARIO_ALARMS_MAX, sizeof(AlarmSpec), parse_alarm, &s->alarms,
                        &s->n_alarms);
}

void scenario_alarms_done(Scenario *s) {
        for (size_t i = 0; i < s->n_alarms; i++) {
                AlarmSpec *a = s->alarms + i;

                free(a->name);
                free(a->account);
                free(a->region);
                free(a->reason);
                free(a->evaluation_state);
                free(a->follows.function);
                free(a->follows.alias);
                curve_done(&a->states);
        }
        free(s->alarms);
}
