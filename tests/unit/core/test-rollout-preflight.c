#include <string.h>

#include "base/usec.h"
#include "unit/core/drive.h"

static void expect_rejected(Drive *d, Reason reason) {
        const Report *r = drive_report(d, REPORT_REJECTED);

        EXPECT_INT(d->state->phase, PHASE_REJECTED);
        EXPECT(r);
        EXPECT_INT(r->reason, reason);
        EXPECT_INT(d->alias.revision, 1); /* nothing was ever written */
}

TEST(reads_alias_then_both_versions) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_start(d);
        EXPECT_INT(d->alias_effect.kind, ACTION_READ_ALIAS);
        drive_reply(d);
        EXPECT_INT(d->alias_effect.kind, ACTION_READ_CONCURRENCY);
        drive_reply(d);
        EXPECT_INT(drive_target(d)->seen_wall, d->now.wall);
        EXPECT_INT(d->alias_effect.version, 41);
        drive_reply(d);
        EXPECT_INT(d->alias_effect.version, 42);
        drive_reply(d);
        EXPECT(drive_report(d, REPORT_PREFLIGHT_PASSED));
        EXPECT_INT(d->alias_effect.kind, ACTION_WRITE_ALIAS);
        EXPECT_STR(d->alias_effect.write.revision, "rev-1");
}

TEST(from_defaults_to_where_the_alias_points) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->target.from = 0;
        rollout_init(d->state, &d->plan, 1);
        drive_to(d, PHASE_SHIFTING);
        EXPECT_INT(drive_target(d)->version_old, 41);
}

TEST(alias_elsewhere) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->alias.route.primary = 40;
        drive_start(d);
        drive_reply(d);
        expect_rejected(d, REASON_ALIAS_ELSEWHERE);
        EXPECT_INT(d->state->reason_version, 40);
}

/* In the event log, and to whoever asks later. */
static void expect_says(const Drive *d, const char *words) {
        char text[TRACE_TEXT_MAX];
        RolloutView view;

        report_reason_format(drive_report(d, REPORT_REJECTED), &d->plan, text);
        EXPECT_STR(text, words);
        rollout_view(d->state, &d->plan, &d->now, &view);
        view_format(&view, d->state, &d->plan, text);
        EXPECT_STR(text, words);
}

TEST(alias_on_latest) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->alias.route.primary = 0;
        drive_start(d);
        drive_reply(d);
        expect_rejected(d, REASON_ALIAS_ELSEWHERE);
}

TEST(alias_split_already) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->alias.route = (Route){ .primary = 41, .extra = 42, .weight = 100 };
        drive_start(d);
        drive_reply(d);
        expect_rejected(d, REASON_ALIAS_SPLIT);
        expect_says(d,
                        "the alias already splits its traffic: version 41 with 1 % on version 42; clear its routing "
                        "configuration first");
}

TEST(alias_odd) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->alias.route = (Route){ .primary = 41, .is_odd = 1 };
        drive_start(d);
        drive_reply(d);
        expect_rejected(d, REASON_ALIAS_SPLIT);
        expect_says(d,
                        "the alias already splits its traffic in a way that canaryd never writes; clear its routing "
                        "configuration first");
}

TEST(already_there) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->alias.route.primary = 42;
        drive_start(d);
        drive_reply(d);
        expect_rejected(d, REASON_ALREADY_THERE);
}

TEST(missing_alias_and_versions) {
        static const Reason expected[] = { REASON_ALIAS_MISSING, REASON_VERSION_MISSING,
                REASON_VERSION_MISSING };

        for (size_t i = 0; i < ELEMENTSOF(expected); i++) {
                _cleanup_(drive_freep) Drive *d = drive_new();

                drive_start(d);
                for (size_t n = 0; n < i + (i > 0); n++)
                        drive_reply(d);
                drive_refuse(d, FAULT_MISSING);
                expect_rejected(d, expected[i]);
        }
}

/* It is of use, but nothing stands or falls with it. */
TEST(concurrency_that_may_not_be_read) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        const Report *r;

        drive_start(d);
        drive_reply(d);
        drive_refuse(d, FAULT_DENIED);
        r = drive_report(d, REPORT_FINDING);
        EXPECT(r);
        EXPECT_INT(r->finding.level, FINDING_WARN);
        EXPECT_INT(r->finding.kind, FINDING_CONCURRENCY);
        EXPECT_INT(r->fault, FAULT_DENIED);
        EXPECT_INT(drive_target(d)->concurrency, 0);
        EXPECT_INT(d->alias_effect.kind, ACTION_READ_VERSION);
}

TEST(refusals_that_waiting_does_not_cure) {
        _cleanup_(drive_freep) Drive *d = drive_new(), *e = drive_new();

        drive_start(d);
        drive_refuse(d, FAULT_DENIED);
        expect_rejected(d, REASON_DENIED);
        drive_start(e);
        drive_refuse(e, FAULT_INVALID);
        expect_rejected(e, REASON_INVALID);
}

TEST(faults_that_pass_are_waited_out) {
        static const Fault faults[] = { FAULT_THROTTLED, FAULT_TRANSIENT, FAULT_UNREACHABLE,
                FAULT_CREDENTIALS, FAULT_CLOCK, FAULT_CONFLICT, FAULT_PERMANENT };
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_start(d);
        for (size_t i = 0; i < ELEMENTSOF(faults); i++) {
                drive_refuse(d, faults[i]);
                EXPECT_INT(d->state->phase, PHASE_PREFLIGHT);
                drive_tick(d);
                EXPECT_INT(d->alias_effect.kind, ACTION_READ_ALIAS);
        }
        drive_to(d, PHASE_SHIFTING);
}

TEST(version_not_active) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Event e = { .state = FUNCTION_PENDING, .state_words = "Creating: The function is being created." };

        drive_start(d);
        drive_reply(d);
        drive_reply(d);
        drive_reply(d);
        drive_answer(d, &e);
        expect_rejected(d, REASON_VERSION_STATE);
        expect_says(d,
                        "version 42 is not Active yet (Creating: The function is being created.); submit the plan "
                        "again when its State is Active");
}

/* For this one it makes no sense to wait. */
TEST(version_that_failed) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Event e = { .state = FUNCTION_FAILED, .state_words = "InvalidSubnet: No subnet." };

        drive_start(d);
        drive_reply(d);
        drive_reply(d);
        drive_answer(d, &e);
        expect_rejected(d, REASON_VERSION_FAILED);
        expect_says(d,
                        "the State of version 41 is Failed (InvalidSubnet: No subnet.), so it will never be Active; "
                        "mend what Lambda names, and publish another version");
}

TEST(versions_of_different_roles) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Event old = { .version_active = true, .role = 1, .role_arn = "arn:aws:iam::123456789012:role/a" };
        Event new = { .version_active = true, .role = 2, .role_arn = "arn:aws:iam::123456789012:role/b" };

        drive_start(d);
        drive_reply(d);
        drive_reply(d);
        drive_answer(d, &old);
        drive_answer(d, &new);
        expect_rejected(d, REASON_ROLE_DIFFERS);
        expect_says(d,
                        "version 41 and version 42 have different execution roles, which Lambda does not split "
                        "(arn:aws:iam::123456789012:role/a and arn:aws:iam::123456789012:role/b); publish a version "
                        "with that of version 41");
}

TEST(versions_of_different_dead_letter_targets) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Event old = { .version_active = true, .dead_letter = 1, .dead_letter_arn = "arn:aws:sqs:q" };
        Event new = { .version_active = true };

        drive_start(d);
        drive_reply(d);
        drive_reply(d);
        drive_answer(d, &old);
        drive_answer(d, &new);
        expect_rejected(d, REASON_DEAD_LETTER_DIFFERS);
        expect_says(d,
                        "version 41 and version 42 have different dead-letter targets, which Lambda does not split "
                        "(arn:aws:sqs:q and none); publish a version with that of version 41");
}

/* Attempts follow each other at once in the beginning; what is the same is not told again in a moment. */
TEST(retries_are_not_told_all_at_once) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        usec_t begun = d->now.mono, told = 0;
        unsigned n = 0;

        drive_start(d);
        for (unsigned i = 0; i < 16; i++) {
                drive_refuse(d, FAULT_CREDENTIALS);
                if (drive_report(d, REPORT_RETRYING)) {
                        EXPECT(n == 0 || d->now.mono - told >= 2 * USEC_PER_SEC);
                        told = d->now.mono;
                        n++;
                }
                drive_tick(d);
        }
        EXPECT(n >= 3);
        EXPECT(d->now.mono - begun < 10 * USEC_PER_MINUTE);
}

TEST(deadline_ends_an_endless_preflight) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->plan.deadline = USEC_PER_HOUR;
        drive_start(d);
        drive_refuse(d, FAULT_CREDENTIALS);
        drive_wait(d, 2 * USEC_PER_HOUR);
        drive_tick(d);
        expect_rejected(d, REASON_DEADLINE);
}

static Drive *drive_with_alarm(AlarmSays says) {
        Drive *d = drive_new();

        d->checks[1] = (PlanCheck){
                .name = "burning", .kind = CHECK_ALARM, .min_requests = 1, .alarm = "checkout-5xx"
        };
        d->plan.n_checks = 2;
        d->alarm_says = says;
        drive_start(d);
        drive_reply(d);
        drive_reply(d);
        drive_reply(d);
        drive_reply(d);
        EXPECT_INT(d->state->phase, PHASE_PREFLIGHT);
        EXPECT_INT(d->alarm_effect.lane, LANE_PREFLIGHT);
        return d;
}

TEST(alarms_are_read_once_before_anything_is_done) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(ALARM_SAYS_OK);

        drive_alarms(d);
        EXPECT_INT(d->state->phase, PHASE_SHIFTING);
        EXPECT_INT(d->alias_effect.lane, LANE_STEP);
}

TEST(an_alarm_that_cannot_tell_may_start) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(ALARM_SAYS_NOTHING);

        drive_alarms(d);
        EXPECT_INT(d->state->phase, PHASE_SHIFTING);
}

TEST(a_missing_alarm) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(ALARM_SAYS_MISSING);

        drive_alarms(d);
        expect_rejected(d, REASON_ALARM_MISSING);
        EXPECT_INT(d->state->reason_check, 1);
}

TEST(an_alarm_that_rings_already) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(ALARM_SAYS_ALARM);
        RolloutView v;
        char text[TRACE_TEXT_MAX];

        drive_alarms(d);
        expect_rejected(d, REASON_ALARM_RINGING);
        EXPECT_STR(drive_report(d, REPORT_REJECTED)->error, "Threshold Crossed");
        EXPECT_INT(drive_report(d, REPORT_REJECTED)->check, 1);
        EXPECT_INT(drive_report(d, REPORT_REJECTED)->window_start, d->now.wall);
        EXPECT(!drive_action(d, ACTION_CANCEL)); /* nothing else was under way */
        /* And is shown to be. */
        EXPECT_INT(drive_target(d)->judge.checks[1].verdict, VERDICT_BREACH);
        EXPECT_INT(drive_target(d)->judge.checks[1].window_start, d->now.wall);
        rollout_view(d->state, &d->plan, &d->now, &v);
        view_format(&v, d->state, &d->plan, text);
        EXPECT_CONTAINS(text, "is in ALARM since 20");
}

TEST(all_bad_alarms_are_told_of) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        PlanCheck checks[5] = { d->checks[0] };
        const AlarmReading readings[] = {
                { .check = 1, .says = ALARM_SAYS_ALARM, .reason = "one" },
                { .check = 2, .says = ALARM_SAYS_OK },
                { .check = 3, .says = ALARM_SAYS_MISSING },
                { .check = 4, .says = ALARM_SAYS_ALARM, .reason = "four" },
        };
        Event e = { .kind = EVENT_ALARMS_READ, .alarms = readings, .n_alarms = ELEMENTSOF(readings) };
        char text[FINDING_TEXT_MAX];
        const Report *found[2];
        size_t n = 0;

        for (uint32_t i = 1; i <= 4; i++)
                checks[i] = (PlanCheck){ .kind = CHECK_ALARM, .min_requests = 1, .alarm = "a" };
        d->plan.checks = checks;
        d->plan.n_checks = 5;
        drive_start(d);
        for (unsigned i = 0; i < 4; i++)
                drive_reply(d);
        e.op_id = d->alarm_effect.op_id;
        EXPECT_OK(drive_event(d, &e));
        for (size_t i = 0; i < d->actions->n; i++)
                if (d->actions->items[i].kind == ACTION_REPORT &&
                                d->actions->items[i].report.kind == REPORT_FINDING) {
                        EXPECT(n < ELEMENTSOF(found));
                        found[n++] = &d->actions->items[i].report;
                }
        EXPECT_INT(n, 2);
        finding_format(&found[0]->finding, &d->plan, found[0]->error, text);
        EXPECT_STR(text, "there is no alarm \"a\"");
        EXPECT_INT(found[0]->finding.check, 3);
        finding_format(&found[1]->finding, &d->plan, found[1]->error, text);
        EXPECT_STR(text, "alarm \"a\" is in ALARM (four)");
        EXPECT_INT(found[1]->finding.level, FINDING_REFUSE);
        expect_rejected(d, REASON_ALARM_RINGING);
        EXPECT_INT(d->state->reason_check, 1);
        EXPECT_STR(drive_report(d, REPORT_REJECTED)->error, "one");
        EXPECT_INT(drive_target(d)->judge.checks[3].cause, CAUSE_ALARM_MISSING);
        EXPECT_INT(drive_target(d)->judge.checks[4].verdict, VERDICT_BREACH);
}

TEST(alarms_that_cannot_be_read_wait_or_reject) {
        static const struct {
                Fault fault;
                Reason reason;
        } cases[] = { { FAULT_DENIED, REASON_DENIED }, { FAULT_INVALID, REASON_INVALID },
                { FAULT_THROTTLED, REASON_NONE }, { FAULT_TRANSIENT, REASON_NONE } };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(drive_freep) Drive *d = drive_with_alarm(ALARM_SAYS_OK);

                drive_alarms_blind(d, cases[i].fault);
                if (cases[i].reason != REASON_NONE) {
                        expect_rejected(d, cases[i].reason);
                        continue;
                }
                EXPECT_INT(d->state->phase, PHASE_PREFLIGHT);
                drive_tick(d);
                drive_alarms(d);
                EXPECT_INT(d->state->phase, PHASE_SHIFTING);
        }
}

TEST(a_restart_reads_the_alarms_again) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(ALARM_SAYS_OK);

        drive_resume(d);
        drive_alarms(d);
        EXPECT_INT(d->state->phase, PHASE_SHIFTING);
}

TEST(an_alarm_that_the_reply_leaves_out) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(ALARM_SAYS_OK);
        Event e = { .kind = EVENT_ALARMS_READ, .op_id = d->alarm_effect.op_id };

        EXPECT_OK(drive_event(d, &e));
        expect_rejected(d, REASON_ALARM_MISSING);
}

TEST(alarms_are_answered_by_alarms) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm(ALARM_SAYS_OK);
        Event e = { .kind = EVENT_ALIAS_READ, .op_id = d->alarm_effect.op_id, .revision = "rev-1" };

        EXPECT_INT(drive_event(d, &e), -EINVAL);
}

static Drive *drive_at_code(void) {
        Drive *d = drive_new();

        d->target.to = 0;
        d->target.publish = (PlanPublish){ .kind = PUBLISH_ZIP, .path = "/srv/checkout.zip" };
        rollout_init(d->state, &d->plan, 1);
        drive_start(d);
        for (unsigned i = 0; i < 10 && d->alias_effect.kind != ACTION_READ_CODE; i++)
                drive_reply(d);
        EXPECT_INT(d->alias_effect.kind, ACTION_READ_CODE);
        return d;
}

TEST(a_zip_that_cannot_be_read) {
        _cleanup_(drive_freep) Drive *d = drive_at_code();
        Event e = { .fault = FAULT_INVALID, .error = "/srv/checkout.zip: No such file or directory" };

        drive_answer(d, &e);
        expect_rejected(d, REASON_CODE_REFUSED);
        EXPECT_STR(drive_report(d, REPORT_REJECTED)->error, e.error);
        EXPECT_INT(d->function.n_updates, 0);
}

TEST(a_zip_that_cannot_be_read_for_now) {
        _cleanup_(drive_freep) Drive *d = drive_at_code();

        drive_refuse(d, FAULT_UNREACHABLE);
        EXPECT_INT(d->state->phase, PHASE_PREFLIGHT);
        drive_tick(d);
        EXPECT_INT(d->alias_effect.kind, ACTION_READ_CODE);
        drive_reply(d);
        EXPECT_STR(drive_target(d)->code.planned, "sha-42");
}

/* Preflight reads it again after a restart: what it then finds must be what it found before. */
TEST(a_zip_that_changes_between_two_looks) {
        _cleanup_(drive_freep) Drive *d = drive_at_code();

        drive_refuse(d, FAULT_UNREACHABLE);
        drive_tick(d);
        memcpy(drive_target(d)->code.planned, "sha-42", sizeof("sha-42"));
        d->function.artifact = 77;
        drive_reply(d);
        expect_rejected(d, REASON_CODE_DIFFERS);
}
