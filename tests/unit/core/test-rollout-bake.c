#include "base/usec.h"
#include "unit/core/drive.h"

TEST(bake_takes_its_time) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        usec_t begun;

        drive_to(d, PHASE_BAKING);
        begun = d->state->age;
        drive_to(d, PHASE_SUCCEEDED);
        EXPECT(d->state->age - begun >= 5 * USEC_PER_MINUTE);
}

TEST(a_breach_in_the_bake_goes_back) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to(d, PHASE_PROMOTING);
        EXPECT_INT(d->alias_effect.lane, LANE_PROMOTE);
        drive_to(d, PHASE_BAKING);
        d->new_errors = 50;
        drive_to(d, PHASE_ROLLED_BACK);
        EXPECT_INT(d->alias.route.primary, 41);
        EXPECT_INT(d->alias.route.extra, 0);
}

TEST(a_bake_without_data_does_not_pass) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to(d, PHASE_BAKING);
        d->new_requests = 0;
        for (unsigned i = 0; i < 20 && d->state->phase == PHASE_BAKING; i++) {
                drive_tick(d);
                if (d->poll_effect.op_id != 0 && d->state->phase == PHASE_BAKING)
                        drive_metrics(d);
        }
        EXPECT(d->state->phase != PHASE_SUCCEEDED);
}

/* Whichever comes last, the other is asked for again already. */
TEST(the_end_leaves_nothing_outstanding) {
        for (int which = 0; which < 2; which++) {
                _cleanup_(drive_freep) Drive *d = drive_new();
                const JudgeState *j = &drive_target(d)->judge;
                const Action *cancel;
                usec_t end;

                d->plan.n_checks = 2;
                d->checks[1] = (PlanCheck){
                        .name = "alarm", .kind = CHECK_ALARM, .min_requests = 1, .alarm = "a"
                };
                drive_to(d, PHASE_BAKING);
                end = d->state->step_age + d->plan.bake;
                while (d->state->age < end || (which ? j->read_age : j->alarms_age) < end ||
                                d->poll_effect.op_id == 0 || d->alarm_effect.op_id == 0)
                        if (d->poll_effect.op_id != 0 && (which || d->state->age < end))
                                drive_metrics(d);
                        else if (d->alarm_effect.op_id != 0 && (!which || d->state->age < end))
                                drive_alarms(d);
                        else
                                drive_tick(d);
                EXPECT_INT(d->state->phase, PHASE_BAKING);
                (which ? drive_alarms : drive_metrics)(d);
                EXPECT_INT(d->state->phase, PHASE_SUCCEEDED);
                cancel = drive_action(d, ACTION_CANCEL);
                EXPECT(cancel && cancel->even_unrecorded);
                EXPECT_INT(d->poll_effect.op_id, 0);
                EXPECT_INT(d->alarm_effect.op_id, 0);
        }
}
