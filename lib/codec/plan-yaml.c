#include "codec/plan-yaml.h"

#include <stdio.h>

#include "base/alloc.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "base/usec.h"
#include "codec/plan-internal.h"
#include "codec/plan-value.h"

#define PLAN_FORMAT 1

#define WANTS_NEWER_PLAN "one of wait, supersede"
#define WANTS_FORMAT "the number of the plan format, 1"
#define WANTS_NAME \
        "a name of letters, digits, \".\", \"_\" and \"-\", at most 64, beginning with a letter or digit"

bool plan_name_is_valid(const char *name) {
        static const char alphanumeric[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        size_t n = strlen(name);

        return n > 0 && n <= PLAN_NAME_MAX && strchr(alphanumeric, name[0]) &&
                        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") ==
                        n;
}

static void read_format(const YamlNode *top, DiagList *diags) {
        const YamlNode *node = yaml_map_get(top, "format");
        uint64_t format;

        if (!node || !plan_value_count(node, diags, WANTS_FORMAT, 1, UINT32_MAX, &format))
                return;
        if (format != PLAN_FORMAT)
                diag_add(diags, DIAG_ERROR, node->line, node->column,
                                "this plan is of format %s, but this version of canaryd understands format %d only",
                                node->text, PLAN_FORMAT);
}

static void read_name(const YamlNode *top, const char *default_name, PlanDraft *draft, DiagList *diags) {
        const YamlNode *node = yaml_map_get(top, "name");
        const char *s = node ? yaml_text_of(node, diags, WANTS_NAME) : default_name;

        draft->plan.name = "";
        if (!s || (!node && yaml_map_has(top, "name")))
                return;
        if (plan_name_is_valid(s))
                draft->plan.name = s;
        else if (node)
                yaml_refuse(node, diags, WANTS_NAME, NULL);
        else
                diag_add(diags, DIAG_ERROR, 1, 1,
                                "the plan has no \"name\", and the file's name cannot stand in for it: \"%.80s\" has "
                                "more than letters, digits, \".\", \"_\" and \"-\", or more than %d of them; add "
                                "\"name\" or rename the file",
                                s, PLAN_NAME_MAX);
}

static void read_times(const YamlNode *top, PlanDraft *draft, DiagList *diags) {
        const YamlNode *bake = yaml_map_get(top, "bake"), *deadline = yaml_map_get(top, "deadline");

        if (bake)
                (void) plan_value_duration(bake, diags, 0, USEC_INFINITY, &draft->plan.bake);
        draft->has_bake = bake;
        if (deadline)
                (void) plan_value_duration(
                                deadline, diags, USEC_PER_SEC, USEC_INFINITY, &draft->plan.deadline);
}

static void read_rollback(const YamlNode *top, Plan *plan, DiagList *diags) {
        const YamlNode *node = yaml_map_get(top, "rollback"), *restore;

        if (!node || !yaml_map_check(node, &plan_rule_rollback, diags))
                return;
        restore = yaml_map_get(node, "restore_code");
        if (restore)
                (void) plan_value_bool(restore, diags, &plan->restore_code);
}

static void read_newer_plan(const YamlNode *top, Plan *plan, DiagList *diags) {
        static const char *const words[] = {
                [NEWER_WAITS] = "wait",
                [NEWER_SUPERSEDES] = "supersede",
        };
        const YamlNode *node = yaml_map_get(top, "on_newer_plan");
        size_t choice;

        if (node && plan_value_choice(node, diags, WANTS_NEWER_PLAN, words, ELEMENTSOF(words), &choice))
                plan->on_newer_plan = (NewerPlan) choice;
}

static void check_deadline(const YamlNode *top, const Plan *plan, DiagList *diags) {
        const YamlNode *place = yaml_map_get(top, "deadline");
        char shortest[TIME_TEXT_MAX], deadline[TIME_TEXT_MAX];
        bool is_given = place;

        if (plan_shortest(plan) <= plan->deadline)
                return;
        if (!place)
                place = yaml_map_get(top, "steps");
        if (!place)
                place = yaml_map_get(top, "strategy");
        if (!place)
                place = top;
        duration_format(plan_shortest(plan), shortest);
        duration_format(plan->deadline, deadline);
        diag_add(diags, DIAG_ERROR, place->line, place->column,
                        "holds and bake take %s together%s, but the deadline is %s%s; raise \"deadline\" or shorten "
                        "them",
                        shortest, plan->n_waves > 1 ? " over all waves" : "", deadline,
                        is_given ? "" : " when the plan says nothing");
}

/* The reading above misses nothing that plan_check() finds. If ever it does: no plan passes unchecked. */
static void check_whole(const Plan *plan, DiagList *diags) {
        uint32_t index = 0;
        PlanFault fault = plan_check(plan, &index);

        if (fault != PLAN_OK)
                diag_add(diags, DIAG_ERROR, 1, 1, "the plan cannot be carried out (fault %d at entry %u)",
                                (int) fault, (unsigned) index + 1);
}

static int read_plan(const YamlNode *top, const char *default_name, usec_t now, PlanDraft *draft,
                DiagList *diags) {
        int r;

        if (!yaml_map_check(top, &plan_rule_top, diags))
                return 0;
        read_format(top, diags);
        read_name(top, default_name, draft, diags);
        plan_read_targets(top, draft, diags);
        read_times(top, draft, diags);
        plan_read_steps(top, draft, diags);
        plan_read_wave_bakes(draft);
        r = plan_read_window(top, now, draft, diags);
        if (r < 0)
                return r;
        read_newer_plan(top, &draft->plan, diags);
        read_rollback(top, &draft->plan, diags);
        plan_read_health(top, draft, diags);
        check_deadline(top, &draft->plan, diags);
        return 0;
}

static int parse(const char *text, size_t size, const char *default_name,
                const uint8_t sha256[static PLAN_HASH_SIZE], usec_t now, bool is_stored, DiagList *diags,
                PlanDoc **ret) {
        _cleanup_(yaml_tree_freep) YamlTree *tree = NULL;
        _cleanup_(freep) PlanDraft *draft = NULL;
        size_t first = diags->n, errors_before = diags->n_errors;
        int r;

        draft = alloc_one(PlanDraft);
        if (!draft)
                return -ENOMEM;
        draft->is_stored = is_stored;
        draft->plan.every = PLAN_DEFAULT_EVERY;
        draft->plan.period = PLAN_DEFAULT_PERIOD;
        draft->plan.settled_after = PLAN_DEFAULT_SETTLED;
        draft->plan.max_blind = PLAN_DEFAULT_MAX_BLIND;
        draft->plan.deadline = PLAN_DEFAULT_DEADLINE;
        memcpy(draft->plan.sha256, sha256, PLAN_HASH_SIZE);
        r = yaml_tree_parse(text, size, PLAN_BYTES_MAX, diags, &tree);
        if (r < 0) {
                yaml_findings_sort(diags, first);
                return r;
        }
        if (yaml_tree_root(tree))
                r = read_plan(yaml_tree_root(tree), default_name, now, draft, diags);
        else
                diag_add(diags, DIAG_ERROR, 1, 1, "the file is empty; a plan begins with \"format: 1\"");
        if (diags->n_errors == errors_before)
                check_whole(&draft->plan, diags);
        if (r < 0)
                return r;
        yaml_findings_sort(diags, first);
        if (diags->n_errors > errors_before)
                return -EBADMSG;
        return plan_pack(draft, ret);
}

int plan_parse(const char *text, size_t size, const char *default_name,
                const uint8_t sha256[static PLAN_HASH_SIZE], usec_t now, DiagList *diags, PlanDoc **ret) {
        return parse(text, size, default_name, sha256, now, false, diags, ret);
}

int plan_parse_stored(const char *text, size_t size, const char *default_name,
                const uint8_t sha256[static PLAN_HASH_SIZE], usec_t now, DiagList *diags, PlanDoc **ret) {
        return parse(text, size, default_name, sha256, now, true, diags, ret);
}

static void drop_nameless(Plan *plan, PlanTarget *targets) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < plan->n_targets; i++)
                if (targets[i].function && targets[i].alias)
                        targets[n++] = targets[i];
        plan->n_targets = n;
        plan->n_waves = 0;
}

int plan_parse_targets(const char *text, size_t size, const char *name,
                const uint8_t sha256[static PLAN_HASH_SIZE], PlanDoc **ret) {
        _cleanup_(yaml_tree_freep) YamlTree *tree = NULL;
        _cleanup_(freep) PlanDraft *draft = alloc_one(PlanDraft);
        _cleanup_(freep) DiagList *diags = alloc_one(DiagList);
        const YamlNode *top;
        int r;

        if (!draft || !diags)
                return -ENOMEM;
        r = yaml_tree_parse(text, size, PLAN_BYTES_MAX, diags, &tree);
        if (r < 0)
                return r == -ENOMEM ? r : -ENOENT;
        top = yaml_tree_root(tree);
        if (!top || top->kind != NODE_MAP)
                return -ENOENT;
        plan_read_targets(top, draft, diags);
        drop_nameless(&draft->plan, draft->targets);
        if (draft->plan.n_targets == 0)
                return -ENOENT;
        draft->plan.name = name;
        memcpy(draft->plan.sha256, sha256, PLAN_HASH_SIZE);
        return plan_pack(draft, ret);
}
