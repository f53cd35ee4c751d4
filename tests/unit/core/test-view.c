#include "base/usec.h"
#include "unit/core/drive.h"

static const char *words(const Drive *d, RolloutView *v) {
        static char text[TRACE_TEXT_MAX];

        rollout_view(d->state, &d->plan, &d->now, v);
        view_format(v, d->state, &d->plan, text);
        return text;
}

TEST(queued) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        RolloutView v;

        EXPECT_STR(words(d, &v), "waits for its turn on the alias");
        EXPECT_INT(v.total_left, 25 * USEC_PER_MINUTE);
}

TEST(waiting_for_aws) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        RolloutView v;

        drive_start(d);
        EXPECT_STR(words(d, &v), "waits for a reply from AWS");
        drive_refuse(d, FAULT_CREDENTIALS);
        EXPECT_CONTAINS(words(d, &v), "credentials: tries again in ");
        EXPECT_INT(v.wait, WAIT_RETRY);
}

TEST(holding_counts_down_between_events) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        RolloutView v;

        drive_to(d, PHASE_SHIFTING);
        drive_reply(d);
        drive_wait(d, 4 * USEC_PER_MINUTE);
        EXPECT_STR(words(d, &v), "holds 5 % for 6m more");
        EXPECT_INT(v.total_left, 21 * USEC_PER_MINUTE);
        EXPECT_INT(v.weight_wanted, 500);
        EXPECT_INT(v.weight_actual, 500);
}

TEST(waiting_for_evidence_says_how_much) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        RolloutView v;

        d->checks[0].min_requests = 100000;
        drive_to_hold(d, 0);
        for (unsigned i = 0; i < 30; i++) {
                drive_tick(d);
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
        }
        EXPECT_CONTAINS(words(d, &v), "errors is unknown: too few requests, ");
        EXPECT_CONTAINS(words(d, &v), " of 100000 settled");
}

TEST(waiting_for_requests) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        RolloutView v;

        d->steps[0].min_requests = 100000;
        drive_to_hold(d, 0);
        for (unsigned i = 0; i < 30; i++) {
                drive_tick(d);
                if (d->poll_effect.op_id != 0)
                        drive_metrics(d);
        }
        EXPECT_CONTAINS(words(d, &v), "the step wants 100000 requests, ");
}

TEST(blind_says_when_it_ends) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        RolloutView v;

        drive_to_hold(d, 0);
        drive_tick(d);
        drive_blind(d, FAULT_DENIED);
        EXPECT_STR(words(d, &v), "blind: AWS denies access; rolls back in 10m");
        drive_wait(d, 4 * USEC_PER_MINUTE);
        EXPECT_STR(words(d, &v), "blind: AWS denies access; rolls back in 6m");
}

TEST(ends) {
        _cleanup_(drive_freep) Drive *d = drive_new(), *bad = drive_new();
        RolloutView v;

        drive_to(d, PHASE_BAKING);
        EXPECT_CONTAINS(words(d, &v), "bakes at 100 % for ");
        drive_to(d, PHASE_SUCCEEDED);
        EXPECT_STR(words(d, &v), "done");
        EXPECT_INT(v.total_left, 0);
        drive_to_hold(bad, 0);
        bad->new_errors = 50;
        drive_to(bad, PHASE_ROLLED_BACK);
        EXPECT_STR(words(bad, &v), "check errors was breached");
        EXPECT_INT(v.weight_actual, 0);
}

TEST(blind_for_one_check_names_it) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        char text[TRACE_TEXT_MAX];
        RolloutView v;

        drive_to_hold(d, 0);
        drive_tick(d);
        drive_metrics_but(d, 0, FAULT_INVALID);
        rollout_view(d->state, &d->plan, &d->now, &v);
        EXPECT_INT(v.wait, WAIT_SIGHT);
        EXPECT_INT(v.check, 0);
        EXPECT_INT(v.cause, CAUSE_REFUSED);
        EXPECT(v.left <= d->plan.max_blind && v.left > 0);
        view_format(&v, d->state, &d->plan, text);
        EXPECT_STR(text, "blind: errors: CloudWatch refuses the query; rolls back in 10m");
}
