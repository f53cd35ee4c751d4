#pragma once

/* The target machine: one alias, its reads and compare-and-swap writes. Internal to lib/core. */

#include "core/rollout-internal.h"

/* Fresh reads for preflight; the replies are preflight_take_*'s to judge. */
void target_read_alias(Step *s, uint32_t i);
void target_read_version(Step *s, uint32_t i, Stage stage);
void target_read_back(Step *s, uint32_t i); /* is it still as it was last seen? STAGE_VERIFY */
void target_read_alarms(Step *s, uint32_t i);
void target_read(Step *s, uint32_t i, Stage stage); /* of the alias's concurrency, or of $LATEST */

/* Starts an UpdateAlias towards want; supersedes what was under way. */
void target_write(Step *s, uint32_t i, const Route *want);
/* Whether its stage can be answered by this kind of completion. */
bool target_expects(const TargetState *t, EventKind kind);
/* What is outstanding is not waited for any more: withdrawn, or (true) cancelled, as it may be under way. */
bool target_forget_op(Step *s, uint32_t i, Op *op);
void target_forget_ops(Step *s, uint32_t i); /* all of them */

/* Completions. The caller has matched op id and stage. */
void target_take_written(Step *s, uint32_t i);
void target_take_read(Step *s, uint32_t i);   /* STAGE_RESOLVE and STAGE_VERIFY */
void target_retry_later(Step *s, uint32_t i); /* a read or a sure refusal: the same again after a while */

/* After a restart: finds out what became of whatever was outstanding, and whether the alias is still as it
 * was left. */
void target_resume(Step *s, uint32_t i);
/* Asks again for what waited until now. */
void target_tick(Step *s, uint32_t i);

/* Write, read, write again: no pause in one such round, a growing one when that goes on. */
#define TARGET_ATTEMPTS_AT_ONCE 3
/* The call failed, as alias_op and error say, and the next one follows after "delay": target-tell.c. */
void target_tell_failure(Step *s, uint32_t i, usec_t delay);

/* Polling of metrics and alarms: target-poll.c. */
void target_poll(Step *s, uint32_t i); /* if it is due */
void target_take_metrics(Step *s, uint32_t i);
void target_take_alarms(Step *s, uint32_t i);
void target_notice_stuck_poll(Step *s, uint32_t i); /* a reading that does not end is no sight either */

/* The age at which patience ends with Lambda, which itself moves the traffic to the new version;
 * USEC_INFINITY: it does not. target-move.c. */
#define TARGET_MOVE_PATIENCE (15 * USEC_PER_MINUTE)
usec_t target_move_end(const TargetState *t);

/* The age at which blindness turns the target around unless something changes. */
usec_t target_blind_end(const TargetState *t, const Plan *plan);

void target_note_error(TargetState *t, const Event *e);

bool target_is_settled(const TargetState *t); /* idle, and the alias has what was wanted */
uint32_t route_weight_of(const Route *route, uint64_t version);
