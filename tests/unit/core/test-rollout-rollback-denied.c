#include "base/usec.h"
#include "unit/core/drive.h"

/* Writes that AWS denies, before and after traffic has moved. */

static void expect_back(Drive *d, Reason reason) {
        drive_to(d, PHASE_ROLLED_BACK);
        EXPECT_INT(d->state->reason, reason);
        EXPECT_INT(d->alias.route.primary, 41);
        EXPECT_INT(d->alias.route.extra, 0);
}

TEST(denied_at_the_very_first_write_is_a_rejection) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        RolloutView v;
        char text[TRACE_TEXT_MAX];

        drive_to(d, PHASE_SHIFTING);
        drive_refuse(d, FAULT_DENIED);
        EXPECT_INT(d->state->phase, PHASE_REJECTED);
        EXPECT_INT(d->state->reason, REASON_DENIED);
        EXPECT_STR(drive_report(d, REPORT_REJECTED)->error, "AWS's words");
        EXPECT_INT(d->alias.revision, 1);
        rollout_view(d->state, &d->plan, &d->now, &v);
        view_format(&v, d->state, &d->plan, text);
        EXPECT_CONTAINS(text, "AWS denies access (AWS's words)");
}

/* Traffic has moved: held, until it is allowed again. */
TEST(denied_at_a_later_write_is_waited_for) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        usec_t since = 0;

        drive_to_hold(d, 0);
        while (d->state->phase == PHASE_SHIFTING) {
                if (d->alias_effect.kind == ACTION_WRITE_ALIAS) {
                        since = since ? since : d->state->age;
                        drive_refuse(d, FAULT_DENIED);
                } else if (d->poll_effect.op_id != 0) {
                        drive_metrics(d);
                } else {
                        drive_tick(d);
                }
        }
        EXPECT_INT(d->state->phase, PHASE_ROLLING_BACK);
        EXPECT_INT(d->state->reason, REASON_CANNOT_WRITE);
        EXPECT(d->state->age >= since + d->plan.max_blind);
        expect_back(d, REASON_CANNOT_WRITE);
}
