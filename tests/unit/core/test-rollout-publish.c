#include "base/usec.h"
#include "unit/core/drive.h"

static Drive *drive_publishing(void) {
        Drive *d = drive_new();

        d->target.to = 0;
        d->target.publish = (PlanPublish){ .kind = PUBLISH_ZIP, .path = "/srv/checkout.zip" };
        rollout_init(d->state, &d->plan, 1);
        return d;
}

static void drive_to_effect(Drive *d, ActionKind kind) {
        if (d->state->phase == PHASE_QUEUED)
                drive_start(d);
        for (unsigned i = 0; i < 100; i++) {
                if (d->alias_effect.kind == kind && d->alias_effect.op_id != 0)
                        return;
                if (d->alias_effect.op_id != 0)
                        drive_reply(d);
                else
                        drive_tick(d);
        }
        FAIL("never asked for %s, but is %s", action_kind_to_string(kind),
                        phase_to_string((Phase) d->state->phase));
}

TEST(the_new_version_is_published_and_then_shifted_to) {
        _cleanup_(drive_freep) Drive *d = drive_publishing();

        drive_to_effect(d, ACTION_UPDATE_CODE);
        EXPECT_INT(d->state->phase, PHASE_PUBLISHING);
        EXPECT_INT(d->actions->items[0].kind, ACTION_PERSIST);
        EXPECT(drive_report(d, REPORT_PUBLISHING));
        EXPECT_STR(d->alias_effect.update.revision, "fn-1");
        EXPECT_INT(d->alias_effect.update.version, 0);
        drive_to_effect(d, ACTION_PUBLISH_VERSION);
        EXPECT_INT(d->actions->items[0].kind, ACTION_PERSIST);
        EXPECT_STR(d->alias_effect.publish.code_sha, "sha-42");
        EXPECT_STR(d->alias_effect.publish.revision, "fn-2");
        drive_reply(d);
        EXPECT(drive_report(d, REPORT_PUBLISHED));
        EXPECT_INT(drive_report(d, REPORT_PUBLISHED)->version_new, 42);
        drive_to_effect(d, ACTION_WRITE_ALIAS);
        EXPECT_INT(d->state->phase, PHASE_SHIFTING);
        EXPECT_INT(d->alias_effect.write.route.extra, 42);
        drive_to(d, PHASE_SUCCEEDED);
        EXPECT_INT(d->function.n_published, 1);
}

TEST(it_waits_for_lambda) {
        _cleanup_(drive_freep) Drive *d = drive_publishing();
        RolloutView view;
        char text[TRACE_TEXT_MAX];

        drive_to_effect(d, ACTION_UPDATE_CODE);
        drive_reply(d);
        rollout_view(d->state, &d->plan, &d->now, &view);
        EXPECT_INT(view.wait, WAIT_UPDATE);
        EXPECT_INT(rollout_deadline(d->state, &d->plan, &d->now) - d->now.mono, USEC_PER_SEC);
        drive_to_effect(d, ACTION_PUBLISH_VERSION);
        drive_reply(d);
        drive_reply(d); /* Pending */
        EXPECT_INT(d->state->phase, PHASE_PUBLISHING);
        rollout_view(d->state, &d->plan, &d->now, &view);
        view_format(&view, d->state, &d->plan, text);
        EXPECT_STR(text, "waits for version 42 to be Active (SnapStart takes minutes)");
        EXPECT_INT(rollout_deadline(d->state, &d->plan, &d->now) - d->now.mono, 5 * USEC_PER_SEC);
}

TEST(latest_is_published_as_it_is) {
        _cleanup_(drive_freep) Drive *d = drive_publishing();

        d->target.publish = (PlanPublish){ .kind = PUBLISH_LATEST };
        d->function.code = 42;
        drive_to(d, PHASE_SHIFTING);
        EXPECT_INT(d->function.n_updates, 0);
        EXPECT_INT(d->function.n_published, 1);
}

TEST(latest_is_not_published_where_it_is_not_well) {
        _cleanup_(drive_freep) Drive *d = drive_publishing();
        Event e = { .code_sha = "sha-42",
                .revision = "r",
                .update = UPDATE_FAILED,
                .state_words = "Lambda's words" };

        d->target.publish = (PlanPublish){ .kind = PUBLISH_LATEST };
        d->function.code = 42;
        drive_to(d, PHASE_PUBLISHING);
        drive_answer(d, &e);
        EXPECT_INT(d->state->phase, PHASE_REJECTED);
        EXPECT_INT(d->state->reason, REASON_UPDATE_FAILED);
        EXPECT_STR(drive_report(d, REPORT_REJECTED)->error, "Lambda's words");
        EXPECT_INT(d->function.n_published, 0);
}

TEST(a_version_may_not_be_seen_everywhere_at_first) {
        _cleanup_(drive_freep) Drive *d = drive_publishing();

        drive_to_effect(d, ACTION_PUBLISH_VERSION);
        drive_reply(d);
        EXPECT_INT(drive_target(d)->stage, STAGE_ACTIVATE);
        drive_refuse(d, FAULT_MISSING);
        EXPECT_INT(d->state->phase, PHASE_PUBLISHING);
        drive_to(d, PHASE_SUCCEEDED);
        EXPECT_INT(d->function.n_published, 1);
}

TEST(nothing_new_is_rejected) {
        _cleanup_(drive_freep) Drive *d = drive_publishing();

        d->function.artifact = 41;
        drive_to(d, PHASE_REJECTED);
        EXPECT_INT(d->state->reason, REASON_NOTHING_NEW);
        EXPECT_INT(d->function.n_published, 0);
        EXPECT_INT(d->alias.revision, 1);
}

TEST(a_version_that_fails_turns_it_around) {
        _cleanup_(drive_freep) Drive *d = drive_publishing();
        Event e = {
                .code_sha = "sha-42", .revision = "r", .state = FUNCTION_FAILED, .state_words = "no init"
        };

        drive_to_effect(d, ACTION_PUBLISH_VERSION);
        drive_reply(d);
        drive_answer(d, &e);
        EXPECT_INT(d->state->phase, PHASE_ROLLED_BACK);
        EXPECT_INT(d->state->reason, REASON_VERSION_FAILED);
        EXPECT_INT(d->alias.revision, 1);
        EXPECT(drive_report(d, REPORT_ROLLED_BACK)->unshifted);
        EXPECT_STR(drive_report(d, REPORT_ROLLED_BACK)->error, "no init");
}

TEST(a_version_that_is_never_active_is_given_up) {
        _cleanup_(drive_freep) Drive *d = drive_publishing();
        usec_t since;

        drive_to_effect(d, ACTION_PUBLISH_VERSION);
        drive_reply(d);
        since = d->now.mono;
        for (unsigned i = 0; i < 1000 && d->state->phase == PHASE_PUBLISHING; i++) {
                d->function.is_pending = 1;
                if (d->alias_effect.op_id != 0)
                        drive_reply(d);
                else
                        drive_tick(d);
        }
        EXPECT_INT(d->state->reason, REASON_CODE_STUCK);
        EXPECT_INT(d->now.mono - since, 30 * USEC_PER_MINUTE);
}

TEST(an_update_that_fails_turns_it_around) {
        _cleanup_(drive_freep) Drive *d = drive_publishing();
        Event e = { .code_sha = "sha-42", .revision = "r", .update = UPDATE_FAILED };

        drive_to_effect(d, ACTION_UPDATE_CODE);
        drive_reply(d);
        drive_tick(d);
        drive_answer(d, &e);
        EXPECT_INT(d->state->reason, REASON_UPDATE_FAILED);
        EXPECT_INT(d->state->phase, PHASE_ROLLED_BACK);
}

TEST(a_role_that_differs_is_found_before_the_code_is_changed) {
        _cleanup_(drive_freep) Drive *d = drive_publishing();

        d->function.role = 7;
        drive_to(d, PHASE_REJECTED);
        EXPECT_INT(d->state->reason, REASON_ROLE_DIFFERS);
        EXPECT_INT(d->function.n_updates, 0);
}

TEST(a_role_that_changes_meanwhile_is_found_before_the_traffic_moves) {
        _cleanup_(drive_freep) Drive *d = drive_publishing();

        drive_to_effect(d, ACTION_UPDATE_CODE);
        d->function.role = 7;
        drive_to(d, PHASE_ROLLED_BACK);
        EXPECT_INT(d->state->reason, REASON_ROLE_DIFFERS);
        EXPECT_INT(d->alias.revision, 1);
}

TEST(so_is_a_dead_letter_target) {
        _cleanup_(drive_freep) Drive *d = drive_publishing();
        Event e = { .code_sha = "sha-42", .revision = "r", .dead_letter = 7 };

        drive_to(d, PHASE_PUBLISHING);
        for (unsigned i = 0; i < 50 && drive_target(d)->stage != STAGE_ACTIVATE; i++)
                if (d->alias_effect.op_id != 0)
                        drive_reply(d);
                else
                        drive_tick(d);
        drive_answer(d, &e);
        EXPECT_INT(d->state->phase, PHASE_ROLLED_BACK);
        EXPECT_INT(d->state->reason, REASON_DEAD_LETTER_DIFFERS);
        EXPECT_INT(d->alias.revision, 1);
}

/* Minutes after preflight has read them. */
TEST(the_aliases_are_read_again_once_it_is_published) {
        _cleanup_(drive_freep) Drive *d = drive_publishing();
        const Route theirs = { .primary = 40 };

        drive_to(d, PHASE_SHIFTING);
        EXPECT_INT(d->alias_effect.kind, ACTION_READ_ALIAS);
        fake_alias_seize(&d->alias, &theirs);
        drive_to(d, PHASE_RELEASED);
        EXPECT_INT(drive_target(d)->touched, 0);
}

TEST(a_missing_alias_is_created_once_there_is_something_to_shift_to) {
        _cleanup_(drive_freep) Drive *d = drive_publishing();

        d->target.create_alias = true;
        d->alias.is_deleted = 1;
        drive_to_effect(d, ACTION_CREATE_ALIAS);
        EXPECT_INT(d->function.n_published, 1);
        EXPECT_INT(d->actions->items[0].kind, ACTION_PERSIST);
        EXPECT_INT(d->alias_effect.version, 41);
        drive_reply(d);
        EXPECT(drive_report(d, REPORT_ALIAS_CREATED));
        EXPECT_INT(d->state->phase, PHASE_SHIFTING);
        drive_to(d, PHASE_SUCCEEDED);
}

static Drive *drive_creating(void) {
        Drive *d = drive_new();

        d->target.create_alias = true;
        d->alias.is_deleted = 1;
        drive_to_effect(d, ACTION_CREATE_ALIAS);
        return d;
}

TEST(a_lost_reply_about_the_alias_is_found_by_reading) {
        _cleanup_(drive_freep) Drive *d = drive_creating();

        EXPECT_INT(fake_alias_create(&d->alias, 41), FAULT_NONE);
        drive_refuse(d, FAULT_TRANSIENT);
        EXPECT_INT(d->alias_effect.kind, ACTION_READ_ALIAS);
        drive_reply(d);
        EXPECT_INT(d->state->phase, PHASE_SHIFTING);
}

TEST(a_crash_while_the_alias_is_created) {
        _cleanup_(drive_freep) Drive *d = drive_creating();

        drive_resume(d);
        EXPECT_INT(d->alias_effect.kind, ACTION_READ_ALIAS);
        drive_reply(d); /* 404 */
        EXPECT_INT(d->alias_effect.kind, ACTION_CREATE_ALIAS);
        drive_to(d, PHASE_SUCCEEDED);
}

TEST(an_alias_that_somebody_was_faster_to_create) {
        _cleanup_(drive_freep) Drive *d = drive_creating();

        EXPECT_INT(fake_alias_create(&d->alias, 40), FAULT_NONE);
        drive_to(d, PHASE_REJECTED);
        EXPECT_INT(d->state->reason, REASON_ALIAS_ELSEWHERE);
}

TEST(an_alias_that_is_refused) {
        _cleanup_(drive_freep) Drive *d = drive_creating();

        drive_refuse(d, FAULT_INVALID);
        EXPECT_INT(d->state->phase, PHASE_REJECTED);
        EXPECT_INT(d->state->reason, REASON_ALIAS_REFUSED);
}

TEST(a_missing_alias_is_rejected_unless_it_is_to_be_created) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->alias.is_deleted = 1;
        drive_to(d, PHASE_REJECTED);
        EXPECT_INT(d->state->reason, REASON_ALIAS_MISSING);
}

TEST(the_deadline_holds_while_publishing) {
        _cleanup_(drive_freep) Drive *d = drive_publishing();

        drive_to_effect(d, ACTION_UPDATE_CODE);
        drive_wait(d, d->plan.deadline);
        drive_tick(d);
        EXPECT_INT(d->state->phase, PHASE_ROLLED_BACK);
        EXPECT_INT(d->state->reason, REASON_DEADLINE);
}
