#include "awssim/scenario-node.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/timefmt.h"

#define NODE_TEXTS_MAX 1000

int node_error(NodeReader *reader, const yaml_node_t *node, const char *format, ...) {
        char message[DIAG_MESSAGE_MAX];
        va_list ap;

        va_start(ap, format);
        (void) vsnprintf(message, sizeof(message), format, ap);
        va_end(ap);
        diag_add(reader->diags, DIAG_ERROR, node_line(node), (unsigned) node->start_mark.column + 1, "%s",
                        message);
        return -EINVAL;
}

unsigned node_line(const yaml_node_t *node) {
        return (unsigned) node->start_mark.line + 1;
}

const char *node_scalar(NodeReader *reader, yaml_node_t *node, const char *expected) {
        const char *text;

        if (node->type != YAML_SCALAR_NODE) {
                (void) node_error(reader, node, "found a list or mapping, expected %s", expected);
                return NULL;
        }
        text = (const char *) node->data.scalar.value;
        if (strlen(text) != node->data.scalar.length || node->data.scalar.length == 0) {
                (void) node_error(reader, node, "found nothing, expected %s", expected);
                return NULL;
        }
        return text;
}

static const NodeKey *key_find(const NodeKey *keys, size_t n_keys, const char *name) {
        for (size_t i = 0; i < n_keys; i++)
                if (streq(keys[i].name, name))
                        return keys + i;
        return NULL;
}

static int report_unknown_key(NodeReader *reader, yaml_node_t *node, const char *name, const NodeKey *keys,
                size_t n_keys) {
        const char *names[32], *nearest;
        size_t n = MIN(n_keys, ELEMENTSOF(names));

        for (size_t i = 0; i < n; i++)
                names[i] = keys[i].name;
        nearest = str_nearest(name, names, n);
        if (nearest)
                return node_error(reader, node, "unknown key \"%s\"; did you mean \"%s\"?", name, nearest);
        return node_error(reader, node, "unknown key \"%s\"", name);
}

int node_mapping(NodeReader *reader, yaml_node_t *node, const NodeKey *keys, size_t n_keys, void *out) {
        uint64_t seen = 0;
        int result = 0;

        assert(n_keys <= 64);
        if (node->type != YAML_MAPPING_NODE)
                return node_error(reader, node, "expected a mapping with key \"%s\"", keys[0].name);
        for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
                yaml_node_t *key = yaml_document_get_node(reader->document, p->key);
                yaml_node_t *value = yaml_document_get_node(reader->document, p->value);
                const char *name = node_scalar(reader, key, "a key");
                const NodeKey *k;
                uint64_t bit;
                int r;

                if (!name) {
                        result = -EINVAL;
                        continue;
                }
                k = key_find(keys, n_keys, name);
                if (!k) {
                        result = report_unknown_key(reader, key, name, keys, n_keys);
                        continue;
                }
                bit = UINT64_C(1) << (k - keys);
                if (seen & bit) {
                        result = node_error(reader, key, "key \"%s\" is here twice", name);
                        continue;
                }
                seen |= bit;
                r = k->parse(reader, value, (char *) out + k->offset);
                if (r < 0)
                        result = r;
        }
        for (size_t i = 0; i < n_keys; i++)
                if (keys[i].required && !(seen & UINT64_C(1) << i))
                        result = node_error(reader, node, "key \"%s\" is missing", keys[i].name);
        return result;
}

bool node_has_key(NodeReader *reader, yaml_node_t *node, const char *name) {
        if (node->type != YAML_MAPPING_NODE)
                return false;
        for (yaml_node_pair_t *p = node->data.mapping.pairs.start; p < node->data.mapping.pairs.top; p++) {
                yaml_node_t *key = yaml_document_get_node(reader->document, p->key);

                if (key->type == YAML_SCALAR_NODE && streq((const char *) key->data.scalar.value, name))
                        return true;
        }
        return false;
}

int node_sequence(NodeReader *reader, yaml_node_t *node, size_t max, size_t item_size, NodeParse parse,
                void *ret_items, size_t *ret_n) {
        size_t n, i = 0;
        int result = 0;
        char *items;

        if (node->type != YAML_SEQUENCE_NODE)
                return node_error(reader, node, "expected a list");
        n = (size_t) (node->data.sequence.items.top - node->data.sequence.items.start);
        if (n > max)
                return node_error(reader, node, "%zu entries, at most %zu are allowed", n, max);
        if (n == 0)
                return 0;
        items = alloc_array(n, item_size);
        if (!items)
                return -ENOMEM;
        for (yaml_node_item_t *p = node->data.sequence.items.start; p < node->data.sequence.items.top; p++) {
                int r = parse(reader, yaml_document_get_node(reader->document, *p), items + item_size * i++);

                if (r < 0)
                        result = r;
        }
        memcpy(ret_items, &items, sizeof(items));
        *ret_n = n;
        return result;
}

int node_text(NodeReader *reader, yaml_node_t *node, void *out) {
        const char *s = node_scalar(reader, node, "a text");
        char **ret = out;

        if (!s)
                return -EINVAL;
        *ret = alloc_copy_string(s);
        return *ret ? 0 : -ENOMEM;
}

int node_unsigned(NodeReader *reader, yaml_node_t *node, void *out) {
        const char *s = node_scalar(reader, node, "a whole number");
        uint64_t *ret = out;

        if (!s)
                return -EINVAL;
        if (str_parse_u64(s, UINT64_MAX / 2, ret) < 0)
                return node_error(reader, node, "\"%s\" is not a whole number", s);
        return 0;
}

int node_duration(NodeReader *reader, yaml_node_t *node, void *out) {
        const char *s = node_scalar(reader, node, "a duration");
        usec_t *ret = out;

        if (!s)
                return -EINVAL;
        if (duration_parse(s, ret) < 0)
                return node_error(reader, node, "\"%s\" is not a duration, expected one like 500ms or 1m30s",
                                s);
        return 0;
}

int node_signed_duration(NodeReader *reader, yaml_node_t *node, void *out) {
        const char *s = node_scalar(reader, node, "a duration");
        int64_t *ret = out;
        usec_t d;

        if (!s)
                return -EINVAL;
        if (duration_parse(s[0] == '-' ? s + 1 : s, &d) < 0)
                return node_error(reader, node, "\"%s\" is not a duration, expected one like -10m", s);
        *ret = s[0] == '-' ? -(int64_t) d : (int64_t) d;
        return 0;
}

int node_decimal(NodeReader *reader, yaml_node_t *node, void *out) {
        const char *s = node_scalar(reader, node, "a number");
        double *ret = out;

        if (!s)
                return -EINVAL;
        if (str_parse_decimal(s, ret) < 0)
                return node_error(reader, node, "\"%s\" is not a number", s);
        return 0;
}

int node_share(NodeReader *reader, yaml_node_t *node, void *out) {
        const char *s = node_scalar(reader, node, "a share like 8% or 0.08");
        _cleanup_(freep) char *digits = NULL;
        double *ret = out, value;
        bool percent;

        if (!s)
                return -EINVAL;
        percent = str_ends_with(s, "%");
        digits = alloc_copy_bytes(s, strlen(s) - percent);
        if (!digits)
                return -ENOMEM;
        if (str_parse_decimal(digits, &value) < 0 || value > (percent ? 100 : 1))
                return node_error(
                                reader, node, "\"%s\" is not a share between 0%% and 100%% (or 0 and 1)", s);
        *ret = percent ? value / 100 : value;
        return 0;
}

int node_bool(NodeReader *reader, yaml_node_t *node, void *out) {
        const char *s = node_scalar(reader, node, "true or false");
        bool *ret = out;

        if (!s)
                return -EINVAL;
        if (!streq(s, "true") && !streq(s, "false"))
                return node_error(reader, node, "\"%s\" found, expected true or false", s);
        *ret = streq(s, "true");
        return 0;
}

int node_text_list(NodeReader *reader, yaml_node_t *node, void *out) {
        TextList *ret = out;

        return node_sequence(reader, node, NODE_TEXTS_MAX, sizeof(char *), node_text, &ret->items, &ret->n);
}

/* One point of a curve: {from: 20s, <name>: value}. */
struct point {
        usec_t from;
        double value;
};

static int parse_point(
                NodeReader *reader, yaml_node_t *node, const char *name, NodeParse parse, CurvePoint *p) {
        const NodeKey keys[] = {
                { "from", offsetof(struct point, from), node_duration, true },
                { name, offsetof(struct point, value), parse, true },
        };
        struct point point = {};
        int r;

        r = node_mapping(reader, node, keys, ELEMENTSOF(keys), &point);
        if (r < 0)
                return r;
        *p = (CurvePoint){ .from = (int64_t) point.from, .value = point.value };
        return 0;
}

/* Collects the nodes themselves, for those who parse them with more than a NodeParse knows. */
static int parse_node(NodeReader *reader, yaml_node_t *node, void *out) {
        yaml_node_t **ret = out;

        *ret = node;
        return 0;
}

static int parse_points(NodeReader *reader, yaml_node_t *node, const char *name, NodeParse parse, Curve *c) {
        _cleanup_(freep) yaml_node_t **items = NULL;
        int result = 0, r;
        size_t n = 0;

        r = node_sequence(reader, node, CURVE_POINTS_MAX, sizeof(*items), parse_node, &items, &n);
        if (r < 0)
                return r;
        c->points = alloc_array(MAX(n, (size_t) 1), sizeof(CurvePoint));
        if (!c->points)
                return -ENOMEM;
        c->n_points = n;
        for (size_t i = 0; i < n; i++) {
                r = parse_point(reader, items[i], name, parse, c->points + i);
                if (r < 0)
                        result = r;
        }
        return result;
}

int node_curve(NodeReader *reader, yaml_node_t *node, const char *name, NodeParse parse, Curve *c) {
        double value;
        int r;

        if (c->points)
                return node_error(reader, node, "given twice: as one value and over time");
        if (node->type == YAML_SCALAR_NODE) {
                r = parse(reader, node, &value);
                return r < 0 ? r : curve_set_constant(c, value);
        }
        r = parse_points(reader, node, name, parse, c);
        if (r < 0)
                return r;
        if (c->n_points == 0 || c->points[0].from != 0)
                return node_error(reader, node, "the first entry must be \"from: 0s\"");
        for (size_t i = 1; i < c->n_points; i++)
                if (c->points[i].from <= c->points[i - 1].from)
                        return node_error(reader, node, "\"from\" must grow from entry to entry");
        return 0;
}

int node_share_curve(NodeReader *reader, yaml_node_t *node, void *out) {
        return node_curve(reader, node, "rate", node_share, out);
}

int node_latency_curve(NodeReader *reader, yaml_node_t *node, void *out) {
        return node_curve(reader, node, "ms", node_decimal, out);
}

int node_rate_curve(NodeReader *reader, yaml_node_t *node, void *out) {
        return node_curve(reader, node, "rps", node_decimal, out);
}
