#include "codec/plan-value.h"

#include <stdio.h>

#include "base/macro.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "base/usec.h"
#include "codec/decimal.h"
#include "codec/yaml-map.h"
#include "core/trace.h"

#define WANTS_DURATION "a duration such as 30s, 10m or 1h30m"
#define WANTS_WEIGHT "a weight such as 5% or 0.05"
#define WANTS_SHARE "a share such as 5% or 0.05"
#define WANTS_MILLISECONDS "a number of milliseconds, such as 800 or 800ms"
#define WANTS_VERSION "the number of a published version, such as 42"

#define WANTS_BOOL "true or false"

#define ZERO_ADVICE "write it without zeros in front"

#define DIGITS "0123456789"

static bool is_number(const char *s) {
        return s[0] != '\0' && s[strspn(s, DIGITS)] == '\0';
}

static const char *duration_advice(const char *s, int error) {
        if (error == -ERANGE)
                return "that is more than ten years";
        if (is_number(s))
                return "the unit is missing: write s, m, h or d behind it";
        if (s[0] == '-')
                return "time does not run backwards";
        if (strchr(s, '.'))
                return "units take whole numbers: 1h30m, not 1.5h";
        if (strchr(s, ' '))
                return "write it without spaces";
        return "the units are d, h, m, s and ms, each once and in this order";
}

bool plan_value_duration(const YamlNode *node, DiagList *diags, usec_t min, usec_t max, usec_t *ret) {
        const char *s = yaml_text_of(node, diags, WANTS_DURATION);
        char limit[TIME_TEXT_MAX];
        usec_t value;
        int r;

        if (!s)
                return false;
        r = duration_parse(s, &value);
        if (r < 0) {
                yaml_refuse(node, diags, WANTS_DURATION, duration_advice(s, r));
                return false;
        }
        if (value >= min && value <= max) {
                *ret = value;
                return true;
        }
        duration_format(value < min ? min : max, limit);
        diag_add(diags, DIAG_ERROR, node->line, node->column, "\"%s\" is %s, %s the %s of %s",
                        node->key->text, s, value < min ? "less than" : "more than",
                        value < min ? "minimum" : "maximum", limit);
        return false;
}

/* "5%" or "5 %" or "0.05" -> the number and whether it counts per cent. */
static int parse_share(const char *s, Decimal *ret, bool *ret_percent) {
        size_t n = strlen(s);
        bool percent = n > 0 && s[n - 1] == '%';

        if (percent)
                n--;
        if (percent && n > 0 && s[n - 1] == ' ')
                n--;
        *ret_percent = percent;
        return decimal_parse(s, n, ret);
}

/* A bare number of 1 or more could be per cent or a fraction: nobody should have to guess. */
static bool is_bare_percent(const Decimal *d, bool percent) {
        return !percent && decimal_to_double(d, 0) >= 1;
}

static bool refuse_bare(const YamlNode *node, DiagList *diags, const char *wants) {
        char advice[96];

        (void) snprintf(advice, sizeof(advice), "a fraction is less than 1: for per cent write %.24s%%",
                        node->text);
        yaml_refuse(node, diags, wants, advice);
        return false;
}

static const char *weight_fault(const Decimal *d, bool percent, uint64_t *ret) {
        int r = decimal_to_units(d, percent ? 2 : 4, WEIGHT_FULL, ret);

        if (r == -EDOM)
                return "a weight cannot be finer than 0.01%";
        if (r < 0)
                return "there is no more than 100%";
        if (*ret == 0)
                return "the smallest weight is 0.01%";
        return NULL;
}

bool plan_value_weight(const YamlNode *node, DiagList *diags, uint32_t *ret) {
        const char *s = yaml_text_of(node, diags, WANTS_WEIGHT), *fault;
        Decimal d = { 0 };
        uint64_t units = 0;
        char text[16];
        bool percent;

        if (!s)
                return false;
        if (parse_share(s, &d, &percent) < 0) {
                yaml_refuse(node, diags, WANTS_WEIGHT, NULL);
                return false;
        }
        if (is_bare_percent(&d, percent))
                return refuse_bare(node, diags, WANTS_WEIGHT);
        fault = weight_fault(&d, percent, &units);
        if (fault) {
                yaml_refuse(node, diags, WANTS_WEIGHT, fault);
                return false;
        }
        if (units % WEIGHT_PERCENT != 0) {
                weight_format((uint32_t) units, text);
                diag_add(diags, DIAG_WARNING, node->line, node->column,
                                "%s is not a whole per cent: it is sent as it is, but how AWS rounds it is not "
                                "documented",
                                text);
        }
        *ret = (uint32_t) units;
        return true;
}

bool plan_value_share(const YamlNode *node, DiagList *diags, double *ret) {
        const char *s = yaml_text_of(node, diags, WANTS_SHARE);
        Decimal d = { 0 };
        double value;
        bool percent;

        if (!s)
                return false;
        if (parse_share(s, &d, &percent) < 0) {
                yaml_refuse(node, diags, WANTS_SHARE, NULL);
                return false;
        }
        if (is_bare_percent(&d, percent))
                return refuse_bare(node, diags, WANTS_SHARE);
        value = decimal_to_double(&d, percent ? 2 : 0);
        if (value > 1) {
                yaml_refuse(node, diags, WANTS_SHARE, "no share is more than 100%");
                return false;
        }
        if (value >= 1)
                diag_add(diags, DIAG_WARNING, node->line, node->column,
                                "no error rate is more than 100%%: this check can never be breached");
        *ret = value;
        return true;
}

/* "010" is eight to some readers of YAML and ten to others. */
static bool is_octal(const char *s) {
        return s[0] == '0' && is_number(s + 1);
}

bool plan_value_milliseconds(const YamlNode *node, DiagList *diags, double *ret) {
        const char *s = yaml_text_of(node, diags, WANTS_MILLISECONDS);
        Decimal d = { 0 };
        usec_t span;
        double value;

        if (!s)
                return false;
        if (is_octal(s)) {
                yaml_refuse(node, diags, WANTS_MILLISECONDS, ZERO_ADVICE);
                return false;
        }
        if (decimal_parse(s, strlen(s), &d) >= 0)
                value = decimal_to_double(&d, 0);
        else if (duration_parse(s, &span) >= 0)
                value = (double) span / (double) USEC_PER_MSEC;
        else {
                yaml_refuse(node, diags, WANTS_MILLISECONDS, NULL);
                return false;
        }
        if (value <= 0) {
                yaml_refuse(node, diags, WANTS_MILLISECONDS, "every request takes longer than that");
                return false;
        }
        *ret = value;
        return true;
}

bool plan_value_count(const YamlNode *node, DiagList *diags, const char *what, uint64_t min, uint64_t max,
                uint64_t *ret) {
        const char *s = yaml_text_of(node, diags, what);
        char advice[64];
        uint64_t value;
        int r;

        if (!s)
                return false;
        if (is_octal(s)) {
                yaml_refuse(node, diags, what, ZERO_ADVICE);
                return false;
        }
        r = str_parse_u64(s, max, &value);
        if (r >= 0 && value >= min) {
                *ret = value;
                return true;
        }
        if (r == -ERANGE)
                (void) snprintf(advice, sizeof(advice), "the maximum is %llu", (unsigned long long) max);
        else
                (void) snprintf(advice, sizeof(advice), "the minimum is %llu", (unsigned long long) min);
        yaml_refuse(node, diags, what, r == -EINVAL ? NULL : advice);
        return false;
}

bool plan_value_version(const YamlNode *node, DiagList *diags, uint64_t *ret) {
        const char *s = yaml_text_of(node, diags, WANTS_VERSION);
        uint64_t value;

        if (!s)
                return false;
        if (str_after(s, "$LATEST"))
                yaml_refuse(node, diags, WANTS_VERSION,
                                "an alias cannot split traffic with $LATEST: publish a version and give its number");
        else if (!is_number(s))
                yaml_refuse(node, diags, WANTS_VERSION, NULL);
        else if (s[0] == '0')
                yaml_refuse(node, diags, WANTS_VERSION, "versions count from 1, without zeros in front");
        else if (str_parse_u64(s, INT64_MAX, &value) < 0)
                yaml_refuse(node, diags, WANTS_VERSION, "no function has that many versions");
        else {
                *ret = value;
                return true;
        }
        return false;
}

void plan_refuse_word(const YamlNode *node, DiagList *diags, const char *wants, const char *const *words,
                size_t n) {
        const char *nearest = node->kind == NODE_SCALAR ? str_nearest(node->text, words, n) : NULL;
        char advice[96];

        if (nearest)
                (void) snprintf(advice, sizeof(advice), "did you mean \"%s\"?", nearest);
        yaml_refuse(node, diags, wants, nearest ? advice : NULL);
}

bool plan_value_choice(const YamlNode *node, DiagList *diags, const char *wants, const char *const *words,
                size_t n, size_t *ret) {
        const char *s = yaml_text_of(node, diags, wants);

        if (!s)
                return false;
        for (size_t i = 0; i < n; i++)
                if (streq(s, words[i])) {
                        *ret = i;
                        return true;
                }
        plan_refuse_word(node, diags, wants, words, n);
        return false;
}

bool plan_value_bool(const YamlNode *node, DiagList *diags, bool *ret) {
        const char *s = yaml_text_of(node, diags, WANTS_BOOL);

        if (!s)
                return false;
        if (streq(s, "true") || streq(s, "false")) {
                *ret = streq(s, "true");
                return true;
        }
        if (strcaseeq(s, "yes") || strcaseeq(s, "on") || strcaseeq(s, "true"))
                yaml_refuse(node, diags, WANTS_BOOL, "did you mean \"true\"?");
        else if (strcaseeq(s, "no") || strcaseeq(s, "off") || strcaseeq(s, "false"))
                yaml_refuse(node, diags, WANTS_BOOL, "did you mean \"false\"?");
        else
                yaml_refuse(node, diags, WANTS_BOOL, NULL);
        return false;
}
