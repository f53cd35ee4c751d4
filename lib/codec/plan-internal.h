#pragma once

/* Shared by the plan-*.c files: a plan while it is being read. */

#include "codec/aws-name.h"
#include "codec/plan-yaml.h"
#include "codec/yaml-map.h"

#define PLAN_STAT_MAX 15 /* bytes without the NUL */

/* Room for the largest plan; plan-pack.c makes the exact-sized copy that lives on. */
typedef struct PlanDraft {
        Plan plan; /* its pointers lead into this draft */
        PlanTarget target;
        PlanStep steps[PLAN_STEPS_MAX];
        PlanCheck checks[PLAN_CHECKS_MAX];
        unsigned check_lines[PLAN_CHECKS_MAX]; /* where each got its name */
        bool has_bake;                         /* the plan says "bake" */
        char name[PLAN_NAME_MAX + 1];
        char function[AWS_FUNCTION_MAX + 1];
        char alias[AWS_ALIAS_MAX + 1];
        char region[AWS_REGION_MAX + 1];
        char role_arn[AWS_ROLE_MAX + 1];
        char external_id[AWS_EXTERNAL_ID_MAX + 1];
        char check_names[PLAN_CHECKS_MAX][CHECK_NAME_MAX + 1];
        char stats[PLAN_CHECKS_MAX][PLAN_STAT_MAX + 1];
        char alarms[PLAN_CHECKS_MAX][ALARM_NAME_SIZE];
} PlanDraft;

/* The maps of the language, so that a lost key can be sent home. */
extern const MapRule plan_rule_top, plan_rule_step, plan_rule_health, plan_rule_check;
extern const MapRule *const plan_rules[];

/* Each reads its part of the plan into the draft; findings go to diags. */
void plan_read_target(const YamlNode *top, PlanDraft *draft, DiagList *diags);
void plan_read_steps(const YamlNode *top, PlanDraft *draft, DiagList *diags);
void plan_read_health(const YamlNode *top, PlanDraft *draft, DiagList *diags);
/* The index-th check. The draft counts it only when it is good. */
void plan_read_check(const YamlNode *node, PlanDraft *draft, DiagList *diags);

/* -ENOMEM. */
int plan_pack(const PlanDraft *draft, PlanDoc **ret);
