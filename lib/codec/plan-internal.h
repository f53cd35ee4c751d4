#pragma once

/* Shared by the plan-*.c files: a plan while it is being read. */

#include "codec/aws-name.h"
#include "codec/plan-yaml.h"
#include "codec/yaml-map.h"

/* Room for the largest plan; plan-pack.c makes the exact-sized copy that lives on. Texts are borrowed from
 * the tree that is read. */
typedef struct PlanDraft {
        Plan plan;           /* its pointers lead into this draft */
        PlanTarget defaults; /* what the top of the plan says for all of "targets" or "waves" */
        PlanTarget targets[PLAN_TARGETS_MAX];
        const YamlNode *target_nodes[PLAN_TARGETS_MAX];     /* where each stands */
        char regions[PLAN_TARGETS_MAX][AWS_REGION_MAX + 1]; /* those that stand in an ARN */
        PlanWave waves[PLAN_WAVES_MAX];
        bool has_wave_bake[PLAN_WAVES_MAX]; /* the others are baked as long as the plan says */
        PlanStep steps[PLAN_STEPS_MAX];
        PlanCheck checks[PLAN_CHECKS_MAX];
        unsigned check_lines[PLAN_CHECKS_MAX]; /* where each got its name */
        bool has_bake;                         /* the plan says "bake" */
        bool is_stored;                        /* plan_parse_stored() */
} PlanDraft;

/* The maps of the language, so that a lost key can be sent home. */
extern const MapRule plan_rule_top, plan_rule_target, plan_rule_wave, plan_rule_publish, plan_rule_s3,
                plan_rule_step, plan_rule_strategy, plan_rule_linear, plan_rule_exponential,
                plan_rule_canary, plan_rule_health, plan_rule_check, plan_rule_rollback, plan_rule_window;
extern const MapRule *const plan_rules[]; /* all of them, NULL-terminated */

/* Each reads its part of the plan into the draft; findings go to diags. */
void plan_read_targets(const YamlNode *top, PlanDraft *draft, DiagList *diags);
void plan_read_steps(const YamlNode *top, PlanDraft *draft, DiagList *diags);
void plan_read_health(const YamlNode *top, PlanDraft *draft, DiagList *diags);
/* After plan_read_steps(): at 100 % a step's hold is the bake. */
void plan_read_wave_bakes(PlanDraft *draft);

/* What one map says of a target, over what *target holds already. */
void plan_read_target(const YamlNode *map, PlanTarget *target, DiagList *diags);
/* Held together: what the map says and, unless it is the top itself, what the top says for all. "region" is
 * room for the one that stands in the ARN. */
void plan_settle_target(const YamlNode *map, const YamlNode *top, PlanTarget *target,
                char region[static AWS_REGION_MAX + 1], DiagList *diags);

void plan_read_publish(const YamlNode *node, PlanPublish *publish, DiagList *diags);

/* A strategy -> the steps it stands for, without the one of 100 %. */
void plan_read_strategy(const YamlNode *node, PlanDraft *draft, DiagList *diags);

/* "window" as it holds from "now" on. -ENOMEM: the rules of its time zone could not be read. */
int plan_read_window(const YamlNode *top, usec_t now, PlanDraft *draft, DiagList *diags);

/* The index-th check. The draft counts it only when it is good. */
void plan_read_check(const YamlNode *node, PlanDraft *draft, DiagList *diags);

/* -ENOMEM. */
int plan_pack(const PlanDraft *draft, PlanDoc **ret);
