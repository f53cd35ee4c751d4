#pragma once

/* Strict reading of a YAML tree into C structures: every finding carries its line and column. */

#include <yaml.h>

#include "awssim/curve.h"
#include "awssim/text-list.h"
#include "base/diag.h"

typedef struct NodeReader {
        yaml_document_t *document;
        DiagList *diags;
} NodeReader;

/* Reads a node into *out. -EINVAL: said why in diags. -ENOMEM. */
typedef int (*NodeParse)(NodeReader *reader, yaml_node_t *node, void *out);

typedef struct NodeKey {
        const char *name;
        size_t offset; /* of the member in the structure that the mapping is read into */
        NodeParse parse;
        bool required;
} NodeKey;

/* Records an error at the node. Always -EINVAL. */
int node_error(NodeReader *reader, const yaml_node_t *node, const char *format, ...) _printf_(3, 4);
unsigned node_line(const yaml_node_t *node); /* from 1 */

/* Unknown, repeated and missing keys are errors; reads on to find them all. */
int node_mapping(NodeReader *reader, yaml_node_t *node, const NodeKey *keys, size_t n_keys, void *out);
bool node_has_key(NodeReader *reader, yaml_node_t *node, const char *name);

/* Allocates the items, zeroed, and hands them out even on failure, for the owner to free. */
int node_sequence(NodeReader *reader, yaml_node_t *node, size_t max, size_t item_size, NodeParse parse,
                void *ret_items, size_t *ret_n);

/* A scalar's text, borrowed; NULL: it is none, and that was reported. */
const char *node_scalar(NodeReader *reader, yaml_node_t *node, const char *expected);

int node_text(NodeReader *reader, yaml_node_t *node, void *out);            /* char *, owned */
int node_unsigned(NodeReader *reader, yaml_node_t *node, void *out);        /* uint64_t */
int node_duration(NodeReader *reader, yaml_node_t *node, void *out);        /* usec_t */
int node_signed_duration(NodeReader *reader, yaml_node_t *node, void *out); /* int64_t; "-5m" */
int node_decimal(NodeReader *reader, yaml_node_t *node, void *out);         /* double >= 0 */
int node_share(NodeReader *reader, yaml_node_t *node, void *out);           /* double 0..1; "8%" or 0.08 */

int node_bool(NodeReader *reader, yaml_node_t *node, void *out);      /* bool */
int node_text_list(NodeReader *reader, yaml_node_t *node, void *out); /* TextList */

/* Curves: a plain value, or a list of {from, <name>}. */
int node_curve(NodeReader *reader, yaml_node_t *node, const char *name, NodeParse parse, Curve *c);
int node_share_curve(NodeReader *reader, yaml_node_t *node, void *out);   /* "rate" */
int node_latency_curve(NodeReader *reader, yaml_node_t *node, void *out); /* "ms" */
int node_rate_curve(NodeReader *reader, yaml_node_t *node, void *out);    /* "rps" */
