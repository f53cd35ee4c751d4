#pragma once

/* Shared by sentence.c (what happened), sentence-reason.c (why), sentence-wave.c (which and when), finding.c
 * (what preflight saw) and nobody else. */

#include "base/macro.h"
#include "core/trace.h"

/* A sentence under construction; what does not fit is cut. */
typedef struct Line {
        char *text;
        size_t used;
} Line;

void line_put(Line *l, const char *format, ...) _printf_(2, 3);
void line_put_span(Line *l, usec_t span);
void line_put_time(Line *l, usec_t wall); /* with its date, for those who look it up elsewhere */
/* The report's check: its alarm, since when it rings, and why. */
void line_put_ringing(Line *l, const Report *r, const Plan *plan);
void line_put_reason(Line *l, const Report *r, const Plan *plan);

/* What deploying and restoring tell, behind the target's name; and why they failed. */
void line_put_code(Line *l, const Report *r, const Plan *plan);
void line_put_code_reason(Line *l, const Report *r, const Plan *plan);
void line_put_code_wait(Line *l, const RolloutView *v, const RolloutState *st);
void line_put_route(Line *l, const Route *route);
/* REPORT_WAVE_* and REPORT_WAITING. */
void line_put_wave(Line *l, const Report *r, const Plan *plan);
void line_put_opens(Line *l, const Plan *plan, usec_t opens, usec_t left);
/* Waves that a rollback leaves where they are, if there are such. */
void line_put_others(Line *l, const Report *r, const Plan *plan); /* that went the same way */
void line_put_staying(Line *l, const Report *r, const Plan *plan);

const char *cause_words(Cause c);
