#pragma once

/* The judge: what CloudWatch's buckets say about the new version. Pure sums over rows; buckets count towards
 * a breach from the moment they are seen, towards a pass only once they are settled. */

#include "core/event.h"
#include "core/plan.h"

/* The new version is about to get its first traffic. */
void judge_expose(JudgeState *j, const Plan *plan, usec_t wall);

/* The weight of a step (or of the bake) is in force everywhere since "wall": evidence for it starts afresh.
 */
void judge_begin_step(JudgeState *j, const Plan *plan, usec_t wall);

/* The wall clock turns out to have been ahead: what was read proves nothing until it is read again. */
bool judge_was_ahead(const JudgeState *j, const Plan *plan, usec_t wall);

/* To be called when a reading has come, and with it what AWS's clock says. When the wall clock turns out to
 * have been ahead, buckets were folded before their time: then everything is to be read again. "lived" and
 * "lived_in_step": spans since the rollout and the step began. */
void judge_rewind(JudgeState *j, const Plan *plan, usec_t wall, usec_t lived, usec_t lived_in_step);

/* The window to read next: [*ret_from, *ret_until), multiples of the period, at most METRIC_ROWS_MAX
 * buckets. */
void judge_window(const JudgeState *j, const Plan *plan, usec_t wall, usec_t *ret_from, usec_t *ret_until);

/* Takes a reading of the window that was asked for; wall: when it was. Checks that could not be read are
 * unknown, the others count as usual. While one is unknown like this no bucket is folded, so that it sees
 * them all once it can be read; only when the window is full (METRIC_ROWS_MAX) they are folded without it,
 * and then it stays blind for the rest of the step. */
void judge_take(JudgeState *j, const Plan *plan, const Event *reading, usec_t wall);

/* A reading of the metrics failed. */
void judge_take_failure(JudgeState *j, const Plan *plan, Cause cause, usec_t age);

/* The same for alarms: judge-alarm.c. in_step: it was asked for after the present step began; before that an
 * alarm may breach, but not be healthy. */
void judge_take_alarms(JudgeState *j, const Plan *plan, const Event *reading, bool in_step);
void judge_take_alarms_failure(JudgeState *j, const Plan *plan, Cause cause, usec_t age);
/* NULL: the reading has none for this check. */
const AlarmReading *judge_alarm_of(const Event *reading, uint32_t check);

/* The check cannot be read. */
void judge_set_blind(CheckState *c, Cause cause, usec_t age);

/* The age since which something cannot be seen, 0: everything can. *ret_check: which check; n_checks: the
 * metrics altogether. Where several are blind it is the first that became so. */
usec_t judge_blind_since(const JudgeState *j, const Plan *plan, uint32_t *ret_check, Cause *ret_cause);

/* True when any check is breached; *ret_check: which. */
bool judge_breached(const JudgeState *j, const Plan *plan, uint32_t *ret_check);

/* True when every check is healthy (or there is none); otherwise *ret_check is the first that is not. */
bool judge_healthy(const JudgeState *j, const Plan *plan, uint32_t *ret_check);

Cause judge_cause_of(Fault fault);
