#include "base/str.h"
#include "base/utf8.h"
#include "codec/decimal.h"
#include "codec/plan-internal.h"
#include "codec/plan-value.h"

#define STAT_MAX 15 /* bytes */
#define LIMIT_ERRORS_MAX UINT64_C(1000000000)

#define WANTS_METRIC "one of error_rate, errors, duration"
#define WANTS_STAT "a statistic: Average, Maximum, or p50 to p99.99"
#define WANTS_ALARM "the name of a CloudWatch alarm, at most 255 characters"
#define WANTS_NAME "a name of letters, digits, \".\", \"_\" and \"-\", at most 64"

#define ALARM_CHARACTERS_MAX 255

static const char *const metrics[] = {
        [CHECK_ERROR_RATE] = "error_rate",
        [CHECK_ERRORS] = "errors",
        [CHECK_DURATION] = "duration",
};

static const char *const metrics_to_come[] = { "throttles", "invocations" };

static bool read_metric(const YamlNode *node, DiagList *diags, CheckKind *ret) {
        if (node->kind == NODE_MAP) {
                yaml_refuse(node, diags, WANTS_METRIC,
                                "metrics of your own are not supported by this version of canaryd");
                return false;
        }
        for (size_t i = 0; i < ELEMENTSOF(metrics); i++)
                if (streq(node->text, metrics[i])) {
                        *ret = (CheckKind) i;
                        return true;
                }
        for (size_t i = 0; i < ELEMENTSOF(metrics_to_come); i++)
                if (streq(node->text, metrics_to_come[i])) {
                        yaml_refuse(node, diags, WANTS_METRIC,
                                        "that one is not supported by this version of canaryd");
                        return false;
                }
        plan_refuse_word(node, diags, WANTS_METRIC, metrics, ELEMENTSOF(metrics));
        return false;
}

static void read_max(const YamlNode *node, DiagList *diags, PlanCheck *check) {
        uint64_t errors;

        switch (check->kind) {
        case CHECK_ERROR_RATE:
                (void) plan_value_share(node, diags, &check->max);
                return;
        case CHECK_DURATION:
                (void) plan_value_milliseconds(node, diags, &check->max);
                return;
        case CHECK_ERRORS:
                if (node->kind == NODE_SCALAR && str_ends_with(node->text, "%"))
                        yaml_refuse(node, diags, "a number of errors",
                                        "for a share of the requests use \"metric: error_rate\"");
                else if (plan_value_count(node, diags, "a number of errors", 0, LIMIT_ERRORS_MAX, &errors))
                        check->max = (double) errors;
                return;
        case CHECK_ALARM:
                return;
        }
}

/* "p50" to "p99.99", at most two decimals. */
static bool stat_is_percentile(const char *s) {
        Decimal d = { 0 };
        uint64_t hundredths;

        return s[0] == 'p' && strlen(s) <= STAT_MAX && decimal_parse(s + 1, strlen(s + 1), &d) >= 0 &&
                        decimal_to_units(&d, 2, 9999, &hundredths) >= 0 && hundredths >= 5000 && s[1] != '0';
}

static const char *stat_advice(const char *s) {
        if (streq(s, "Minimum") || streq(s, "Sum") || streq(s, "SampleCount"))
                return "no other statistic says whether requests got slower";
        if (s[0] == 'P')
                return "percentiles begin with a small p: p99";
        if (s[0] == 'p' && strpbrk(s, "0123456789"))
                return "percentiles go from p50 to p99.99, with two decimals at most";
        if (strcaseeq(s, "avg") || strcaseeq(s, "mean"))
                return "did you mean \"Average\"?";
        if (strcaseeq(s, "max"))
                return "did you mean \"Maximum\"?";
        if (strcaseeq(s, "median"))
                return "did you mean \"p50\"?";
        return NULL;
}

static void read_stat(const YamlNode *node, DiagList *diags, PlanCheck *check) {
        static const char *const words[] = { "Average", "Maximum" };
        const char *s = yaml_text_of(node, diags, WANTS_STAT);

        if (!s)
                return;
        if (streq(s, "Average") || streq(s, "Maximum") || stat_is_percentile(s))
                check->stat = s;
        else if (stat_advice(s))
                yaml_refuse(node, diags, WANTS_STAT, stat_advice(s));
        else
                plan_refuse_word(node, diags, WANTS_STAT, words, ELEMENTSOF(words));
}

/* A statistic belongs to durations and nowhere else. */
static void check_stat(const YamlNode *node, DiagList *diags, PlanCheck *check) {
        const YamlNode *stat = yaml_map_get(node, "stat");

        if (check->kind == CHECK_DURATION && stat)
                read_stat(stat, diags, check);
        else if (check->kind == CHECK_DURATION && !yaml_map_has(node, "stat"))
                diag_add(diags, DIAG_ERROR, node->line, node->column,
                                "a check of duration needs \"stat\"; write which statistic, like \"stat: p99\"");
        else if (stat)
                diag_add(diags, DIAG_ERROR, stat->key->line, stat->key->column,
                                "\"stat\" is for \"metric: duration\" only, %s has none; remove it",
                                metrics[check->kind]);
}

static const char *alarm_fault(const char *s) {
        size_t n = 0;

        if (str_after(s, "arn:"))
                return "write the alarm's name, not its ARN";
        while (*s != '\0') {
                uint32_t c;
                int size = utf8_decode(s, strlen(s), &c);

                if (size < 0 || c < ' ' || (c >= 0x7f && c < 0xa0))
                        return "no alarm has control characters in its name";
                s += size;
                n++;
        }
        if (n == 0)
                return "an alarm has a name";
        return n > ALARM_CHARACTERS_MAX ? "no alarm has such a long name" : NULL;
}

/* An alarm is compared with nothing: it rings or it does not. */
static bool read_alarm(const YamlNode *node, DiagList *diags, PlanCheck *check) {
        static const char *const others[] = { "metric", "max", "min_requests", "stat" };
        const YamlNode *alarm = yaml_map_get(node, "alarm"), *other;
        const char *s = alarm ? yaml_text_of(alarm, diags, WANTS_ALARM) : NULL;
        const char *fault = s ? alarm_fault(s) : NULL;

        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                if ((other = yaml_map_get(node, others[i])))
                        diag_add(diags, DIAG_ERROR, other->key->line, other->key->column,
                                        "\"%s\" has no meaning beside \"alarm\": an alarm has its own limit; remove "
                                        "one of them",
                                        others[i]);
        if (fault)
                yaml_refuse(alarm, diags, WANTS_ALARM, fault);
        if (!s || fault)
                return false;
        check->kind = CHECK_ALARM;
        check->alarm = s;
        return true;
}

static const char *name_of(const YamlNode *node, const PlanCheck *check, DiagList *diags) {
        const YamlNode *name = yaml_map_get(node, "name");
        const char *s;

        if (!name)
                return check->kind == CHECK_ALARM ? check->alarm : metrics[check->kind];
        s = yaml_text_of(name, diags, WANTS_NAME);
        if (s && !plan_name_is_valid(s)) {
                yaml_refuse(name, diags, WANTS_NAME, NULL);
                return NULL;
        }
        return s;
}

static void read_name(const YamlNode *node, uint32_t index, PlanDraft *draft, DiagList *diags) {
        const YamlNode *place = yaml_map_get(node, "name");
        PlanCheck *check = &draft->checks[index];
        const char *s = name_of(node, check, diags);

        if (!s)
                return;
        check->name = s;
        if (!place)
                place = node;
        draft->check_lines[index] = place->line;
        for (uint32_t i = 0; i < index; i++)
                if (draft->checks[i].name && streq(draft->checks[i].name, s)) {
                        diag_add(diags, DIAG_ERROR, place->line, place->column,
                                        "the check on line %u has the name \"%s\" already; give this one another "
                                        "\"name\"",
                                        draft->check_lines[i], s);
                        return;
                }
}

void plan_read_check(const YamlNode *node, PlanDraft *draft, DiagList *diags) {
        uint32_t index = draft->plan.n_checks;
        PlanCheck *check = &draft->checks[index];
        const YamlNode *metric, *max, *requests;
        uint64_t n;

        if (!yaml_map_check(node, &plan_rule_check, diags))
                return;
        check->min_requests = 1;
        if (yaml_map_has(node, "alarm")) {
                if (!read_alarm(node, diags, check))
                        return;
                draft->plan.n_checks++;
                read_name(node, index, draft, diags);
                return;
        }
        metric = yaml_map_get(node, "metric");
        max = yaml_map_get(node, "max");
        requests = yaml_map_get(node, "min_requests");
        if (requests && plan_value_count(requests, diags, "a number of requests", 1, PLAN_REQUESTS_MAX, &n))
                check->min_requests = (uint32_t) n;
        /* Without its metric nothing can be said about limit and default name. */
        if (!metric || !read_metric(metric, diags, &check->kind))
                return;
        draft->plan.n_checks++;
        if (max)
                read_max(max, diags, check);
        check_stat(node, diags, check);
        read_name(node, index, draft, diags);
}
