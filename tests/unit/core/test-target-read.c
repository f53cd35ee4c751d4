#include "core/target.h"

#include "base/usec.h"
#include "unit/core/drive.h"

/* A promotion that was accepted: read back before it is believed. */
static Drive *drive_at_verify(void) {
        Drive *d = drive_new();

        d->plan.n_steps = 0;
        drive_to(d, PHASE_PROMOTING);
        drive_reply(d);
        EXPECT_INT(drive_target(d)->stage, STAGE_VERIFY);
        return d;
}

TEST(what_was_written_is_seen) {
        _cleanup_(drive_freep) Drive *d = drive_at_verify();

        drive_reply(d);
        EXPECT_INT(d->state->phase, PHASE_BAKING);
}

TEST(one_read_that_shows_nothing_is_no_proof) {
        _cleanup_(drive_freep) Drive *d = drive_at_verify();

        drive_refuse(d, FAULT_MISSING);
        EXPECT_INT(drive_target(d)->stage, STAGE_VERIFY);
        drive_to(d, PHASE_BAKING);
}

TEST(several_reads_of_something_else_let_go) {
        _cleanup_(drive_freep) Drive *d = drive_at_verify();
        Route theirs = { .primary = 40 };

        fake_alias_seize(&d->alias, &theirs);
        drive_to(d, PHASE_RELEASED);
        EXPECT_INT(d->state->reason, REASON_FOREIGN);
}

TEST(a_read_that_fails_is_repeated) {
        _cleanup_(drive_freep) Drive *d = drive_at_verify();

        drive_refuse(d, FAULT_THROTTLED);
        EXPECT_INT(d->alias_effect.op_id, 0);
        drive_to(d, PHASE_BAKING);
}
