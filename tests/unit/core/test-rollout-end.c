#include "unit/core/drive.h"

TEST(an_outcome_absorbs_everything) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to(d, PHASE_SUCCEEDED);
        EXPECT(d->state->ended_wall != 0);
        for (int kind = EVENT_RESUME; kind < EVENT_KIND_COUNT; kind++) {
                Event e = { .kind = (EventKind) kind, .op_id = kind > EVENT_TICK };

                (void) drive_event(d, &e); /* the invariants say that nothing changed */
                EXPECT_INT(d->actions->n, 0);
        }
}

TEST(nothing_is_outstanding_afterwards) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->alias.route.primary = 40;
        drive_start(d);
        drive_reply(d);
        EXPECT_INT(d->state->phase, PHASE_REJECTED);
        EXPECT_INT(drive_target(d)->alias_op.id, 0);
        EXPECT_INT(drive_target(d)->poll_op.id, 0);
}
