#include "base/usec.h"
#include "unit/core/drive.h"

/* Published, shifted, and breached. */
static Drive *drive_back(void) {
        Drive *d = drive_new();

        d->target.to = 0;
        d->target.publish = (PlanPublish){ .kind = PUBLISH_ZIP, .path = "/srv/checkout.zip" };
        d->plan.restore_code = true;
        rollout_init(d->state, &d->plan, 1);
        d->new_errors = 90;
        return d;
}

static void drive_on(Drive *d) {
        if (d->alias_effect.op_id != 0)
                drive_reply(d);
        else
                drive_tick(d);
}

static void drive_to_restore(Drive *d, ActionKind kind) {
        drive_to(d, PHASE_RESTORING);
        for (unsigned i = 0; i < 50 && (d->alias_effect.op_id == 0 || d->alias_effect.kind != kind); i++)
                drive_on(d);
        EXPECT_INT(d->alias_effect.kind, kind);
}

static const Report *drive_to_report(Drive *d, ReportKind kind) {
        for (unsigned i = 0; i < 200; i++) {
                if (drive_report(d, kind))
                        return drive_report(d, kind);
                drive_on(d);
        }
        FAIL("never reported %s", report_kind_to_string(kind));
        return NULL;
}

TEST(the_old_code_comes_back_once_the_alias_is_back) {
        _cleanup_(drive_freep) Drive *d = drive_back();

        drive_to(d, PHASE_RESTORING);
        EXPECT(drive_report(d, REPORT_ROLLED_BACK));
        EXPECT_INT(d->alias.route.primary, 41);
        EXPECT_INT(d->alias.route.extra, 0);
        drive_to_restore(d, ACTION_UPDATE_CODE);
        EXPECT(drive_report(d, REPORT_RESTORING));
        EXPECT_INT(d->actions->items[0].kind, ACTION_PERSIST);
        EXPECT_INT(d->alias_effect.update.version, 41);
        EXPECT_STR(d->alias_effect.update.code_sha, "sha-41");
        EXPECT_INT(drive_to_report(d, REPORT_RESTORED)->version_made, 43);
        EXPECT_INT(d->state->phase, PHASE_ROLLED_BACK);
        EXPECT_INT(d->state->reason, REASON_BREACH);
        EXPECT_INT(d->function.code, 41);
        EXPECT_INT(drive_target(d)->code.version_restored, 43);
}

TEST(a_plan_that_names_a_version_restores_too) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->plan.restore_code = true;
        d->function.code = d->function.codes[1] = 42;
        d->function.n_versions = 2;
        d->new_errors = 90;
        EXPECT_INT(drive_to_report((drive_to(d, PHASE_RESTORING), d), REPORT_RESTORED)->version_made, 43);
        EXPECT_INT(d->function.code, 41);
}

TEST(without_the_wish_nothing_is_restored) {
        _cleanup_(drive_freep) Drive *d = drive_back();

        d->plan.restore_code = false;
        drive_to(d, PHASE_ROLLED_BACK);
        EXPECT_INT(d->function.code, 42);
}

TEST(code_that_never_got_traffic_is_restored) {
        _cleanup_(drive_freep) Drive *d = drive_back();
        Event e = { .code_sha = "sha-42", .revision = "r", .state = FUNCTION_FAILED };

        drive_to(d, PHASE_PUBLISHING);
        for (unsigned i = 0; i < 50 && drive_target(d)->stage != STAGE_ACTIVATE; i++)
                drive_on(d);
        drive_answer(d, &e);
        EXPECT_INT(d->state->phase, PHASE_RESTORING);
        (void) drive_to_report(d, REPORT_RESTORED);
        EXPECT_INT(d->function.code, 41);
        EXPECT_INT(d->alias.revision, 1);
}

TEST(the_code_of_somebody_else_stays) {
        _cleanup_(drive_freep) Drive *d = drive_back();

        drive_to(d, PHASE_RESTORING);
        fake_function_seize(&d->function, 99);
        EXPECT_INT(drive_to_report(d, REPORT_RESTORE_SKIPPED)->reason, REASON_CODE_FOREIGN);
        EXPECT_INT(d->state->phase, PHASE_ROLLED_BACK);
        EXPECT_INT(d->function.code, 99);
        EXPECT_INT(d->state->reason, REASON_BREACH);
}

TEST(the_old_code_may_be_there_already) {
        _cleanup_(drive_freep) Drive *d = drive_back();

        drive_to(d, PHASE_RESTORING);
        fake_function_seize(&d->function, 41);
        EXPECT_INT(drive_to_report(d, REPORT_RESTORE_SKIPPED)->reason, REASON_NOTHING_NEW);
        EXPECT_INT(d->state->phase, PHASE_ROLLED_BACK);
        EXPECT_INT(d->function.n_published, 1);
}

TEST(a_failure_is_told_and_changes_no_outcome) {
        _cleanup_(drive_freep) Drive *d = drive_back();
        const Report *r;

        drive_to_restore(d, ACTION_UPDATE_CODE);
        drive_refuse(d, FAULT_DENIED);
        r = drive_report(d, REPORT_RESTORE_FAILED);
        EXPECT_INT(r->reason, REASON_DENIED);
        EXPECT_STR(r->error, "AWS's words");
        EXPECT_INT(d->state->phase, PHASE_ROLLED_BACK);
        EXPECT_INT(d->state->reason, REASON_BREACH);
}

TEST(it_is_not_tried_for_ever) {
        _cleanup_(drive_freep) Drive *d = drive_back();
        unsigned n = 0;

        drive_to_restore(d, ACTION_UPDATE_CODE);
        for (; n < 100 && d->state->phase == PHASE_RESTORING; n++)
                if (d->alias_effect.op_id != 0)
                        drive_refuse(d, FAULT_THROTTLED);
                else
                        drive_tick(d);
        EXPECT_INT(d->state->phase, PHASE_ROLLED_BACK);
        EXPECT_INT(drive_report(d, REPORT_RESTORE_FAILED)->reason, REASON_CANNOT_DEPLOY);
        EXPECT_INT(drive_report(d, REPORT_RESTORE_FAILED)->fault, FAULT_THROTTLED);
}

TEST(nor_is_lambda_waited_for_longer_than_that) {
        _cleanup_(drive_freep) Drive *d = drive_back();
        usec_t since;

        drive_to(d, PHASE_RESTORING);
        since = d->now.mono;
        for (unsigned i = 0; i < 1000 && d->state->phase == PHASE_RESTORING; i++) {
                d->function.is_updating = 1;
                drive_on(d);
        }
        EXPECT_INT(d->now.mono - since, 15 * USEC_PER_MINUTE);
        EXPECT_INT(drive_report(d, REPORT_RESTORE_FAILED)->reason, REASON_CODE_STUCK);
}

TEST(a_crash_anywhere_restores_once) {
        for (unsigned at = 0; at < 12; at++) {
                for (unsigned lands = 0; lands < 2; lands++) {
                        _cleanup_(drive_freep) Drive *d = drive_back();
                        Action a;

                        drive_to(d, PHASE_RESTORING);
                        for (unsigned i = 0; i < at && d->state->phase == PHASE_RESTORING; i++)
                                drive_on(d);
                        a = d->alias_effect;
                        if (lands && a.op_id != 0)
                                fake_function_apply(&d->function, &a);
                        if (d->state->phase == PHASE_RESTORING)
                                drive_resume(d);
                        drive_to(d, PHASE_ROLLED_BACK);
                        EXPECT_INT(d->function.code, 41);
                        EXPECT_INT(d->function.n_published, 2);
                        EXPECT_INT(drive_target(d)->code.version_restored, 43);
                }
        }
}
