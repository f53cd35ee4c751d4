#include <stdio.h>

#include "base/str.h"
#include "base/timefmt.h"
#include "base/usec.h"
#include "codec/decimal.h"
#include "codec/plan-internal.h"
#include "codec/plan-value.h"

#define WANTS_STRATEGY                                                                                             \
        "one of all-at-once, linear-10-every-1m, canary-10-for-5m, a map like {linear: {by: 10%, every: 1m}}, or " \
        "a name of CodeDeploy"
#define PARTS_ADVICE "a whole per cent from 1 to 99, and a duration such as 10m"
#define WANTS_FACTOR "a factor such as 2 or 1.5"

#define PERCENTS_MAX 99
#define FACTOR_SCALE 2
#define FACTOR_MIN 101u
#define FACTOR_MAX 10000u
#define FACTOR_ONE 100u

/* What CodeDeploy calls its deployments of Lambda functions, so that a SAM template's word can be taken
 * over. */
static const struct {
        const char *name;
        unsigned percent, minutes;
        bool is_linear;
} codedeploy[] = {
        { "Canary10Percent5Minutes", 10, 5, false },
        { "Canary10Percent10Minutes", 10, 10, false },
        { "Canary10Percent15Minutes", 10, 15, false },
        { "Canary10Percent30Minutes", 10, 30, false },
        { "Linear10PercentEvery1Minute", 10, 1, true },
        { "Linear10PercentEvery2Minutes", 10, 2, true },
        { "Linear10PercentEvery3Minutes", 10, 3, true },
        { "Linear10PercentEvery10Minutes", 10, 10, true },
        { "AllAtOnce", 0, 0, false },
};

static const char *const words[] = { "all-at-once", "linear-10-every-1m", "canary-10-for-5m",
        "Canary10Percent5Minutes", "Canary10Percent10Minutes", "Canary10Percent15Minutes",
        "Canary10Percent30Minutes", "Linear10PercentEvery1Minute", "Linear10PercentEvery2Minutes",
        "Linear10PercentEvery3Minutes", "Linear10PercentEvery10Minutes", "AllAtOnce" };

/* False: no room for one step more. */
static bool add_step(const YamlNode *node, PlanDraft *draft, uint32_t weight, usec_t hold, DiagList *diags) {
        if (draft->plan.n_steps == PLAN_STEPS_MAX) {
                diag_add(diags, DIAG_ERROR, node->line, node->column,
                                "this makes more than %d steps, and no plan has more; go in larger ones",
                                PLAN_STEPS_MAX);
                return false;
        }
        draft->steps[draft->plan.n_steps++] = (PlanStep){ .weight = weight, .hold = hold };
        return true;
}

static void expand_linear(
                const YamlNode *node, PlanDraft *draft, uint32_t by, usec_t every, DiagList *diags) {
        for (uint32_t weight = by; weight < WEIGHT_FULL; weight += by)
                if (!add_step(node, draft, weight, every, diags))
                        return;
}

/* Whole per cents as soon as there is one: nobody knows how AWS rounds finer weights. */
static uint32_t next_weight(uint32_t weight, uint64_t factor) {
        uint64_t grid = weight >= WEIGHT_PERCENT ? WEIGHT_PERCENT : 1;
        uint64_t next = weight * factor / FACTOR_ONE;

        next = (next + grid / 2) / grid * grid;
        return (uint32_t) MIN(MAX(next, weight + grid), (uint64_t) WEIGHT_FULL);
}

static void expand_exponential(const YamlNode *node, PlanDraft *draft, uint32_t from, uint64_t factor,
                usec_t every, DiagList *diags) {
        for (uint32_t weight = from; weight < WEIGHT_FULL; weight = next_weight(weight, factor))
                if (!add_step(node, draft, weight, every, diags))
                        return;
}

/* Less than all: the rest is what a strategy is about. */
static bool read_weight(const YamlNode *node, DiagList *diags, uint32_t *ret) {
        uint32_t weight;

        if (!node || !plan_value_weight(node, diags, &weight))
                return false;
        if (weight == WEIGHT_FULL) {
                diag_add(diags, DIAG_ERROR, node->line, node->column,
                                "\"%s\" is 100%%; for all at once write \"strategy: all-at-once\"",
                                node->key->text);
                return false;
        }
        *ret = weight;
        return true;
}

static bool read_span(const YamlNode *node, DiagList *diags, usec_t *ret) {
        return node && plan_value_duration(node, diags, USEC_PER_MSEC, USEC_INFINITY, ret);
}

static bool read_factor(const YamlNode *node, DiagList *diags, uint64_t *ret) {
        const char *s = node ? yaml_text_of(node, diags, WANTS_FACTOR) : NULL;
        Decimal d = { 0 };
        uint64_t value = 0;
        int r;

        if (!s)
                return false;
        r = decimal_parse(s, strlen(s), &d);
        if (r >= 0)
                r = decimal_to_units(&d, FACTOR_SCALE, FACTOR_MAX, &value);
        if (r == -EDOM)
                yaml_refuse(node, diags, WANTS_FACTOR, "two decimals at most");
        else if (r == -EINVAL)
                yaml_refuse(node, diags, WANTS_FACTOR, NULL);
        else if (r < 0 || value < FACTOR_MIN)
                yaml_refuse(node, diags, WANTS_FACTOR, "it is more than 1 and at most 100");
        else {
                *ret = value;
                return true;
        }
        return false;
}

static void read_linear(const YamlNode *node, PlanDraft *draft, DiagList *diags) {
        uint32_t by = 0;
        usec_t every = 0;
        bool is_good;

        if (!yaml_map_check(node, &plan_rule_linear, diags))
                return;
        is_good = read_weight(yaml_map_get(node, "by"), diags, &by);
        if (read_span(yaml_map_get(node, "every"), diags, &every) && is_good)
                expand_linear(node, draft, by, every, diags);
}

static void read_exponential(const YamlNode *node, PlanDraft *draft, DiagList *diags) {
        uint32_t from = 0;
        uint64_t factor = 0;
        usec_t every = 0;
        bool is_good;

        if (!yaml_map_check(node, &plan_rule_exponential, diags))
                return;
        is_good = read_weight(yaml_map_get(node, "from"), diags, &from);
        is_good = read_factor(yaml_map_get(node, "factor"), diags, &factor) && is_good;
        if (read_span(yaml_map_get(node, "every"), diags, &every) && is_good)
                expand_exponential(node, draft, from, factor, every, diags);
}

static void read_canary(const YamlNode *node, PlanDraft *draft, DiagList *diags) {
        uint32_t weight = 0;
        usec_t span = 0;
        bool is_good;

        if (!yaml_map_check(node, &plan_rule_canary, diags))
                return;
        is_good = read_weight(yaml_map_get(node, "weight"), diags, &weight);
        if (read_span(yaml_map_get(node, "for"), diags, &span) && is_good)
                (void) add_step(node, draft, weight, span, diags);
}

static void read_map(const YamlNode *node, PlanDraft *draft, DiagList *diags) {
        static const struct {
                const char *name;
                void (*read)(const YamlNode *node, PlanDraft *draft, DiagList *diags);
        } kinds[] = {
                { "linear", read_linear },
                { "exponential", read_exponential },
                { "canary", read_canary },
        };

        if (!yaml_map_check(node, &plan_rule_strategy, diags))
                return;
        if (node->n == 0)
                yaml_refuse(node, diags, WANTS_STRATEGY, NULL);
        if (node->n > 1)
                diag_add(diags, DIAG_ERROR, node->first->next->key->line, node->first->next->key->column,
                                "there is only one strategy, and the first key stands for one already; remove this one");
        if (node->n != 1)
                return;
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++) {
                const YamlNode *value = yaml_map_get(node, kinds[i].name);

                if (value)
                        kinds[i].read(value, draft, diags);
        }
}

/* "linear-10-every-1m": the words around whole per cents and a span. */
static bool parse_name(const char *s, const char *begin, const char *middle, uint32_t *ret_percent,
                usec_t *ret_span) {
        const char *rest = str_after(s, begin), *span;
        uint32_t percent = 0;

        if (!rest)
                return false;
        for (; *rest >= '0' && *rest <= '9' && percent <= PERCENTS_MAX; rest++)
                percent = percent * 10 + (uint32_t) (*rest - '0');
        span = str_after(rest, middle);
        if (percent == 0 || percent > PERCENTS_MAX || !span || duration_parse(span, ret_span) < 0 ||
                        *ret_span == 0)
                return false;
        *ret_percent = percent;
        return true;
}

static bool read_codedeploy(const YamlNode *node, PlanDraft *draft, DiagList *diags) {
        const char *name = str_after(node->text, "CodeDeployDefault.Lambda");

        if (!name)
                name = node->text;
        for (size_t i = 0; i < ELEMENTSOF(codedeploy); i++) {
                uint32_t weight = codedeploy[i].percent * WEIGHT_PERCENT;
                usec_t span = codedeploy[i].minutes * USEC_PER_MINUTE;

                if (!streq(codedeploy[i].name, name))
                        continue;
                if (codedeploy[i].is_linear)
                        expand_linear(node, draft, weight, span, diags);
                else if (weight > 0)
                        (void) add_step(node, draft, weight, span, diags);
                return true;
        }
        return false;
}

void plan_read_strategy(const YamlNode *node, PlanDraft *draft, DiagList *diags) {
        uint32_t percent = 0;
        usec_t span = 0;

        if (node->kind == NODE_MAP) {
                read_map(node, draft, diags);
                return;
        }
        if (node->kind != NODE_SCALAR) {
                yaml_refuse(node, diags, WANTS_STRATEGY, NULL);
                return;
        }
        if (streq(node->text, "all-at-once") || read_codedeploy(node, draft, diags))
                return;
        if (parse_name(node->text, "linear-", "-every-", &percent, &span))
                expand_linear(node, draft, percent * WEIGHT_PERCENT, span, diags);
        else if (parse_name(node->text, "canary-", "-for-", &percent, &span))
                (void) add_step(node, draft, percent * WEIGHT_PERCENT, span, diags);
        else if (str_after(node->text, "linear-"))
                yaml_refuse(node, diags, "linear-SHARE-every-TIME", PARTS_ADVICE);
        else if (str_after(node->text, "canary-"))
                yaml_refuse(node, diags, "canary-SHARE-for-TIME", PARTS_ADVICE);
        else
                plan_refuse_word(node, diags, WANTS_STRATEGY, words, ELEMENTSOF(words));
}
