#include "codec/plan-internal.h"

/* Every word of the plan language, those that this version does not support yet included. */

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
        { "to", .missing = "write the number of the new version, like \"to: 42\", or what makes it under \"publish\"" },
        { "publish", .instead_of = { "to" } },
        { "create_alias" },
        { "targets", .instead_of = { "function", "alias", "to" } },
        { "waves", .instead_of = { "function", "alias", "to" } },
        { "on_wave_failure" },
        { "steps",
                        .missing = "write a list like \"- {weight: 10%, hold: 10m}\", or just "
                                   "\"- {weight: 100%}\" for all at once" },
        { "strategy", .instead_of = { "steps" } },
        { "bake" },
        { "deadline" },
        { "window" },
        { "not_before" },
        { "on_newer_plan" },
        { "rollback" },
        { "health",
                        .missing = "write at least one check under \"checks\", or \"checks: none\" to let time "
                                   "alone decide" },
        { "fix_forward", .unsupported = REMOVE },
        { "revert_for", .unsupported = REMOVE },
};

static const KeyRule target_keys[] = {
        { "function" },
        { "alias" },
        { "region" },
        { "role_arn" },
        { "external_id" },
        { "from" },
        { "to" },
        { "publish" },
        { "create_alias" },
};

static const KeyRule wave_keys[] = {
        { "name", .missing = "write how it shall be called, like \"name: first\"" },
        { "targets", .missing = "write a list like \"- {function: checkout, alias: live, to: 42}\"" },
        { "bake" },
};

static const KeyRule publish_keys[] = {
        { "zip" },
        { "s3" },
        { "image" },
        { "latest" },
        { "sha256" },
};

static const KeyRule s3_keys[] = {
        { "bucket", .missing = "write the bucket's name" },
        { "key", .missing = "write the object's key, like \"key: checkout/42.zip\"" },
        { "version" },
};

static const KeyRule rollback_keys[] = {
        { "restore_code", .missing = "write \"restore_code: true\", or remove \"rollback\"" },
};

static const KeyRule window_keys[] = {
        { "days" },
        { "hours" },
        { "zone", .missing = "write whose days and hours these are, like \"zone: Europe/Berlin\"" },
        { "at_end" },
};

static const KeyRule strategy_keys[] = {
        { "linear" },
        { "exponential" },
        { "canary" },
};

static const KeyRule linear_keys[] = {
        { "by", .missing = "write a share of the traffic, like \"by: 10%\"" },
        { "every", .missing = "write how long to stay at each weight, like \"every: 1m\"" },
};

static const KeyRule exponential_keys[] = {
        { "from", .missing = "write the first weight, like \"from: 1%\"" },
        { "factor", .missing = "write what each weight is multiplied by, like \"factor: 2\"" },
        { "every", .missing = "write how long to stay at each weight, like \"every: 5m\"" },
};

static const KeyRule canary_keys[] = {
        { "weight", .missing = "write a share of the traffic, like \"weight: 10%\"" },
        { "for", .missing = "write how long to stay at it, like \"for: 5m\"" },
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

/* Where a lost key is looked for, in this order. */
const MapRule *const plan_rules[] = {
        &plan_rule_top,
        &plan_rule_health,
        &plan_rule_step,
        &plan_rule_check,
        &plan_rule_publish,
        &plan_rule_rollback,
        &plan_rule_window,
        &plan_rule_s3,
        &plan_rule_strategy,
        &plan_rule_linear,
        &plan_rule_exponential,
        &plan_rule_canary,
        &plan_rule_target,
        &plan_rule_wave,
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

const MapRule plan_rule_target = {
        .what = "a target",
        .place = "in a target",
        .like = "- {function: checkout, alias: live, to: 42}",
        .keys = target_keys,
        .n_keys = ELEMENTSOF(target_keys),
        .relatives = plan_rules,
};

const MapRule plan_rule_wave = {
        .what = "a wave",
        .place = "in a wave",
        .like = "- {name: first, targets: [...], bake: 10m}",
        .keys = wave_keys,
        .n_keys = ELEMENTSOF(wave_keys),
        .relatives = plan_rules,
};

const MapRule plan_rule_publish = {
        .what = "\"publish\"",
        .place = "under \"publish\"",
        .like = "zip: /srv/artifacts/checkout.zip",
        .keys = publish_keys,
        .n_keys = ELEMENTSOF(publish_keys),
        .relatives = plan_rules,
};

const MapRule plan_rule_s3 = {
        .what = "\"s3\"",
        .place = "under \"s3\"",
        .like = "{bucket: artifacts, key: checkout/42.zip}",
        .keys = s3_keys,
        .n_keys = ELEMENTSOF(s3_keys),
        .relatives = plan_rules,
};

const MapRule plan_rule_rollback = {
        .what = "\"rollback\"",
        .place = "under \"rollback\"",
        .like = "restore_code: true",
        .keys = rollback_keys,
        .n_keys = ELEMENTSOF(rollback_keys),
        .relatives = plan_rules,
};

const MapRule plan_rule_window = {
        .what = "\"window\"",
        .place = "under \"window\"",
        .like = "{days: mon-fri, hours: 09:00-17:00, zone: Europe/Berlin}",
        .keys = window_keys,
        .n_keys = ELEMENTSOF(window_keys),
        .relatives = plan_rules,
};

const MapRule plan_rule_strategy = {
        .what = "a strategy",
        .place = "under \"strategy\"",
        .like = "{linear: {by: 10%, every: 1m}}",
        .keys = strategy_keys,
        .n_keys = ELEMENTSOF(strategy_keys),
        .relatives = plan_rules,
};

const MapRule plan_rule_linear = {
        .what = "\"linear\"",
        .place = "under \"linear\"",
        .like = "{by: 10%, every: 1m}",
        .keys = linear_keys,
        .n_keys = ELEMENTSOF(linear_keys),
        .relatives = plan_rules,
};

const MapRule plan_rule_exponential = {
        .what = "\"exponential\"",
        .place = "under \"exponential\"",
        .like = "{from: 1%, factor: 2, every: 5m}",
        .keys = exponential_keys,
        .n_keys = ELEMENTSOF(exponential_keys),
        .relatives = plan_rules,
};

const MapRule plan_rule_canary = {
        .what = "\"canary\"",
        .place = "under \"canary\"",
        .like = "{weight: 10%, for: 5m}",
        .keys = canary_keys,
        .n_keys = ELEMENTSOF(canary_keys),
        .relatives = plan_rules,
};
