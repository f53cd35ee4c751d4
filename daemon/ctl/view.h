#pragma once

/* Rollouts as people read them: what the views of the verbs have in common. */

#include "daemon/ctl/client.h"
#include "daemon/ctl/render.h"

#define VIEW_TEXT_MAX 64
#define VIEW_LINE_MAX (4 * VIEW_TEXT_MAX) /* some of these texts together */

/* "5 %" */
void view_weight(double percent, char ret[static VIEW_TEXT_MAX]);
/* "2.4 %" of errors; "-" without requests */
void view_rate(double errors, double requests, char ret[static VIEW_TEXT_MAX]);
/* "41->42"; an unknown version is "?" */
void view_versions(const RolloutInfo *info, const Style *style, char ret[static VIEW_TEXT_MAX]);
/* "4m10s", "34m": seconds matter near the end only; "-" when nobody can say */
void view_span(usec_t span, char ret[static VIEW_TEXT_MAX]);

/* " +7": so many more targets than the one that is shown. */
void view_others(const RolloutInfo *info, char ret[static VIEW_TEXT_MAX]);

/* The name alone where the plan has an ARN. */
const char *view_function(const RolloutInfo *info);

Tone view_phase_tone(const RolloutInfo *info);
/* Why it stands where it stands: the wait of a live one, the reason of a finished one. */
const char *view_sentence(const RolloutInfo *info);
bool view_is_finished(const RolloutInfo *info);
/* How long at least until the end, the wait for a window included; USEC_INFINITY: nobody can say. */
usec_t view_left(const RolloutInfo *info);
