#include <stdio.h>

#include "base/alloc.h"
#include "base/usec.h"
#include "unit/core/drive.h"

/* Preflight has read all but the metrics, and asks for those. */
static Drive *drive_to_history(void) {
        Drive *d = drive_new();

        d->takes_history = true;
        drive_start(d);
        for (int i = 0; i < 4; i++)
                drive_reply(d);
        EXPECT_INT(d->state->phase, PHASE_PREFLIGHT);
        EXPECT_INT(d->poll_effect.lane, LANE_PREFLIGHT);
        return d;
}

/* That many requests and errors of the old version in each of the last n minutes. */
static void answer(Drive *d, unsigned n, double requests, double errors, const MetricValue *value) {
        Action a = d->poll_effect;
        MetricRow rows[180];
        Event e = { .kind = EVENT_METRICS_READ, .op_id = a.op_id, .rows = rows, .n_rows = n };

        EXPECT(a.op_id != 0 && n <= ELEMENTSOF(rows));
        d->poll_effect = (Action){ 0 };
        for (unsigned i = 0; i < n; i++)
                rows[i] = (MetricRow){
                        .start = a.metrics.until - (n - i) * USEC_PER_MINUTE,
                        .new_version = { requests, errors },
                        .old_version = { requests, errors },
                };
        e.values = value;
        e.n_values = value != NULL;
        EXPECT_OK(drive_event(d, &e));
}

static void answer_fault(Drive *d, uint32_t check, Fault fault) {
        CheckFault one = { .check = check, .fault = fault, .error = "AWS's words" };
        Event e = { .kind = EVENT_METRICS_READ,
                .op_id = d->poll_effect.op_id,
                .check_faults = &one,
                .n_check_faults = 1 };

        EXPECT(e.op_id != 0);
        d->poll_effect = (Action){ 0 };
        EXPECT_OK(drive_event(d, &e));
}

static const Finding *finding(const Drive *d, FindingKind kind, unsigned skip) {
        for (size_t i = 0; i < d->actions->n; i++) {
                const Action *a = &d->actions->items[i];

                if (a->kind == ACTION_REPORT && a->report.kind == REPORT_FINDING &&
                                a->report.finding.kind == kind && skip-- == 0)
                        return &a->report.finding;
        }
        return NULL;
}

static void expect_quiet_judge(const Drive *d) {
        const JudgeState *j = &d->state->targets[0].judge;

        EXPECT_INT(j->buckets, 0);
        EXPECT_INT(j->read_age, 0);
        EXPECT_INT(j->blind_since, 0);
        EXPECT(j->all_old.invocations <= 0 && j->all_new.invocations <= 0);
}

TEST(the_old_version_is_read_over_the_settled_past) {
        _cleanup_(drive_freep) Drive *d = drive_to_history();

        EXPECT_INT(d->poll_effect.metrics.version_old, 41);
        EXPECT_INT(d->poll_effect.metrics.version_new, 41);
        EXPECT_INT(d->poll_effect.metrics.until, d->now.wall - 3 * USEC_PER_MINUTE);
        EXPECT_INT(d->poll_effect.metrics.from, d->poll_effect.metrics.until - 3 * USEC_PER_HOUR);
        EXPECT_INT(drive_target(d)->judge.exposed_since, 0);
        EXPECT_INT(drive_target(d)->poll_op.id, 0);
}

TEST(enough_traffic_is_fine) {
        _cleanup_(drive_freep) Drive *d = drive_to_history();
        const Finding *f;

        answer(d, 180, 300, 1, NULL);
        EXPECT_INT(d->state->phase, PHASE_SHIFTING);
        f = finding(d, FINDING_TRAFFIC, 0);
        EXPECT(f && f->level == FINDING_OK);
        EXPECT(f->rate > 299.9 && f->rate < 300.1);
        EXPECT(!finding(d, FINDING_EVIDENCE, 0) && !finding(d, FINDING_THRESHOLD, 0));
        EXPECT_INT(drive_target(d)->alias_op.attempt, 0);
        expect_quiet_judge(d);
}

TEST(too_little_traffic_for_a_step) {
        _cleanup_(drive_freep) Drive *d = drive_to_history();
        const Finding *f;
        char text[TRACE_TEXT_MAX];

        answer(d, 180, 12, 0, NULL);
        EXPECT_INT(d->state->phase, PHASE_SHIFTING);
        f = finding(d, FINDING_EVIDENCE, 0);
        EXPECT(f && f->level == FINDING_WARN);
        EXPECT_INT(f->step, 0);
        EXPECT(!finding(d, FINDING_EVIDENCE, 1)); /* 50 % of them are enough */
        report_format(drive_report(d, REPORT_FINDING), &d->plan, text);
        EXPECT_STR(text, "checkout:live: 12 requests/min in the last 3 h");
        finding_format(f, &d->plan, "", text);
        EXPECT_STR(text,
                        "at 12 requests/min a 5 % step needs about 98 min to show a 5 % error rate; the plan holds 10 min");
}

/* An alias that is half an hour old has no less traffic for that. */
TEST(the_rate_counts_from_the_first_request_on) {
        _cleanup_(drive_freep) Drive *d = drive_to_history();

        answer(d, 30, 300, 0, NULL);
        EXPECT(finding(d, FINDING_TRAFFIC, 0)->rate > 299.9);
}

TEST(no_traffic_at_all) {
        _cleanup_(drive_freep) Drive *d = drive_to_history();
        const Finding *f;

        answer(d, 0, 0, 0, NULL);
        EXPECT_INT(d->state->phase, PHASE_SHIFTING);
        f = finding(d, FINDING_TRAFFIC, 0);
        EXPECT(f && f->level == FINDING_WARN);
        EXPECT_INT(f->span, 3 * USEC_PER_HOUR);
        EXPECT(!finding(d, FINDING_EVIDENCE, 0));
}

TEST(a_threshold_that_the_old_version_crosses) {
        _cleanup_(drive_freep) Drive *d = drive_to_history();
        const Finding *f;

        answer(d, 10, 300, 30, NULL);
        EXPECT_INT(d->state->phase, PHASE_SHIFTING);
        f = finding(d, FINDING_THRESHOLD, 0);
        EXPECT(f && f->level == FINDING_WARN);
        EXPECT_INT(f->check, 0);
        EXPECT_INT(f->crossed, 10);
        EXPECT_INT(f->buckets, 10);
        EXPECT(f->value > 0.099 && f->value < 0.101);
}

/* What the judge would not count for want of requests is not counted here. */
TEST(few_requests_cross_nothing) {
        _cleanup_(drive_freep) Drive *d = drive_to_history();

        d->checks[0].min_requests = 301;
        answer(d, 10, 300, 30, NULL);
        EXPECT(!finding(d, FINDING_THRESHOLD, 0));
}

TEST(thresholds_of_durations_and_error_counts) {
        _cleanup_(drive_freep) Drive *d = drive_to_history();
        MetricValue slow = { .check = 0, .value = 900 };

        d->checks[0] = (PlanCheck){
                .name = "slow", .kind = CHECK_DURATION, .max = 800, .min_requests = 100, .stat = "p99"
        };
        d->checks[1] = (PlanCheck){ .name = "failed", .kind = CHECK_ERRORS, .max = 3, .min_requests = 1 };
        d->plan.n_checks = 2;
        slow.start = d->poll_effect.metrics.until - 2 * USEC_PER_MINUTE;
        answer(d, 10, 300, 4, &slow);
        EXPECT_INT(finding(d, FINDING_THRESHOLD, 0)->check, 0);
        EXPECT_INT(finding(d, FINDING_THRESHOLD, 0)->buckets, 1);
        EXPECT_INT(finding(d, FINDING_THRESHOLD, 1)->check, 1);
        EXPECT(finding(d, FINDING_THRESHOLD, 1)->value > 3.9);
}

TEST(short_steps_beyond_a_few_are_counted) {
        _cleanup_(drive_freep) Drive *d = drive_to_history();
        PlanStep many[7];

        for (uint32_t i = 0; i < ELEMENTSOF(many); i++)
                many[i] = (PlanStep){ .weight = 100 + i, .hold = USEC_PER_MINUTE };
        d->plan.steps = many;
        d->plan.n_steps = ELEMENTSOF(many);
        answer(d, 180, 12, 0, NULL);
        EXPECT_INT(finding(d, FINDING_EVIDENCE, 2)->more, 0);
        EXPECT_INT(finding(d, FINDING_EVIDENCE, 3)->more, 3);
        EXPECT(!finding(d, FINDING_EVIDENCE, 4));
}

TEST(a_refused_query_rejects) {
        _cleanup_(drive_freep) Drive *d = drive_to_history();
        const Report *r;
        char text[TRACE_TEXT_MAX];

        answer_fault(d, 0, FAULT_INVALID);
        EXPECT_INT(d->state->phase, PHASE_REJECTED);
        r = drive_report(d, REPORT_REJECTED);
        EXPECT(r && r->reason == REASON_QUERY_REFUSED);
        EXPECT_INT(r->check, 0);
        EXPECT_INT(d->alias.revision, 1);
        report_format(r, &d->plan, text);
        EXPECT_CONTAINS(text, "CloudWatch does not accept the query of check errors (AWS's words)");
}

TEST(denials_reject_at_once) {
        _cleanup_(drive_freep) Drive *d = drive_to_history(), *e = drive_to_history(),
                                     *f = drive_to_history();

        drive_blind(d, FAULT_DENIED);
        EXPECT_INT(d->state->reason, REASON_DENIED);
        answer_fault(e, 0, FAULT_DENIED);
        EXPECT_INT(e->state->reason, REASON_DENIED);
        drive_blind(f, FAULT_INVALID);
        EXPECT_INT(f->state->reason, REASON_INVALID);
}

TEST(trouble_is_tried_again_and_then_told) {
        static const Fault faults[] = { FAULT_THROTTLED, FAULT_TRANSIENT, FAULT_UNREACHABLE,
                FAULT_CREDENTIALS, FAULT_CLOCK, FAULT_PERMANENT };

        for (size_t i = 0; i < ELEMENTSOF(faults); i++) {
                _cleanup_(drive_freep) Drive *d = drive_to_history();
                usec_t began = d->now.mono;
                const Finding *f;

                for (int n = 0; n < 2; n++) {
                        drive_blind(d, faults[i]);
                        EXPECT_INT(d->state->phase, PHASE_PREFLIGHT);
                        drive_tick(d);
                }
                drive_blind(d, faults[i]);
                EXPECT_INT(d->state->phase, PHASE_SHIFTING);
                EXPECT(d->now.mono - began < USEC_PER_MINUTE);
                f = finding(d, FINDING_METRICS, 0);
                EXPECT(f && f->level == FINDING_WARN);
                EXPECT_INT(f->check, d->plan.n_checks);
                EXPECT_STR(drive_report(d, REPORT_FINDING)->error, "AWS's words");
                EXPECT_STR(drive_target(d)->error, "");
                EXPECT_INT(drive_target(d)->failing_since, 0);
                expect_quiet_judge(d);
        }
}

TEST(one_check_that_cannot_be_read_is_told_beside_the_rest) {
        _cleanup_(drive_freep) Drive *d = drive_to_history();

        for (int n = 0; n < 2; n++) {
                answer_fault(d, 0, FAULT_TRANSIENT);
                EXPECT_INT(d->state->phase, PHASE_PREFLIGHT);
                drive_tick(d);
        }
        answer_fault(d, 0, FAULT_TRANSIENT);
        EXPECT_INT(d->state->phase, PHASE_SHIFTING);
        EXPECT_INT(finding(d, FINDING_METRICS, 0)->check, 0);
        EXPECT(finding(d, FINDING_TRAFFIC, 0));
}

TEST(a_restart_reads_it_again) {
        _cleanup_(drive_freep) Drive *d = drive_to_history();

        drive_resume(d);
        EXPECT_INT(d->poll_effect.lane, LANE_PREFLIGHT);
        answer(d, 180, 300, 0, NULL);
        EXPECT_INT(d->state->phase, PHASE_SHIFTING);
}

TEST(plans_that_read_no_metrics_do_without) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->takes_history = true;
        d->plan.n_checks = 0;
        d->plan.checks_none = true;
        drive_to(d, PHASE_SHIFTING);
        EXPECT(!finding(d, FINDING_TRAFFIC, 0));
}

/* The reply to what a target of a group waits for. */
static void answer_target(Drive *d, RolloutState *st, uint32_t i, const Event *history) {
        static const AlarmReading alarm = { .check = PLAN_CHECKS_MAX - 1, .says = ALARM_SAYS_OK };
        const TargetState *t = &st->targets[i];
        Event e = { .kind = EVENT_VERSION_READ, .version_active = true };

        if (t->stage == STAGE_READ_HISTORY)
                e = *history;
        else if (t->stage == STAGE_READ_ALIAS)
                e = (Event){ .kind = EVENT_ALIAS_READ, .route = { .primary = 41 }, .revision = "r1" };
        else if (t->stage == STAGE_READ_CONCURRENCY)
                e = (Event){ .kind = EVENT_CONCURRENCY_READ };
        else if (t->stage == STAGE_READ_ALARMS)
                e = (Event){ .kind = EVENT_ALARMS_READ, .alarms = &alarm, .n_alarms = 1 };
        e.target = i;
        e.op_id = t->alias_op.id;
        EXPECT_OK(rollout_step(st, &d->plan, &e, &d->now, d->actions));
}

/* The busiest moment: every check but the alarm is crossed and each step too short, while the last of 64
 * targets lets all of them go on, and their metrics and alarms are read at once. */
TEST(there_is_room_for_all_of_it) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        _cleanup_(freep) RolloutState *st = alloc_zero(rollout_state_size(PLAN_TARGETS_MAX));
        static PlanTarget targets[PLAN_TARGETS_MAX];
        static PlanCheck checks[PLAN_CHECKS_MAX];
        static PlanStep steps[PLAN_STEPS_MAX];
        static char names[PLAN_TARGETS_MAX][16];
        static const PlanWave wave = { .name = "all", .n_targets = PLAN_TARGETS_MAX };
        MetricRow row = { .start = d->now.wall - USEC_PER_HOUR, .old_version = { 5, 5 } };
        Event start = { .kind = EVENT_START };
        Event history = { .kind = EVENT_METRICS_READ, .rows = &row, .n_rows = 1 };

        EXPECT(st);
        for (uint32_t i = 0; i < PLAN_TARGETS_MAX; i++) {
                (void) snprintf(names[i], sizeof(names[i]), "f%u", i);
                targets[i] = (PlanTarget){ .function = names[i], .alias = "live", .from = 41, .to = 42 };
        }
        for (uint32_t i = 0; i < PLAN_CHECKS_MAX; i++)
                checks[i] = (PlanCheck){ .name = "c", .kind = CHECK_ERRORS, .min_requests = 1 };
        checks[PLAN_CHECKS_MAX - 1].kind = CHECK_ALARM;
        checks[PLAN_CHECKS_MAX - 1].alarm = "a";
        for (uint32_t i = 0; i < PLAN_STEPS_MAX; i++)
                steps[i] = (PlanStep){ .weight = 1 + i, .hold = USEC_PER_SEC };
        d->plan.targets = targets;
        d->plan.n_targets = PLAN_TARGETS_MAX;
        d->plan.waves = &wave;
        d->plan.n_waves = 1;
        d->plan.checks = checks;
        d->plan.n_checks = PLAN_CHECKS_MAX;
        d->plan.steps = steps;
        d->plan.n_steps = PLAN_STEPS_MAX;
        rollout_init(st, &d->plan, 1);
        EXPECT_OK(rollout_step(st, &d->plan, &start, &d->now, d->actions));
        for (uint32_t i = 0; i < 6 * PLAN_TARGETS_MAX; i++)
                answer_target(d, st, i / 6, &history);
        EXPECT_INT(st->phase, PHASE_SHIFTING);
        EXPECT(finding(d, FINDING_THRESHOLD, PLAN_CHECKS_MAX - 2));
        EXPECT_INT(finding(d, FINDING_EVIDENCE, 3)->more, PLAN_STEPS_MAX - 4);
        EXPECT(drive_action(d, ACTION_READ_ALARMS));
        EXPECT(d->actions->n > (size_t) 5 * PLAN_TARGETS_MAX && d->actions->n + 10 < ACTIONS_MAX);
}
