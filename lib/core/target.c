#include "core/target.h"

#include <errno.h>
#include <string.h>

#include "base/fingerprint.h"
#include "base/usec.h"
#include "core/backoff.h"
#include "core/target-code.h"

uint32_t route_weight_of(const Route *route, uint64_t version) {
        if (version == 0)
                return 0; /* not published yet */
        if (route->primary == version)
                return WEIGHT_FULL - route->weight;
        return route->extra == version ? route->weight : 0;
}

bool target_is_settled(const TargetState *t) {
        return t->stage == STAGE_IDLE && route_equal(&t->route, &t->want);
}

static bool is_rolling_back(const Step *s) {
        return s->state->phase == PHASE_ROLLING_BACK;
}

/* The lane of alias, versions and preflight; those that poll have their own. */
static Lane lane_of(const Step *s) {
        switch ((Phase) s->state->phase) {
        case PHASE_ROLLING_BACK:
                return LANE_ROLLBACK;
        case PHASE_PROMOTING:
        case PHASE_BAKING:
                return LANE_PROMOTE;
        case PHASE_PUBLISHING:
        case PHASE_SHIFTING:
        case PHASE_RESTORING:
                return LANE_STEP;
        case PHASE_QUEUED:
        case PHASE_PREFLIGHT:
        case PHASE_SUCCEEDED:
        case PHASE_ROLLED_BACK:
        case PHASE_REJECTED:
        case PHASE_RELEASED:
                return LANE_PREFLIGHT;
        }
        return LANE_PREFLIGHT;
}

/* Forward calls may wait for their turn in the shell: those must not leave after a rollback that overtook
 * them. The event's own operation is over. */
bool target_forget_op(Step *s, uint32_t i, Op *op) {
        uint64_t id = op->id;
        Action *a;

        *op = (Op){ 0 };
        if (id == 0 || id == s->event->op_id || step_withdraw(s, id))
                return false;
        a = step_push(s, ACTION_CANCEL, i);
        a->op_id = id;
        a->even_unrecorded = true;
        a->lane = lane_of(s);
        return true;
}

void target_forget_ops(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];

        (void) target_forget_op(s, i, &t->alias_op);
        (void) target_forget_op(s, i, &t->poll_op);
        (void) target_forget_op(s, i, &t->alarm_op);
}

void target_note_error(TargetState *t, const Event *e) {
        step_copy_text(t->error, sizeof(t->error), e->error);
}

bool target_revision_is(const char *revision, const char *other) {
        return revision && strncmp(revision, other, REVISION_SIZE) == 0;
}

uint64_t target_fingerprint_of(const char *revision) {
        return usec_max(fingerprint(revision, strnlen(revision, REVISION_SIZE)), 1);
}

/* What the stage asks the shell for; -EINVAL: nothing. */
static int stage_action(Stage stage) {
        switch (stage) {
        case STAGE_READ_ALIAS:
        case STAGE_RESOLVE:
        case STAGE_VERIFY:
        case STAGE_CREATED:
                return ACTION_READ_ALIAS;
        case STAGE_READ_OLD:
        case STAGE_READ_NEW:
                return ACTION_READ_VERSION;
        case STAGE_READ_ALARMS:
                return ACTION_READ_ALARMS;
        case STAGE_WRITE:
                return ACTION_WRITE_ALIAS;
        case STAGE_READ_CONCURRENCY:
                return ACTION_READ_CONCURRENCY;
        case STAGE_READ_HISTORY:
                return ACTION_READ_METRICS;
        case STAGE_READ_CODE:
                return ACTION_READ_CODE;
        case STAGE_READ_LATEST:
        case STAGE_LATEST:
        case STAGE_UPDATED:
        case STAGE_ACTIVATE:
        case STAGE_RESTORE_OLD:
        case STAGE_RESTORE_NEW:
                return ACTION_READ_FUNCTION;
        case STAGE_UPDATE:
                return ACTION_UPDATE_CODE;
        case STAGE_PUBLISH:
                return ACTION_PUBLISH_VERSION;
        case STAGE_CREATE:
                return ACTION_CREATE_ALIAS;
        case STAGE_IDLE:
        case STAGE_RELEASED:
                return -EINVAL;
        }
        return -EINVAL;
}

bool target_expects(const TargetState *t, EventKind kind) {
        int action = stage_action((Stage) t->stage);

        return action >= 0 && action_completion((ActionKind) action) == kind;
}

/* Emits the effect of the present stage with a fresh op id. */
void target_ask(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        int kind = stage_action((Stage) t->stage);
        Action *a;

        if (kind < 0)
                return;
        a = step_push(s, (ActionKind) kind, i);
        a->op_id = s->state->next_op++;
        a->lane = lane_of(s);
        /* Putting the old version back harms nobody, even when it cannot be written down; nor does the read
         * that proves it. */
        a->even_unrecorded = is_rolling_back(s);
        t->alias_op.id = a->op_id;
        t->alias_op.retry_at = 0;
        if (kind == ACTION_READ_VERSION)
                a->version = t->stage == STAGE_READ_OLD ? t->version_old : t->version_new;
        if (kind == ACTION_READ_METRICS)
                preflight_fill_history(s, i, a);
        code_fill(s, i, a);
        if (kind != ACTION_WRITE_ALIAS)
                return;
        t->moved |= t->want.primary == t->version_new;
        a->write.route = t->want;
        memcpy(a->write.revision, t->revision, REVISION_SIZE);
        t->touched = 1;
        s->persist = true;
}

void target_enter(Step *s, uint32_t i, Stage stage) {
        TargetState *t = &s->state->targets[i];

        t->stage = stage;
        t->alias_op = (Op){ 0 };
        t->strange = 0;
        target_ask(s, i);
}

void target_go_on(Step *s, uint32_t i, Stage stage) {
        s->state->targets[i].stage = stage;
        target_ask(s, i);
}

void target_wait(Step *s, uint32_t i, Stage stage, usec_t span) {
        TargetState *t = &s->state->targets[i];

        t->stage = stage;
        t->alias_op.id = 0;
        t->alias_op.retry_at = usec_add(s->state->age, span);
}

void target_read_alias(Step *s, uint32_t i) {
        target_enter(s, i, STAGE_READ_ALIAS);
}

void target_read_version(Step *s, uint32_t i, Stage stage) {
        target_enter(s, i, stage);
}

void target_read(Step *s, uint32_t i, Stage stage) {
        target_enter(s, i, stage);
}

void target_read_alarms(Step *s, uint32_t i) {
        target_enter(s, i, STAGE_READ_ALARMS);
}

void target_read_back(Step *s, uint32_t i) {
        target_enter(s, i, STAGE_VERIFY);
}

void target_write(Step *s, uint32_t i, const Route *want) {
        TargetState *t = &s->state->targets[i];
        bool is_sent = target_forget_op(s, i, &t->alias_op);
        Report *r;

        /* A write that is still under way may land before this one: then its route is ours, not a foreign
         * hand's. */
        if ((t->stage == STAGE_WRITE || t->stage == STAGE_RESOLVE) && !route_equal(&t->want, want)) {
                t->lost = t->want;
                t->unsure |= t->stage == STAGE_WRITE && is_sent;
        }
        r = step_report(s, REPORT_WEIGHT_INTENT, i);
        r->weight_to = route_weight_of(want, t->version_new);
        t->want = *want;
        /* A rollback is late from its first moment on. */
        t->failing_since = is_rolling_back(s) ? s->state->age : 0;
        t->moving_since = 0;
        target_enter(s, i, STAGE_WRITE);
}

static void count_failure(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;

        t->alias_op.attempt++;
        if (t->failing_since == 0)
                t->failing_since = s->state->age;
        if (e->fault == FAULT_NONE)
                return;
        t->alias_op.fault = e->fault;
        target_note_error(t, e);
}

void target_retry_later(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;
        usec_t delay = backoff_delay(
                        t->alias_op.attempt, e->fault, e->retry_after, is_rolling_back(s), &s->state->prng);

        t->alias_op.id = 0;
        t->alias_op.retry_at = usec_add(s->state->age, delay);
        count_failure(s, i);
        target_tell_failure(s, i, delay);
}

void target_again(Step *s, uint32_t i, Stage stage) {
        TargetState *t = &s->state->targets[i];

        t->stage = stage;
        t->strange = 0;
        if (t->alias_op.attempt >= TARGET_ATTEMPTS_AT_ONCE) {
                target_retry_later(s, i);
                return;
        }
        count_failure(s, i);
        if (is_rolling_back(s))
                target_tell_failure(s, i, 0);
        target_ask(s, i);
}

/* What the alias has now. */
void target_learn(Step *s, uint32_t i, const Route *route, const char *revision) {
        TargetState *t = &s->state->targets[i];

        if (!target_revision_is(revision, t->revision)) {
                if (t->revision[0] != '\0') {
                        memmove(&t->past[1], &t->past[0], sizeof(t->past) - sizeof(t->past[0]));
                        t->past[0].fingerprint = target_fingerprint_of(t->revision);
                }
                step_copy_text(t->revision, sizeof(t->revision), revision);
        }
        t->route = *route;
        t->seen_wall = s->now->wall;
}

/* The alias has what we wanted and we have seen it. */
void target_finish(Step *s, uint32_t i, const char *revision) {
        TargetState *t = &s->state->targets[i];
        uint32_t weight = route_weight_of(&t->want, t->version_new);

        target_learn(s, i, &t->want, revision);
        t->lost = (Route){ 0 };
        t->unsure = 0;
        t->strange = 0;
        t->failing_since = 0;
        t->moving_since = 0;
        t->error[0] = '\0';
        t->stage = STAGE_IDLE;
        t->alias_op = (Op){ 0 };
        if (weight != t->told_weight) {
                step_report(s, REPORT_WEIGHT_SET, i)->weight_from = t->told_weight;
                t->told_weight = weight;
        }
}

/* 100 % on either version is read back before it is believed; steps in between are checked by their reply.
 */
static bool wants_verification(const Route *want) {
        return want->extra == 0;
}

static void take_confirmed(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;

        /* The RevisionId is a new one: no write that compared with an older one can land any more. */
        target_learn(s, i, &e->route, e->revision);
        t->lost = (Route){ 0 };
        t->unsure = 0;
        if (!route_equal(&e->route, &t->want) && t->want.primary == t->version_new &&
                        target_is_moved_by_lambda(t, &e->route)) {
                target_await_lambda(s, i);
                return;
        }
        if (!route_equal(&e->route, &t->want)) {
                /* Accepted, yet something else is there: find out what, with a pause, and try again. */
                target_again(s, i, STAGE_RESOLVE);
                return;
        }
        if (!wants_verification(&t->want)) {
                target_finish(s, i, e->revision);
                return;
        }
        target_enter(s, i, STAGE_VERIFY);
        target_expect_lambda(s, i);
}

/* It may have happened, or somebody was faster: only a read can tell. */
static void resolve_later(Step *s, uint32_t i) {
        target_again(s, i, STAGE_RESOLVE);
}

/* It surely did not happen. On the way back an alias that is whole may be so because an earlier write of
 * ours has landed, and is yet to be verified. */
static void take_refusal(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        bool has_moved = is_rolling_back(s) && t->past[0].fingerprint != 0;

        if (!t->unsure && !has_moved && route_weight_of(&t->route, t->version_new) == 0)
                t->touched = 0;
        target_retry_later(s, i);
}

void target_take_written(Step *s, uint32_t i) {
        switch (s->event->fault) {
        case FAULT_NONE:
                take_confirmed(s, i);
                return;
        case FAULT_TRANSIENT:
        case FAULT_PERMANENT:
                s->state->targets[i].unsure = 1;
                resolve_later(s, i);
                return;
        case FAULT_PRECONDITION:
                /* AWS answers again: the pauses were for what went before. */
                if (s->state->targets[i].alias_op.fault != FAULT_PRECONDITION)
                        s->state->targets[i].alias_op.attempt = 0;
                resolve_later(s, i);
                return;
        case FAULT_MISSING:
                /* In a rollback the alias may be gone for good: then there is nothing left to put back. */
                if (is_rolling_back(s))
                        resolve_later(s, i);
                else
                        take_refusal(s, i);
                return;
        case FAULT_INVALID:
        case FAULT_THROTTLED:
        case FAULT_UNREACHABLE:
        case FAULT_CREDENTIALS:
        case FAULT_CLOCK:
        case FAULT_DENIED:
        case FAULT_CONFLICT:
        case FAULT_STORE:
                take_refusal(s, i);
                return;
        }
}

void target_tick(Step *s, uint32_t i) {
        Op *op = &s->state->targets[i].alias_op;

        if (op->id == 0 && op->retry_at != 0 && op->retry_at <= s->state->age)
                target_ask(s, i);
}
