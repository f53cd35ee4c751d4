#pragma once

/* A Lambda function as far as deploying goes: $LATEST with its code and RevisionId, and versions of it. Code
 * is a number; version 41 has code 41, and so has $LATEST at first. */

#include "core/action.h"
#include "core/event.h"

#define FAKE_VERSIONS_MAX 6
#define FAKE_FIRST_VERSION 41u

typedef struct FakeFunction {
        uint64_t revision; /* number of $LATEST's present RevisionId */
        uint32_t code;     /* $LATEST's */
        uint32_t artifact; /* what the plan deploys */
        uint32_t n_versions;
        uint32_t codes[FAKE_VERSIONS_MAX]; /* of version FAKE_FIRST_VERSION + i */
        uint32_t is_updating,
                        is_pending; /* LastUpdateStatus InProgress; State Pending of the newest version */
        uint32_t n_updates, n_published;
        uint32_t concurrency; /* provisioned on the alias */
        uint32_t reserved;
        uint32_t role; /* of $LATEST, and so of what is published */
} FakeFunction;

typedef struct FakeTexts {
        char revision[REVISION_SIZE];
        char code_sha[CODE_SHA_SIZE];
} FakeTexts;

void fake_function_init(FakeFunction *f, uint32_t artifact);
/* As Lambda would: fills the event as the completion of an action of the function, unless it has a fault
 * already, and then nothing happens. What takes Lambda a while is over at the second look. False: it is no
 * such action. texts lends the room. */
bool fake_function_answer(FakeFunction *f, const Action *a, Event *e, FakeTexts *texts);
/* The action has its effect, and nobody hears of it. */
void fake_function_apply(FakeFunction *f, const Action *a);
/* Actions that change something, the alias's, too. */
bool fake_action_changes(ActionKind kind);
/* Somebody else deploys. */
void fake_function_seize(FakeFunction *f, uint32_t code);
bool fake_function_is_active(const FakeFunction *f, uint64_t version);
