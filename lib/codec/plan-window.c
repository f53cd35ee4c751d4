#include <stdio.h>

#include "base/str.h"
#include "base/timefmt.h"
#include "base/usec.h"
#include "codec/plan-internal.h"
#include "codec/plan-value.h"
#include "codec/zone.h"

/* When traffic may move: "window" and "not_before". */

#define WANTS_DAYS "days such as mon-fri, or a list like [mon, wed, fri]"
#define WANTS_HOURS "hours such as \"09:00-17:00\""
#define WANTS_ZONE "a time zone such as Europe/Berlin or UTC"
#define WANTS_AT_END "one of hold, roll_back"
#define WANTS_TIME "a time such as 2026-01-15T08:00:00Z"

#define DAYS 7u
#define DAYS_ALL 0x7fu
#define DAY_MINUTES (24u * 60)
#define DAY_TEXT_MAX 8

static const char *const days[DAYS] = { "mon", "tue", "wed", "thu", "fri", "sat", "sun" };

/* "mon" of n characters -> 0. */
static bool parse_day(const char *s, size_t n, unsigned *ret) {
        for (unsigned i = 0; i < DAYS; i++)
                if (n == strlen(days[i]) && strncmp(s, days[i], n) == 0) {
                        *ret = i;
                        return true;
                }
        return false;
}

/* "mon" or "fri-mon" -> the days' bits. */
static bool parse_days(const char *s, uint8_t *ret) {
        size_t n = strcspn(s, "-");
        unsigned first, last, bits = 0;

        if (!parse_day(s, n, &first))
                return false;
        last = first;
        if (s[n] == '-' && !parse_day(s + n + 1, strlen(s + n + 1), &last))
                return false;
        for (unsigned day = first;; day = (day + 1) % DAYS) {
                bits |= 1u << day;
                if (day == last)
                        break;
        }
        *ret = (uint8_t) bits;
        return true;
}

static const char *days_advice(const char *s) {
        char text[DAY_TEXT_MAX] = "";

        for (size_t i = 0; i < 3 && s[i] != '\0'; i++)
                text[i] = s[i] >= 'A' && s[i] <= 'Z' ? (char) (s[i] + 'a' - 'A') : s[i];
        for (unsigned i = 0; i < DAYS; i++)
                if (streq(text, days[i]))
                        return "days have three small letters: mon, tue, wed, thu, fri, sat, sun";
        return NULL;
}

static uint8_t read_days_word(const YamlNode *node, DiagList *diags) {
        const char *s = yaml_text_of(node, diags, WANTS_DAYS);
        uint8_t bits = 0;

        if (s && !parse_days(s, &bits))
                yaml_refuse(node, diags, WANTS_DAYS, days_advice(s));
        return bits;
}

static uint8_t read_days(const YamlNode *node, DiagList *diags) {
        unsigned bits = 0;

        if (node->kind != NODE_LIST)
                return read_days_word(node, diags);
        if (node->n == 0)
                yaml_refuse(node, diags, WANTS_DAYS, "a window that never opens ends no rollout");
        for (const YamlNode *day = node->first; day; day = day->next) {
                uint8_t more = read_days_word(day, diags);

                if ((bits & more) != 0)
                        diag_add(diags, DIAG_ERROR, day->line, day->column,
                                        "\"%.16s\" is in the list already; remove it", day->text);
                bits |= more;
        }
        return (uint8_t) bits;
}

/* "09:30" -> minutes; "24:00" is the end of the day. */
static bool parse_minutes(const char *s, uint32_t *ret) {
        uint32_t hours, minutes;

        for (size_t i = 0; i < 5; i++)
                if (i == 2 ? s[i] != ':' : s[i] < '0' || s[i] > '9')
                        return false;
        hours = (uint32_t) (s[0] - '0') * 10 + (uint32_t) (s[1] - '0');
        minutes = (uint32_t) (s[3] - '0') * 10 + (uint32_t) (s[4] - '0');
        if (minutes > 59 || hours * 60 + minutes > DAY_MINUTES)
                return false;
        *ret = hours * 60 + minutes;
        return true;
}

static void read_hours(const YamlNode *node, PlanWindow *w, DiagList *diags) {
        const char *s = node->kind == NODE_SCALAR ? node->text : "";
        uint32_t from, until;

        if (node->kind == NODE_LIST)
                yaml_refuse(node, diags, WANTS_HOURS, "a window opens once a day");
        else if (strlen(s) != strlen("09:00-17:00") || s[5] != '-' || !parse_minutes(s, &from) ||
                        !parse_minutes(s + 6, &until) || from == DAY_MINUTES)
                yaml_refuse(node, diags, WANTS_HOURS, "from and until, each as HH:MM of 24 hours");
        else if (from == until)
                yaml_refuse(node, diags, WANTS_HOURS,
                                "that begins when it ends; for whole days leave \"hours\" out");
        else {
                w->from = (uint16_t) from;
                w->until = (uint16_t) (until % DAY_MINUTES);
        }
}

static const char *zone_advice(const char *s) {
        if (streq(s, "CET") || streq(s, "CEST") || streq(s, "local"))
                return "write the name of a place, which knows its summer time";
        if (strlen(s) <= strlen("+01:00") && (s[0] == '+' || s[0] == '-'))
                return "write the name of a place, or UTC";
        return "it is none of the zones in " ZONE_FOLDER;
}

/* What it says is not known any more, so that it says: not now. */
static void close_for_good(const YamlNode *zone, Plan *plan, DiagList *diags) {
        diag_add(diags, DIAG_WARNING, zone->line, zone->column,
                        "the time zone %.64s of its window cannot be read any more, so that it does not move forward; put it "
                        "back into " ZONE_FOLDER " and restart canaryd",
                        zone->text);
        plan->window = (PlanWindow){ 0 };
        plan->not_before = USEC_INFINITY;
}

static int read_zone(const YamlNode *node, usec_t now, bool is_stored, Plan *plan, DiagList *diags) {
        PlanWindow *w = &plan->window;
        const char *s = yaml_text_of(node, diags, WANTS_ZONE);
        WindowOffset offsets[WINDOW_OFFSETS_MAX];
        uint32_t n = 0;
        int r;

        if (!s)
                return 0;
        w->zone = s;
        r = zone_read(ZONE_FOLDER, s, now, offsets, &n);
        if (r == -ENOMEM)
                return r;
        /* Where the database is missing, the one zone that needs none is still there. */
        if (r < 0 && streq(s, "UTC")) {
                offsets[0] = (WindowOffset){ 0 };
                n = 1;
        } else if (r < 0 && is_stored) {
                close_for_good(node, plan, diags);
                return 0;
        } else if (r < 0) {
                yaml_refuse(node, diags, WANTS_ZONE, zone_advice(s));
                return 0;
        }
        w->n_offsets = n;
        memcpy(w->offsets, offsets, n * sizeof(offsets[0]));
        return 0;
}

static usec_t window_length(const PlanWindow *w) {
        uint32_t minutes = w->until > w->from ? (uint32_t) w->until - w->from
                                              : DAY_MINUTES - w->from + w->until;

        return minutes * USEC_PER_MINUTE;
}

/* What must be over before the window closes, or it is all for nothing. */
static void check_length(const YamlNode *window, const Plan *plan, DiagList *diags) {
        const YamlNode *place = yaml_map_get(window, "hours");
        usec_t length = window_length(&plan->window), holds = 0;
        char needed[TIME_TEXT_MAX], open[TIME_TEXT_MAX];

        for (uint32_t i = 0; i < plan->n_steps; i++)
                holds = usec_add(holds, plan->steps[i].hold);
        /* Whole days follow each other without a gap; what ends as the window closes is too late. */
        if (!place || plan->window.from == plan->window.until || plan->window.at_end != WINDOW_ROLL_BACK ||
                        holds < length)
                return;
        duration_format(holds, needed);
        duration_format(length, open);
        diag_add(diags, DIAG_ERROR, place->line, place->column,
                        "the steps take %s, but the window closes after %s and \"at_end\" is roll_back, so that no "
                        "rollout could ever get through; widen it, or write \"at_end: hold\"",
                        needed, open);
}

static int read_window(const YamlNode *node, usec_t now, PlanDraft *draft, DiagList *diags) {
        static const char *const words[] = {
                [WINDOW_HOLD] = "hold",
                [WINDOW_ROLL_BACK] = "roll_back",
        };
        const YamlNode *day, *hours, *zone, *at_end;
        Plan *plan = &draft->plan;
        PlanWindow *w = &plan->window;
        size_t choice, before = diags->n_errors;
        int r = 0;

        if (!yaml_map_check(node, &plan_rule_window, diags))
                return 0;
        if (!yaml_map_has(node, "days") && !yaml_map_has(node, "hours") && diags->n_errors == before)
                diag_add(diags, DIAG_ERROR, node->line, node->column,
                                "\"window\" needs \"days\" or \"hours\"; write when it is open, like \"hours: "
                                "09:00-17:00\"");
        day = yaml_map_get(node, "days");
        hours = yaml_map_get(node, "hours");
        zone = yaml_map_get(node, "zone");
        at_end = yaml_map_get(node, "at_end");
        w->days = day ? read_days(day, diags) : DAYS_ALL;
        if (hours)
                read_hours(hours, w, diags);
        if (at_end && plan_value_choice(at_end, diags, WANTS_AT_END, words, ELEMENTSOF(words), &choice))
                w->at_end = (WindowEnd) choice;
        check_length(node, plan, diags);
        /* Last, as it may take all of that back. */
        if (zone)
                r = read_zone(zone, now, draft->is_stored, plan, diags);
        return r;
}

static void read_not_before(const YamlNode *node, Plan *plan, DiagList *diags) {
        const char *s = yaml_text_of(node, diags, WANTS_TIME);
        usec_t at;

        if (!s)
                return;
        if (time_parse_rfc3339(s, &at) < 0 || at == 0)
                yaml_refuse(node, diags, WANTS_TIME,
                                strlen(s) < strlen("2026-01-15T08:00:00Z")
                                                ? "date, time and zone are all needed: write Z or an offset like "
                                                  "+01:00 behind the time"
                                                : "there is no such time");
        else
                plan->not_before = at;
}

int plan_read_window(const YamlNode *top, usec_t now, PlanDraft *draft, DiagList *diags) {
        const YamlNode *window = yaml_map_get(top, "window"), *not_before = yaml_map_get(top, "not_before");

        if (not_before)
                read_not_before(not_before, &draft->plan, diags);
        return window ? read_window(window, now, draft, diags) : 0;
}
