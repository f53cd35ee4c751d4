#include "core/target.h"

#include <errno.h>
#include <string.h>

#include "base/usec.h"
#include "core/backoff.h"
#include "core/judge.h"

uint32_t route_weight_of(const Route *route, uint64_t version) {
        if (route->primary == version)
                return WEIGHT_FULL - route->weight;
        return route->extra == version ? route->weight : 0;
}

bool target_is_settled(const TargetState *t) {
        return t->stage == STAGE_IDLE && route_equal(&t->route, &t->want);
}

void target_forget_ops(Step *s, TargetState *t) {
        (void) step_withdraw(s, t->alias_op.id);
        (void) step_withdraw(s, t->poll_op.id);
        t->alias_op = (Op){ 0 };
        t->poll_op = (Op){ 0 };
}

static bool is_rolling_back(const Step *s) {
        return s->state->phase == PHASE_ROLLING_BACK;
}

static void copy_text(char *dst, size_t size, const char *src) {
        size_t n = src ? strnlen(src, size - 1) : 0;

        memset(dst, 0, size);
        if (n > 0)
                memcpy(dst, src, n);
}

static bool revision_is(const char *revision, const char *other) {
        return revision && strncmp(revision, other, REVISION_SIZE) == 0;
}

/* What the stage asks the shell for; -EINVAL: nothing. */
static int stage_action(Stage stage) {
        switch (stage) {
        case STAGE_READ_ALIAS:
        case STAGE_RESOLVE:
        case STAGE_VERIFY:
                return ACTION_READ_ALIAS;
        case STAGE_READ_OLD:
        case STAGE_READ_NEW:
                return ACTION_READ_VERSION;
        case STAGE_WRITE:
                return ACTION_WRITE_ALIAS;
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
        a->is_rollback = is_rolling_back(s);
        t->alias_op.id = a->op_id;
        t->alias_op.retry_at = 0;
        if (kind == ACTION_READ_VERSION)
                a->version = t->stage == STAGE_READ_OLD ? t->version_old : t->version_new;
        if (kind != ACTION_WRITE_ALIAS)
                return;
        a->write.route = t->want;
        memcpy(a->write.revision, t->revision, REVISION_SIZE);
        /* Putting the old version back harms nobody, even when it cannot be written down. */
        a->even_unrecorded = is_rolling_back(s);
        t->touched = 1;
        s->persist = true;
}

static void enter(Step *s, uint32_t i, Stage stage) {
        TargetState *t = &s->state->targets[i];

        t->stage = stage;
        t->alias_op = (Op){ 0 };
        ask(s, i);
}

void target_read_alias(Step *s, uint32_t i) {
        enter(s, i, STAGE_READ_ALIAS);
}

void target_read_version(Step *s, uint32_t i, Stage stage) {
        enter(s, i, stage);
}

void target_write(Step *s, uint32_t i, const Route *want) {
        TargetState *t = &s->state->targets[i];
        bool is_sent = t->alias_op.id != 0 && !step_withdraw(s, t->alias_op.id);
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

void target_retry_later(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;
        bool rollback = is_rolling_back(s);
        usec_t delay = backoff_delay(
                        t->alias_op.attempt, e->fault, e->retry_after, rollback, &s->state->prng);

        t->alias_op.id = 0;
        t->alias_op.retry_at = usec_add(s->state->age, delay);
        t->alias_op.attempt++;
        t->alias_op.fault = e->fault;
        if (t->failing_since == 0)
                t->failing_since = s->state->age;
        if (e->fault != FAULT_NONE)
                copy_text(t->error, sizeof(t->error), e->error);
        if (e->fault != FAULT_NONE && attempt_is_told(t->alias_op.attempt)) {
                Report *r = step_report(s, rollback ? REPORT_ROLLBACK_FAILING : REPORT_RETRYING, i);

                r->next = delay;
                r->weight_to = route_weight_of(&t->want, t->version_new);
        }
}

/* Write, read, write again: no pause in one such round, a growing one when that goes on. */
#define ATTEMPTS_AT_ONCE 3

static void again(Step *s, uint32_t i, Stage stage) {
        TargetState *t = &s->state->targets[i];

        t->stage = stage;
        if (t->alias_op.attempt < ATTEMPTS_AT_ONCE) {
                t->alias_op.attempt++;
                if (t->failing_since == 0)
                        t->failing_since = s->state->age;
                ask(s, i);
                return;
        }
        target_retry_later(s, i);
}

/* What the alias has now. A new RevisionId also says: no write that compared with an older one can land any
 * more. */
static void learn(TargetState *t, const Route *route, const char *revision) {
        if (!revision_is(revision, t->revision)) {
                memcpy(t->stale_revision, t->revision, REVISION_SIZE);
                copy_text(t->revision, sizeof(t->revision), revision);
                t->unsure = 0;
        }
        t->route = *route;
}

/* The alias has what we wanted and we have seen it. */
static void finish(Step *s, uint32_t i, const char *revision) {
        TargetState *t = &s->state->targets[i];
        uint32_t weight = route_weight_of(&t->want, t->version_new);

        learn(t, &t->want, revision);
        t->lost = (Route){ 0 };
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
        target_forget_ops(s, t);
        r = step_report(s, REPORT_FOREIGN, i);
        if (s->event->fault == FAULT_NONE) {
                r->found = s->event->route;
                copy_text(r->revision, sizeof(r->revision), s->event->revision);
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

        learn(t, &e->route, e->revision);
        t->lost = (Route){ 0 };
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
        TargetState *t = &s->state->targets[i];

        copy_text(t->error, sizeof(t->error), s->event->error);
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

/* STAGE_RESOLVE: what became of a write whose outcome is not known? Every accepted UpdateAlias changes the
 * RevisionId, so the one our write compared with still being there means: not applied, whatever the routing
 * looks like. */
static void resolve(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;

        if (revision_is(e->revision, t->revision)) {
                again(s, i, STAGE_WRITE);
                return;
        }
        if (t->stale_revision[0] != '\0' && revision_is(e->revision, t->stale_revision)) {
                again(s, i, STAGE_RESOLVE);
                return;
        }
        if (route_equal(&e->route, &t->want)) {
                finish(s, i, e->revision);
                return;
        }
        if ((t->lost.primary != 0 && route_equal(&e->route, &t->lost)) ||
                        route_equal(&e->route, &t->route)) {
                if (route_equal(&e->route, &t->route))
                        (void) step_report(s, REPORT_REVISION_ADOPTED, i);
                learn(t, &e->route, e->revision);
                t->lost = (Route){ 0 };
                again(s, i, STAGE_WRITE);
                return;
        }
        release(s, i);
}

static void verify(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;

        if (t->stale_revision[0] != '\0' && revision_is(e->revision, t->stale_revision) &&
                        !revision_is(e->revision, t->revision)) {
                again(s, i, STAGE_VERIFY);
                return;
        }
        if (route_equal(&e->route, &t->want))
                finish(s, i, e->revision);
        else
                release(s, i);
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
                release(s, i);
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

        t->poll_op = (Op){ 0 };
        t->next_poll = s->state->age;
        switch ((Stage) t->stage) {
        case STAGE_READ_ALIAS:
        case STAGE_READ_OLD:
        case STAGE_READ_NEW:
                enter(s, i, (Stage) t->stage);
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

/* Polls fall on a grid of the wall clock, so that one GetMetricData can carry those of many rollouts; the
 * end of a hold or bake gets one of its own, so that nobody waits for the grid. */
static usec_t next_poll(const Step *s) {
        const RolloutState *st = s->state;
        usec_t hold = st->phase == PHASE_BAKING       ? s->plan->bake
                        : st->step < s->plan->n_steps ? s->plan->steps[st->step].hold
                                                      : 0;
        usec_t next = usec_add(st->age, s->plan->every - s->now->wall % s->plan->every);
        usec_t end = usec_add(st->step_age, hold);

        if (st->step_age != 0 && end > st->age && end < next)
                return end;
        return next;
}

void target_poll(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        JudgeState *j = &t->judge;
        Action *a;

        if (j->exposed_since == 0 || t->stage == STAGE_RELEASED || t->poll_op.id != 0 ||
                        s->plan->n_checks == 0)
                return;
        if (t->next_poll > s->state->age)
                return;
        judge_window(j, s->plan, s->now->wall, &j->asked_from, &j->asked_until);
        j->asked_age = s->state->age;
        j->asked_all = j->asked_until >= s->now->wall;
        a = step_push(s, ACTION_READ_METRICS, i);
        a->op_id = s->state->next_op++;
        a->metrics.from = j->asked_from;
        a->metrics.until = j->asked_until;
        a->metrics.version_new = t->version_new;
        a->metrics.version_old = t->version_old;
        t->poll_op.id = a->op_id;
        t->next_poll = next_poll(s);
}

static void take_blindness(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;
        usec_t delay = backoff_delay(t->poll_op.attempt, e->fault, e->retry_after, false, &s->state->prng);

        judge_take_failure(&t->judge, s->plan, judge_cause_of(e->fault), s->state->age);
        copy_text(t->error, sizeof(t->error), e->error);
        t->poll_op.attempt++;
        t->poll_op.fault = e->fault;
        t->next_poll = usec_min(t->next_poll, usec_add(s->state->age, delay));
}

void target_take_metrics(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        JudgeState *j = &t->judge;
        usec_t blind_before = j->blind_since;
        Report *r;

        t->poll_op.id = 0;
        if (s->event->fault != FAULT_NONE) {
                take_blindness(s, i);
        } else {
                judge_take(j, s->plan, s->event, s->now->wall);
                t->poll_op = (Op){ 0 };
                if (!j->caught_up)
                        t->next_poll = s->state->age;
        }
        if ((blind_before == 0) == (j->blind_since == 0))
                return;
        r = step_report(s, j->blind_since != 0 ? REPORT_BLIND : REPORT_SEEING, i);
        r->cause = j->blind_cause;
        r->next = s->plan->max_blind;
}
