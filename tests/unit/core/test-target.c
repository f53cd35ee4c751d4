#include "core/target.h"

#include "base/usec.h"
#include "unit/core/drive.h"

static Drive *drive_at_first_write(void) {
        Drive *d = drive_new();

        drive_to(d, PHASE_SHIFTING);
        EXPECT_INT(d->alias_effect.kind, ACTION_WRITE_ALIAS);
        return d;
}

TEST(a_lost_reply_is_found_by_reading) {
        _cleanup_(drive_freep) Drive *d = drive_at_first_write();
        Action a = d->alias_effect;

        EXPECT_INT(fake_alias_write(&d->alias, &a.write.route, a.write.revision), FAULT_NONE);
        drive_refuse(d, FAULT_TRANSIENT);
        EXPECT_INT(d->alias_effect.kind, ACTION_READ_ALIAS);
        drive_reply(d);
        EXPECT(d->state->step_age != 0); /* it was ours: go on, no second write */
        EXPECT_INT(d->alias.revision, 2);
}

TEST(a_write_that_did_not_happen_is_repeated) {
        _cleanup_(drive_freep) Drive *d = drive_at_first_write();

        drive_refuse(d, FAULT_TRANSIENT);
        drive_reply(d);
        EXPECT_INT(d->alias_effect.kind, ACTION_WRITE_ALIAS);
        EXPECT_INT(d->actions->items[0].kind, ACTION_PERSIST);
        drive_reply(d);
        EXPECT(d->state->step_age != 0);
}

TEST(a_412_by_our_own_lost_reply_goes_on) {
        _cleanup_(drive_freep) Drive *d = drive_at_first_write();
        Action a = d->alias_effect;

        EXPECT_INT(fake_alias_write(&d->alias, &a.write.route, a.write.revision), FAULT_NONE);
        drive_reply(d); /* now the alias itself answers 412 */
        EXPECT_INT(d->alias_effect.kind, ACTION_READ_ALIAS);
        drive_reply(d);
        EXPECT(d->state->step_age != 0);
}

TEST(a_reply_that_says_something_else_is_not_believed) {
        _cleanup_(drive_freep) Drive *d = drive_at_first_write();
        Event e = { .kind = EVENT_ALIAS_WRITTEN, .op_id = d->alias_effect.op_id, .revision = "rev-9" };

        e.route = (Route){ .primary = 41 };
        d->alias.revision = 9;
        d->alias_effect = (Action){ 0 };
        EXPECT_OK(drive_event(d, &e));
        EXPECT_INT(d->state->step_age, 0);
        EXPECT_INT(d->alias_effect.kind, ACTION_READ_ALIAS);
        drive_reply(d);
        EXPECT_INT(d->alias_effect.kind, ACTION_WRITE_ALIAS);
        EXPECT_STR(d->alias_effect.write.revision, "rev-9");
}

TEST(retries_wait_longer_and_longer) {
        _cleanup_(drive_freep) Drive *d = drive_at_first_write();
        usec_t last = 0, sum = 0;

        for (unsigned i = 0; i < 6; i++) {
                usec_t before = d->now.mono;

                drive_refuse(d, FAULT_THROTTLED);
                while (d->alias_effect.op_id == 0) {
                        drive_tick(d);
                        if (d->poll_effect.op_id != 0)
                                drive_metrics(d);
                }
                last = d->now.mono - before;
                sum += last;
        }
        EXPECT(last >= 8 * USEC_PER_SEC && last <= 30 * USEC_PER_SEC);
        EXPECT(sum >= 15 * USEC_PER_SEC);
}

TEST(retry_after_is_honoured) {
        _cleanup_(drive_freep) Drive *d = drive_at_first_write();
        Event e = { .kind = EVENT_ALIAS_WRITTEN,
                .op_id = d->alias_effect.op_id,
                .fault = FAULT_THROTTLED,
                .retry_after = 4 * USEC_PER_SEC };
        usec_t before = d->now.mono;

        d->alias_effect = (Action){ 0 };
        EXPECT_OK(drive_event(d, &e));
        while (d->alias_effect.op_id == 0) {
                drive_tick(d);
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
        }
        EXPECT(d->now.mono - before >= 4 * USEC_PER_SEC);
}

TEST(polls_keep_to_the_grid) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to_hold(d, 0);
        drive_tick(d);
        EXPECT_INT(d->now.wall % (30 * USEC_PER_SEC), 0);
        EXPECT_INT(d->poll_effect.kind, ACTION_READ_METRICS);
        EXPECT_INT(d->poll_effect.metrics.from % USEC_PER_MINUTE, 0);
}

TEST(weight_of_a_version) {
        Route split = { .primary = 41, .extra = 42, .weight = 500 }, whole = { .primary = 42 };

        EXPECT_INT(route_weight_of(&split, 42), 500);
        EXPECT_INT(route_weight_of(&split, 41), 9500);
        EXPECT_INT(route_weight_of(&whole, 42), 10000);
        EXPECT_INT(route_weight_of(&whole, 7), 0);
}
