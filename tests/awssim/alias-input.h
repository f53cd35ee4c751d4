#pragma once

/* The body of CreateAlias and UpdateAlias, checked for its shape only. */

#include "awssim/json-body.h"

typedef struct AliasInput {
        /* Borrowed from the JSON tree; NULL: the member was left out. */
        const char *name, *version, *description, *revision;
        bool has_routing;
        size_t n_weights;
        const char *weight_key; /* of the first one */
        double weight;
} AliasInput;

int alias_input_parse(json_object *root, AliasInput *ret, Reply *reply);
