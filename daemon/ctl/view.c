#include "daemon/ctl/view.h"

#include <math.h>
#include <stdio.h>

#include "base/str.h"
#include "base/timefmt.h"
#include "base/usec.h"

void view_weight(double percent, char ret[static VIEW_TEXT_MAX]) {
        char text[16] = "?";

        if (percent >= 0 && percent <= 100)
                weight_format((uint32_t) lround(percent * WEIGHT_PERCENT), text);
        (void) str_copy(ret, VIEW_TEXT_MAX, text);
}

void view_rate(double errors, double requests, char ret[static VIEW_TEXT_MAX]) {
        if (requests > 0)
                (void) snprintf(ret, VIEW_TEXT_MAX, "%.3g %%", 100 * errors / requests);
        else
                (void) str_copy(ret, VIEW_TEXT_MAX, "-");
}

void view_versions(const RolloutInfo *info, const Style *style, char ret[static VIEW_TEXT_MAX]) {
        const char *arrow = style->utf8 ? "\xe2\x86\x92" : "->";
        char before[24] = "?", after[24] = "?";

        if (info->version_old > 0)
                (void) snprintf(before, sizeof(before), "%llu", (unsigned long long) info->version_old);
        if (info->version_new > 0)
                (void) snprintf(after, sizeof(after), "%llu", (unsigned long long) info->version_new);
        (void) snprintf(ret, VIEW_TEXT_MAX, "%s%s%s", before, arrow, after);
}

void view_span(usec_t span, char ret[static VIEW_TEXT_MAX]) {
        char text[TIME_TEXT_MAX] = "-";

        if (span != USEC_INFINITY)
                duration_format(span < USEC_PER_SEC ? span
                                                    : usec_floor(span,
                                                                      span < 10 * USEC_PER_MINUTE
                                                                                      ? USEC_PER_SEC
                                                                                      : USEC_PER_MINUTE),
                                text);
        (void) str_copy(ret, VIEW_TEXT_MAX, text);
}

void view_others(const RolloutInfo *info, char ret[static VIEW_TEXT_MAX]) {
        ret[0] = '\0';
        if (info->target_count > 1)
                (void) snprintf(ret, VIEW_TEXT_MAX, " +%llu", (unsigned long long) info->target_count - 1);
}

const char *view_function(const RolloutInfo *info) {
        const char *colon = strrchr(info->function, ':');

        return colon ? colon + 1 : info->function;
}

Tone view_phase_tone(const RolloutInfo *info) {
        int phase = phase_from_string(info->phase);

        if (phase < 0)
                return TONE_PLAIN; /* a word of a newer daemon */
        if (streq(info->wait_kind, "frozen"))
                return TONE_BAD;
        switch ((Phase) phase) {
        case PHASE_SUCCEEDED:
                return TONE_GOOD;
        case PHASE_ROLLING_BACK:
        case PHASE_RESTORING:
        case PHASE_ROLLED_BACK:
        case PHASE_REJECTED:
                return TONE_BAD;
        case PHASE_RELEASED:
                return TONE_UNSURE;
        case PHASE_QUEUED:
        case PHASE_PREFLIGHT:
        case PHASE_PUBLISHING:
                return TONE_PLAIN;
        case PHASE_SHIFTING:
        case PHASE_PROMOTING:
        case PHASE_BAKING:
                break;
        }
        return streq(info->wait_kind, "sight") || streq(info->wait_kind, "evidence") ? TONE_UNSURE
                                                                                     : TONE_PLAIN;
}

bool view_is_finished(const RolloutInfo *info) {
        int phase = phase_from_string(info->phase);

        return phase >= 0 && phase_is_terminal((Phase) phase);
}

const char *view_sentence(const RolloutInfo *info) {
        if (info->wait[0] == '\0')
                return info->reason_text;
        return info->wait;
}

usec_t view_left(const RolloutInfo *info) {
        if (view_is_finished(info) || streq(info->wait_kind, "turn"))
                return USEC_INFINITY;
        if (streq(info->wait_kind, "window"))
                return usec_add(info->total_left, info->left);
        return info->total_left;
}
