#include <string.h>

#include "core/target-code.h"

/* Older than what is known: reads are eventually consistent. */
static bool revision_is_past(const TargetState *t, const char *revision) {
        uint64_t wanted = target_fingerprint_of(revision);

        for (size_t n = 0; n < PAST_REVISIONS_MAX; n++)
                if (t->past[n].fingerprint == wanted)
                        return !target_revision_is(revision, t->revision);
        return false;
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

/* A replica that lags behind catches up in moments. When it does not, it is what we took for new that was
 * old: the next write tells, as it lands only where the RevisionId is right. */
#define PAST_READS_MAX 8

static void take_past(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];

        if (t->alias_op.attempt < PAST_READS_MAX) {
                target_again(s, i, (Stage) t->stage);
                return;
        }
        target_learn(s, i, &s->event->route, s->event->revision);
        target_again(s, i, STAGE_WRITE);
}

/* The routing that we had, or that an earlier write of ours asked for, with another RevisionId. */
static bool route_is_ours(const TargetState *t, const Route *route) {
        return route_equal(route, &t->route) || (t->lost.primary != 0 && route_equal(route, &t->lost));
}

/* A write of ours that gave the new version traffic may have landed, and somebody has put all of it back
 * since: the RevisionId is neither ours nor the one before, and the routing is that of before. Then going
 * forward once more would undo what they did. That they touched the alias without moving traffic, just while
 * a reply of ours was lost, is as likely; it costs a rollout, not an outage. */
static bool may_be_put_back(const TargetState *t, const Route *route) {
        return t->unsure && route_weight_of(route, t->version_new) == 0 &&
                        route_weight_of(&t->want, t->version_new) > 0;
}

static void take_wanted(Step *s, uint32_t i) {
        const Event *e = s->event;

        target_learn(s, i, &e->route, e->revision);
        if (!target_awaits_lambda(s, i))
                target_finish(s, i, e->revision);
}

/* STAGE_RESOLVE: what became of a write whose outcome is not known? Every accepted UpdateAlias changes the
 * RevisionId, so the one our write compared with still being there means: not applied, whatever the routing
 * looks like. */
static void resolve(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;

        if (target_revision_is(e->revision, t->revision)) {
                t->seen_wall = s->now->wall;
                target_again(s, i, STAGE_WRITE);
        } else if (revision_is_past(t, e->revision)) {
                take_past(s, i);
        } else if (route_equal(&e->route, &t->want)) {
                target_expect_lambda(s, i);
                take_wanted(s, i);
        } else if (route_is_ours(t, &e->route) && !may_be_put_back(t, &e->route)) {
                if (route_equal(&e->route, &t->route))
                        (void) step_report(s, REPORT_REVISION_ADOPTED, i);
                target_learn(s, i, &e->route, e->revision);
                t->lost = (Route){ 0 };
                target_again(s, i, STAGE_WRITE);
        } else if (target_is_moved_by_lambda(t, &e->route)) {
                target_await_lambda(s, i);
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
                take_wanted(s, i);
        else if (target_is_moved_by_lambda(t, &e->route))
                target_await_lambda(s, i);
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
        case STAGE_READ_CODE:
        case STAGE_READ_HISTORY:
                target_enter(s, i, (Stage) t->stage);
                return;
        case STAGE_LATEST:
        case STAGE_UPDATE:
        case STAGE_UPDATED:
        case STAGE_PUBLISH:
        case STAGE_ACTIVATE:
        case STAGE_CREATE:
        case STAGE_CREATED:
        case STAGE_RESTORE_OLD:
        case STAGE_RESTORE_NEW:
                code_resume(s, i);
                return;
        case STAGE_WRITE:
        case STAGE_RESOLVE:
                t->unsure = 1;
                target_enter(s, i, STAGE_RESOLVE);
                return;
        case STAGE_VERIFY:
                target_enter(s, i, STAGE_VERIFY);
                return;
        case STAGE_IDLE:
                /* Back and verified before any code was put back: nobody's business any more. */
                if (t->touched && s->state->phase != PHASE_RESTORING)
                        target_enter(s, i, STAGE_VERIFY);
                return;
        case STAGE_RELEASED:
                return;
        }
}
