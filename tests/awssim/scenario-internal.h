#pragma once

/* Shared by the scenario*.c files and nobody else. */

#include "awssim/scenario-node.h"
#include "awssim/scenario.h"

int scenario_parse_function(NodeReader *reader, yaml_node_t *node, void *out); /* FunctionSpec */
int scenario_parse_fault(NodeReader *reader, yaml_node_t *node, void *out);    /* FaultRule */
