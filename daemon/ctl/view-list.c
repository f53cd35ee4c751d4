#include "daemon/ctl/view-list.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/str.h"
#include "base/usec.h"
#include "daemon/ctl/table.h"

#define FINDINGS_SHOWN 3

static const TableColumn columns[] = {
        { "ID", 0, 0 },
        { "FUNCTION:ALIAS", 2, 14 },
        { "REGION", 4, 0 },
        { "VERSIONS", 3, 0 },
        { "STEP", 0, 0 },
        { "WEIGHT", 0, 0 },
        { "STATE", 0, 0 },
        { "ERRORS new|old", 1, 0 },
        { "LEFT", 0, 0 },
        { "REASON", 0, 12 },
};

/* What needs a person's eye soonest has the smallest number. */
static int rank_of(const RolloutInfo *info) {
        static const char *const worrying[] = { "sight", "retry", "evidence", "requests" };
        int phase = phase_from_string(info->phase);

        if (phase < 0 || streq(info->wait_kind, "frozen"))
                return 0;
        switch ((Phase) phase) {
        case PHASE_ROLLING_BACK:
                return 1;
        case PHASE_SHIFTING:
        case PHASE_PROMOTING:
        case PHASE_BAKING:
                for (size_t i = 0; i < ELEMENTSOF(worrying); i++)
                        if (streq(info->wait_kind, worrying[i]))
                                return 2 + (int) i;
                return 6;
        case PHASE_RESTORING:
                return 6;
        case PHASE_PREFLIGHT:
        case PHASE_PUBLISHING:
                return 7;
        case PHASE_QUEUED:
                return 8;
        case PHASE_ROLLED_BACK:
        case PHASE_RELEASED:
        case PHASE_REJECTED:
                return 9;
        case PHASE_SUCCEEDED:
                return 10;
        }
        return 0;
}

/* Among equals: finished ones newest first, live ones oldest first; the id makes the order total. */
static int compare(const void *a, const void *b) {
        const RolloutInfo *x = a, *y = b;
        int by_rank = rank_of(x) - rank_of(y);
        bool newest_first = view_is_finished(x);

        if (by_rank != 0)
                return by_rank;
        if (newest_first && x->ended != y->ended)
                return x->ended > y->ended ? -1 : 1;
        if (!newest_first && x->started != y->started)
                return x->started < y->started ? -1 : 1;
        return strcmp(x->id, y->id);
}

/* The alias may not yet have what it should have. */
static void weight_cell(const RolloutInfo *info, char ret[static VIEW_LINE_MAX]) {
        char wanted[VIEW_TEXT_MAX], actual[VIEW_TEXT_MAX];

        view_weight(info->weight_wanted, wanted);
        view_weight(info->weight_actual, actual);
        if (streq(wanted, actual))
                (void) str_copy(ret, VIEW_LINE_MAX, actual);
        else
                (void) snprintf(ret, VIEW_LINE_MAX, "%.*s->%s", (int) strcspn(actual, " "), actual, wanted);
}

static void add_row(Table *table, const RolloutInfo *info, const Style *style) {
        char text[VIEW_LINE_MAX], before[VIEW_TEXT_MAX], after[VIEW_TEXT_MAX], others[VIEW_TEXT_MAX];
        char target[512];

        table_add(table, TONE_PLAIN, info->id);
        view_others(info, others);
        (void) snprintf(target, sizeof(target), "%.200s:%.200s%s", view_function(info), info->alias, others);
        table_add(table, TONE_PLAIN, target);
        table_add(table, TONE_PLAIN, info->region[0] ? info->region : "-");
        view_versions(info, style, text);
        table_add(table, TONE_PLAIN, text);
        if (info->step > 0)
                (void) snprintf(text, sizeof(text), "%llu/%llu", (unsigned long long) info->step,
                                (unsigned long long) info->steps);
        table_add(table, TONE_PLAIN, info->step > 0 ? text : "-");
        weight_cell(info, text);
        table_add(table, TONE_PLAIN, text);
        table_add(table, view_phase_tone(info), info->phase);
        view_rate(info->errors_old, info->invocations_old, before);
        view_rate(info->errors_new, info->invocations_new, after);
        (void) snprintf(text, sizeof(text), "%s | %s", after, before);
        table_add(table, TONE_PLAIN, text);
        view_span(view_left(info), text);
        table_add(table, TONE_PLAIN, text);
        table_add(table, TONE_PLAIN, view_sentence(info));
}

static void put_refusal(Buf *out, const Style *style, const RefusalInfo *refusal) {
        _cleanup_(buf_done) Buf line = BUF_INIT(RENDER_BYTES_MAX);
        size_t shown = MIN(refusal->n_findings, (size_t) FINDINGS_SHOWN);

        if (shown == 0) {
                (void) buf_printf(&line, "%s: %s", refusal->path, refusal->message);
                render_inherit(out, &line);
                render_folded(out, style, 0, 4, buf_text(&line));
                return;
        }
        for (size_t i = 0; i < shown && !out->failed; i++) {
                const FindingInfo *f = &refusal->findings[i];

                buf_clear(&line);
                if (f->line > 0)
                        (void) buf_printf(&line, "%s:%u:%u: %s: %s", refusal->path, f->line, f->column,
                                        f->level, f->message);
                else
                        (void) buf_printf(&line, "%s: %s: %s", refusal->path, f->level, f->message);
                render_inherit(out, &line);
                render_folded(out, style, 0, 4, buf_text(&line));
        }
        if (shown < refusal->n_findings) {
                buf_clear(&line);
                (void) buf_printf(&line, "    and %zu more, see: canaryctl validate %s",
                                refusal->n_findings - shown, refusal->path);
                render_inherit(out, &line);
                render_folded(out, style, 0, 4, buf_text(&line));
        }
}

static int put_rollouts(RolloutInfo *rollouts, size_t n, const Style *style, Buf *out) {
        _cleanup_(table_freep) Table *table = NULL;
        int r;

        if ((r = table_new(columns, ELEMENTSOF(columns), style, &table)) < 0)
                return r;
        if (n > 1)
                qsort(rollouts, n, sizeof(*rollouts), compare);
        for (size_t i = 0; i < n; i++)
                add_row(table, &rollouts[i], style);
        return table_render(table, out);
}

int view_list(RolloutInfo *rollouts, size_t n_rollouts, const RefusalInfo *refusals, size_t n_refusals,
                const Style *style, Buf *out) {
        int r = 0;

        if (n_rollouts > 0)
                r = put_rollouts(rollouts, n_rollouts, style, out);
        else
                (void) buf_puts(out, "no rollouts\n");
        if (n_refusals > 0) {
                (void) buf_putc(out, '\n');
                render_toned(out, style, TONE_BAD, "REFUSED PLANS");
                (void) buf_putc(out, '\n');
        }
        for (size_t i = 0; i < n_refusals; i++)
                put_refusal(out, style, &refusals[i]);
        return r < 0 ? r : out->failed ? -ENOMEM : 0;
}
