#include "core/target-code.h"

#include <string.h>

#include "base/macro.h"
#include "base/usec.h"

/* Lambda's waiters give $LATEST 5 minutes, and a version (SnapStart) 26. */
#define UPDATE_PATIENCE (15 * USEC_PER_MINUTE)
#define ACTIVE_PATIENCE (30 * USEC_PER_MINUTE)
#define RESTORE_PATIENCE (15 * USEC_PER_MINUTE)

static bool is_restoring(const Step *s) {
        return s->state->phase == PHASE_RESTORING;
}

/* What $LATEST has once the update is done. */
static const char *wanted_sha(const Step *s, const TargetState *t) {
        return is_restoring(s) ? t->code.old_sha : t->code.sha;
}

static void fail(Step *s, uint32_t i, Reason reason) {
        if (is_restoring(s))
                restore_end(s, i, REPORT_RESTORE_FAILED, reason);
        else
                publish_fail(s, i, reason);
}

static uint64_t version_to_read(const TargetState *t) {
        if (t->stage == STAGE_RESTORE_OLD)
                return t->version_old;
        return t->stage == STAGE_ACTIVATE || t->stage == STAGE_RESTORE_NEW ? t->version_new : 0;
}

/* What may be changed is on record before it is. */
static void note_touch(Step *s, TargetState *t, uint32_t what) {
        t->code.touched |= what;
        s->persist = true;
}

void code_fill(Step *s, uint32_t i, Action *a) {
        TargetState *t = &s->state->targets[i];

        switch (a->kind) {
        case ACTION_READ_FUNCTION:
                a->version = version_to_read(t);
                return;
        case ACTION_UPDATE_CODE:
                note_touch(s, t, CODE_UPDATE);
                t->code.restore_asked |= is_restoring(s);
                memcpy(a->update.revision, t->code.revision, REVISION_SIZE);
                a->update.version = is_restoring(s) ? t->version_old : 0;
                memcpy(a->update.code_sha, is_restoring(s) ? t->code.old_sha : t->code.planned,
                                CODE_SHA_SIZE);
                return;
        case ACTION_PUBLISH_VERSION:
                note_touch(s, t, CODE_PUBLISH);
                memcpy(a->publish.revision, t->code.revision, REVISION_SIZE);
                step_copy_text(a->publish.code_sha, CODE_SHA_SIZE, wanted_sha(s, t));
                return;
        case ACTION_CREATE_ALIAS:
                note_touch(s, t, CODE_CREATE);
                a->version = t->version_old;
                return;
        case ACTION_PERSIST:
        case ACTION_REPORT:
        case ACTION_READ_ALIAS:
        case ACTION_READ_VERSION:
        case ACTION_WRITE_ALIAS:
        case ACTION_READ_METRICS:
        case ACTION_READ_ALARMS:
        case ACTION_READ_CONCURRENCY:
        case ACTION_READ_CODE:
        case ACTION_CANCEL:
                return;
        }
}

static void format_hex(const uint8_t sha256[static PLAN_HASH_SIZE], char ret[static CODE_SHA_SIZE]) {
        static const char digits[] = "0123456789abcdef";

        for (size_t i = 0; i < PLAN_HASH_SIZE; i++) {
                ret[2 * i] = digits[sha256[i] >> 4];
                ret[2 * i + 1] = digits[sha256[i] & 15];
        }
        ret[2 * PLAN_HASH_SIZE] = '\0';
}

/* 32 bytes: ten groups of three and one of two. */
static void format_base64(const uint8_t sha256[static PLAN_HASH_SIZE], char ret[static CODE_SHA_SIZE]) {
        static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        size_t n = 0;

        for (size_t i = 0; i < PLAN_HASH_SIZE; i += 3) {
                uint32_t third = i + 2 < PLAN_HASH_SIZE ? sha256[i + 2] : 0;
                uint32_t bits = (uint32_t) sha256[i] << 16 | (uint32_t) sha256[i + 1] << 8 | third;

                for (unsigned shift = 24; shift > 0; n++) {
                        shift -= 6;
                        ret[n] = digits[bits >> shift & 63];
                }
        }
        ret[n - 1] = '=';
        ret[n] = '\0';
}

bool code_is_planned(const Step *s, uint32_t i, const char *code_sha) {
        const PlanPublish *publish = &s->plan->targets[i].publish;
        const CodeState *code = &s->state->targets[i].code;
        char hex[CODE_SHA_SIZE], base64[CODE_SHA_SIZE];

        if (code->planned[0] != '\0')
                return strcmp(code_sha, code->planned) == 0;
        if (!publish->has_sha256)
                return false;
        format_hex(publish->sha256, hex);
        format_base64(publish->sha256, base64);
        return strcmp(code_sha, base64) == 0 || strcmp(code_sha, hex) == 0;
}

bool code_has_plan(const Step *s, uint32_t i) {
        return s->state->targets[i].code.planned[0] != '\0' || s->plan->targets[i].publish.has_sha256;
}

void code_note_words(TargetState *t, const Event *e) {
        step_copy_text(t->error, sizeof(t->error), e->fault == FAULT_NONE ? e->state_words : e->error);
}

void code_note_revision(TargetState *t, const Event *e) {
        step_copy_text(t->code.revision, sizeof(t->code.revision), e->revision);
}

/* Every second at first, every five later on. */
static usec_t update_pause(const Step *s, const TargetState *t) {
        usec_t waited = usec_sub(s->state->age, t->code.since);

        return usec_min(usec_max(waited / 4, USEC_PER_SEC), 5 * USEC_PER_SEC);
}

bool code_is_busy(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;

        if (e->update != UPDATE_IN_PROGRESS && e->state != FUNCTION_PENDING)
                return false;
        /* The time in which nothing could be seen is no time in which Lambda was at it. */
        if (t->failing_since != 0 && !is_restoring(s))
                t->code.since = s->state->age;
        t->failing_since = 0;
        target_wait(s, i, (Stage) t->stage, update_pause(s, t));
        return true;
}

/* Reads are eventually consistent: one alone proves nothing. */
#define STRANGE_READS 4

bool code_is_strange(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];

        if (++t->strange >= STRANGE_READS)
                return true;
        target_retry_later(s, i);
        return false;
}

/* It surely did not happen; what an earlier one did stays. */
static void take_back(TargetState *t, uint32_t what) {
        t->code.touched &= ~(what & ~t->code.unsure);
}

/* A call that changes something has failed. Where it may have happened, or somebody was faster, only a read
 * tells: "look" is its stage. */
static void take_write_fault(Step *s, uint32_t i, uint32_t what, Stage look) {
        TargetState *t = &s->state->targets[i];

        switch (s->event->fault) {
        case FAULT_NONE:
                return;
        case FAULT_TRANSIENT:
        case FAULT_PERMANENT:
                t->code.unsure |= what;
                target_again(s, i, look);
                return;
        case FAULT_PRECONDITION:
        case FAULT_CONFLICT:
                take_back(t, what);
                t->stage = look;
                target_retry_later(s, i);
                return;
        case FAULT_THROTTLED:
        case FAULT_UNREACHABLE:
        case FAULT_CREDENTIALS:
        case FAULT_CLOCK:
        case FAULT_STORE:
                take_back(t, what);
                target_retry_later(s, i);
                return;
        case FAULT_DENIED:
        case FAULT_MISSING:
        case FAULT_INVALID:
                take_back(t, what);
                code_note_words(t, s->event);
                fail(s, i,
                                s->event->fault == FAULT_DENIED       ? REASON_DENIED
                                                : what == CODE_CREATE ? REASON_ALIAS_REFUSED
                                                                      : REASON_CODE_REFUSED);
                return;
        }
}

static void take_update(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;
        bool is_right;

        if (e->fault != FAULT_NONE) {
                take_write_fault(s, i, CODE_UPDATE, STAGE_LATEST);
                return;
        }
        /* The RevisionId is a new one: no update that compared with an older one can land any more. */
        t->code.unsure &= ~CODE_UPDATE;
        code_note_revision(t, e);
        if (is_restoring(s)) {
                is_right = strcmp(e->code_sha, t->code.old_sha) == 0;
        } else {
                step_copy_text(t->code.sha, sizeof(t->code.sha), e->code_sha);
                t->code.known = 1;
                t->code.since = s->state->age;
                is_right = !code_has_plan(s, i) || code_is_planned(s, i, e->code_sha);
                /* Whatever comes between here and the version: by this it is known as ours. */
                step_copy_text(t->code.planned, sizeof(t->code.planned), e->code_sha);
                s->persist = true;
        }
        t->failing_since = 0;
        t->alias_op = (Op){ 0 };
        t->strange = 0;
        if (!is_right)
                fail(s, i, REASON_CODE_DIFFERS);
        else
                target_wait(s, i, STAGE_UPDATED, USEC_PER_SEC);
}

static void take_updated(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;

        if (strcmp(e->code_sha, wanted_sha(s, t)) != 0) {
                if (code_is_strange(s, i))
                        fail(s, i, REASON_CODE_FOREIGN);
                return;
        }
        t->strange = 0;
        if (code_is_busy(s, i))
                return;
        if (e->update == UPDATE_FAILED || e->state == FUNCTION_FAILED) {
                code_note_words(t, e);
                fail(s, i, REASON_UPDATE_FAILED);
                return;
        }
        code_note_revision(t, e);
        target_go_on(s, i, STAGE_PUBLISH);
}

static void take_published(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;

        if (e->fault != FAULT_NONE) {
                take_write_fault(s, i, CODE_PUBLISH, STAGE_UPDATED);
                return;
        }
        t->failing_since = 0;
        t->alias_op = (Op){ 0 };
        if (is_restoring(s)) {
                t->code.version_restored = e->version;
                restore_end(s, i, REPORT_RESTORED, REASON_NONE);
                return;
        }
        if (e->version == t->version_old) {
                t->code.touched = 0;
                fail(s, i, REASON_NOTHING_NEW);
                return;
        }
        t->version_new = e->version;
        t->code.since = s->state->age;
        (void) step_report(s, REPORT_PUBLISHED, i);
        target_enter(s, i, STAGE_ACTIVATE);
}

static void take_create(Step *s, uint32_t i) {
        if (s->event->fault != FAULT_NONE)
                take_write_fault(s, i, CODE_CREATE, STAGE_CREATED);
        else
                publish_take_created(s, i);
}

/* A read that fails. A version that was published a moment ago may not be seen everywhere yet. */
static void take_read_fault(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];

        switch (s->event->fault) {
        case FAULT_MISSING:
                if (t->stage == STAGE_ACTIVATE) {
                        target_retry_later(s, i);
                        return;
                }
                if (t->stage == STAGE_CREATED) {
                        target_again(s, i, STAGE_CREATE);
                        return;
                }
                code_note_words(t, s->event);
                fail(s, i, REASON_CODE_REFUSED);
                return;
        case FAULT_DENIED:
        case FAULT_INVALID:
                code_note_words(t, s->event);
                fail(s, i, s->event->fault == FAULT_DENIED ? REASON_DENIED : REASON_CODE_REFUSED);
                return;
        case FAULT_NONE:
        case FAULT_TRANSIENT:
        case FAULT_PERMANENT:
        case FAULT_PRECONDITION:
        case FAULT_THROTTLED:
        case FAULT_UNREACHABLE:
        case FAULT_CREDENTIALS:
        case FAULT_CLOCK:
        case FAULT_CONFLICT:
        case FAULT_STORE:
                target_retry_later(s, i);
                return;
        }
}

static void take_read(Step *s, uint32_t i) {
        Stage stage = (Stage) s->state->targets[i].stage;

        if (s->event->fault != FAULT_NONE)
                take_read_fault(s, i);
        else if (stage == STAGE_LATEST && is_restoring(s))
                restore_take_latest(s, i);
        else if (stage == STAGE_LATEST)
                publish_take_latest(s, i);
        else if (stage == STAGE_UPDATED)
                take_updated(s, i);
        else if (stage == STAGE_ACTIVATE)
                publish_take_active(s, i);
        else if (stage == STAGE_CREATED)
                publish_take_created(s, i);
        else
                restore_take_version(s, i);
}

void code_take(Step *s, uint32_t i) {
        Stage stage = (Stage) s->state->targets[i].stage;

        if (stage == STAGE_UPDATE)
                take_update(s, i);
        else if (stage == STAGE_PUBLISH)
                take_published(s, i);
        else if (stage == STAGE_CREATE)
                take_create(s, i);
        else
                take_read(s, i);
}

/* The reply is lost, and so is whether the call has happened: reading tells, as after any lost reply. */
void code_resume(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        Stage stage = (Stage) t->stage;

        if (stage == STAGE_UPDATE) {
                t->code.unsure |= CODE_UPDATE;
                stage = STAGE_LATEST;
        } else if (stage == STAGE_PUBLISH) {
                t->code.unsure |= CODE_PUBLISH;
                stage = STAGE_UPDATED;
        } else if (stage == STAGE_CREATE) {
                t->code.unsure |= CODE_CREATE;
                stage = STAGE_CREATED;
        }
        target_enter(s, i, stage);
}

void code_forget(TargetState *t) {
        if (t->stage == STAGE_UPDATE && t->alias_op.id != 0)
                t->code.unsure |= CODE_UPDATE;
}

usec_t code_patience_end(const RolloutState *st, const TargetState *t) {
        usec_t patience = t->stage == STAGE_ACTIVATE ? ACTIVE_PATIENCE : UPDATE_PATIENCE;

        if (t->code.since == 0 || t->stage == STAGE_IDLE)
                return USEC_INFINITY;
        if (st->phase == PHASE_RESTORING)
                return usec_add(t->code.since, RESTORE_PATIENCE);
        if (t->failing_since != 0 ||
                        (t->stage != STAGE_LATEST && t->stage != STAGE_UPDATED &&
                                        t->stage != STAGE_ACTIVATE))
                return USEC_INFINITY;
        return usec_add(t->code.since, patience);
}
