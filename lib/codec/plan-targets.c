#include "base/str.h"
#include "base/usec.h"
#include "codec/plan-internal.h"
#include "codec/plan-value.h"

/* Which targets a plan has, and in which waves. */

#define WANTS_TARGETS "a list of targets"
#define WANTS_WAVES "a list of waves"
#define WANTS_WAVE_NAME "a name of letters, digits, \".\", \"_\" and \"-\", at most 64"
#define WANTS_WAVE_FAILURE "one of wave, all"

#define LIKE_TARGET "write each as \"- {function: checkout, alias: live, to: 42}\""
#define LIKE_WAVE "write each as \"- {name: first, targets: [...], bake: 10m}\""

/* The keys of a target, each with the one that takes its place. */
static const struct {
        const char *name, *other;
} target_keys[] = {
        { "function" },
        { "alias" },
        { "region" },
        { "role_arn" },
        { "external_id", "role_arn" },
        { "from" },
        { "to", "publish" },
        { "publish", "to" },
        { "create_alias" },
};

static void check_duplicate(const PlanDraft *draft, uint32_t index, DiagList *diags) {
        const YamlNode *node = draft->target_nodes[index];
        const PlanTarget *target = &draft->targets[index];

        if (!target->function || !target->alias)
                return;
        for (uint32_t i = 0; i < index; i++) {
                const PlanTarget *other = &draft->targets[i];

                if (!other->function || !other->alias || !plan_target_same(target, other))
                        continue;
                diag_add(diags, DIAG_ERROR, node->line, node->column,
                                "this is the same alias as that of the target on line %u; remove one of them",
                                draft->target_nodes[i]->line);
                return;
        }
}

/* What could not be read is nothing to compare. */
static bool differs(const char *a, const char *b) {
        return a && b && !streq(a, b);
}

static bool publishes_else(const PlanPublish *a, const PlanPublish *b) {
        if (a->kind == PUBLISH_NOTHING || b->kind == PUBLISH_NOTHING)
                return false;
        return a->kind != b->kind || differs(a->path, b->path) || differs(a->bucket, b->bucket) ||
                        differs(a->key, b->key) || differs(a->image, b->image) ||
                        !a->object_version != !b->object_version ||
                        differs(a->object_version, b->object_version);
}

/* The second one would overwrite what the first has deployed, and what is put back is one code, too. */
static void check_publish(const PlanDraft *draft, uint32_t index, DiagList *diags) {
        const YamlNode *node = draft->target_nodes[index], *place = yaml_map_get(node, "publish");
        const PlanTarget *target = &draft->targets[index];

        for (uint32_t i = 0; i < index; i++) {
                const PlanTarget *other = &draft->targets[i];
                PlanTarget same_alias = *other;

                same_alias.alias = target->alias;
                if (!target->function || !target->alias || !other->function ||
                                !publishes_else(&target->publish, &other->publish) ||
                                !plan_target_same(target, &same_alias))
                        continue;
                diag_add(diags, DIAG_ERROR, place ? place->line : node->line,
                                place ? place->column : node->column,
                                "a function has one $LATEST, and the target on line %u publishes something else to it; "
                                "publish the same, or write a plan of its own",
                                draft->target_nodes[i]->line);
                return;
        }
}

/* Counts what it read; false: there is no more room. */
static bool read_targets(const YamlNode *list, const YamlNode *top, PlanDraft *draft, DiagList *diags) {
        if (list->kind != NODE_LIST || list->n == 0) {
                yaml_refuse(list, diags, WANTS_TARGETS, LIKE_TARGET);
                return true;
        }
        for (const YamlNode *node = list->first; node; node = node->next) {
                uint32_t index = draft->plan.n_targets;
                PlanTarget *target = &draft->targets[index];

                if (index == PLAN_TARGETS_MAX) {
                        diag_add(diags, DIAG_ERROR, node->line, node->column,
                                        "a plan has at most %d targets, and this is one more",
                                        PLAN_TARGETS_MAX);
                        return false;
                }
                if (!yaml_map_check(node, &plan_rule_target, diags))
                        continue;
                draft->plan.n_targets++;
                draft->target_nodes[index] = node;
                *target = draft->defaults;
                plan_read_target(node, target, diags);
                plan_settle_target(node, top, target, draft->regions[index], diags);
                check_duplicate(draft, index, diags);
                check_publish(draft, index, diags);
        }
        return true;
}

static void read_wave_name(const YamlNode *node, PlanDraft *draft, PlanWave *wave, DiagList *diags) {
        const char *s = yaml_text_of(node, diags, WANTS_WAVE_NAME);

        if (!s)
                return;
        if (!plan_name_is_valid(s)) {
                yaml_refuse(node, diags, WANTS_WAVE_NAME, NULL);
                return;
        }
        for (const PlanWave *other = draft->waves; other < wave; other++)
                if (other->name && streq(other->name, s)) {
                        diag_add(diags, DIAG_ERROR, node->line, node->column,
                                        "there is a wave with the name \"%s\" already; give this one another",
                                        s);
                        return;
                }
        wave->name = s;
}

static bool read_wave(const YamlNode *node, const YamlNode *top, PlanDraft *draft, DiagList *diags) {
        uint32_t index = draft->plan.n_waves;
        PlanWave *wave = &draft->waves[index];
        const YamlNode *name, *targets, *bake;
        bool has_room = true;

        if (!yaml_map_check(node, &plan_rule_wave, diags))
                return true;
        draft->plan.n_waves++;
        name = yaml_map_get(node, "name");
        targets = yaml_map_get(node, "targets");
        bake = yaml_map_get(node, "bake");
        if (name)
                read_wave_name(name, draft, wave, diags);
        wave->first_target = draft->plan.n_targets;
        if (targets)
                has_room = read_targets(targets, top, draft, diags);
        wave->n_targets = draft->plan.n_targets - wave->first_target;
        if (bake)
                draft->has_wave_bake[index] =
                                plan_value_duration(bake, diags, 0, USEC_INFINITY, &wave->bake);
        return has_room;
}

static void read_waves(const YamlNode *list, const YamlNode *top, PlanDraft *draft, DiagList *diags) {
        if (list->kind != NODE_LIST || list->n == 0) {
                yaml_refuse(list, diags, WANTS_WAVES, LIKE_WAVE);
                return;
        }
        for (const YamlNode *node = list->first; node; node = node->next) {
                if (draft->plan.n_waves == PLAN_WAVES_MAX) {
                        diag_add(diags, DIAG_ERROR, node->line, node->column,
                                        "a plan has at most %d waves, and this is one more", PLAN_WAVES_MAX);
                        return;
                }
                if (!read_wave(node, top, draft, diags))
                        return;
        }
}

/* What stands at the top for all, while each target says it for itself, helps nobody and misleads somebody.
 */
static void check_defaults(const YamlNode *top, const PlanDraft *draft, DiagList *diags) {
        for (size_t k = 0; k < ELEMENTSOF(target_keys); k++) {
                const char *name = target_keys[k].name, *other = target_keys[k].other;
                const YamlNode *node = yaml_map_get(top, name);
                bool is_used = false;

                for (uint32_t i = 0; node && i < draft->plan.n_targets && !is_used; i++)
                        is_used = !yaml_map_has(draft->target_nodes[i], name) &&
                                        !(other && yaml_map_has(draft->target_nodes[i], other));
                if (node && !is_used && draft->plan.n_targets > 0)
                        diag_add(diags, DIAG_ERROR, node->key->line, node->key->column,
                                        "\"%s\" holds for no target, as each of them says that for itself; remove it",
                                        name);
        }
}

static void read_wave_failure(const YamlNode *top, Plan *plan, DiagList *diags) {
        static const char *const words[] = { "wave", "all" };
        const YamlNode *node = yaml_map_get(top, "on_wave_failure");
        size_t choice;

        if (!node)
                return;
        if (!yaml_map_has(top, "waves"))
                diag_add(diags, DIAG_ERROR, node->key->line, node->key->column,
                                "\"on_wave_failure\" has no meaning without \"waves\"; remove it");
        if (plan_value_choice(node, diags, WANTS_WAVE_FAILURE, words, ELEMENTSOF(words), &choice))
                plan->wave_failure_all = choice == 1;
}

void plan_read_targets(const YamlNode *top, PlanDraft *draft, DiagList *diags) {
        const YamlNode *targets = yaml_map_get(top, "targets"), *waves = yaml_map_get(top, "waves");
        bool has_list = yaml_map_has(top, "targets") || yaml_map_has(top, "waves");

        draft->plan.targets = draft->targets;
        draft->plan.waves = draft->waves;
        plan_read_target(top, &draft->defaults, diags);
        read_wave_failure(top, &draft->plan, diags);
        if (!has_list) {
                draft->plan.n_targets = 1;
                draft->target_nodes[0] = top;
                draft->targets[0] = draft->defaults;
                plan_settle_target(top, top, &draft->targets[0], draft->regions[0], diags);
                return;
        }
        if (targets && waves) {
                const YamlNode *later = targets->line > waves->line ? targets : waves;

                diag_add(diags, DIAG_ERROR, later->key->line, later->key->column,
                                "a plan has \"targets\" or \"waves\", not both; put all targets into waves, or remove "
                                "\"waves\"");
                return;
        }
        /* For what it finds, not for what it makes. */
        draft->targets[0] = draft->defaults;
        plan_settle_target(top, top, &draft->targets[0], draft->regions[0], diags);
        draft->targets[0] = (PlanTarget){ 0 };
        if (targets)
                (void) read_targets(targets, top, draft, diags);
        if (waves)
                read_waves(waves, top, draft, diags);
        check_defaults(top, draft, diags);
}

void plan_read_wave_bakes(PlanDraft *draft) {
        for (uint32_t i = 0; i < draft->plan.n_waves; i++)
                if (!draft->has_wave_bake[i])
                        draft->waves[i].bake = draft->plan.bake;
}
