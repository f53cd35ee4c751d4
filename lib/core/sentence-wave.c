#include "base/usec.h"
#include "core/sentence-internal.h"
#include "core/window.h"

#define OPENS_BY_WEEKDAY (6 * USEC_PER_DAY) /* within these a weekday names one day */

static const char *const weekdays[] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };

void line_put_opens(Line *l, const Plan *plan, usec_t opens, usec_t left) {
        LocalTime local = window_local(&plan->window, opens);

        if (plan->window.days == 0 || opens == USEC_INFINITY) {
                line_put(l, "waits until %s",
                                opens == USEC_INFINITY ? "its window opens, which is never" : "");
                if (opens != USEC_INFINITY) {
                        line_put_time(l, opens);
                        line_put(l, " (not_before)");
                }
                return;
        }
        line_put(l, "waits for its window: opens ");
        if (left > OPENS_BY_WEEKDAY) {
                line_put_time(l, opens);
                line_put(l, ", ");
        }
        line_put(l, "%s %02u:%02u%s%s, in ", weekdays[local.weekday], local.minute / 60, local.minute % 60,
                        plan->window.zone ? " " : "", plan->window.zone ? plan->window.zone : "");
        line_put_span(l, left);
}

static void put_wave(Line *l, const Plan *plan, uint32_t i) {
        const char *name = plan_wave(plan, i).name;

        if (name)
                line_put(l, "wave %s", name);
        else
                line_put(l, "wave %u", i + 1);
}

/* A window that closes over a split alias leaves it as it is. */
static void put_weight_kept(Line *l, const Report *r) {
        char text[16];

        if (r->weight_from == 0)
                return;
        weight_format(r->weight_from, text);
        line_put(l, "stays at %s and ", text);
}

void line_put_wave(Line *l, const Report *r, const Plan *plan) {
        uint32_t n = plan_wave(plan, r->wave).n_targets;

        if (r->kind == REPORT_WAITING) {
                line_put(l, " ");
                put_weight_kept(l, r);
                line_put_opens(l, plan, r->opens, r->next);
                return;
        }
        line_put(l, r->kind == REPORT_WAVE_BEGUN ? " begins " : " completes ");
        put_wave(l, plan, r->wave);
        line_put(l, " (%u of %u, %u alias%s)", r->wave + 1, plan_n_waves(plan), n, n == 1 ? "" : "es");
}

void line_put_staying(Line *l, const Report *r, const Plan *plan) {
        if (r->wave == 0 || plan->wave_failure_all)
                return;
        line_put(l, "; ");
        for (uint32_t i = 0; i < r->wave; i++) {
                line_put(l, i == 0 ? "" : ", ");
                put_wave(l, plan, i);
        }
        line_put(l, r->wave == 1 ? " stays on its new version" : " stay on their new versions");
}

/* One report tells the end of all; each one's own weight was told before. */
void line_put_others(Line *l, const Report *r, const Plan *plan) {
        PlanWave wave = plan_wave(plan, r->wave);
        bool is_success = r->kind == REPORT_SUCCEEDED;
        bool stay = !is_success && !plan->wave_failure_all;
        uint32_t n = wave.first_target + wave.n_targets - (stay ? wave.first_target : 0) - 1;

        if (n == 0)
                return;
        line_put(l, is_success ? ", and so has that of " : n == 1 ? ", and so is " : ", and so are ");
        if (n == 1)
                line_put(l, "the other alias");
        else
                line_put(l, is_success ? "each of the other %u aliases" : "the other %u aliases", n);
}
