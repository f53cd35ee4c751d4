#pragma once

/* Nodes that are still to be expanded, first in, first out. Nodes of one walk have most of their bytes in
 * common: only what differs from the root is kept, or a walk would hold gigabytes. */

#include "model/model.h"

typedef struct Frontier Frontier;

/* root stays the caller's, and must outlive the frontier. NULL: out of memory. */
Frontier *frontier_new(const ModelNode *root);
Frontier *frontier_free(Frontier *f);

/* -ENOMEM. */
int frontier_push(Frontier *f, const ModelNode *node);

/* False, ret untouched, when there is none. */
bool frontier_pop(Frontier *f, ModelNode *ret);
