#include <string.h>

#include "base/usec.h"
#include "core/target-code.h"

#define ACTIVE_EVERY (5 * USEC_PER_SEC)

static bool is_to_be_published(const Step *s, uint32_t i) {
        return s->plan->targets[i].publish.kind != PUBLISH_NOTHING && s->state->targets[i].version_new == 0;
}

bool publishing_is_needed(const Step *s) {
        for (uint32_t i = 0; i < s->state->n_targets; i++)
                if (is_to_be_published(s, i) || s->state->targets[i].code.missing)
                        return true;
        return false;
}

void publishing_begin(Step *s) {
        step_enter(s, PHASE_PUBLISHING);
}

static Report *copy_words(Step *s, Report *r) {
        step_copy_text(r->error, sizeof(r->error), s->state->targets[s->state->reason_target].error);
        return r;
}

/* Whether anything of ours may be left in Lambda: then it was not rejected, but turned around. */
bool publishing_touched(const RolloutState *st) {
        for (uint32_t i = 0; i < st->n_targets; i++)
                if (st->targets[i].code.touched != 0)
                        return true;
        return false;
}

void publish_fail(Step *s, uint32_t i, Reason reason) {
        uint64_t version = s->state->targets[i].version_new;

        if (!publishing_touched(s->state)) {
                (void) copy_words(s, end_rejected(s, reason, i, version));
                return;
        }
        s->state->reason_version = version;
        (void) rollback_begin(s, reason, i, 0);
}

/* STAGE_LATEST: is $LATEST what we want, what it was, or somebody else's? */
void publish_take_latest(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const PlanPublish *publish = &s->plan->targets[i].publish;
        const Event *e = s->event;
        bool is_first = t->code.sha[0] == '\0', is_planned = code_is_planned(s, i, e->code_sha);
        bool is_well = e->update != UPDATE_FAILED && e->state != FUNCTION_FAILED;

        if (code_is_busy(s, i))
                return;
        code_note_revision(t, e);
        if (publish->kind == PUBLISH_LATEST && (!is_well || (publish->has_sha256 && !is_planned))) {
                code_note_words(t, e);
                publish_fail(s, i, is_well ? REASON_CODE_DIFFERS : REASON_UPDATE_FAILED);
                return;
        }
        if (publish->kind == PUBLISH_LATEST || (is_planned && is_well)) {
                step_copy_text(t->code.sha, sizeof(t->code.sha), e->code_sha);
                t->code.known = 1;
                t->code.unsure &= ~CODE_UPDATE;
                if (is_first)
                        (void) step_report(s, REPORT_PUBLISHING, i);
                target_go_on(s, i, STAGE_PUBLISH);
                return;
        }
        if (is_first) {
                step_copy_text(t->code.sha, sizeof(t->code.sha), e->code_sha);
                (void) step_report(s, REPORT_PUBLISHING, i);
        } else if (strcmp(t->code.sha, e->code_sha) != 0 &&
                        (code_has_plan(s, i) || (t->code.unsure & CODE_UPDATE) == 0)) {
                /* Neither what was there nor what we sent. Where that cannot be told from what we may have
                 * sent, sending it again is what was asked for. */
                if (code_is_strange(s, i))
                        publish_fail(s, i, REASON_CODE_FOREIGN);
                return;
        }
        t->strange = 0;
        target_go_on(s, i, STAGE_UPDATE);
}

void publish_take_active(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;
        Reason difference;

        t->failing_since = 0;
        if (e->state == FUNCTION_PENDING) {
                t->alias_op = (Op){ 0 };
                target_wait(s, i, STAGE_ACTIVATE, ACTIVE_EVERY);
        } else if (e->state == FUNCTION_FAILED) {
                code_note_words(t, e);
                publish_fail(s, i, REASON_VERSION_FAILED);
        } else if ((difference = preflight_find_difference(t, e)) != REASON_NONE) {
                publish_fail(s, i, difference);
        } else {
                t->stage = STAGE_IDLE;
                t->alias_op = (Op){ 0 };
                t->code.since = 0;
        }
}

/* The reply, or what a read shows: an alias as preflight would take it is as good as one that we have made.
 */
void publish_take_created(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;
        uint64_t version;
        Reason reason = preflight_judge_alias(s, i, &version);

        if (reason != REASON_NONE) {
                s->state->reason_version = version;
                publish_fail(s, i, reason);
                return;
        }
        target_learn(s, i, &e->route, e->revision);
        t->want = t->route;
        t->code.missing = 0;
        t->failing_since = 0;
        t->stage = STAGE_IDLE;
        t->alias_op = (Op){ 0 };
        (void) step_report(s, REPORT_ALIAS_CREATED, i);
}

static Reason patience_is_over(const Step *s, uint32_t i) {
        const TargetState *t = &s->state->targets[i];
        usec_t age = s->state->age;

        if (t->failing_since != 0 && usec_sub(age, t->failing_since) >= s->plan->max_blind)
                return REASON_CANNOT_DEPLOY;
        return age >= code_patience_end(s->state, t) ? REASON_CODE_STUCK : REASON_NONE;
}

static bool fail_if_due(Step *s) {
        RolloutState *st = s->state;

        if (usec_sub(st->age, st->due_since) >= s->plan->deadline) {
                publish_fail(s, 0, REASON_DEADLINE);
                return true;
        }
        for (uint32_t i = 0; i < st->n_targets; i++) {
                Reason reason = patience_is_over(s, i);

                if (reason == REASON_NONE)
                        continue;
                publish_fail(s, i, reason);
                return true;
        }
        return false;
}

/* One at a time, the code first: two aliases of one function then publish once, and no alias is made for
 * what cannot be deployed. False: nothing is left to do. */
static bool begin_next(Step *s) {
        RolloutState *st = s->state;

        for (uint32_t i = 0; i < st->n_targets; i++) {
                if (!is_to_be_published(s, i))
                        continue;
                st->targets[i].code.since = st->age;
                target_enter(s, i, STAGE_LATEST);
                return true;
        }
        for (uint32_t i = 0; i < st->n_targets; i++) {
                if (!st->targets[i].code.missing)
                        continue;
                target_enter(s, i, STAGE_CREATE);
                return true;
        }
        return false;
}

bool publishing_progress(Step *s) {
        if (fail_if_due(s))
                return true;
        for (uint32_t i = 0; i < s->state->n_targets; i++)
                if (s->state->targets[i].stage != STAGE_IDLE)
                        return false;
        if (begin_next(s))
                return false;
        wave_begin(s);
        /* It has taken minutes since preflight has read the aliases. */
        s->state->gated = GATED_READ_AGAIN;
        return true;
}
