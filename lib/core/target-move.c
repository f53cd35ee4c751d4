#include "base/usec.h"
#include "core/target-internal.h"

/* An alias with provisioned concurrency that gets another primary version: some 30 s later Lambda gives all
 * its traffic back to the version that it had, and moves it as the concurrency becomes available. The
 * RevisionId moves, too, and none of it was asked for. */
#define BEGINS_WITHIN (60 * USEC_PER_SEC)
#define READ_EVERY (5 * USEC_PER_SEC)
#define WRITE_EVERY (2 * USEC_PER_SEC)

static bool goes_forward(const TargetState *t) {
        return t->want.primary == t->version_new;
}

static bool is_under_way(const TargetState *t, const Route *route) {
        return route->primary == t->version_new && route->extra == t->version_old;
}

/* Exactly that shape, and only where the primary has changed: the two versions, whatever the weight (which
 * need not be one that a plan could have). Or, when a rollback comes in between, what it ends with. */
bool target_is_moved_by_lambda(const TargetState *t, const Route *route) {
        bool is_back = route->primary == t->version_old && route->extra == t->version_new;
        bool is_over = is_under_way(t, &t->route) &&
                        route_equal(route, &(Route){ .primary = t->version_new });

        if (!t->moved || t->concurrency == 1 || t->want.extra != 0)
                return false;
        return is_under_way(t, route) || ((is_back || is_over) && !goes_forward(t));
}

static void begin(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        Report *r;

        if (t->moving_since != 0)
                return;
        t->moving_since = s->state->age;
        r = step_report(s, REPORT_PROVISIONING, i);
        r->found = s->event->route;
        step_copy_text(r->revision, sizeof(r->revision), s->event->revision);
}

void target_expect_lambda(Step *s, uint32_t i) {
        const TargetState *t = &s->state->targets[i];

        if (t->moved && t->concurrency > 1)
                begin(s, i);
}

void target_await_lambda(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];

        begin(s, i);
        target_learn(s, i, &s->event->route, s->event->revision);
        t->strange = 0;
        /* A rollback does not wait until Lambda thinks it time: no traffic for the new version. */
        if (goes_forward(t))
                target_wait(s, i, STAGE_VERIFY, READ_EVERY);
        else if (t->stage == STAGE_RESOLVE)
                target_again(s, i, STAGE_WRITE);
        else
                target_wait(s, i, STAGE_WRITE, WRITE_EVERY);
}

bool target_awaits_lambda(Step *s, uint32_t i) {
        const TargetState *t = &s->state->targets[i];

        if (t->moving_since == 0 || usec_sub(s->state->age, t->moving_since) >= BEGINS_WITHIN)
                return false;
        target_wait(s, i, STAGE_VERIFY, READ_EVERY);
        return true;
}

usec_t target_move_end(const TargetState *t) {
        if (t->moving_since == 0 || !goes_forward(t))
                return USEC_INFINITY;
        return usec_add(t->moving_since, TARGET_MOVE_PATIENCE);
}
