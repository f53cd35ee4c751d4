#pragma once

/* A Lambda alias as far as compare-and-swap goes: what the model walk and the simulator hold the brain
 * against. */

#include "core/event.h"

typedef struct FakeAlias {
        Route route;
        uint64_t revision;          /* number of the present RevisionId */
        Route previous_route;       /* what a stale read shows */
        uint64_t previous_revision; /* 0: nothing to be stale about */
        Route first_route;          /* what a very stale read shows */
        uint64_t first_revision;
        uint32_t touched_by_others; /* somebody else wrote */
        uint32_t is_deleted;
} FakeAlias;

void fake_alias_init(FakeAlias *a, uint64_t version);

/* FAULT_NONE, FAULT_PRECONDITION or FAULT_MISSING, as Lambda would. */
Fault fake_alias_write(FakeAlias *a, const Route *route, const char *revision);
/* Would a write with this RevisionId be accepted now? */
bool fake_alias_accepts(const FakeAlias *a, const char *revision);
/* FAULT_CONFLICT when it is there. */
Fault fake_alias_create(FakeAlias *a, uint64_t version);
void fake_alias_seize(FakeAlias *a, const Route *route); /* another actor */
void fake_alias_move(FakeAlias *a, const Route *route);  /* Lambda itself */

/* How old a read is: Lambda's are eventually consistent. */
typedef enum FakeAge {
        FAKE_PRESENT,
        FAKE_PREVIOUS,
        FAKE_FIRST,
} FakeAge;

/* Fills fault, route and revision of an event; text lends the RevisionId's room. */
void fake_alias_show(const FakeAlias *a, FakeAge age, Event *e, char text[static REVISION_SIZE]);
