#include "codec/plan-internal.h"

/* Every word of the plan language, those that this version does not support yet included. */

#define WRITE_STEPS "give the steps one by one under \"steps\""
#define ONE_PLAN_EACH "remove it and write one plan for each alias"
#define REMOVE "remove it"

static const KeyRule top_keys[] = {
        { "format", .missing = "write \"format: 1\"" },
        { "name" },
        { "function", .missing = "write the name of the Lambda function" },
        { "alias", .missing = "write the name of the alias whose traffic is to be shifted" },
        { "region" },
        { "role_arn" },
        { "external_id" },
        { "from" },
        { "to", .missing = "write the number of the new version, like \"to: 42\"" },
        { "steps",
                        .missing = "write a list like \"- {weight: 10%, hold: 10m}\", or just "
                                   "\"- {weight: 100%}\" for all at once" },
        { "bake" },
        { "deadline" },
        { "health",
                        .missing = "write at least one check under \"checks\", or \"checks: none\" to let time "
                                   "alone decide" },
        { "publish", .unsupported = "remove it, or publish first and give \"to\"", .instead_of = { "to" } },
        { "targets", .unsupported = ONE_PLAN_EACH, .instead_of = { "function", "alias", "to" } },
        { "waves", .unsupported = ONE_PLAN_EACH, .instead_of = { "function", "alias", "to" } },
        { "on_wave_failure", .unsupported = REMOVE },
        { "strategy", .unsupported = WRITE_STEPS, .instead_of = { "steps" } },
        { "create_alias", .unsupported = "remove it and create the alias first" },
        { "rollback", .unsupported = REMOVE },
        { "fix_forward", .unsupported = REMOVE },
        { "revert_for", .unsupported = REMOVE },
};

static const KeyRule step_keys[] = {
        { "weight", .missing = "write a share of the traffic, like \"weight: 5%\"" },
        { "hold" },
        { "min_requests" },
        { "approve", .unsupported = REMOVE },
};

static const KeyRule health_keys[] = {
        { "every" },
        { "period" },
        { "settled_after" },
        { "max_blind" },
        { "checks", .missing = "write at least one check, or \"checks: none\" to let time alone decide" },
        { "hold_at_most", .unsupported = REMOVE },
        { "when_unsure", .unsupported = "remove it: a step holds while it is not sure" },
        { "regression", .unsupported = "remove it and give limits under \"checks\"",
                        .instead_of = { "checks" } },
};

static const KeyRule check_keys[] = {
        { "name" },
        { "metric", .missing = "write one of: error_rate, errors, duration (or \"alarm\" and an alarm's name)" },
        { "max", .missing = "write the limit, like \"max: 5%\"" },
        { "min_requests" },
        { "stat" },
        { "alarm", .instead_of = { "metric", "max" } },
        { "expression", .unsupported = "remove it", .instead_of = { "metric", "max" } },
        { "inputs", .unsupported = REMOVE },
        { "min", .unsupported = "remove it: checks have a \"max\" only", .instead_of = { "max" } },
        { "breaches", .unsupported = "remove it: one bucket over the limit is a breach" },
        { "observe", .unsupported = "remove it: each check decides" },
        { "unknown", .unsupported = "remove it: a step holds while it is not sure" },
};

const MapRule *const plan_rules[] = {
        &plan_rule_top,
        &plan_rule_health,
        &plan_rule_step,
        &plan_rule_check,
        NULL,
};

const MapRule plan_rule_top = {
        .what = "a plan",
        .place = "at the top of the plan",
        .like = "format: 1",
        .keys = top_keys,
        .n_keys = ELEMENTSOF(top_keys),
        .relatives = plan_rules,
};

const MapRule plan_rule_step = {
        .what = "a step",
        .place = "in a step",
        .like = "- {weight: 10%, hold: 10m}",
        .keys = step_keys,
        .n_keys = ELEMENTSOF(step_keys),
        .relatives = plan_rules,
};

const MapRule plan_rule_health = {
        .what = "\"health\"",
        .place = "under \"health\"",
        .like = "checks: none",
        .keys = health_keys,
        .n_keys = ELEMENTSOF(health_keys),
        .relatives = plan_rules,
};

const MapRule plan_rule_check = {
        .what = "a check",
        .place = "in a check",
        .like = "- {metric: error_rate, max: 5%}",
        .keys = check_keys,
        .n_keys = ELEMENTSOF(check_keys),
        .relatives = plan_rules,
};
