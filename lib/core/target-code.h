#pragma once

/* The function behind a target: its $LATEST and its versions, as publishing and restoring change them.
 * Internal to lib/core. */

#include "core/target-internal.h"

/* What CodeState.touched and .unsure are made of. */
#define CODE_UPDATE 1u
#define CODE_PUBLISH 2u
#define CODE_CREATE 4u /* of the alias */

/* Fills the action of a stage of publishing or restoring, and notes what it may change. */
void code_fill(Step *s, uint32_t i, Action *a);

/* A completion in one of their stages. */
void code_take(Step *s, uint32_t i);

/* After a restart, in one of their stages. */
void code_resume(Step *s, uint32_t i);
/* An update that is under way is not waited for any more. */
void code_forget(TargetState *t);

/* Does this CodeSha256 belong to the plan's artifact? False where its hash is not known yet. */
bool code_is_planned(const Step *s, uint32_t i, const char *code_sha);
/* Its hash is known. */
bool code_has_plan(const Step *s, uint32_t i);

/* The end of patience with what Lambda is at, or with restoring as a whole; USEC_INFINITY: none runs. */
usec_t code_patience_end(const RolloutState *st, const TargetState *t);

/* rollout-publish.c, rollout-restore.c: of the stages that the two do differently. */
void publish_take_latest(Step *s, uint32_t i);
void publish_take_active(Step *s, uint32_t i);
void publish_take_created(Step *s, uint32_t i);
void publish_fail(Step *s, uint32_t i, Reason reason);
void restore_take_version(Step *s, uint32_t i); /* STAGE_RESTORE_OLD, STAGE_RESTORE_NEW */
void restore_take_latest(Step *s, uint32_t i);
void restore_end(Step *s, uint32_t i, ReportKind kind, Reason reason);

/* Waits while Lambda is at $LATEST; true: it is. */
bool code_is_busy(Step *s, uint32_t i);
/* What a read shows is nobody's that we know of: true when that is no lag any more. */
bool code_is_strange(Step *s, uint32_t i);
/* Notes AWS's words about what is not well. */
void code_note_words(TargetState *t, const Event *e);
void code_note_revision(TargetState *t, const Event *e);
