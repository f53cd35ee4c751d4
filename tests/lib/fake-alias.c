#include "lib/fake-alias.h"

#include <stdio.h>
#include <string.h>

static void revision_format(uint64_t revision, char ret[static REVISION_SIZE]) {
        memset(ret, 0, REVISION_SIZE);
        (void) snprintf(ret, REVISION_SIZE, "rev-%llu", (unsigned long long) revision);
}

void fake_alias_init(FakeAlias *a, uint64_t version) {
        *a = (FakeAlias){ .route = { .primary = version }, .revision = 1 };
        a->first_route = a->route;
        a->first_revision = a->revision;
}

static void replace(FakeAlias *a, const Route *route) {
        a->previous_route = a->route;
        a->previous_revision = a->revision++;
        a->route = *route;
}

bool fake_alias_accepts(const FakeAlias *a, const char *revision) {
        char text[REVISION_SIZE];

        revision_format(a->revision, text);
        return !a->is_deleted && strcmp(text, revision) == 0;
}

Fault fake_alias_write(FakeAlias *a, const Route *route, const char *revision) {
        if (a->is_deleted)
                return FAULT_MISSING;
        if (!fake_alias_accepts(a, revision))
                return FAULT_PRECONDITION;
        replace(a, route);
        return FAULT_NONE;
}

Fault fake_alias_create(FakeAlias *a, uint64_t version) {
        if (!a->is_deleted)
                return FAULT_CONFLICT;
        a->route = (Route){ .primary = version };
        a->previous_revision = 0;
        a->is_deleted = 0;
        a->first_route = a->route;
        a->first_revision = ++a->revision; /* that of one that was deleted never comes back */
        return FAULT_NONE;
}

void fake_alias_seize(FakeAlias *a, const Route *route) {
        replace(a, route);
        a->touched_by_others = 1;
}

void fake_alias_move(FakeAlias *a, const Route *route) {
        replace(a, route);
}

void fake_alias_show(const FakeAlias *a, FakeAge age, Event *e, char text[static REVISION_SIZE]) {
        uint64_t revision = a->revision;

        e->fault = a->is_deleted ? FAULT_MISSING : FAULT_NONE;
        e->route = a->route;
        if (age == FAKE_PREVIOUS && a->previous_revision != 0) {
                e->route = a->previous_route;
                revision = a->previous_revision;
        } else if (age == FAKE_FIRST) {
                e->route = a->first_route;
                revision = a->first_revision;
        }
        revision_format(revision, text);
        e->revision = text;
}
