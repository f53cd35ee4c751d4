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
