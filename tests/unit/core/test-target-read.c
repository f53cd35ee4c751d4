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

static const Route all_old = { .primary = 41 };

/* The first write took effect, its reply was lost, and somebody has put all traffic back since. */
static Drive *drive_to_put_back(Fault fault) {
        Drive *d = drive_new();

        drive_to(d, PHASE_SHIFTING);
        while (drive_target(d)->stage != STAGE_WRITE)
                drive_reply(d);
        if (fault == FAULT_TRANSIENT)
                EXPECT_OK(fake_alias_write(&d->alias, &drive_target(d)->want, drive_target(d)->revision));
        fake_alias_seize(&d->alias, &all_old);
        drive_refuse(d, fault);
        return d;
}

TEST(what_may_have_been_put_back_is_not_sent_forward_again) {
        _cleanup_(drive_freep) Drive *d = drive_to_put_back(FAULT_TRANSIENT);

        while (d->state->phase != PHASE_RELEASED) {
                EXPECT(!drive_action(d, ACTION_WRITE_ALIAS));
                if (d->alias_effect.op_id != 0)
                        drive_reply(d);
                else
                        drive_tick(d);
        }
        EXPECT_INT(d->state->reason, REASON_FOREIGN);
        EXPECT(route_equal(&d->alias.route, &all_old));
}

/* Nothing of ours can have landed, so nothing can have been put back. */
TEST(a_change_of_the_revision_before_the_first_write_is_adopted) {
        _cleanup_(drive_freep) Drive *d = drive_to_put_back(FAULT_PRECONDITION);

        drive_to(d, PHASE_SUCCEEDED);
}

TEST(nor_is_it_after_a_restart) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to(d, PHASE_SHIFTING);
        while (drive_target(d)->stage != STAGE_WRITE)
                drive_reply(d);
        EXPECT_OK(fake_alias_write(&d->alias, &drive_target(d)->want, drive_target(d)->revision));
        fake_alias_seize(&d->alias, &all_old);
        drive_resume(d);
        drive_to(d, PHASE_RELEASED);
        EXPECT(route_equal(&d->alias.route, &all_old));
}
