#include "core/invariant.h"

#include "base/alloc.h"
#include "base/usec.h"
#include "unit/core/drive.h"

/* Each test breaks one promise on purpose and wants it named. */
static void expect_broken(Drive *d, const RolloutState *before, const char *part) {
        const char *broken = invariant_broken(before, d->state, &d->plan, d->actions);

        EXPECT_CONTAINS(broken, part);
}

static RolloutState *copy_of(const Drive *d) {
        RolloutState *copy = alloc_zero(rollout_state_size(1));

        EXPECT(copy);
        memcpy(copy, d->state, rollout_state_size(1));
        return copy;
}

static Action *writing(Drive *d) {
        drive_to(d, PHASE_SHIFTING);
        for (size_t i = 0; i < d->actions->n; i++)
                if (d->actions->items[i].kind == ACTION_WRITE_ALIAS)
                        return &d->actions->items[i];
        FAIL("no write");
}

TEST(all_hold_on_a_good_step) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        (void) writing(d);
        EXPECT(!invariant_broken(NULL, d->state, &d->plan, d->actions));
}

TEST(a_wrong_weight) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        writing(d)->write.route.weight++;
        expect_broken(d, NULL, "step's weight");
}

TEST(a_write_without_revision) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        writing(d)->write.revision[0] = '\0';
        expect_broken(d, NULL, "RevisionId");
}

TEST(a_write_without_persist) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        (void) writing(d);
        d->actions->items[0].kind = ACTION_REPORT;
        expect_broken(d, NULL, "PERSIST before");
}

TEST(an_effect_without_number) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        writing(d)->op_id = 0;
        expect_broken(d, NULL, "op id");
}

TEST(an_unrecorded_forward_write) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        writing(d)->even_unrecorded = true;
        expect_broken(d, NULL, "only a rollback");
}

TEST(a_forward_write_in_the_lane_of_rollbacks) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        writing(d)->lane = LANE_ROLLBACK;
        expect_broken(d, NULL, "lane");
}

TEST(a_cancel_of_what_is_not_outstanding) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        _cleanup_(freep) RolloutState *before = NULL;
        Action *a = &d->actions->items[0];

        drive_to_hold(d, 0);
        before = copy_of(d);
        before->targets[0].alarm_op.id = 7;
        d->actions->n = 1;
        *a = (Action){ .kind = ACTION_CANCEL, .op_id = 7, .even_unrecorded = true };
        EXPECT(!invariant_broken(before, d->state, &d->plan, d->actions));
        EXPECT(!invariant_broken(NULL, d->state, &d->plan, d->actions));
        a->even_unrecorded = false;
        expect_broken(d, before, "needs no record");
        a->op_id = 8;
        expect_broken(d, before, "was outstanding");
        a->op_id = 0;
        expect_broken(d, NULL, "was outstanding");
        a->op_id = drive_target(d)->alarm_op.id = before->targets[0].alarm_op.id;
        expect_broken(d, before, "not waited for");
}

TEST(a_shortened_step) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        _cleanup_(freep) RolloutState *before = NULL;

        drive_to_hold(d, 0);
        before = copy_of(d);
        d->actions->n = 0;
        d->state->step = 1;
        expect_broken(d, before, "shortened");
}

TEST(a_skipped_step) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        _cleanup_(freep) RolloutState *before = NULL;

        drive_to_hold(d, 0);
        before = copy_of(d);
        d->actions->n = 0;
        d->state->age += USEC_PER_HOUR;
        d->state->phase = PHASE_PROMOTING;
        expect_broken(d, before, "skipped");
}

TEST(an_outcome_that_changes) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        _cleanup_(freep) RolloutState *before = NULL;

        drive_to(d, PHASE_SUCCEEDED);
        before = copy_of(d);
        d->actions->n = 0;
        d->state->ended_wall++;
        expect_broken(d, before, "finished");
        d->state->phase = PHASE_SHIFTING;
        d->state->step = 0;
        expect_broken(d, before, "successors");
}

TEST(outcomes_that_lie) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to_hold(d, 0);
        d->actions->n = 0;
        d->state->phase = PHASE_SUCCEEDED;
        expect_broken(d, NULL, "success means");
        d->state->phase = PHASE_ROLLED_BACK;
        expect_broken(d, NULL, "rolled back means");
        d->state->phase = PHASE_REJECTED;
        expect_broken(d, NULL, "rejected means");
}

TEST(numbers_that_go_back) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        _cleanup_(freep) RolloutState *before = NULL;

        drive_to_hold(d, 1);
        before = copy_of(d);
        d->actions->n = 0;
        d->state->age--;
        expect_broken(d, before, "backwards");
        d->state->age++;
        d->state->next_op--;
        expect_broken(d, before, "twice");
        d->state->next_op++;
        d->state->step = 0;
        expect_broken(d, before, "repeated");
}

TEST(something_that_hangs) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to_hold(d, 0);
        d->actions->n = 0;
        d->state->phase = PHASE_ROLLING_BACK; /* with nothing asked for */
        expect_broken(d, NULL, "hangs");
}

TEST(a_target_that_hangs) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to_hold(d, 0);
        d->actions->n = 0;
        drive_target(d)->stage = STAGE_WRITE; /* with nothing asked for; the polls go on */
        expect_broken(d, NULL, "no target hangs");
}

/* A state in which step 0 has had its time and its evidence, and the one in which it was left. */
TEST(a_step_left_on_unknown) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        _cleanup_(freep) RolloutState *before = NULL;
        JudgeState *j = &drive_target(d)->judge;

        drive_to_hold(d, 0);
        before = copy_of(d);
        drive_to_hold(d, 1);
        d->actions->n = 0;
        d->state->age = before->step_age + d->steps[0].hold;
        j->checks[0].verdict = VERDICT_HEALTHY;
        j->caught_up = 1;
        j->read_age = d->state->age;
        EXPECT(!invariant_broken(before, d->state, &d->plan, d->actions));
        j->read_age--;
        expect_broken(d, before, "not seen all");
        j->read_age++;
        j->caught_up = 0;
        expect_broken(d, before, "not seen all");
        j->checks[0].verdict = VERDICT_UNKNOWN;
        expect_broken(d, before, "healthy");
        j->checks[0].verdict = VERDICT_BREACH;
        expect_broken(d, before, "healthy");
}

TEST(a_step_left_on_old_alarms) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        _cleanup_(freep) RolloutState *before = NULL;
        JudgeState *j = &drive_target(d)->judge;

        d->checks[0] = (PlanCheck){ .name = "alarm", .kind = CHECK_ALARM, .min_requests = 1, .alarm = "a" };
        drive_to_hold(d, 0);
        before = copy_of(d);
        drive_to_hold(d, 1);
        d->actions->n = 0;
        d->state->age = before->step_age + d->steps[0].hold;
        drive_target(d)->next_alarms = d->state->age;
        j->checks[0].verdict = VERDICT_HEALTHY;
        j->alarms_age = d->state->age;
        EXPECT(!invariant_broken(before, d->state, &d->plan, d->actions));
        j->alarms_age--;
        expect_broken(d, before, "not seen all");
}

TEST(a_poll_that_is_forgotten) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        _cleanup_(freep) RolloutState *before = NULL;

        d->plan.n_checks = 2;
        d->checks[1] = (PlanCheck){ .name = "alarm", .kind = CHECK_ALARM, .min_requests = 1, .alarm = "a" };
        drive_to_hold(d, 0);
        before = copy_of(d);
        d->actions->n = 0;
        drive_target(d)->next_poll = d->state->age + d->plan.every;
        drive_target(d)->next_alarms = d->state->age + d->plan.every;
        EXPECT(!invariant_broken(before, d->state, &d->plan, d->actions));
        drive_target(d)->next_alarms++;
        expect_broken(d, before, "alarms are read");
        drive_target(d)->next_poll++;
        expect_broken(d, before, "metrics are read");
        EXPECT(!invariant_broken(NULL, d->state, &d->plan, d->actions)); /* a restart asks anew */
        drive_target(d)->alarm_op.id = drive_target(d)->poll_op.id = 1;
        EXPECT(!invariant_broken(before, d->state, &d->plan, d->actions));
}

TEST(a_preflight_in_mid_rollout) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to_hold(d, 0);
        d->actions->n = 0;
        drive_target(d)->stage = STAGE_READ_ALARMS;
        drive_target(d)->alias_op.id = 1;
        expect_broken(d, NULL, "preflight is over");
}

TEST(a_state_of_no_plan) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->actions->n = 0;
        d->state->step = 9;
        expect_broken(d, NULL, "step is one");
        d->state->step = 0;
        d->state->n_targets = 2;
        expect_broken(d, NULL, "targets");
        d->state->phase = 99;
        expect_broken(d, NULL, "phase is one");
}

/* The daemon was moved to another region: the same words mean another alias. */
TEST(an_alias_elsewhere) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_start(d);
        d->actions->n = 0;
        EXPECT(!invariant_broken(NULL, d->state, &d->plan, d->actions));
        d->target.region = "us-east-1";
        expect_broken(d, NULL, "where it was when it began");
        /* Records of before there were places. */
        drive_target(d)->place = 0;
        EXPECT(!invariant_broken(NULL, d->state, &d->plan, d->actions));
        drive_resume(d);
        EXPECT(drive_target(d)->place == plan_target_place(&d->target));
}

/* Up to the first action of that kind, on the way through publishing, a breach and restoring. */
static Action *deploying(Drive *d, Phase phase, ActionKind kind) {
        d->target.to = 0;
        d->target.publish = (PlanPublish){ .kind = PUBLISH_ZIP, .path = "/srv/checkout.zip" };
        d->target.create_alias = true;
        d->alias.is_deleted = 1;
        d->plan.restore_code = true;
        d->new_errors = 90;
        rollout_init(d->state, &d->plan, 1);
        drive_to(d, phase);
        for (unsigned n = 0; n < 100; n++) {
                for (size_t i = 0; i < d->actions->n; i++)
                        if (d->actions->items[i].kind == kind)
                                return &d->actions->items[i];
                if (d->alias_effect.op_id != 0)
                        drive_reply(d);
                else
                        drive_tick(d);
        }
        FAIL("no such action");
}

TEST(code_that_is_deployed) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Action *a = deploying(d, PHASE_PUBLISHING, ACTION_UPDATE_CODE);

        EXPECT(!invariant_broken(NULL, d->state, &d->plan, d->actions));
        a->update.version = 41;
        expect_broken(d, NULL, "what the plan publishes");
        a->update.version = 0;
        a->update.revision[0] = '\0';
        expect_broken(d, NULL, "every update of code carries a RevisionId");
        d->actions->items[0].kind = ACTION_REPORT;
        expect_broken(d, NULL, "PERSIST before");
}

TEST(a_version_that_is_published) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Action *a = deploying(d, PHASE_PUBLISHING, ACTION_PUBLISH_VERSION);

        EXPECT(!invariant_broken(NULL, d->state, &d->plan, d->actions));
        a->publish.code_sha[0] = '\0';
        expect_broken(d, NULL, "of what was seen");
        a->publish.code_sha[0] = 's';
        d->target.publish.kind = PUBLISH_NOTHING;
        expect_broken(d, NULL, "where the plan says so");
}

TEST(an_alias_that_is_made) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Action *a = deploying(d, PHASE_PUBLISHING, ACTION_CREATE_ALIAS);

        EXPECT(!invariant_broken(NULL, d->state, &d->plan, d->actions));
        a->version = 42;
        expect_broken(d, NULL, "on the old version");
        d->target.create_alias = false;
        expect_broken(d, NULL, "where the plan says so");
}

TEST(code_that_is_put_back) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Action *a = deploying(d, PHASE_RESTORING, ACTION_UPDATE_CODE);

        EXPECT(!invariant_broken(NULL, d->state, &d->plan, d->actions));
        a->update.version = 42;
        expect_broken(d, NULL, "the old version's code");
        drive_target(d)->route.extra = 42;
        drive_target(d)->route.weight = 1;
        expect_broken(d, NULL, "after the aliases");
        drive_target(d)->route = (Route){ .primary = 41 };
        d->plan.restore_code = false;
        expect_broken(d, NULL, "where the plan wants it");
        a = deploying(d, PHASE_RESTORING, ACTION_PUBLISH_VERSION);
        EXPECT(!invariant_broken(NULL, d->state, &d->plan, d->actions));
        a->publish.code_sha[4] = '9';
        expect_broken(d, NULL, "the old version's code");
}

TEST(rejected_although_code_was_deployed) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_start(d);
        d->state->phase = PHASE_REJECTED;
        drive_target(d)->stage = STAGE_IDLE;
        drive_target(d)->code.touched = 1;
        EXPECT_CONTAINS(invariant_broken(NULL, d->state, &d->plan, NULL), "nothing was touched");
}
