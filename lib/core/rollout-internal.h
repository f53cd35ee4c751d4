#pragma once

/* Shared by the rollout-*.c files and target.c, and nobody else. */

#include "core/rollout.h"

/* One call of rollout_step() under way. */
typedef struct Step {
        RolloutState *state;
        const Plan *plan;
        const Now *now;
        const Event *event;
        ActionList *actions;
        bool persist; /* the state must be durable before any effect of this step */
} Step;

/* rollout.c */
Action *step_push(Step *s, ActionKind kind, uint32_t target);
Report *step_report(Step *s, ReportKind kind, uint32_t target); /* filled with what is known; persists */
/* Takes back an effect that this very step has asked for; false: it is (or may be) under way. */
bool step_withdraw(Step *s, uint64_t op_id);
/* Fills all of dst, behind the text with zeros; what does not fit is cut. src may be NULL. */
void step_copy_text(char *dst, size_t size, const char *src);
void step_enter(Step *s, Phase phase);

/* rollout-<phase>.c: each takes what just happened into account and moves the group on where it can. "true":
 * the phase changed, so the new phase is to be asked, too. */
bool preflight_progress(Step *s);
bool publishing_progress(Step *s);
bool shifting_progress(Step *s);
bool promoting_progress(Step *s);
bool baking_progress(Step *s);
bool rolling_back_progress(Step *s);
bool restoring_progress(Step *s);

void preflight_begin(Step *s);
void preflight_take_alias(Step *s, uint32_t i);
void preflight_take_version(Step *s, uint32_t i);
void preflight_take_alarms(Step *s, uint32_t i);
void preflight_take_latest(Step *s, uint32_t i);
void preflight_take_code(Step *s, uint32_t i);
void preflight_take_history(Step *s, uint32_t i); /* rollout-preflight-history.c */
void preflight_fill_history(const Step *s, uint32_t i, Action *a);
void preflight_take_concurrency(Step *s, uint32_t i);
/* May a rollout start on the alias that the event shows? REASON_NONE: yes; *ret_version: which one is in the
 * way. */
Reason preflight_judge_alias(const Step *s, uint32_t i, uint64_t *ret_version);

/* Lambda refuses a weighted alias over versions of different roles or dead-letter targets. REASON_NONE: what
 * the event shows is like the old version; else "error" has the two. */
Reason preflight_find_difference(TargetState *t, const Event *e);

bool publishing_is_needed(const Step *s);
void publishing_begin(Step *s);
bool publishing_touched(const RolloutState *st); /* something of ours may be left in Lambda */
bool restoring_is_wanted(const Step *s);
void restoring_begin(Step *s);

void preflight_read(Step *s); /* everything, for the first time or once more */

/* rollout-wave.c: targets that move together. */
/* The rollout is at this target: reads, writes, judges it. All of them at first, then those of the present
 * wave; on the way back also those that went before, where the plan wants them back. */
bool target_is_in_play(const RolloutState *st, const Plan *plan, uint32_t i);
bool wave_is_settled(const Step *s);
uint32_t wave_first_target(const Step *s);
void wave_report(Step *s, ReportKind kind); /* one for each target of the wave */
void wave_begin(Step *s);
bool wave_is_written(const Step *s); /* its first weights are, or are being written */
/* Its first weights may be written: the time has come, and its aliases are as preflight left them. Sees to
 * both otherwise. */
bool wave_is_ready(Step *s);
void wave_finish(Step *s); /* baked: on to the next one, or done */

/* rollout-gate.c: the plan's own time. Only for moves forward. */
bool gate_may_pass(Step *s); /* says what it waits for otherwise, once */
bool gate_turns(const Step *s);
/* The span from the last event on after which a look at the wall clock is due; USEC_INFINITY: none. */
usec_t gate_due(const RolloutState *st, const Plan *plan);

void supersede(Step *s);

/* A breach, blindness, the deadline, a refused write or a foreign hand: what turns a live rollout around.
 * True when it did. */
bool rollback_if_needed(Step *s);
/* The REPORT_ROLLBACK_STARTED, to be completed. */
Report *rollback_begin(Step *s, Reason reason, uint32_t target, uint32_t check);

Report *end_rejected(Step *s, Reason reason, uint32_t target, uint64_t version);
void end_succeeded(Step *s);
void end_rolled_back(Step *s); /* or the old code is put back before that */
void end_restored(Step *s);
void end_released(Step *s);

/* True when the present step (or bake) of length "hold" may be left. Says what it waits for otherwise, once.
 */
bool shifting_may_leave(Step *s, usec_t hold, uint32_t min_requests);
