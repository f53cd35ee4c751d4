#include "core/target.h"

#include <errno.h>
#include <string.h>

#include "base/fingerprint.h"
#include "base/usec.h"
#include "core/backoff.h"

uint32_t route_weight_of(const Route *route, uint64_t version) {
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

static bool revision_is(const char *revision, const char *other) {
        return revision && strncmp(revision, other, REVISION_SIZE) == 0;
}

static uint64_t fingerprint_of(const char *revision) {
        return usec_max(fingerprint(revision, strnlen(revision, REVISION_SIZE)), 1);
}

/* Older than what is known: reads are eventually consistent. */
static bool revision_is_past(const TargetState *t, const char *revision) {
        uint64_t wanted = fingerprint_of(revision);

        for (size_t n = 0; n < PAST_REVISIONS_MAX; n++)
                if (t->past[n].fingerprint == wanted)
                        return !revision_is(revision, t->revision);
        return false;
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

/* Emits the effect of the present stage with a fresh op id. */
static void ask(Step *s, uint32_t i) {
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
        if (kind != ACTION_WRITE_ALIAS)
                return;
        a->write.route = t->want;
        memcpy(a->write.revision, t->revision, REVISION_SIZE);
        t->touched = 1;
        s->persist = true;
}

static void enter(Step *s, uint32_t i, Stage stage) {
        TargetState *t = &s->state->targets[i];

        t->stage = stage;
        t->alias_op = (Op){ 0 };
        t->strange = 0;
        ask(s, i);
}

void target_read_alias(Step *s, uint32_t i) {
        enter(s, i, STAGE_READ_ALIAS);
}

void target_read_version(Step *s, uint32_t i, Stage stage) {
        enter(s, i, stage);
}

void target_read_alarms(Step *s, uint32_t i) {
        enter(s, i, STAGE_READ_ALARMS);
}

void target_read_back(Step *s, uint32_t i) {
        enter(s, i, STAGE_VERIFY);
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
        t->failing_since = 0;
        enter(s, i, STAGE_WRITE);
}

/* Attempts that are told: the first ones, then ever fewer, so that a long outage does not fill the log. */
static bool attempt_is_told(uint32_t attempt) {
        return (attempt & (attempt - 1)) == 0 || attempt % 64 == 0;
}

/* Write, read, write again: no pause in one such round, a growing one when that goes on. */
#define ATTEMPTS_AT_ONCE 3

/* A successful read between two writes that fail is no news: what is told is the last fault. */
static void tell_failure(Step *s, uint32_t i, usec_t delay) {
        TargetState *t = &s->state->targets[i];
        Report *r;

        if (t->alias_op.fault == FAULT_NONE || !attempt_is_told(t->alias_op.attempt))
                return;
        /* A late write of our own, mostly: the read that follows at once explains it. */
        if (t->alias_op.fault == FAULT_PRECONDITION && t->alias_op.attempt <= ATTEMPTS_AT_ONCE)
                return;
        r = step_report(s, is_rolling_back(s) ? REPORT_ROLLBACK_FAILING : REPORT_RETRYING, i);
        r->fault = t->alias_op.fault;
        step_copy_text(r->error, sizeof(r->error), t->error);
        r->next = delay;
        r->weight_to = route_weight_of(&t->want, t->version_new);
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
        tell_failure(s, i, delay);
}

static void again(Step *s, uint32_t i, Stage stage) {
        TargetState *t = &s->state->targets[i];

        t->stage = stage;
        t->strange = 0;
        if (t->alias_op.attempt >= ATTEMPTS_AT_ONCE) {
                target_retry_later(s, i);
                return;
        }
        count_failure(s, i);
        if (is_rolling_back(s))
                tell_failure(s, i, 0);
        ask(s, i);
}

/* What the alias has now. */
static void learn(Step *s, uint32_t i, const Route *route, const char *revision) {
        TargetState *t = &s->state->targets[i];

        if (!revision_is(revision, t->revision)) {
                memmove(&t->past[1], &t->past[0], sizeof(t->past) - sizeof(t->past[0]));
                t->past[0].fingerprint = fingerprint_of(t->revision);
                step_copy_text(t->revision, sizeof(t->revision), revision);
        }
        t->route = *route;
        t->seen_wall = s->now->wall;
}

/* The alias has what we wanted and we have seen it. */
static void finish(Step *s, uint32_t i, const char *revision) {
        TargetState *t = &s->state->targets[i];
        uint32_t weight = route_weight_of(&t->want, t->version_new);

        learn(s, i, &t->want, revision);
        t->lost = (Route){ 0 };
        t->unsure = 0;
        t->strange = 0;
        t->failing_since = 0;
        t->error[0] = '\0';
        t->stage = STAGE_IDLE;
        t->alias_op = (Op){ 0 };
        if (weight != t->told_weight) {
                step_report(s, REPORT_WEIGHT_SET, i)->weight_from = t->told_weight;
                t->told_weight = weight;
        }
}

static void release(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        Report *r;

        t->stage = STAGE_RELEASED;
        target_forget_ops(s, i);
        r = step_report(s, REPORT_FOREIGN, i);
        r->ours = t->route;
        r->seen_wall = t->seen_wall;
        memcpy(r->ours_revision, t->revision, REVISION_SIZE);
        step_copy_text(r->revision, sizeof(r->revision), NULL);
        if (s->event->fault == FAULT_NONE) {
                r->found = s->event->route;
                step_copy_text(r->revision, sizeof(r->revision), s->event->revision);
        }
}

/* Letting go is for ever, and what one read shows may be older than anything we know, or a 404 of something
 * between here and Lambda: it takes several in a row. */
#define STRANGE_READS 4

static void take_strange(Step *s, uint32_t i) {
        if (++s->state->targets[i].strange >= STRANGE_READS)
                release(s, i);
        else
                target_retry_later(s, i);
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
        learn(s, i, &e->route, e->revision);
        t->lost = (Route){ 0 };
        t->unsure = 0;
        if (!route_equal(&e->route, &t->want)) {
                /* Accepted, yet something else is there: find out what, with a pause, and try again. */
                again(s, i, STAGE_RESOLVE);
                return;
        }
        if (!wants_verification(&t->want)) {
                finish(s, i, e->revision);
                return;
        }
        enter(s, i, STAGE_VERIFY);
}

/* It may have happened, or somebody was faster: only a read can tell. */
static void resolve_later(Step *s, uint32_t i) {
        again(s, i, STAGE_RESOLVE);
}

/* It surely did not happen. */
static void take_refusal(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];

        if (!t->unsure && route_weight_of(&t->route, t->version_new) == 0)
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

/* A replica that lags behind catches up in moments. When it does not, it is what we took for new that was
 * old: the next write tells, as it lands only where the RevisionId is right. */
#define PAST_READS_MAX 8

static void take_past(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];

        if (t->alias_op.attempt < PAST_READS_MAX) {
                again(s, i, (Stage) t->stage);
                return;
        }
        learn(s, i, &s->event->route, s->event->revision);
        again(s, i, STAGE_WRITE);
}

/* The routing that we had, or that an earlier write of ours asked for, with another RevisionId. */
static bool route_is_ours(const TargetState *t, const Route *route) {
        return route_equal(route, &t->route) || (t->lost.primary != 0 && route_equal(route, &t->lost));
}

/* STAGE_RESOLVE: what became of a write whose outcome is not known? Every accepted UpdateAlias changes the
 * RevisionId, so the one our write compared with still being there means: not applied, whatever the routing
 * looks like. */
static void resolve(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;

        if (revision_is(e->revision, t->revision)) {
                t->seen_wall = s->now->wall;
                again(s, i, STAGE_WRITE);
        } else if (revision_is_past(t, e->revision)) {
                take_past(s, i);
        } else if (route_equal(&e->route, &t->want)) {
                finish(s, i, e->revision);
        } else if (route_is_ours(t, &e->route)) {
                if (route_equal(&e->route, &t->route))
                        (void) step_report(s, REPORT_REVISION_ADOPTED, i);
                learn(s, i, &e->route, e->revision);
                t->lost = (Route){ 0 };
                again(s, i, STAGE_WRITE);
        } else {
                take_strange(s, i);
        }
}

static void verify(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;

        if (revision_is_past(t, e->revision))
                take_past(s, i);
        else if (route_equal(&e->route, &t->want))
                finish(s, i, e->revision);
        else
                take_strange(s, i);
}

void target_take_read(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];

        switch (s->event->fault) {
        case FAULT_NONE:
                if (t->stage == STAGE_VERIFY)
                        verify(s, i);
                else
                        resolve(s, i);
                return;
        case FAULT_MISSING:
                /* An alias that we have written to is gone: only a foreign hand can have done that. */
                take_strange(s, i);
                return;
        case FAULT_TRANSIENT:
        case FAULT_PERMANENT:
        case FAULT_PRECONDITION:
        case FAULT_INVALID:
        case FAULT_THROTTLED:
        case FAULT_UNREACHABLE:
        case FAULT_CREDENTIALS:
        case FAULT_CLOCK:
        case FAULT_DENIED:
        case FAULT_CONFLICT:
        case FAULT_STORE:
                target_retry_later(s, i);
                return;
        }
}

void target_resume(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];

        t->poll_op = t->alarm_op = (Op){ 0 };
        t->next_poll = t->next_alarms = s->state->age;
        switch ((Stage) t->stage) {
        case STAGE_READ_ALIAS:
        case STAGE_READ_OLD:
        case STAGE_READ_NEW:
        case STAGE_READ_ALARMS:
        case STAGE_READ_CONCURRENCY:
        case STAGE_READ_LATEST:
        case STAGE_LATEST:
        case STAGE_UPDATED:
        case STAGE_ACTIVATE:
        case STAGE_CREATED:
        case STAGE_RESTORE_OLD:
        case STAGE_RESTORE_NEW:
                enter(s, i, (Stage) t->stage);
                return;
        case STAGE_UPDATE:
                t->code.unsure = 1;
                enter(s, i, STAGE_LATEST);
                return;
        case STAGE_PUBLISH:
                enter(s, i, STAGE_UPDATED);
                return;
        case STAGE_CREATE:
                enter(s, i, STAGE_CREATED);
                return;
        case STAGE_WRITE:
        case STAGE_RESOLVE:
                t->unsure = 1;
                enter(s, i, STAGE_RESOLVE);
                return;
        case STAGE_VERIFY:
                enter(s, i, STAGE_VERIFY);
                return;
        case STAGE_IDLE:
                if (t->touched)
                        enter(s, i, STAGE_VERIFY);
                return;
        case STAGE_RELEASED:
                return;
        }
}

void target_tick(Step *s, uint32_t i) {
        Op *op = &s->state->targets[i].alias_op;

        if (op->id == 0 && op->retry_at != 0 && op->retry_at <= s->state->age)
                ask(s, i);
}
