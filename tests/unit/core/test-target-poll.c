#include "base/usec.h"
#include "core/target.h"
#include "unit/core/drive.h"

TEST(a_poll_that_never_ends_is_blindness) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        usec_t since;

        drive_to_hold(d, 0);
        while (d->poll_effect.op_id == 0)
                drive_tick(d);
        since = d->now.mono;
        drive_tick(d);
        EXPECT_INT(d->state->phase, PHASE_ROLLING_BACK);
        EXPECT_INT(d->state->reason, REASON_BLIND);
        EXPECT(d->now.mono - since <= d->plan.max_blind);
        drive_to(d, PHASE_ROLLED_BACK);
}

TEST(buckets_settle_by_the_time_of_the_question) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        const JudgeState *j = &drive_target(d)->judge;

        drive_to_hold(d, 0);
        while (d->poll_effect.op_id == 0)
                drive_tick(d);
        EXPECT(d->now.wall < j->exposed_since + 2 * USEC_PER_MINUTE);
        drive_wait(d, 9 * USEC_PER_MINUTE); /* page after page */
        drive_metrics(d);
        EXPECT_INT(j->folded_until, j->exposed_since);
}

/* Four minutes ahead is not enough for AWS to refuse the signature. */
TEST(a_clock_that_was_ahead_hides_nothing) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        const JudgeState *j = &drive_target(d)->judge;
        usec_t exposed;

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
        if (d->poll_effect.op_id != 0)
                drive_metrics(d);
        else
                drive_tick(d);
        while (d->poll_effect.op_id == 0)
                drive_tick(d);
        EXPECT_INT(d->state->phase, PHASE_SHIFTING);
        EXPECT(d->poll_effect.metrics.from <= exposed); /* all of it once more */
        EXPECT_INT(d->poll_effect.metrics.until, usec_ceil(d->now.wall, d->plan.period));
        drive_metrics(d);
        EXPECT(j->folded_until + d->plan.settled_after <= d->now.wall);
        drive_to(d, PHASE_SUCCEEDED);
}

TEST(polls_keep_to_the_grid) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to_hold(d, 0);
        drive_tick(d);
        EXPECT_INT(d->now.wall % (30 * USEC_PER_SEC), 0);
        EXPECT_INT(d->poll_effect.kind, ACTION_READ_METRICS);
        EXPECT_INT(d->poll_effect.metrics.from % USEC_PER_MINUTE, 0);
}
