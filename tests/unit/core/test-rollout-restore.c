#include "base/alloc.h"
#include "base/usec.h"
#include "core/invariant.h"
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
        EXPECT_INT(r->found_version, 0);
        EXPECT_STR(r->error, "AWS's words");
        EXPECT_INT(d->state->phase, PHASE_ROLLED_BACK);
        EXPECT_INT(d->state->reason, REASON_BREACH);
}

TEST(code_that_is_back_and_not_published_is_told_as_that) {
        _cleanup_(drive_freep) Drive *d = drive_back();
        const Report *r;

        drive_to_restore(d, ACTION_PUBLISH_VERSION);
        drive_refuse(d, FAULT_DENIED);
        r = drive_report(d, REPORT_RESTORE_FAILED);
        EXPECT_INT(r->reason, REASON_DENIED);
        EXPECT_INT(r->found_version, 41);
}

TEST(what_was_put_back_is_the_old_code) {
        _cleanup_(drive_freep) Drive *d = drive_back();
        Event e = { .code_sha = "sha-99", .revision = "r" };

        drive_to_restore(d, ACTION_UPDATE_CODE);
        drive_answer(d, &e);
        EXPECT_INT(drive_report(d, REPORT_RESTORE_FAILED)->reason, REASON_CODE_DIFFERS);
        EXPECT_INT(d->state->phase, PHASE_ROLLED_BACK);
        EXPECT_INT(d->function.n_published, 1);
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

/* Two aliases of one function that are back; the first is at its code. */
static RolloutState *pair_new(Drive *d, Stage stage) {
        static const PlanTarget targets[] = {
                { .function = "checkout",
                                .alias = "live",
                                .publish = { .kind = PUBLISH_ZIP, .path = "/a" } },
                { .function = "checkout",
                                .alias = "beta",
                                .publish = { .kind = PUBLISH_ZIP, .path = "/b" } },
        };
        RolloutState *st = alloc_zero(rollout_state_size(ELEMENTSOF(targets)));

        EXPECT(st);
        d->plan.targets = targets;
        d->plan.n_targets = ELEMENTSOF(targets);
        d->plan.restore_code = true;
        rollout_init(st, &d->plan, 1);
        st->phase = PHASE_RESTORING;
        st->age = 1;
        st->last = d->now;
        for (uint32_t i = 0; i < st->n_targets; i++) {
                TargetState *t = &st->targets[i];

                t->touched = t->moved = t->code.known = 1;
                t->version_old = 41;
                t->version_new = 42 + i;
                t->route = t->want = (Route){ .primary = 41 };
                memcpy(t->revision, "rev-1", sizeof("rev-1"));
                memcpy(t->code.old_sha, "sha-41", sizeof("sha-41"));
                (void) snprintf(t->code.sha, CODE_SHA_SIZE, "sha-%u", 42 + i);
        }
        st->targets[0].stage = stage;
        st->targets[0].alias_op.id = st->next_op++;
        st->targets[0].code.since = 1;
        return st;
}

/* Those that wait are back and verified: nobody looks at them again, let alone writes. */
TEST(a_restart_leaves_the_aliases_alone) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        _cleanup_(freep) RolloutState *st = pair_new(d, STAGE_LATEST);
        Event e = { .kind = EVENT_RESUME };

        EXPECT_OK(rollout_step(st, &d->plan, &e, &d->now, d->actions));
        EXPECT(!drive_action(d, ACTION_READ_ALIAS));
        EXPECT(drive_action(d, ACTION_READ_FUNCTION));
        EXPECT_INT(st->targets[1].stage, STAGE_IDLE);
        EXPECT(!invariant_broken(NULL, st, &d->plan, d->actions));
}

TEST(what_any_of_its_targets_deployed_is_ours) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        _cleanup_(freep) RolloutState *st = pair_new(d, STAGE_LATEST);
        Event e = { .kind = EVENT_FUNCTION_READ, .code_sha = "sha-43", .revision = "r" };

        e.op_id = st->targets[0].alias_op.id;
        EXPECT_OK(rollout_step(st, &d->plan, &e, &d->now, d->actions));
        EXPECT_INT(st->targets[0].stage, STAGE_UPDATE);
        EXPECT_STR(drive_action(d, ACTION_UPDATE_CODE)->update.code_sha, "sha-41");
}

/* It was on the wire when a newer plan came, and has its effect only after the first look. */
TEST(an_update_that_lands_late_is_undone_too) {
        _cleanup_(drive_freep) Drive *d = drive_back();
        Event e = { .kind = EVENT_SUPERSEDE };
        Event late = { .code_sha = "sha-42", .revision = "r" };

        drive_to(d, PHASE_PUBLISHING);
        for (unsigned i = 0; i < 50 && d->alias_effect.kind != ACTION_UPDATE_CODE; i++)
                drive_on(d);
        EXPECT_OK(drive_event(d, &e));
        EXPECT_INT(d->state->phase, PHASE_RESTORING);
        for (unsigned i = 0; i < 50 && drive_target(d)->stage != STAGE_LATEST; i++)
                drive_on(d);
        drive_reply(d); /* the old code, still */
        EXPECT_INT(d->state->phase, PHASE_RESTORING);
        drive_tick(d);
        drive_answer(d, &late);
        EXPECT_INT(d->alias_effect.kind, ACTION_UPDATE_CODE);
        EXPECT_INT(d->alias_effect.update.version, 41);
}

TEST(an_update_that_never_lands_is_not_waited_for_for_long) {
        _cleanup_(drive_freep) Drive *d = drive_back();
        Event e = { .kind = EVENT_SUPERSEDE };
        usec_t since;

        drive_to(d, PHASE_PUBLISHING);
        for (unsigned i = 0; i < 50 && d->alias_effect.kind != ACTION_UPDATE_CODE; i++)
                drive_on(d);
        EXPECT_OK(drive_event(d, &e));
        since = d->now.mono;
        EXPECT_INT(drive_to_report(d, REPORT_RESTORE_SKIPPED)->reason, REASON_NOTHING_NEW);
        EXPECT_INT(d->state->phase, PHASE_ROLLED_BACK);
        EXPECT(d->now.mono - since < USEC_PER_MINUTE);
}
