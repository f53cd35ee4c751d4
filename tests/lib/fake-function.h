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
        uint32_t role; /* of $LATEST, and so of what is published */
} FakeFunction;

typedef struct FakeTexts {
        char revision[REVISION_SIZE];
        char code_sha[CODE_SHA_SIZE];
} FakeTexts;

void fake_function_init(FakeFunction *f, uint32_t artifact);
/* As Lambda would, each: fills the event as a completion of the action. texts lends the room. */
void fake_function_update(FakeFunction *f, const Action *a, Event *e, FakeTexts *texts);
void fake_function_publish(FakeFunction *f, const Action *a, Event *e, FakeTexts *texts);
void fake_function_show(const FakeFunction *f, uint64_t version, Event *e, FakeTexts *texts);
/* Somebody else deploys. */
void fake_function_seize(FakeFunction *f, uint32_t code);
bool fake_function_is_active(const FakeFunction *f, uint64_t version);
