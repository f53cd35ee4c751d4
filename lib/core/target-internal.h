#pragma once

/* Shared by the target-*.c files and those of publishing and restoring, and nobody else. */

#include "core/target.h"

/* Emits the effect of the present stage with a fresh op id. */
void target_ask(Step *s, uint32_t i);
/* A new stage, with nothing that went wrong before. */
void target_enter(Step *s, uint32_t i, Stage stage);
/* The next stage of a round in which something may have gone wrong: failed attempts go on counting. */
void target_go_on(Step *s, uint32_t i, Stage stage);
/* One attempt failed: the same round once more, after a while when that goes on. */
void target_again(Step *s, uint32_t i, Stage stage);
/* Nothing failed, but it is not there yet: the same stage once more after that span. */
void target_wait(Step *s, uint32_t i, Stage stage, usec_t span);

/* What the alias has now. */
void target_learn(Step *s, uint32_t i, const Route *route, const char *revision);
/* It has what we wanted and we have seen it. */
void target_finish(Step *s, uint32_t i, const char *revision);

/* Lambda itself moves the traffic of an alias with provisioned concurrency: target-move.c. */
bool target_is_moved_by_lambda(const TargetState *t, const Route *route);
void target_await_lambda(Step *s, uint32_t i);  /* the event has shown that */
void target_expect_lambda(Step *s, uint32_t i); /* a write of ours was accepted that makes Lambda begin */
/* The alias has what was wanted, but Lambda may only be about to begin: true when it is read once more. */
bool target_awaits_lambda(Step *s, uint32_t i);

bool target_revision_is(const char *revision, const char *other);
uint64_t target_fingerprint_of(const char *revision);
