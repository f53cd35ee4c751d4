#include "base/str.h"
#include "base/timefmt.h"
#include "base/usec.h"
#include "codec/plan-internal.h"
#include "codec/plan-value.h"

#define EVERY_MIN USEC_PER_SEC
#define EVERY_MAX USEC_PER_HOUR
#define PERIOD_MAX USEC_PER_DAY
#define SETTLED_PERIODS 3

#define WANTS_CHECKS "a list of checks, or the word none"
#define WANTS_SETTLED "the word auto, or a duration such as 3m"
#define WANTS_PERIOD "1s, 5s, 10s, 30s or whole minutes"

/* Lambda publishes minutes late, however narrow the buckets are that a plan asks for. */
static usec_t settled_auto(usec_t period) {
        return usec_max(PLAN_DEFAULT_SETTLED, SETTLED_PERIODS * period);
}

static bool period_is_valid(usec_t period) {
        return period == 1 * USEC_PER_SEC || period == 5 * USEC_PER_SEC || period == 10 * USEC_PER_SEC ||
                        period == 30 * USEC_PER_SEC || (period > 0 && period % USEC_PER_MINUTE == 0);
}

static void read_period(const YamlNode *node, DiagList *diags, usec_t *ret) {
        usec_t period = 0;

        if (!plan_value_duration(node, diags, USEC_PER_SEC, PERIOD_MAX, &period))
                return;
        if (!period_is_valid(period))
                yaml_refuse(node, diags, WANTS_PERIOD, "CloudWatch has no other buckets");
        else
                *ret = period;
}

static void read_settled(const YamlNode *node, usec_t period, DiagList *diags, usec_t *ret) {
        char limit[TIME_TEXT_MAX];
        usec_t most = period * (METRIC_ROWS_MAX / 2), settled = 0;

        if (node->kind == NODE_SCALAR && streq(node->text, "auto"))
                return;
        if (node->kind != NODE_SCALAR || !strchr("0123456789", node->text[0])) {
                yaml_refuse(node, diags, WANTS_SETTLED, NULL);
                return;
        }
        if (!plan_value_duration(node, diags, 0, USEC_INFINITY, &settled))
                return;
        if (settled > most) {
                duration_format(most, limit);
                diag_add(diags, DIAG_ERROR, node->line, node->column,
                                "\"settled_after\" is %s, more than %s, which is %d buckets of \"period\"",
                                node->text, limit, METRIC_ROWS_MAX / 2);
                return;
        }
        *ret = settled;
}

/* Blind for less than the time between two polls would be a rollback for nothing. */
static void check_blind(const YamlNode *health, const Plan *plan, DiagList *diags) {
        const YamlNode *node = yaml_map_get(health, "max_blind");
        char blind[TIME_TEXT_MAX], every[TIME_TEXT_MAX];

        if (plan->max_blind >= plan->every)
                return;
        if (!node)
                node = yaml_map_get(health, "every");
        if (!node)
                return;
        duration_format(plan->max_blind, blind);
        duration_format(plan->every, every);
        diag_add(diags, DIAG_ERROR, node->line, node->column,
                        "\"max_blind\" (%s) is shorter than \"every\" (%s), so that one poll could not come in time; "
                        "raise \"max_blind\"",
                        blind, every);
}

static void read_checks(const YamlNode *node, PlanDraft *draft, DiagList *diags) {
        size_t n = 0;

        if (node->kind == NODE_SCALAR && streq(node->text, "none")) {
                draft->plan.checks_none = true;
                return;
        }
        if (node->kind != NODE_LIST || node->n == 0) {
                yaml_refuse(node, diags, WANTS_CHECKS, "write each as \"- {metric: error_rate, max: 5%}\"");
                return;
        }
        for (const YamlNode *check = node->first; check; check = check->next) {
                if (++n > PLAN_CHECKS_MAX) {
                        diag_add(diags, DIAG_ERROR, check->line, check->column,
                                        "a plan has at most %d checks, and this is one more",
                                        PLAN_CHECKS_MAX);
                        return;
                }
                plan_read_check(check, draft, diags);
        }
}

void plan_read_health(const YamlNode *top, PlanDraft *draft, DiagList *diags) {
        const YamlNode *health = yaml_map_get(top, "health");
        const YamlNode *every, *period, *settled, *blind, *checks;
        Plan *plan = &draft->plan;

        plan->checks = draft->checks;
        if (!health || !yaml_map_check(health, &plan_rule_health, diags))
                return;
        every = yaml_map_get(health, "every");
        period = yaml_map_get(health, "period");
        settled = yaml_map_get(health, "settled_after");
        blind = yaml_map_get(health, "max_blind");
        checks = yaml_map_get(health, "checks");
        if (every)
                (void) plan_value_duration(every, diags, EVERY_MIN, EVERY_MAX, &plan->every);
        if (period)
                read_period(period, diags, &plan->period);
        plan->settled_after = settled_auto(plan->period);
        if (settled)
                read_settled(settled, plan->period, diags, &plan->settled_after);
        if (blind)
                (void) plan_value_duration(blind, diags, USEC_PER_SEC, USEC_INFINITY, &plan->max_blind);
        check_blind(health, plan, diags);
        if (checks)
                read_checks(checks, draft, diags);
}
