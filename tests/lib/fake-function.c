#include "lib/fake-function.h"

#include <stdio.h>
#include <string.h>

static void show(uint64_t revision, uint32_t code, Event *e, FakeTexts *texts) {
        memset(texts, 0, sizeof(*texts));
        (void) snprintf(texts->revision, REVISION_SIZE, "fn-%llu", (unsigned long long) revision);
        (void) snprintf(texts->code_sha, CODE_SHA_SIZE, "sha-%u", code);
        e->revision = texts->revision;
        e->code_sha = texts->code_sha;
}

static uint64_t newest(const FakeFunction *f) {
        return FAKE_FIRST_VERSION + f->n_versions - 1;
}

void fake_function_init(FakeFunction *f, uint32_t artifact) {
        *f = (FakeFunction){ .revision = 1,
                .code = FAKE_FIRST_VERSION,
                .artifact = artifact,
                .n_versions = 1,
                .codes = { FAKE_FIRST_VERSION } };
}

static Fault accepts(const FakeFunction *f, const char *revision) {
        FakeTexts texts;
        Event e;

        if (f->is_updating)
                return FAULT_CONFLICT;
        show(f->revision, f->code, &e, &texts);
        return strcmp(texts.revision, revision) == 0 ? FAULT_NONE : FAULT_PRECONDITION;
}

static void update(FakeFunction *f, const Action *a, Event *e, FakeTexts *texts) {
        e->fault = accepts(f, a->update.revision);
        if (e->fault != FAULT_NONE)
                return;
        f->code = a->update.version != 0 ? f->codes[a->update.version - FAKE_FIRST_VERSION] : f->artifact;
        f->revision++;
        f->n_updates++;
        f->is_updating = 1;
        e->update = UPDATE_IN_PROGRESS;
        show(f->revision, f->code, e, texts);
}

static void publish(FakeFunction *f, const Action *a, Event *e, FakeTexts *texts) {
        e->fault = accepts(f, a->publish.revision);
        show(f->revision, f->code, e, texts);
        if (e->fault == FAULT_NONE && strcmp(texts->code_sha, a->publish.code_sha) != 0)
                e->fault = FAULT_INVALID;
        if (e->fault != FAULT_NONE)
                return;
        if (f->codes[f->n_versions - 1] != f->code && f->n_versions < FAKE_VERSIONS_MAX) {
                f->codes[f->n_versions++] = f->code;
                f->n_published++;
                f->revision++;
                f->is_pending = 1;
        }
        e->version = newest(f);
}

bool fake_function_is_active(const FakeFunction *f, uint64_t version) {
        return version <= newest(f) && (version < newest(f) || !f->is_pending);
}

static void show_version(const FakeFunction *f, uint64_t version, Event *e, FakeTexts *texts) {
        e->role = version == 0 || version > FAKE_FIRST_VERSION ? f->role : 0;
        if (version == 0) {
                show(f->revision, f->code, e, texts);
                e->update = f->is_updating ? UPDATE_IN_PROGRESS : UPDATE_SUCCESSFUL;
                return;
        }
        if (version < FAKE_FIRST_VERSION || version > newest(f)) {
                e->fault = FAULT_MISSING;
                return;
        }
        show(1, f->codes[version - FAKE_FIRST_VERSION], e, texts);
        e->state = fake_function_is_active(f, version) ? FUNCTION_ACTIVE : FUNCTION_PENDING;
}

bool fake_function_answer(FakeFunction *f, const Action *a, Event *e, FakeTexts *texts) {
        bool happens = e->fault == FAULT_NONE;

        if (a->kind == ACTION_READ_FUNCTION) {
                e->kind = EVENT_FUNCTION_READ;
                if (happens)
                        show_version(f, a->version, e, texts);
                if (happens && a->version == 0)
                        f->is_updating = 0;
                else if (happens && a->version == newest(f))
                        f->is_pending = 0;
        } else if (a->kind == ACTION_UPDATE_CODE) {
                e->kind = EVENT_CODE_UPDATED;
                if (happens)
                        update(f, a, e, texts);
        } else if (a->kind == ACTION_PUBLISH_VERSION) {
                e->kind = EVENT_VERSION_PUBLISHED;
                if (happens)
                        publish(f, a, e, texts);
        } else if (a->kind == ACTION_READ_CODE) {
                e->kind = EVENT_CODE_READ;
                if (happens)
                        show(0, f->artifact, e, texts);
        } else if (a->kind == ACTION_READ_CONCURRENCY) {
                e->kind = EVENT_CONCURRENCY_READ;
                e->concurrency = f->concurrency;
        } else {
                return false;
        }
        return true;
}

void fake_function_apply(FakeFunction *f, const Action *a) {
        FakeTexts texts;
        Event e = { 0 };

        if (a->kind == ACTION_UPDATE_CODE || a->kind == ACTION_PUBLISH_VERSION)
                (void) fake_function_answer(f, a, &e, &texts);
}

bool fake_action_changes(ActionKind kind) {
        return kind == ACTION_WRITE_ALIAS || kind == ACTION_CREATE_ALIAS || kind == ACTION_UPDATE_CODE ||
                        kind == ACTION_PUBLISH_VERSION;
}

void fake_function_seize(FakeFunction *f, uint32_t code) {
        f->code = code;
        f->revision++;
}
