#include "daemon/ctl/view-online.h"

#include <string.h>

#include "codec/finding-json.h"
#include "codec/json-write.h"
#include "core/trace.h"

/* "  warn    evidence     at 12 requests/min ..." */
#define LEVEL_CELLS 8
#define KIND_CELLS 13
#define TEXT_COLUMN (2 + LEVEL_CELLS + KIND_CELLS)

static Tone tone_of(FindingLevel level) {
        switch (level) {
        case FINDING_OK:
                return TONE_GOOD;
        case FINDING_WARN:
                return TONE_UNSURE;
        case FINDING_REFUSE:
                return TONE_BAD;
        }
        return TONE_PLAIN;
}

static size_t count(const OnlineFindings *f, FindingLevel level) {
        size_t n = 0;

        for (size_t i = 0; i < f->n; i++)
                n += f->items[i].finding.level == (uint32_t) level;
        return n;
}

static void put_target(Buf *out, const PlanTarget *t, const Style *style) {
        const char *colon = strrchr(t->function, ':');

        (void) buf_puts(out, "\n");
        render_text(out, style, colon ? colon + 1 : t->function);
        (void) buf_putc(out, ':');
        render_text(out, style, t->alias);
        if (t->region) {
                (void) buf_puts(out, " in ");
                render_text(out, style, t->region);
        }
        (void) buf_putc(out, '\n');
}

static void put_finding(Buf *out, const OnlineFinding *f, const Style *style) {
        FindingLevel level = (FindingLevel) f->finding.level;
        const char *word = finding_level_to_string(level);

        (void) buf_puts(out, "  ");
        render_toned(out, style, tone_of(level), word);
        (void) buf_printf(out, "%*s%-*s", (int) (LEVEL_CELLS - strlen(word)), "", KIND_CELLS,
                        finding_kind_to_string((FindingKind) f->finding.kind));
        render_folded(out, style, TEXT_COLUMN, TEXT_COLUMN, f->text);
}

void view_online(const OnlineFindings *f, const Plan *plan, const Style *style, Buf *out) {
        size_t n_warnings = count(f, FINDING_WARN);

        for (size_t i = 0; i < f->n; i++) {
                if (i == 0 || f->items[i].target != f->items[i - 1].target)
                        put_target(out, &plan->targets[f->items[i].target], style);
                put_finding(out, &f->items[i], style);
        }
        (void) buf_puts(out, "\npreflight: ");
        if (f->is_refused)
                render_toned(out, style, TONE_BAD, "would be refused");
        else
                render_toned(out, style, n_warnings > 0 ? TONE_UNSURE : TONE_GOOD, "would start");
        if (n_warnings > 0)
                (void) buf_printf(out, ", with %zu warning%s", n_warnings, n_warnings == 1 ? "" : "s");
        (void) buf_putc(out, '\n');
}

static void put_json(Buf *out, const OnlineFinding *f, const Plan *plan) {
        const PlanTarget *t = &plan->targets[f->target];

        json_write_open(out, NULL, '{');
        json_write_text(out, "function", t->function);
        json_write_text(out, "alias", t->alias);
        if (t->region)
                json_write_text(out, "region", t->region);
        finding_write_json(out, &f->finding, plan);
        if (f->reason != REASON_NONE)
                json_write_text(out, "reason", reason_to_string(f->reason));
        json_write_text(out, "message", f->text);
        json_write_close(out, '}');
}

void view_online_json(const OnlineFindings *f, const Plan *plan, Buf *out) {
        FindingLevel level = f->is_refused           ? FINDING_REFUSE
                        : count(f, FINDING_WARN) > 0 ? FINDING_WARN
                                                     : FINDING_OK;

        json_write_open(out, "preflight", '{');
        json_write_text(out, "level", finding_level_to_string(level));
        json_write_open(out, "findings", '[');
        for (size_t i = 0; i < f->n; i++)
                put_json(out, &f->items[i], plan);
        json_write_close(out, ']');
        json_write_close(out, '}');
}
