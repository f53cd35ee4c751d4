#include "core/target-code.h"

#include <string.h>

#include "base/usec.h"
#include "unit/core/drive.h"

static Drive *drive_at_update_of(PlanPublish publish) {
        Drive *d = drive_new();

        d->target.to = 0;
        d->target.publish = publish;
        rollout_init(d->state, &d->plan, 1);
        drive_start(d);
        for (unsigned i = 0; i < 20 && d->alias_effect.kind != ACTION_UPDATE_CODE; i++)
                drive_reply(d);
        EXPECT_INT(d->alias_effect.kind, ACTION_UPDATE_CODE);
        return d;
}

static Drive *drive_at_update(void) {
        return drive_at_update_of((PlanPublish){ .kind = PUBLISH_ZIP, .path = "/srv/checkout.zip" });
}

/* Nobody knows the hash of the code before Lambda has said it, unless the plan does. */
static Drive *drive_at_s3_update(void) {
        return drive_at_update_of((PlanPublish){ .kind = PUBLISH_S3, .bucket = "b", .key = "k" });
}

static Drive *drive_at_publish(void) {
        Drive *d = drive_at_update();

        drive_reply(d);
        for (unsigned i = 0; i < 20 && d->alias_effect.kind != ACTION_PUBLISH_VERSION; i++)
                if (d->alias_effect.op_id != 0)
                        drive_reply(d);
                else
                        drive_tick(d);
        EXPECT_INT(d->alias_effect.kind, ACTION_PUBLISH_VERSION);
        return d;
}

/* The call has had its effect, and nobody hears of it. */
static void lose_reply(Drive *d) {
        Action a = d->alias_effect;

        fake_function_apply(&d->function, &a);
        drive_refuse(d, FAULT_TRANSIENT);
}

TEST(an_update_whose_reply_is_lost_is_sent_again) {
        _cleanup_(drive_freep) Drive *d = drive_at_s3_update();

        lose_reply(d);
        EXPECT_INT(d->alias_effect.kind, ACTION_READ_FUNCTION);
        drive_to(d, PHASE_SHIFTING);
        EXPECT_INT(d->function.n_updates, 2); /* without a hash nobody can tell that it was ours */
        EXPECT_INT(d->function.n_published, 1);
}

static void plan_hash(Drive *d) {
        d->target.publish.has_sha256 = true; /* 32 zeros */
}
static const char planned_sha[] = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";

TEST(a_zip_whose_reply_is_lost_is_known_by_its_hash) {
        _cleanup_(drive_freep) Drive *d = drive_at_update();

        EXPECT_STR(d->alias_effect.update.code_sha, "sha-42");
        lose_reply(d);
        drive_to(d, PHASE_SHIFTING);
        EXPECT_INT(d->function.n_updates, 1);
        EXPECT_INT(d->function.n_published, 1);
}

/* Somebody deploys while the daemon is down, after our code was there. */
TEST(foreign_code_after_a_lost_reply_is_left_alone) {
        _cleanup_(drive_freep) Drive *d = drive_at_update();

        lose_reply(d);
        fake_function_seize(&d->function, 99);
        drive_to(d, PHASE_ROLLED_BACK);
        EXPECT_INT(d->state->reason, REASON_CODE_FOREIGN);
        EXPECT_INT(d->function.code, 99);
        EXPECT_INT(d->function.n_published, 0);
}

/* What Lambda has said of it is on record before anything else happens. */
TEST(a_reply_makes_the_code_known) {
        _cleanup_(drive_freep) Drive *d = drive_at_s3_update();

        drive_reply(d);
        EXPECT_INT(drive_target(d)->stage, STAGE_UPDATED);
        EXPECT_STR(drive_target(d)->code.planned, "sha-42");
        EXPECT(drive_action(d, ACTION_PERSIST));
        fake_function_seize(&d->function, 99);
        drive_to(d, PHASE_ROLLED_BACK);
        EXPECT_INT(d->state->reason, REASON_CODE_FOREIGN);
}

TEST(an_update_that_is_known_by_its_hash_is_not_sent_again) {
        _cleanup_(drive_freep) Drive *d = drive_at_s3_update();
        Event e = { .revision = "fn-2", .code_sha = planned_sha };

        plan_hash(d);
        drive_refuse(d, FAULT_TRANSIENT);
        drive_answer(d, &e);
        EXPECT_INT(d->alias_effect.kind, ACTION_PUBLISH_VERSION);
        EXPECT_STR(d->alias_effect.publish.code_sha, planned_sha);
        EXPECT_STR(d->alias_effect.publish.revision, "fn-2");
}

TEST(hashes_as_aws_writes_them) {
        _cleanup_(drive_freep) Drive *d = drive_at_update();
        const Step s = { .state = d->state, .plan = &d->plan };
        char *planned = d->state->targets[0].code.planned;

        EXPECT_STR(planned, "sha-42");
        EXPECT(code_has_plan(&s, 0));
        EXPECT(code_is_planned(&s, 0, "sha-42"));
        EXPECT(!code_is_planned(&s, 0, planned_sha));
        planned[0] = '\0';
        EXPECT(!code_has_plan(&s, 0));
        EXPECT(!code_is_planned(&s, 0, planned_sha));
        plan_hash(d);
        EXPECT(code_has_plan(&s, 0));
        EXPECT(code_is_planned(&s, 0, planned_sha));
        for (size_t i = 0; i < PLAN_HASH_SIZE; i++)
                d->target.publish.sha256[i] = (uint8_t) (7 * i + 1);
        EXPECT(code_is_planned(&s, 0, "AQgPFh0kKzI5QEdOVVxjanF4f4aNlJuiqbC3vsXM09o="));
        EXPECT(code_is_planned(&s, 0, "01080f161d242b323940474e555c636a71787f868d949ba2a9b0b7bec5ccd3da"));
        EXPECT(!code_is_planned(&s, 0, planned_sha));
}

TEST(code_that_is_not_what_the_plan_says) {
        _cleanup_(drive_freep) Drive *d = drive_at_s3_update();

        plan_hash(d);
        drive_reply(d);
        EXPECT_INT(d->state->phase, PHASE_ROLLED_BACK);
        EXPECT_INT(d->state->reason, REASON_CODE_DIFFERS);
}

TEST(somebody_else_deploys) {
        _cleanup_(drive_freep) Drive *d = drive_at_update();

        fake_function_seize(&d->function, 99);
        drive_to(d, PHASE_REJECTED); /* 412, and code that is not ours, again and again */
        EXPECT_INT(d->state->reason, REASON_CODE_FOREIGN);
        EXPECT_INT(d->function.code, 99);
}

TEST(somebody_else_deploys_in_between) {
        _cleanup_(drive_freep) Drive *d = drive_at_publish();

        fake_function_seize(&d->function, 99);
        drive_to(d, PHASE_ROLLED_BACK);
        EXPECT_INT(d->state->reason, REASON_CODE_FOREIGN);
        EXPECT_INT(d->function.n_published, 0);
}

TEST(a_revision_that_moved_under_the_same_code_is_taken) {
        _cleanup_(drive_freep) Drive *d = drive_at_update();

        fake_function_seize(&d->function, 41);
        drive_to(d, PHASE_SHIFTING);
        EXPECT_INT(d->function.n_updates, 1);
}

TEST(an_update_in_progress_is_waited_for) {
        _cleanup_(drive_freep) Drive *d = drive_at_update();

        d->function.is_updating = 1;
        drive_to(d, PHASE_SHIFTING);
        EXPECT_INT(d->function.n_updates, 1);
}

TEST(a_version_is_never_published_twice) {
        _cleanup_(drive_freep) Drive *d = drive_at_publish();

        lose_reply(d);
        EXPECT_INT(d->function.n_published, 1);
        EXPECT_INT(d->alias_effect.kind, ACTION_READ_FUNCTION);
        drive_to(d, PHASE_SHIFTING);
        EXPECT_INT(d->function.n_published, 1);
        EXPECT_INT(drive_target(d)->version_new, 42);
}

TEST(a_crash_anywhere_publishes_once) {
        for (unsigned at = 0; at < 16; at++) {
                for (unsigned lands = 0; lands < 2; lands++) {
                        _cleanup_(drive_freep) Drive *d = drive_at_update();
                        Action a;

                        for (unsigned i = 0; i < at && d->state->phase == PHASE_PUBLISHING; i++)
                                if (d->alias_effect.op_id != 0)
                                        drive_reply(d);
                                else
                                        drive_tick(d);
                        a = d->alias_effect;
                        if (lands && a.op_id != 0)
                                fake_function_apply(&d->function, &a);
                        drive_resume(d);
                        drive_to(d, PHASE_SUCCEEDED);
                        EXPECT_INT(d->function.n_published, 1);
                        EXPECT_INT(d->alias.route.primary, 42);
                }
        }
}

TEST(a_refusal_before_anything_happened_rejects) {
        _cleanup_(drive_freep) Drive *d = drive_at_update();

        drive_refuse(d, FAULT_DENIED);
        EXPECT_INT(d->state->phase, PHASE_REJECTED);
        EXPECT_INT(d->state->reason, REASON_DENIED);
        EXPECT_STR(drive_report(d, REPORT_REJECTED)->error, "AWS's words");
}

TEST(a_refusal_after_a_lost_reply_turns_around) {
        _cleanup_(drive_freep) Drive *d = drive_at_s3_update();

        lose_reply(d);
        drive_reply(d); /* in progress */
        drive_tick(d);
        drive_reply(d);
        EXPECT_INT(d->alias_effect.kind, ACTION_UPDATE_CODE);
        drive_refuse(d, FAULT_INVALID);
        EXPECT_INT(d->state->phase, PHASE_ROLLED_BACK);
        EXPECT_INT(d->state->reason, REASON_CODE_REFUSED);
}

TEST(calls_that_fail_for_too_long) {
        _cleanup_(drive_freep) Drive *d = drive_at_update();
        usec_t since = d->now.mono;

        for (unsigned i = 0; i < 1000 && d->state->phase == PHASE_PUBLISHING; i++)
                if (d->alias_effect.op_id != 0)
                        drive_refuse(d, FAULT_THROTTLED);
                else
                        drive_tick(d);
        EXPECT_INT(d->state->phase, PHASE_REJECTED);
        EXPECT_INT(d->state->reason, REASON_CANNOT_DEPLOY);
        EXPECT_INT(d->now.mono - since, d->plan.max_blind);
}

TEST(an_update_that_never_ends) {
        _cleanup_(drive_freep) Drive *d = drive_at_update();
        usec_t since = d->now.mono;

        drive_reply(d);
        for (unsigned i = 0; i < 1000 && d->state->phase == PHASE_PUBLISHING; i++) {
                d->function.is_updating = 1;
                if (d->alias_effect.op_id != 0)
                        drive_reply(d);
                else
                        drive_tick(d);
        }
        EXPECT_INT(d->state->reason, REASON_CODE_STUCK);
        EXPECT_INT(d->now.mono - since, 15 * USEC_PER_MINUTE);
}

TEST(replies_without_what_they_must_have_are_nonsense) {
        _cleanup_(drive_freep) Drive *d = drive_at_update();
        char long_sha[CODE_SHA_SIZE + 1];
        Event e = { .kind = EVENT_CODE_UPDATED, .op_id = d->alias_effect.op_id, .revision = "fn-2" };

        EXPECT_INT(drive_event(d, &e), -EINVAL);
        memset(long_sha, 'x', CODE_SHA_SIZE);
        long_sha[CODE_SHA_SIZE] = '\0';
        e.code_sha = long_sha;
        EXPECT_INT(drive_event(d, &e), -EINVAL);
        long_sha[CODE_SHA_SIZE - 1] = '\0';
        EXPECT_OK(drive_event(d, &e));
}
