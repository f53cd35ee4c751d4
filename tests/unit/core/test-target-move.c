#include "base/usec.h"
#include "core/target.h"
#include "unit/core/drive.h"

static Drive *drive_promoting(uint32_t concurrency) {
        Drive *d = drive_new();

        d->plan.n_steps = 0;
        d->function.concurrency = concurrency;
        drive_to(d, PHASE_PROMOTING);
        EXPECT_INT(d->alias_effect.kind, ACTION_WRITE_ALIAS);
        return d;
}

static void lambda_sets(Drive *d, uint64_t primary, uint64_t extra, uint32_t weight) {
        d->alias.route = (Route){ .primary = primary, .extra = extra, .weight = weight };
        d->alias.revision++;
}

static void drive_alias(Drive *d) {
        if (d->alias_effect.op_id != 0)
                drive_reply(d);
        else if (d->poll_effect.op_id != 0)
                drive_metrics(d);
        else
                drive_tick(d);
}

TEST(preflight_notes_it) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->function.concurrency = 100;
        drive_start(d);
        drive_reply(d);
        EXPECT_INT(d->alias_effect.kind, ACTION_READ_CONCURRENCY);
        drive_reply(d);
        EXPECT_INT(drive_report(d, REPORT_CONCURRENCY)->concurrency, 100);
        drive_to(d, PHASE_SHIFTING);
}

TEST(who_may_not_read_it_does_without) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_start(d);
        drive_reply(d);
        drive_refuse(d, FAULT_DENIED);
        EXPECT_INT(drive_target(d)->concurrency, 0);
        drive_to(d, PHASE_SHIFTING);
}

TEST(weights_that_lambda_sets_are_waited_for) {
        _cleanup_(drive_freep) Drive *d = drive_promoting(100);
        RolloutView view;

        drive_reply(d);
        EXPECT(drive_report(d, REPORT_PROVISIONING));
        lambda_sets(d, 42, 41, WEIGHT_FULL);
        for (unsigned i = 0; i < 30; i++)
                drive_alias(d);
        EXPECT_INT(d->state->phase, PHASE_PROMOTING);
        EXPECT_INT(drive_target(d)->stage, STAGE_VERIFY);
        rollout_view(d->state, &d->plan, &d->now, &view);
        EXPECT_INT(view.wait, WAIT_LAMBDA);
        lambda_sets(d, 42, 0, 0);
        drive_wait(d, USEC_PER_MINUTE);
        drive_to(d, PHASE_BAKING);
}

TEST(a_promotion_that_looks_done_may_not_have_begun) {
        _cleanup_(drive_freep) Drive *d = drive_promoting(1);
        usec_t since = d->now.mono;

        drive_reply(d);
        drive_to(d, PHASE_BAKING);
        EXPECT(d->now.mono - since >= USEC_PER_MINUTE);
}

TEST(patience_with_lambda_ends) {
        _cleanup_(drive_freep) Drive *d = drive_promoting(100);
        usec_t since = d->now.mono;

        drive_reply(d);
        lambda_sets(d, 42, 41, WEIGHT_FULL);
        for (unsigned i = 0; i < 2000 && d->state->phase == PHASE_PROMOTING; i++)
                drive_alias(d);
        EXPECT_INT(d->state->phase, PHASE_ROLLING_BACK);
        EXPECT_INT(d->state->reason, REASON_PROVISIONING);
        EXPECT_INT(d->now.mono - since, 15 * USEC_PER_MINUTE);
        drive_to(d, PHASE_ROLLED_BACK);
        EXPECT_INT(d->alias.route.primary, 41);
        EXPECT_INT(d->alias.route.extra, 0);
}

TEST(without_provisioned_concurrency_such_weights_are_somebody_elses) {
        _cleanup_(drive_freep) Drive *d = drive_promoting(0);

        drive_reply(d);
        lambda_sets(d, 42, 41, 1000);
        drive_to(d, PHASE_RELEASED);
}

TEST(other_weights_are_somebody_elses_anyway) {
        _cleanup_(drive_freep) Drive *d = drive_promoting(100);

        drive_reply(d);
        lambda_sets(d, 42, 40, WEIGHT_FULL);
        drive_to(d, PHASE_RELEASED);
}

TEST(where_it_could_not_be_read_lambda_is_recognised_all_the_same) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->plan.n_steps = 0;
        drive_start(d);
        drive_reply(d);
        drive_refuse(d, FAULT_DENIED);
        drive_to(d, PHASE_PROMOTING);
        drive_reply(d);
        lambda_sets(d, 42, 41, WEIGHT_FULL / 3);
        d->alias.route.is_odd = 1; /* no weight that a plan could have */
        for (unsigned i = 0; i < 30; i++)
                drive_alias(d);
        EXPECT_INT(drive_target(d)->stage, STAGE_VERIFY);
}

TEST(a_breach_meanwhile_writes_against_it) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->function.concurrency = 100;
        d->plan.n_steps = 0;
        drive_to(d, PHASE_BAKING);
        lambda_sets(d, 42, 41, WEIGHT_FULL);
        d->new_errors = 90;
        drive_to(d, PHASE_ROLLING_BACK);
        drive_reply(d); /* 412 */
        drive_reply(d);
        EXPECT_INT(d->alias_effect.kind, ACTION_WRITE_ALIAS);
        drive_reply(d);
        EXPECT_INT(d->alias.route.primary, 41);
        EXPECT_INT(d->alias.route.extra, 0);
}

/* Between the last look at it and the rollback, Lambda came to the end: that is no foreign hand. */
TEST(a_breach_as_lambda_ends_writes_all_the_same) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->function.concurrency = 100;
        d->plan.n_steps = 0;
        drive_to(d, PHASE_PROMOTING);
        drive_reply(d);
        lambda_sets(d, 42, 41, WEIGHT_FULL / 2);
        for (unsigned i = 0; i < 10 && drive_target(d)->route.extra == 0; i++)
                drive_alias(d);
        EXPECT_INT(drive_target(d)->route.extra, 41);
        lambda_sets(d, 42, 0, 0);
        d->plan.deadline = 1;
        EXPECT_OK(drive_event(d, &(Event){ .kind = EVENT_TICK }));
        EXPECT_INT(d->state->phase, PHASE_ROLLING_BACK);
        drive_to(d, PHASE_ROLLED_BACK);
        EXPECT_INT(d->alias.route.primary, 41);
        EXPECT_INT(d->alias.route.extra, 0);
}

TEST(another_version_as_lambda_ends_is_somebody_elses) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->function.concurrency = 100;
        d->plan.n_steps = 0;
        drive_to(d, PHASE_PROMOTING);
        drive_reply(d);
        lambda_sets(d, 42, 41, WEIGHT_FULL / 2);
        for (unsigned i = 0; i < 10 && drive_target(d)->route.extra == 0; i++)
                drive_alias(d);
        lambda_sets(d, 43, 0, 0);
        d->plan.deadline = 1;
        EXPECT_OK(drive_event(d, &(Event){ .kind = EVENT_TICK }));
        drive_to(d, PHASE_RELEASED);
        EXPECT_INT(d->alias.route.primary, 43);
}

TEST(a_rollback_does_not_leave_the_new_version_what_lambda_gives_it) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->function.concurrency = 100;
        d->plan.n_steps = 0;
        drive_to(d, PHASE_BAKING);
        d->new_errors = 90;
        drive_to(d, PHASE_ROLLING_BACK);
        drive_reply(d);
        lambda_sets(d, 41, 42, WEIGHT_FULL);
        drive_to(d, PHASE_ROLLED_BACK);
        EXPECT_INT(d->alias.route.primary, 41);
        EXPECT_INT(d->alias.route.extra, 0);
}

TEST(after_a_restart_it_is_waited_for_as_well) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->function.concurrency = 100;
        d->plan.n_steps = 0;
        drive_to(d, PHASE_BAKING);
        lambda_sets(d, 42, 41, WEIGHT_FULL);
        drive_resume(d);
        for (unsigned i = 0; i < 10; i++)
                drive_alias(d);
        EXPECT_INT(d->state->phase, PHASE_BAKING);
        EXPECT_INT(drive_target(d)->stage, STAGE_VERIFY);
}
