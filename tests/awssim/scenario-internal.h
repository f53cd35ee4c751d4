#pragma once

/* Shared by the scenario*.c files and nobody else. */

#include "awssim/scenario-node.h"
#include "awssim/scenario.h"

int scenario_parse_objects(NodeReader *reader, yaml_node_t *node, void *out); /* Scenario */
void scenario_objects_done(Scenario *s);
int scenario_parse_function(NodeReader *reader, yaml_node_t *node, void *out);     /* FunctionSpec */
int scenario_parse_roles(NodeReader *reader, yaml_node_t *node, void *out);        /* Scenario */
int scenario_parse_web_identity(NodeReader *reader, yaml_node_t *node, void *out); /* WebIdentitySpec */
int scenario_parse_imds(NodeReader *reader, yaml_node_t *node, void *out);         /* ImdsSpec */
int scenario_parse_container(NodeReader *reader, yaml_node_t *node, void *out);    /* ContainerSpec */
int scenario_parse_alarms(NodeReader *reader, yaml_node_t *node, void *out);       /* Scenario */
void scenario_alarms_done(Scenario *s);
int scenario_parse_cloudwatch(NodeReader *reader, yaml_node_t *node, void *out); /* CloudwatchSpec */
void scenario_cloudwatch_done(Scenario *s);
int scenario_parse_limits(NodeReader *reader, yaml_node_t *node, void *out); /* LimitSpec[LIMIT_FAMILIES] */
int scenario_check_identity(NodeReader *reader, yaml_node_t *node, const Scenario *s);
void scenario_identity_done(Scenario *s);

int scenario_parse_fault(NodeReader *reader, yaml_node_t *node, void *out); /* FaultRule */
