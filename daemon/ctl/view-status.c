#include "daemon/ctl/view-status.h"

#include <stdio.h>

#include "base/str.h"
#include "base/timefmt.h"
#include "base/usec.h"
#include "daemon/ctl/table.h"

#define LABEL_CELLS 9
#define TEXT_MAX 8192

static const TableColumn check_columns[] = {
        { "CHECK", 0, 16 },
        { "VALUE", 0, 0 },
        { "LIMIT", 0, 0 },
        { "REQUESTS", 0, 0 },
        { "VERDICT", 0, 0 },
        { "WINDOW (UTC)", 1, 0 },
};

static void put_label(Buf *out, const Style *style, const char *label) {
        render_toned(out, style, TONE_STRONG, label);
        (void) buf_printf(out, "%*s", (int) (LABEL_CELLS - render_cells(label)), "");
}

static void put_line(Buf *out, const Style *style, const char *label, const char *text) {
        if (text[0] == '\0')
                return;
        put_label(out, style, label);
        render_folded(out, style, LABEL_CELLS, LABEL_CELLS, text);
}

static void put_text_line(Buf *out, const Style *style, const char *label, const Buf *text) {
        render_inherit(out, text);
        put_line(out, style, label, buf_text(text));
}

static void put_state(Buf *out, const Style *style, const RolloutInfo *info) {
        _cleanup_(buf_done) Buf text = BUF_INIT(TEXT_MAX);
        const char *sentence = view_sentence(info);

        put_label(out, style, "STATE");
        render_toned(out, style, view_phase_tone(info), info->phase);
        if (info->waves > 0 && info->step > 0 && !streq(info->phase, "succeeded"))
                (void) buf_printf(&text, ", wave %llu of %llu", (unsigned long long) info->wave,
                                (unsigned long long) info->waves);
        if (info->step > 0 && !streq(info->phase, "succeeded"))
                (void) buf_printf(&text, ", step %llu of %llu", (unsigned long long) info->step,
                                (unsigned long long) info->steps);
        if (sentence[0] != '\0')
                (void) buf_printf(&text, " - %s", sentence);
        render_inherit(out, &text);
        render_folded(out, style, LABEL_CELLS + render_cells(info->phase), LABEL_CELLS, buf_text(&text));
}

static void target_format(const Style *style, const RolloutInfo *info, Buf *text) {
        const char *unknown = view_is_finished(info) ? "region unknown" : "default region";
        char versions[VIEW_TEXT_MAX], others[VIEW_TEXT_MAX];

        view_versions(info, style, versions);
        view_others(info, others);
        (void) buf_printf(text, "%s:%s%s   %s   version %s", view_function(info), info->alias, others,
                        info->region[0] ? info->region : unknown, versions);
}

/* The first line and the second, which says what it waits for. A target that is too long for the first has
 * to come third. */
static void put_head(Buf *out, const Style *style, const RolloutInfo *info) {
        _cleanup_(buf_done) Buf target = BUF_INIT(TEXT_MAX);
        bool fits;

        target_format(style, info, &target);
        render_inherit(out, &target);
        fits = style->width == 0 ||
                        render_cells(info->id) + 3 + render_cells(buf_text(&target)) <= style->width;
        render_toned(out, style, TONE_STRONG, info->id);
        (void) buf_puts(out, fits ? "   " : "");
        render_text(out, style, fits ? buf_text(&target) : "");
        (void) buf_putc(out, '\n');
        put_state(out, style, info);
        if (!fits)
                put_text_line(out, style, "TARGET", &target);
        if (view_function(info) != info->function)
                put_line(out, style, "FUNCTION", info->function);
}

static void put_weight(Buf *out, const Style *style, const RolloutInfo *info) {
        char wanted[VIEW_TEXT_MAX], actual[VIEW_TEXT_MAX], seen[VIEW_TEXT_MAX];
        double total = info->n_targets > 0 ? 0 : info->invocations_new + info->invocations_old;

        view_weight(info->weight_wanted, wanted);
        view_weight(info->weight_actual, actual);
        put_label(out, style, "WEIGHT");
        (void) buf_printf(out, "wanted %s   actual ", wanted);
        render_toned(out, style, streq(wanted, actual) ? TONE_PLAIN : TONE_BAD, actual);
        if (total > 0) {
                view_rate(info->invocations_new, total, seen);
                (void) buf_printf(out, "   traffic seen %s (%.0f of %.0f)", seen, info->invocations_new,
                                total);
        }
        (void) buf_putc(out, '\n');
}

/* "[5 % ok]", "[25 % 4m/10m]", "[100 % bake 30m]" */
static void step_format(const RolloutInfo *info, size_t i, char ret[static VIEW_LINE_MAX]) {
        const StepInfo *step = &info->ladder[i];
        bool is_last = i + 1 == info->n_ladder, is_present = i + 1 == info->step;
        bool is_done = i + 1 < info->step || streq(info->phase, "succeeded");
        char weight[VIEW_TEXT_MAX], hold[VIEW_TEXT_MAX], gone[VIEW_TEXT_MAX + 1] = "";

        view_weight(step->weight, weight);
        view_span(step->hold, hold);
        if (is_present && !is_done && info->left <= step->hold &&
                        (streq(info->wait_kind, "hold") || streq(info->wait_kind, "bake"))) {
                view_span(step->hold - info->left, gone);
                (void) str_copy(gone + strlen(gone), 2, "/");
        }
        if (is_done)
                (void) snprintf(ret, VIEW_LINE_MAX, "[%s ok]", weight);
        else if (is_present)
                (void) snprintf(ret, VIEW_LINE_MAX, "[%s %s%s%s]", weight, is_last ? "bake " : "", gone,
                                hold);
        else
                (void) snprintf(ret, VIEW_LINE_MAX, "%s %s%s", weight, is_last ? "bake " : "", hold);
}

/* Broken between steps only. */
static void put_steps(Buf *out, const Style *style, const RolloutInfo *info) {
        size_t column = LABEL_CELLS;

        if (info->n_ladder == 0)
                return;
        put_label(out, style, "STEPS");
        for (size_t i = 0; i < info->n_ladder; i++) {
                bool is_present = i + 1 == info->step && !view_is_finished(info);
                char text[VIEW_LINE_MAX];
                size_t cells;

                step_format(info, i, text);
                cells = render_cells(text) + (i > 0 ? 3 : 0) + (i + 1 < info->n_ladder ? 2 : 0);
                if (style->width > 0 && column + cells > style->width && i > 0) {
                        (void) buf_printf(out, " >\n%*s", LABEL_CELLS, "");
                        column = LABEL_CELLS;
                } else if (i > 0) {
                        (void) buf_puts(out, " > ");
                        column += 3;
                }
                render_toned(out, style, is_present ? TONE_STRONG : TONE_PLAIN, text);
                column += render_cells(text);
        }
        (void) buf_putc(out, '\n');
}

static void put_time(Buf *out, const Style *style, const RolloutInfo *info) {
        char when[TIME_TEXT_MAX], span[VIEW_TEXT_MAX];
        _cleanup_(buf_done) Buf text = BUF_INIT(TEXT_MAX);

        if (info->started > 0) {
                time_format_rfc3339(info->started, when);
                (void) buf_printf(&text, "started %s", when);
        }
        if (info->ended > 0) {
                time_format_rfc3339(info->ended, when);
                view_span(usec_sub(info->ended, info->started), span);
                (void) buf_printf(&text, "   ended %s   took %s", when, span);
        } else if (view_left(info) != USEC_INFINITY) {
                view_span(view_left(info), span);
                (void) buf_printf(&text, "%sdone in %s at the earliest", text.size > 0 ? "   " : "", span);
        }
        put_text_line(out, style, "TIME", &text);
}

static void check_value(const CheckInfo *check, double value, char ret[static 32]) {
        int kind = check_kind_from_string(check->kind);

        if (kind >= 0)
                check_value_format(
                                &(PlanCheck){ .name = check->name, .kind = (CheckKind) kind }, value, ret);
        else
                (void) snprintf(ret, 32, "%g", value);
}

static Tone verdict_tone(const CheckInfo *check) {
        if (streq(check->verdict, "healthy"))
                return TONE_GOOD;
        return streq(check->verdict, "breach") ? TONE_BAD : TONE_UNSURE;
}

/* An alarm is compared with nothing here; its window is the time since when it is as it is. */
static void add_alarm(Table *table, const CheckInfo *check) {
        char since[TIME_TEXT_MAX], text[VIEW_LINE_MAX];

        table_add(table, TONE_PLAIN, check->name);
        table_add(table, TONE_PLAIN, "-");
        table_add(table, TONE_PLAIN, "no ALARM");
        table_add(table, TONE_PLAIN, "-");
        (void) snprintf(text, sizeof(text), "%.40s: %.40s", check->verdict, check->cause);
        table_add(table, verdict_tone(check), streq(check->cause, "none") ? check->verdict : text);
        time_format_clock(check->window_start, since);
        (void) snprintf(text, sizeof(text), "since %s", since);
        table_add(table, TONE_PLAIN, check->window_start > 0 ? text : "-");
}

static void add_check(Table *table, const CheckInfo *check) {
        char value[32], limit[40] = "<= ", from[TIME_TEXT_MAX], until[TIME_TEXT_MAX], text[VIEW_LINE_MAX];

        check_value(check, check->value, value);
        check_value(check, check->limit, limit + 3);
        table_add(table, TONE_PLAIN, check->name);
        table_add(table, TONE_PLAIN, check->samples > 0 ? value : "-");
        table_add(table, TONE_PLAIN, limit);
        (void) snprintf(text, sizeof(text), "%.15g", check->samples);
        table_add(table, TONE_PLAIN, text);
        (void) snprintf(text, sizeof(text), "%.40s: %.40s", check->verdict, check->cause);
        table_add(table, verdict_tone(check), streq(check->cause, "none") ? check->verdict : text);
        time_format_clock(check->window_start, from);
        time_format_clock(check->window_end, until);
        (void) snprintf(text, sizeof(text), "%s-%s", from, until);
        table_add(table, TONE_PLAIN,
                        check->window_start > 0 && check->window_end > check->window_start ? text : "-");
}

static int put_checks(Buf *out, const Style *style, const RolloutInfo *info) {
        _cleanup_(table_freep) Table *table = NULL;
        int r;

        if (info->n_checks == 0)
                return 0;
        if ((r = table_new(check_columns, ELEMENTSOF(check_columns), style, &table)) < 0)
                return r;
        for (size_t i = 0; i < info->n_checks; i++)
                if (check_kind_from_string(info->checks[i].kind) == CHECK_ALARM)
                        add_alarm(table, &info->checks[i]);
                else
                        add_check(table, &info->checks[i]);
        (void) buf_putc(out, '\n');
        if (info->n_targets > 0) {
                /* Whose checks these are; what the others' say is in the table of targets. */
                _cleanup_(buf_done) Buf whose = BUF_INIT(TEXT_MAX);

                (void) buf_printf(&whose, "of %s:%s alone:", view_function(info), info->alias);
                render_inherit(out, &whose);
                render_folded(out, style, 0, 0, buf_text(&whose));
        }
        r = table_render(table, out);
        (void) buf_putc(out, '\n');
        return r;
}

static const TableColumn target_columns[] = {
        { "TARGET", 0, 16 },
        { "REGION", 0, 0 },
        { "WAVE", 1, 0 },
        { "VERSION", 0, 0 },
        { "WEIGHT", 0, 0 },
        { "ERRORS", 1, 0 },
        { "VERDICT", 0, 0 },
};

static void add_target(Table *table, const TargetInfo *t) {
        const char *colon = strrchr(t->function, ':');
        char text[VIEW_LINE_MAX], wanted[VIEW_TEXT_MAX], actual[VIEW_TEXT_MAX];
        Tone tone = streq(t->verdict, "healthy")      ? TONE_GOOD
                        : streq(t->verdict, "breach") ? TONE_BAD
                                                      : TONE_UNSURE;

        (void) snprintf(text, sizeof(text), "%.70s:%.40s", colon ? colon + 1 : t->function, t->alias);
        table_add(table, TONE_PLAIN, text);
        table_add(table, TONE_PLAIN, t->region[0] ? t->region : "default");
        table_add(table, TONE_PLAIN, t->wave[0] ? t->wave : "-");
        (void) snprintf(text, sizeof(text), "%llu > %llu", (unsigned long long) t->version_old,
                        (unsigned long long) t->version_new);
        table_add(table, TONE_PLAIN, text);
        view_weight(t->weight_wanted, wanted);
        view_weight(t->weight_actual, actual);
        (void) snprintf(text, sizeof(text), "%s, wanted %s", actual, wanted);
        table_add(table, streq(wanted, actual) ? TONE_PLAIN : TONE_BAD,
                        streq(wanted, actual) ? actual : text);
        (void) snprintf(text, sizeof(text), "%.15g of %.15g", t->errors_new, t->invocations_new);
        table_add(table, TONE_PLAIN, t->invocations_new > 0 ? text : "-");
        (void) snprintf(text, sizeof(text), "%.20s: %.40s%s%.40s", t->verdict, t->check,
                        streq(t->cause, "none") ? "" : " ", streq(t->cause, "none") ? "" : t->cause);
        table_add(table, tone, t->check[0] ? text : t->verdict);
}

/* What AWS says about one of them: which, it does not always say. */
static void put_target_error(Buf *out, const Style *style, const TargetInfo *t) {
        _cleanup_(buf_done) Buf text = BUF_INIT(TEXT_MAX);
        const char *colon = strrchr(t->function, ':');

        if (t->error[0] == '\0')
                return;
        (void) buf_printf(&text, "%s:%s", colon ? colon + 1 : t->function, t->alias);
        if (t->region[0] != '\0')
                (void) buf_printf(&text, " in %s", t->region);
        (void) buf_printf(&text, ": %s", t->error);
        put_text_line(out, style, "AWS", &text);
}

/* A line per alias of a group; one alone has been told of already. */
static int put_targets(Buf *out, const Style *style, const RolloutInfo *info) {
        _cleanup_(table_freep) Table *table = NULL;
        int r;

        if (info->n_targets == 0)
                return 0;
        if ((r = table_new(target_columns, ELEMENTSOF(target_columns), style, &table)) < 0)
                return r;
        for (size_t i = 0; i < info->n_targets; i++)
                add_target(table, &info->targets[i]);
        if (info->n_checks == 0)
                (void) buf_putc(out, '\n');
        r = table_render(table, out);
        (void) buf_putc(out, '\n');
        for (size_t i = 0; i < info->n_targets; i++)
                put_target_error(out, style, &info->targets[i]);
        return r;
}

static void put_errors(Buf *out, const Style *style, const RolloutInfo *info) {
        char before[VIEW_TEXT_MAX], after[VIEW_TEXT_MAX];
        _cleanup_(buf_done) Buf text = BUF_INIT(TEXT_MAX);

        if (info->n_targets > 0 || info->invocations_new + info->invocations_old <= 0)
                return; /* of a group the table has told it, alias by alias */
        view_rate(info->errors_new, info->invocations_new, after);
        view_rate(info->errors_old, info->invocations_old, before);
        (void) buf_printf(&text, "new %.0f of %.0f (%s)   old %.0f of %.0f (%s)", info->errors_new,
                        info->invocations_new, after, info->errors_old, info->invocations_old, before);
        put_text_line(out, style, "ERRORS", &text);
}

int view_status(const RolloutInfo *info, const Style *style, Buf *out) {
        _cleanup_(buf_done) Buf plan = BUF_INIT(TEXT_MAX);
        int r;

        put_head(out, style, info);
        put_weight(out, style, info);
        put_steps(out, style, info);
        put_time(out, style, info);
        if (!streq(info->reason_text, view_sentence(info)))
                put_line(out, style, "REASON", info->reason_text);
        if ((r = put_checks(out, style, info)) < 0)
                return r;
        if ((r = put_targets(out, style, info)) < 0)
                return r;
        put_errors(out, style, info);
        if (info->n_targets == 0)
                put_line(out, style, "AWS", info->error);
        (void) buf_printf(&plan, "%s @%.12s", info->plan_path, info->plan_sha256);
        put_text_line(out, style, "PLAN", &plan);
        return out->failed ? -ENOMEM : 0;
}
