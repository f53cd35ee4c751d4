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

/* A reply that the test makes up: a reading of the alias with this RevisionId. */
static void show(Drive *d, const char *revision, Route route) {
        Event e = { .kind = EVENT_ALIAS_READ, .op_id = d->alias_effect.op_id, .revision = revision };

        e.route = route;
        EXPECT_INT(d->alias_effect.kind, ACTION_READ_ALIAS);
        d->alias_effect = (Action){ 0 };
        EXPECT_OK(drive_event(d, &e));
}

static void tick_to_call(Drive *d) {
        for (unsigned i = 0; i < 100 && d->alias_effect.op_id == 0; i++) {
                drive_tick(d);
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
        }
        EXPECT(d->alias_effect.op_id != 0);
}

static Drive *drive_at_rollback(uint32_t step) {
        Drive *d = drive_new();

        drive_to_hold(d, step);
        d->new_errors = 50;
        for (unsigned i = 0; i < 100 && d->state->phase != PHASE_ROLLING_BACK; i++) {
                drive_tick(d);
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
        }
        EXPECT_INT(d->alias_effect.kind, ACTION_WRITE_ALIAS);
        return d;
}

TEST(a_reading_older_than_the_last_two_writes_proves_nothing) {
        _cleanup_(drive_freep) Drive *d = drive_at_rollback(1);

        /* rev-1: 41; rev-2: 5 %; rev-3: 50 %. The write back is lost, and the reading is from before it all.
         */
        drive_refuse(d, FAULT_TRANSIENT);
        show(d, "rev-1", (Route){ .primary = 41 });
        EXPECT_INT(d->state->phase, PHASE_ROLLING_BACK);
        drive_to(d, PHASE_ROLLED_BACK);
        EXPECT(route_equal(&d->alias.route, &(Route){ .primary = 41 }));
        EXPECT_INT(d->alias.revision, 4);
}

TEST(an_old_reading_does_not_hide_a_split) {
        _cleanup_(drive_freep) Drive *d = drive_at_rollback(1);

        drive_refuse(d, FAULT_TRANSIENT);
        show(d, "rev-2", (Route){ .primary = 41, .extra = 42, .weight = 500 });
        EXPECT_INT(d->state->phase, PHASE_ROLLING_BACK);
        drive_to(d, PHASE_ROLLED_BACK);
}

TEST(an_old_reading_taken_for_new_does_not_last) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Route same = { .primary = 41 };

        fake_alias_seize(&d->alias, &same); /* rev-2, before it all began */
        drive_to(d, PHASE_SHIFTING);
        drive_refuse(d, FAULT_TRANSIENT);
        show(d, "rev-1", same);
        drive_to(d, PHASE_SUCCEEDED);
}

TEST(one_strange_reading_is_no_foreign_hand) {
        _cleanup_(drive_freep) Drive *d = drive_at_rollback(0);

        drive_refuse(d, FAULT_TRANSIENT);
        show(d, "rev-0", (Route){ .primary = 40 }); /* a replica that is far behind */
        EXPECT_INT(d->state->phase, PHASE_ROLLING_BACK);
        drive_to(d, PHASE_ROLLED_BACK);
        EXPECT_INT(d->alias.route.extra, 0);
}

TEST(one_404_is_not_the_end) {
        _cleanup_(drive_freep) Drive *d = drive_at_rollback(0);

        drive_refuse(d, FAULT_MISSING);
        drive_refuse(d, FAULT_MISSING);
        EXPECT_INT(d->state->phase, PHASE_ROLLING_BACK);
        tick_to_call(d);
        drive_refuse(d, FAULT_MISSING);
        EXPECT_INT(d->state->phase, PHASE_ROLLING_BACK);
        drive_to(d, PHASE_ROLLED_BACK);
        EXPECT_INT(d->alias.route.extra, 0);
}

/* Every write times out, every reading says that it did not happen. */
TEST(a_rollback_that_never_lands_is_shouted_about) {
        _cleanup_(drive_freep) Drive *d = drive_at_rollback(0);
        unsigned shouted = 0, first = 0;
        const Report *shout;

        for (unsigned i = 1; i <= 100; i++) {
                tick_to_call(d);
                if (d->alias_effect.kind == ACTION_WRITE_ALIAS)
                        drive_refuse(d, FAULT_TRANSIENT);
                else
                        drive_reply(d);
                shout = drive_report(d, REPORT_ROLLBACK_FAILING);
                if (shout) {
                        EXPECT_INT(shout->fault, FAULT_TRANSIENT);
                        EXPECT_STR(shout->error, "AWS's words");
                        first = shouted++ == 0 ? i : first;
                }
                EXPECT_INT(d->state->phase, PHASE_ROLLING_BACK);
        }
        EXPECT(shouted >= 4);
        EXPECT(first <= 3);
        drive_to(d, PHASE_ROLLED_BACK);
}

static bool is_told(const Drive *d, ReportKind kind) {
        return drive_report(d, kind) != NULL;
}

/* Everybody has one: a write that fails, did not happen, and succeeds the next time. */
TEST(one_failure_of_a_rollback_is_no_alarm) {
        static const Fault faults[] = { FAULT_TRANSIENT, FAULT_THROTTLED, FAULT_UNREACHABLE };

        for (size_t i = 0; i < ELEMENTSOF(faults); i++) {
                _cleanup_(drive_freep) Drive *d = drive_at_rollback(0);

                tick_to_call(d);
                EXPECT_INT(d->alias_effect.kind, ACTION_WRITE_ALIAS);
                drive_refuse(d, faults[i]);
                EXPECT(is_told(d, REPORT_RETRYING));
                EXPECT(!is_told(d, REPORT_ROLLBACK_FAILING));
                while (d->state->phase != PHASE_ROLLED_BACK) {
                        tick_to_call(d);
                        drive_reply(d);
                        EXPECT(!is_told(d, REPORT_RETRYING) && !is_told(d, REPORT_ROLLBACK_FAILING));
                }
        }
}

TEST(the_second_failure_of_a_rollback_is_one) {
        static const Fault faults[] = { FAULT_TRANSIENT, FAULT_THROTTLED, FAULT_UNREACHABLE };

        for (size_t i = 0; i < ELEMENTSOF(faults); i++) {
                _cleanup_(drive_freep) Drive *d = drive_at_rollback(0);

                tick_to_call(d);
                drive_refuse(d, faults[i]);
                tick_to_call(d);
                if (d->alias_effect.kind == ACTION_READ_ALIAS) {
                        drive_reply(d);
                        tick_to_call(d);
                }
                EXPECT_INT(d->alias_effect.kind, ACTION_WRITE_ALIAS);
                drive_refuse(d, faults[i]);
                EXPECT(is_told(d, REPORT_ROLLBACK_FAILING));
                EXPECT(!is_told(d, REPORT_RETRYING));
        }
}

/* Nothing in five seconds matters, be it one try that hung. */
TEST(a_rollback_that_takes_long_is_an_alarm_at_once) {
        _cleanup_(drive_freep) Drive *d = drive_at_rollback(0);

        tick_to_call(d);
        drive_wait(d, 6 * USEC_PER_SEC);
        drive_refuse(d, FAULT_TRANSIENT);
        EXPECT(is_told(d, REPORT_ROLLBACK_FAILING));
}

TEST(weight_of_a_version) {
        Route split = { .primary = 41, .extra = 42, .weight = 500 }, whole = { .primary = 42 };

        EXPECT_INT(route_weight_of(&split, 42), 500);
        EXPECT_INT(route_weight_of(&split, 41), 9500);
        EXPECT_INT(route_weight_of(&whole, 42), 10000);
        EXPECT_INT(route_weight_of(&whole, 7), 0);
}

/* A read that shows what we know is news of a kind: nobody was there until then. */
TEST(a_read_says_until_when_it_was_ours) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to(d, PHASE_SHIFTING);
        drive_refuse(d, FAULT_TRANSIENT);
        drive_wait(d, USEC_PER_SEC);
        drive_reply(d);
        EXPECT_INT(drive_target(d)->stage, STAGE_WRITE);
        EXPECT_INT(drive_target(d)->seen_wall, d->now.wall);
}

/* Reads that lag so far behind that they show the alias as it was at first, and a write that is refused for
 * sure: the old version is not proven to be back, and it was not rejected. */
TEST(a_rollback_that_is_refused_late_is_still_verified) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Event old = { .route = { .primary = 41 }, .revision = "rev-1" };

        drive_to_hold(d, 0);
        d->new_errors = 90;
        drive_to(d, PHASE_ROLLING_BACK);
        drive_reply(d);
        EXPECT_INT(drive_target(d)->stage, STAGE_VERIFY);
        for (unsigned i = 0; i < 50 && d->alias_effect.kind != ACTION_WRITE_ALIAS; i++)
                if (d->alias_effect.op_id != 0)
                        drive_answer(d, &old);
                else
                        drive_tick(d);
        EXPECT_INT(d->alias_effect.kind, ACTION_WRITE_ALIAS);
        drive_refuse(d, FAULT_DENIED);
        EXPECT_INT(d->state->phase, PHASE_ROLLING_BACK);
        EXPECT_INT(drive_target(d)->touched, 1);
        drive_to(d, PHASE_ROLLED_BACK);
        EXPECT_INT(d->alias.route.primary, 41);
        EXPECT_INT(d->alias.route.extra, 0);
}
