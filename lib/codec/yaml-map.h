#pragma once

/* Maps with known keys: says which keys are missing, unknown, misplaced or not yet supported. */

#include "codec/yaml-node.h"

#define KEY_INSTEAD_MAX 3

typedef struct KeyRule {
        const char *name;
        const char *missing;     /* not NULL: the key must be there; the words say what to write */
        const char *unsupported; /* not NULL: a word of the language that this version does not understand
                                    yet; the words say what to do without it */
        const char *instead_of[KEY_INSTEAD_MAX]; /* what need not be there beside it */
        bool may_be_empty;                       /* "key:" with nothing behind it is as good as no key */
} KeyRule;

typedef struct MapRule MapRule;
struct MapRule {
        const char *what;  /* "a step" */
        const char *place; /* "in a step": where its keys belong */
        const char *like;  /* what to write, as an example */
        const KeyRule *keys;
        size_t n_keys;
        const MapRule *const *relatives; /* NULL-terminated, may be NULL: maps whose keys get lost here */
};

/* False, and said so: the node is no map. True: it is one; what is wrong with its keys is in diags. */
bool yaml_map_check(const YamlNode *node, const MapRule *rule, DiagList *diags);

/* The value of a key; NULL when it is absent, or there but refused or empty: then diags says so already. */
const YamlNode *yaml_map_get(const YamlNode *map, const char *name);
/* The key is there, be its value good or bad. */
bool yaml_map_has(const YamlNode *map, const char *name);

/* Puts the entries from index "first" on into the order of the text. */
void yaml_findings_sort(DiagList *diags, size_t first);

/* Adds: "KEY" must be WANTS, found VALUE; ADVICE. advice may be NULL. */
void yaml_refuse(const YamlNode *node, DiagList *diags, const char *wants, const char *advice);

/* The text of a scalar. NULL: it is none, and diags says so. */
const char *yaml_text_of(const YamlNode *node, DiagList *diags, const char *wants);
