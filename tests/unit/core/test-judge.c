#include "core/judge.h"

#include "base/usec.h"
#include "unit/core/drive.h"

#define T0 (1700000040 * USEC_PER_SEC)
#define MINUTE(n) (T0 + (usec_t) (n) *USEC_PER_MINUTE)

/* A judge whose step began at T0, asked at minute "until". */
static JudgeState judge_at(const Plan *plan, unsigned until) {
        JudgeState j = { 0 };

        judge_expose(&j, plan, T0);
        judge_begin_step(&j, plan, T0);
        j.asked_until = MINUTE(until);
        j.asked_age = 1 + until * USEC_PER_MINUTE;
        j.asked_all = 1;
        return j;
}

static MetricRow row(unsigned minute, double requests, double errors) {
        return (MetricRow){
                .start = MINUTE(minute), .new_version = { requests, errors }, .old_version = { 1000, 1 }
        };
}

static void take(JudgeState *j, const Plan *plan, const MetricRow *rows, size_t n, unsigned wall_minute) {
        Event e = { .kind = EVENT_METRICS_READ, .rows = rows, .n_rows = n };

        judge_take(j, plan, &e, MINUTE(wall_minute));
}

TEST(a_breach_counts_before_it_is_settled) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        JudgeState j = judge_at(&d->plan, 1);
        MetricRow rows[] = { row(0, 100, 6) };
        uint32_t check = 9;

        take(&j, &d->plan, rows, 1, 1);
        EXPECT(judge_breached(&j, &d->plan, &check));
        EXPECT_INT(check, 0);
        EXPECT_NEAR(j.checks[0].value, 0.06, 1e-12);
        EXPECT_INT(j.checks[0].window_start, MINUTE(0));
        EXPECT_INT(j.checks[0].window_end, MINUTE(1));
}

TEST(exactly_the_limit_is_not_crossed) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        JudgeState j = judge_at(&d->plan, 1);
        MetricRow rows[] = { row(0, 100, 5) };
        uint32_t check;

        take(&j, &d->plan, rows, 1, 1);
        EXPECT(!judge_breached(&j, &d->plan, &check));
}

TEST(a_pass_waits_until_it_is_settled) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        JudgeState j = judge_at(&d->plan, 2);
        MetricRow rows[] = { row(0, 100, 0), row(1, 100, 0) };
        uint32_t check;

        take(&j, &d->plan, rows, 2, 2);
        EXPECT(!judge_healthy(&j, &d->plan, &check));
        EXPECT_INT(j.checks[0].cause, CAUSE_UNSETTLED);
        j.asked_until = MINUTE(4);
        take(&j, &d->plan, rows, 2, 4); /* minute 0 ended three minutes ago */
        EXPECT(judge_healthy(&j, &d->plan, &check));
}

TEST(unknown_says_why) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        JudgeState j = judge_at(&d->plan, 5);
        MetricRow rows[] = { row(0, 3, 0) };

        d->checks[0].min_requests = 10;
        EXPECT_INT(j.checks[0].cause, CAUSE_NOT_READ);
        take(&j, &d->plan, rows, 0, 5);
        EXPECT_INT(j.checks[0].cause, CAUSE_NO_DATA);
        j = judge_at(&d->plan, 5);
        take(&j, &d->plan, rows, 1, 5);
        EXPECT_INT(j.checks[0].cause, CAUSE_FEW_SAMPLES);
        EXPECT_NEAR(j.checks[0].samples, 3, 0);
}

TEST(few_requests_cannot_breach_a_rate) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        JudgeState j = judge_at(&d->plan, 2);
        MetricRow rows[] = { row(0, 3, 3), row(1, 3, 3) };
        uint32_t check;

        d->checks[0].min_requests = 10;
        take(&j, &d->plan, rows, 2, 2);
        EXPECT(!judge_breached(&j, &d->plan, &check));
        d->checks[0].min_requests = 6; /* together they are enough */
        take(&j, &d->plan, rows, 2, 2);
        EXPECT(judge_breached(&j, &d->plan, &check));
}

TEST(folding_is_exact) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        JudgeState once = judge_at(&d->plan, 30), bit_by_bit = judge_at(&d->plan, 1);
        MetricRow rows[30];

        d->checks[0].max = 0.5;
        for (unsigned i = 0; i < 30; i++)
                rows[i] = row(i, 10 + i, i % 3);
        take(&once, &d->plan, rows, 30, 30);
        for (unsigned now = 1; now <= 30; now++) {
                size_t first = (bit_by_bit.folded_until - T0) / USEC_PER_MINUTE;

                bit_by_bit.asked_until = MINUTE(now);
                take(&bit_by_bit, &d->plan, rows + first, now - first, now);
        }
        EXPECT_NEAR(once.step_new.invocations, bit_by_bit.step_new.invocations, 0);
        EXPECT_NEAR(once.step_new.errors, bit_by_bit.step_new.errors, 0);
        EXPECT_NEAR(once.seen_old.errors, bit_by_bit.seen_old.errors, 0);
        EXPECT_INT(once.buckets, bit_by_bit.buckets);
        EXPECT_INT(once.folded_until, bit_by_bit.folded_until);
}

TEST(late_counts_revise_the_past) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        JudgeState j = judge_at(&d->plan, 2);
        MetricRow before[] = { row(0, 50, 0), row(1, 10, 0) }, after[] = { row(0, 100, 9), row(1, 100, 0) };
        uint32_t check;

        take(&j, &d->plan, before, 2, 2);
        EXPECT(!judge_breached(&j, &d->plan, &check));
        take(&j, &d->plan, after, 2, 3);
        EXPECT(judge_breached(&j, &d->plan, &check));
}

TEST(a_new_step_needs_evidence_of_its_own) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        JudgeState j = judge_at(&d->plan, 10);
        MetricRow rows[] = { row(0, 100, 0), row(1, 100, 0), row(2, 100, 0) };
        uint32_t check;

        take(&j, &d->plan, rows, 3, 10);
        EXPECT(judge_healthy(&j, &d->plan, &check));
        judge_begin_step(&j, &d->plan, MINUTE(10) + 1);
        EXPECT_INT(j.step_from, MINUTE(11)); /* the minute of the change belongs to no step */
        EXPECT(!judge_healthy(&j, &d->plan, &check));
        EXPECT_INT(j.read_age, 0);
}

TEST(the_minute_of_a_change_can_still_breach) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        JudgeState j = judge_at(&d->plan, 2);
        MetricRow rows[] = { row(1, 100, 50) };
        uint32_t check;

        judge_begin_step(&j, &d->plan, MINUTE(1) + 1);
        take(&j, &d->plan, rows, 1, 2);
        EXPECT(judge_breached(&j, &d->plan, &check));
}

TEST(errors_are_counted_per_bucket) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        JudgeState j = judge_at(&d->plan, 5);
        MetricRow rows[] = { row(0, 100, 2), row(1, 100, 2), row(2, 100, 3) };
        uint32_t check;

        d->checks[0].kind = CHECK_ERRORS;
        d->checks[0].max = 3;
        take(&j, &d->plan, rows, 3, 5);
        EXPECT(judge_healthy(&j, &d->plan, &check));
        EXPECT_NEAR(j.checks[0].value, 3, 0);
        d->checks[0].max = 2;
        j = judge_at(&d->plan, 5);
        take(&j, &d->plan, rows, 3, 5);
        EXPECT(judge_breached(&j, &d->plan, &check));
        EXPECT_INT(j.checks[0].window_start, MINUTE(2));
}

TEST(durations_need_their_requests) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        JudgeState j = judge_at(&d->plan, 5);
        MetricRow rows[] = { row(0, 1, 0), row(1, 50, 0) };
        MetricValue values[] = {
                { .start = MINUTE(0), .check = 0, .value = 2000 },
                { .start = MINUTE(1), .check = 0, .value = 700 },
                { .start = MINUTE(1), .check = 1, .value = 9999 }, /* another check's */
        };
        Event e = { .kind = EVENT_METRICS_READ, .rows = rows, .n_rows = 2, .values = values, .n_values = 3 };
        uint32_t check;

        d->checks[0] = (PlanCheck){
                .name = "slow", .kind = CHECK_DURATION, .max = 800, .min_requests = 10, .stat = "p99"
        };
        judge_take(&j, &d->plan, &e, MINUTE(5));
        EXPECT(judge_healthy(&j, &d->plan, &check)); /* one slow request of one says nothing */
        values[1].value = 801;
        j = judge_at(&d->plan, 5);
        judge_take(&j, &d->plan, &e, MINUTE(5));
        EXPECT(judge_breached(&j, &d->plan, &check));
        EXPECT_INT(j.checks[0].window_start, MINUTE(1));
}

TEST(a_failed_reading_blinds) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        JudgeState j = judge_at(&d->plan, 5);
        MetricRow rows[] = { row(0, 100, 0) };
        uint32_t check;

        take(&j, &d->plan, rows, 1, 5);
        judge_take_failure(&j, &d->plan, CAUSE_CREDENTIALS, 50);
        EXPECT(!judge_healthy(&j, &d->plan, &check));
        judge_take_failure(&j, &d->plan, CAUSE_THROTTLED, 99);
        EXPECT_INT(j.blind_since, 50);
        EXPECT_INT(j.blind_cause, CAUSE_THROTTLED);
        take(&j, &d->plan, rows, 1, 5);
        EXPECT_INT(j.blind_since, 0);
}

TEST(silence_is_heard_only_up_to_the_present) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        JudgeState j = judge_at(&d->plan, 20);
        MetricRow rows[20];

        for (unsigned i = 0; i < 20; i++)
                rows[i] = row(i, 100, 0);
        take(&j, &d->plan, rows, 20, 20);
        j.asked_until = MINUTE(21);
        j.asked_age = 1 + 21 * USEC_PER_MINUTE;
        rows[0] = row(20, 100, 0);
        take(&j, &d->plan, rows, 1, 21);
        EXPECT_INT(j.steady, 1);
        j.asked_age += USEC_PER_HOUR; /* the daemon was away, and reads what it missed piece by piece */
        j.asked_all = 0;
        take(&j, &d->plan, rows, 0, 22);
        EXPECT_INT(j.blind_since, 0);
        j.asked_all = 1;
        take(&j, &d->plan, rows, 0, 22);
        EXPECT(j.blind_since != 0);
}

TEST(what_was_folded_too_early_is_read_again) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        JudgeState j = judge_at(&d->plan, 10);
        MetricRow rows[10];
        usec_t from, until;

        for (unsigned i = 0; i < 10; i++)
                rows[i] = row(i, 100, 1);
        take(&j, &d->plan, rows, 10, 10);
        EXPECT_INT(j.folded_until, MINUTE(7));
        judge_rewind(&j, &d->plan, MINUTE(10), 10 * USEC_PER_MINUTE,
                        10 * USEC_PER_MINUTE); /* nothing is wrong */
        EXPECT_INT(j.folded_until, MINUTE(7));
        judge_rewind(&j, &d->plan, MINUTE(6), 6 * USEC_PER_MINUTE,
                        6 * USEC_PER_MINUTE); /* it is minute 6 after all */
        EXPECT_NEAR(j.all_new.invocations, 0, 0);
        EXPECT_NEAR(j.step_new.invocations, 0, 0);
        judge_window(&j, &d->plan, MINUTE(6), &from, &until);
        EXPECT(from <= MINUTE(0) && until == MINUTE(6));
        j.asked_until = MINUTE(6);
        take(&j, &d->plan, rows, 6, 6);
        EXPECT_NEAR(j.all_new.invocations, 300, 0);
}

/* The first weight is not confirmed yet: no step has begun, but the new version may have traffic. */
TEST(evidence_of_before_the_first_step_has_a_beginning) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        JudgeState j = { 0 };

        judge_expose(&j, &d->plan, MINUTE(2) + 7);
        j.asked_until = MINUTE(3);
        judge_take(&j, &d->plan, &(Event){ .kind = EVENT_METRICS_READ }, MINUTE(3));
        EXPECT_INT(j.checks[0].cause, CAUSE_NO_DATA);
        EXPECT_INT(j.checks[0].window_start, MINUTE(2));
        EXPECT_INT(j.checks[0].window_end, MINUTE(3));
}

TEST(window_is_aligned_and_bounded) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        JudgeState j = judge_at(&d->plan, 0);
        usec_t from, until;

        judge_window(&j, &d->plan, MINUTE(3) + 7, &from, &until);
        EXPECT_INT(from, MINUTE(0));
        EXPECT_INT(until, MINUTE(4));
        judge_window(&j, &d->plan, MINUTE(0) - USEC_PER_HOUR, &from, &until); /* the wall clock went back */
        EXPECT_INT(until, MINUTE(1));
        judge_window(&j, &d->plan, MINUTE(METRIC_ROWS_MAX), &from, &until);
        EXPECT_INT((until - from) / USEC_PER_MINUTE, METRIC_ROWS_MAX);
        judge_window(&j, &d->plan, MINUTE(METRIC_ROWS_MAX + 1), &from, &until);
        EXPECT_INT((until - from) / USEC_PER_MINUTE, METRIC_ROWS_MAX);
}

TEST(every_fault_has_a_cause) {
        for (int f = 1; f < FAULT_COUNT; f++)
                EXPECT(judge_cause_of((Fault) f) != CAUSE_NONE);
        EXPECT_INT(judge_cause_of(FAULT_NONE), CAUSE_NONE);
        EXPECT_INT(judge_cause_of(FAULT_DENIED), CAUSE_DENIED);
}

/* One rate, one duration. */
static void make_two_checks(Drive *d) {
        d->checks[1] = (PlanCheck){
                .name = "slow", .kind = CHECK_DURATION, .max = 800, .min_requests = 10, .stat = "p99"
        };
        d->plan.n_checks = 2;
}

/* A reading in which the duration could not be read. */
static void take_without_duration(
                JudgeState *j, const Plan *plan, const MetricRow *rows, size_t n, unsigned wall_minute) {
        CheckFault fault = { .check = 1, .fault = FAULT_INVALID, .error = "no" };
        Event e = { .kind = EVENT_METRICS_READ,
                .rows = rows,
                .n_rows = n,
                .check_faults = &fault,
                .n_check_faults = 1 };

        judge_take(j, plan, &e, MINUTE(wall_minute));
}

TEST(a_check_that_cannot_be_read_hides_no_other) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        MetricRow rows[] = { row(0, 100, 0), row(1, 100, 50) };
        uint32_t check = 9;
        Cause cause;
        JudgeState j;

        make_two_checks(d);
        j = judge_at(&d->plan, 5);
        take_without_duration(&j, &d->plan, rows, 1, 5);
        EXPECT_INT(j.checks[0].verdict, VERDICT_HEALTHY);
        EXPECT_INT(j.checks[1].verdict, VERDICT_UNKNOWN);
        EXPECT_INT(j.checks[1].cause, CAUSE_REFUSED);
        EXPECT(!judge_healthy(&j, &d->plan, &check));
        EXPECT_INT(check, 1);
        EXPECT_INT(j.blind_since, 0);
        EXPECT_INT(judge_blind_since(&j, &d->plan, &check, &cause), j.asked_age);
        EXPECT_INT(check, 1);
        EXPECT_INT(cause, CAUSE_REFUSED);

        j.asked_age += USEC_PER_MINUTE; /* still blind: since then, not since now */
        take_without_duration(&j, &d->plan, rows, 2, 5);
        EXPECT(judge_breached(&j, &d->plan, &check));
        EXPECT_INT(check, 0);
        EXPECT_INT(judge_blind_since(&j, &d->plan, &check, &cause), j.asked_age - USEC_PER_MINUTE);

        take(&j, &d->plan, rows, 1, 5);
        EXPECT_INT(judge_blind_since(&j, &d->plan, &check, &cause), 0);
        EXPECT_INT(check, 2);
}

TEST(the_first_blindness_is_told) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        MetricRow rows[] = { row(0, 100, 0) };
        JudgeState j;
        uint32_t check;
        Cause cause;

        make_two_checks(d);
        j = judge_at(&d->plan, 5);
        judge_take_failure(&j, &d->plan, CAUSE_THROTTLED, 50);
        EXPECT_INT(judge_blind_since(&j, &d->plan, &check, &cause), 50);
        EXPECT_INT(check, 2); /* none: all of them */
        EXPECT_INT(cause, CAUSE_THROTTLED);
        take_without_duration(&j, &d->plan, rows, 1, 5);
        judge_take_failure(&j, &d->plan, CAUSE_THROTTLED, j.asked_age + 50);
        EXPECT_INT(judge_blind_since(&j, &d->plan, &check, &cause), 50); /* it was among all of them */
        EXPECT_INT(check, 1);
}

TEST(what_a_blind_check_has_not_seen_is_not_folded) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        MetricRow rows[] = { row(0, 100, 0), row(1, 100, 0) };
        MetricValue slow = { .start = MINUTE(0), .check = 1, .value = 2000 };
        Event e = { .kind = EVENT_METRICS_READ, .rows = rows, .n_rows = 2, .values = &slow, .n_values = 1 };
        uint32_t check = 9;
        JudgeState j;

        make_two_checks(d);
        j = judge_at(&d->plan, 9);
        take_without_duration(&j, &d->plan, rows, 2, 9);
        EXPECT_INT(j.folded_until, MINUTE(0));
        EXPECT_NEAR(j.seen_new.invocations, 200, 0);
        EXPECT_INT(j.checks[0].verdict, VERDICT_HEALTHY); /* settled all the same */
        judge_take(&j, &d->plan, &e, MINUTE(10));
        EXPECT(judge_breached(&j, &d->plan, &check));
        EXPECT_INT(check, 1);
        EXPECT(j.folded_until > MINUTE(0));
        EXPECT_NEAR(j.step_new.invocations, 200, 0);
        EXPECT_NEAR(j.seen_new.invocations, 200, 0);
}

TEST(folding_waits_no_longer_than_a_reading_can_hold) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        MetricRow rows[] = { row(0, 100, 0) };
        JudgeState j;

        make_two_checks(d);
        j = judge_at(&d->plan, METRIC_ROWS_MAX - 1);
        take_without_duration(&j, &d->plan, rows, 1, METRIC_ROWS_MAX - 1);
        EXPECT_INT(j.folded_until, MINUTE(0));
        j.asked_until = MINUTE(METRIC_ROWS_MAX);
        take_without_duration(&j, &d->plan, rows, 1, METRIC_ROWS_MAX);
        EXPECT_INT(j.folded_until, MINUTE(METRIC_ROWS_MAX - 3));
        EXPECT_INT(j.checks[1].verdict, VERDICT_UNKNOWN);
}

TEST(a_new_step_opens_nobodys_eyes) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        MetricRow rows[] = { row(0, 100, 0) };
        JudgeState j;

        make_two_checks(d);
        j = judge_at(&d->plan, 5);
        take_without_duration(&j, &d->plan, rows, 1, 5);
        judge_begin_step(&j, &d->plan, MINUTE(6));
        EXPECT_INT(j.checks[0].cause, CAUSE_NOT_READ);
        EXPECT_INT(j.checks[1].cause, CAUSE_REFUSED);
        EXPECT_INT(j.checks[1].blind_since, j.asked_age);
}

/* What was folded without it cannot be read again: good news from later buckets says nothing of those. */
TEST(a_check_that_missed_buckets_stays_blind) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        MetricRow rows[] = { row(0, 100, 0) }, later[] = { row(METRIC_ROWS_MAX - 1, 100, 0) };
        usec_t since;
        uint32_t check;
        Cause cause;
        JudgeState j;

        make_two_checks(d);
        j = judge_at(&d->plan, METRIC_ROWS_MAX);
        since = j.asked_age;
        take_without_duration(&j, &d->plan, rows, 1, METRIC_ROWS_MAX);
        j.asked_age += USEC_PER_MINUTE;
        take(&j, &d->plan, later, 1, METRIC_ROWS_MAX);
        EXPECT_INT(j.checks[0].verdict, VERDICT_HEALTHY);
        EXPECT_INT(j.checks[1].verdict, VERDICT_UNKNOWN);
        EXPECT_INT(j.checks[1].cause, CAUSE_REFUSED);
        EXPECT_INT(judge_blind_since(&j, &d->plan, &check, &cause), since);
        EXPECT_INT(check, 1);
        judge_begin_step(&j, &d->plan, MINUTE(METRIC_ROWS_MAX - 1)); /* its evidence starts afresh */
        take(&j, &d->plan, later, 1, METRIC_ROWS_MAX + 5);
        EXPECT_INT(j.checks[1].verdict, VERDICT_HEALTHY);
}

TEST(nothing_is_missed_when_all_is_read_again) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        MetricRow rows[] = { row(0, 100, 0) };
        JudgeState j;

        make_two_checks(d);
        j = judge_at(&d->plan, METRIC_ROWS_MAX);
        take_without_duration(&j, &d->plan, rows, 1, METRIC_ROWS_MAX);
        EXPECT_INT(j.missed, 1 << 1);
        judge_rewind(&j, &d->plan, MINUTE(9), 9 * USEC_PER_MINUTE, 9 * USEC_PER_MINUTE);
        j.asked_until = MINUTE(9);
        take(&j, &d->plan, rows, 1, 9);
        EXPECT_INT(j.checks[1].verdict, VERDICT_HEALTHY);
}

TEST(a_check_that_missed_buckets_may_breach) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        MetricRow rows[] = { row(METRIC_ROWS_MAX - 1, 100, 0) };
        MetricValue slow = { .start = MINUTE(METRIC_ROWS_MAX - 1), .check = 1, .value = 2000 };
        Event e = { .kind = EVENT_METRICS_READ, .rows = rows, .n_rows = 1, .values = &slow, .n_values = 1 };
        uint32_t check = 9;
        JudgeState j;

        make_two_checks(d);
        j = judge_at(&d->plan, METRIC_ROWS_MAX);
        take_without_duration(&j, &d->plan, rows, 1, METRIC_ROWS_MAX);
        judge_take(&j, &d->plan, &e, MINUTE(METRIC_ROWS_MAX));
        EXPECT(judge_breached(&j, &d->plan, &check));
        EXPECT_INT(check, 1);
}

TEST(a_step_does_not_begin_in_the_future) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        JudgeState j = judge_at(&d->plan, 1);

        /* The first whole bucket of a step is the next one. */
        judge_begin_step(&j, &d->plan, MINUTE(1) + USEC_PER_SEC);
        EXPECT_INT(j.step_from, MINUTE(2));
        EXPECT(!judge_was_ahead(&j, &d->plan, MINUTE(1) + USEC_PER_SEC));
        judge_begin_step(&j, &d->plan, MINUTE(10));
        EXPECT(judge_was_ahead(&j, &d->plan, MINUTE(3)));
        judge_rewind(&j, &d->plan, MINUTE(3), 3 * USEC_PER_MINUTE, USEC_PER_MINUTE);
        EXPECT_INT(j.step_from, MINUTE(2));
        EXPECT(!judge_was_ahead(&j, &d->plan, MINUTE(3)));
}
