#pragma once

/* A small and suspicious YAML: text -> a bounded tree in which every node knows its place. Understood are
 * maps, lists and scalars in all styles. Refused, with place and reason: anchors, aliases, tags, merge keys,
 * more than one document, keys that are not plain words, duplicate keys, anything deeper than
 * YAML_DEPTH_MAX, and texts that are not clean UTF-8. */

#include "base/diag.h"

#define YAML_DEPTH_MAX 16     /* lists and maps inside of each other, the outermost included */
#define YAML_KEYS_MAX 256     /* in one map; they are compared with each other */
#define YAML_NODES_MAX 20000u /* a plan at all its limits has fewer than 3000 */

typedef enum NodeKind {
        NODE_SCALAR,
        NODE_LIST,
        NODE_MAP,
        NODE_REFUSED, /* stands for something that is in the diagnostics already: say no more about it */
} NodeKind;

typedef struct YamlNode YamlNode;
struct YamlNode {
        NodeKind kind;
        bool is_quoted;        /* a scalar in quotes, or a block of text: always text, never "nothing" */
        unsigned line, column; /* from 1; column in bytes */
        const char *text;      /* NODE_SCALAR: no NUL inside; otherwise "" */
        size_t n;              /* entries of a list or map */
        YamlNode *first;       /* the first entry's value; in order of the text */
        YamlNode *next;        /* the next entry's value of the same list or map */
        YamlNode *key;         /* the entry's key, when the parent is a map */
        YamlNode *parent;
};

typedef struct YamlTree YamlTree;

YamlTree *yaml_tree_free(YamlTree *t);
DEFINE_TRIVIAL_CLEANUP(YamlTree *, yaml_tree_free);

/* Findings are added to diags. 0: *ret is a tree; it may hold NODE_REFUSED nodes, and then diags has the
 * reasons. -EBADMSG: no tree, the reason is in diags. -ENOMEM. The text is not needed any more afterwards.
 */
int yaml_tree_parse(const char *text, size_t size, size_t max, DiagList *diags, YamlTree **ret);

/* NULL: there is nothing in the text but comments. */
const YamlNode *yaml_tree_root(const YamlTree *t);

/* "key:" with nothing behind it, "~" or "null". */
bool yaml_node_is_null(const YamlNode *node);

#define YAML_DESCRIPTION_MAX 64
/* What a node is, for "expected X, found ...": "a list", "nothing", or its text in quotes, shortened. */
const char *yaml_node_describe(const YamlNode *node, char buffer[static YAML_DESCRIPTION_MAX]);
