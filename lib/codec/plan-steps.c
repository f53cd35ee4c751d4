#include "base/str.h"
#include "base/usec.h"
#include "codec/plan-internal.h"
#include "codec/plan-value.h"
#include "core/trace.h"

#define WANTS_STEPS "a list of steps"

static void read_requests(const YamlNode *node, DiagList *diags, uint32_t *ret) {
        uint64_t requests;

        if (plan_value_count(node, diags, "a number of requests", 0, PLAN_REQUESTS_MAX, &requests))
                *ret = (uint32_t) requests;
}

/* A step of 100 % is no step to hold: it is the promotion, and what follows is the bake. */
static void read_final_step(const YamlNode *step, PlanDraft *draft, DiagList *diags) {
        const YamlNode *hold = yaml_map_get(step, "hold"), *requests = yaml_map_get(step, "min_requests");

        if (requests)
                diag_add(diags, DIAG_ERROR, requests->key->line, requests->key->column,
                                "\"min_requests\" has no meaning at 100 %%, where no step is left to go to; remove "
                                "it");
        if (hold && draft->has_bake)
                diag_add(diags, DIAG_ERROR, hold->key->line, hold->key->column,
                                "at 100 %% the hold is the bake, and \"bake\" says how long already; remove one of "
                                "them");
        else if (hold)
                (void) plan_value_duration(hold, diags, 0, USEC_INFINITY, &draft->plan.bake);
}

static void read_partial_step(const YamlNode *node, uint32_t weight, PlanDraft *draft, DiagList *diags) {
        const YamlNode *hold = yaml_map_get(node, "hold"), *requests = yaml_map_get(node, "min_requests");
        PlanStep *step = &draft->steps[draft->plan.n_steps++];

        step->weight = weight;
        if (hold)
                (void) plan_value_duration(hold, diags, USEC_PER_MSEC, USEC_INFINITY, &step->hold);
        else if (!yaml_map_has(node, "hold"))
                diag_add(diags, DIAG_ERROR, node->line, node->column,
                                "a step needs \"hold\"; write how long to stay at this weight, like \"hold: 10m\"");
        if (requests)
                read_requests(requests, diags, &step->min_requests);
}

/* Returns the weight, or "before" when it is not to be had. */
static uint32_t read_step(const YamlNode *node, uint32_t before, PlanDraft *draft, DiagList *diags) {
        const YamlNode *weight;
        uint32_t units = 0;
        char text[16];

        if (!yaml_map_check(node, &plan_rule_step, diags))
                return before;
        weight = yaml_map_get(node, "weight");
        if (!weight || !plan_value_weight(weight, diags, &units)) {
                read_partial_step(node, 0, draft, diags);
                return before;
        }
        if (before == WEIGHT_FULL)
                diag_add(diags, DIAG_ERROR, weight->line, weight->column,
                                "nothing can follow the step of 100 %%; remove this step or move it up");
        else if (units <= before) {
                weight_format(before, text);
                diag_add(diags, DIAG_ERROR, weight->line, weight->column,
                                "weights must rise from step to step, but %s follows %s", weight->text,
                                text);
        }
        if (units == WEIGHT_FULL)
                read_final_step(node, draft, diags);
        else
                read_partial_step(node, units, draft, diags);
        return MAX(units, before);
}

void plan_read_steps(const YamlNode *top, PlanDraft *draft, DiagList *diags) {
        const YamlNode *list = yaml_map_get(top, "steps"), *strategy = yaml_map_get(top, "strategy");
        uint32_t weight = 0;
        size_t n = 0;

        draft->plan.steps = draft->steps;
        if (list && strategy)
                diag_add(diags, DIAG_ERROR, strategy->key->line, strategy->key->column,
                                "\"strategy\" stands for steps, but there are \"steps\" on line %u; remove one of "
                                "them",
                                list->key->line);
        if (strategy)
                plan_read_strategy(strategy, draft, diags);
        if (list && strategy)
                draft->plan.n_steps = 0; /* read for its mistakes alone */
        if (!list)
                return;
        if (list->kind != NODE_LIST) {
                yaml_refuse(list, diags, WANTS_STEPS, "write each as \"- {weight: 10%, hold: 10m}\"");
                return;
        }
        if (list->n == 0)
                yaml_refuse(list, diags, WANTS_STEPS, "for all at once write \"- {weight: 100%}\"");
        for (const YamlNode *node = list->first; node; node = node->next) {
                if (++n > PLAN_STEPS_MAX) {
                        diag_add(diags, DIAG_ERROR, node->line, node->column,
                                        "a plan has at most %d steps, and this is one more", PLAN_STEPS_MAX);
                        return;
                }
                weight = read_step(node, weight, draft, diags);
        }
}
