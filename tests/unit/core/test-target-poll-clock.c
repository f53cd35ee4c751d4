#include "base/usec.h"
#include "core/target.h"
#include "unit/core/drive.h"

/* What was asked for by a time that turns out to be wrong. */

/* Four minutes ahead is not enough for AWS to refuse the signature. */
TEST(a_clock_that_was_ahead_hides_nothing) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        const JudgeState *j = &drive_target(d)->judge;
        usec_t exposed, read_age;

        d->steps[0].hold = USEC_PER_HOUR;
        drive_to_hold(d, 0);
        exposed = j->exposed_since;
        for (unsigned i = 0; i < 40; i++)
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
                else
                        drive_tick(d);
        d->now.wall += 4 * USEC_PER_MINUTE;
        for (unsigned i = 0; i < 4; i++)
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
                else
                        drive_tick(d);
        EXPECT(j->folded_until > exposed);
        d->now.wall -= 4 * USEC_PER_MINUTE;
        drive_wait(d, USEC_PER_MINUTE);
        while (d->poll_effect.op_id == 0)
                drive_tick(d);
        /* The reply tells what time it is: it counts for nothing, and all of it is read once more. */
        read_age = j->read_age;
        drive_metrics(d);
        EXPECT(j->read_age < read_age);
        EXPECT_INT(d->state->phase, PHASE_SHIFTING);
        EXPECT(d->poll_effect.op_id != 0);
        EXPECT(d->poll_effect.metrics.from <= exposed);
        EXPECT_INT(d->poll_effect.metrics.until, usec_ceil(d->now.wall, d->plan.period));
        drive_metrics(d);
        EXPECT(j->folded_until + d->plan.settled_after <= d->now.wall);
        drive_to(d, PHASE_SUCCEEDED);
}

/* Asked for by a clock that the reply shows to be behind: the newest buckets are not in it. */
TEST(a_clock_that_was_behind_lets_nothing_pass) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        const JudgeState *j = &drive_target(d)->judge;

        drive_to_hold(d, 0);
        while (d->poll_effect.op_id == 0)
                drive_tick(d);
        EXPECT(j->asked_all);
        d->now.wall += 10 * USEC_PER_MINUTE;
        drive_metrics(d);
        EXPECT(!j->caught_up);
        EXPECT(d->poll_effect.op_id != 0);
        EXPECT(d->poll_effect.metrics.until >= d->now.wall);
        drive_metrics(d);
        EXPECT(j->caught_up);
}
