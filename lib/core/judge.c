#include "core/judge.h"

#include <string.h>

#include "base/usec.h"

/* Traffic counts as steady when this share of the buckets had data: only then its disappearance is
 * blindness. */
#define STEADY_BUCKETS_MIN 10
#define STEADY_SHARE(with_data, all) ((with_data) >= (all) - (all) / 5)

/* Sums over one reading on top of what was folded before. */
typedef struct Sums {
        Counts seen;    /* present step, everything */
        Counts settled; /* present step, settled buckets only */
} Sums;

static void counts_add(Counts *sum, const Counts *more) {
        sum->invocations += more->invocations;
        sum->errors += more->errors;
}

static double counts_rate(const Counts *c) {
        return c->invocations > 0 ? c->errors / c->invocations : 0;
}

void judge_expose(JudgeState *j, const Plan *plan, usec_t wall) {
        if (j->exposed_since != 0)
                return;
        j->exposed_since = usec_max(usec_floor(wall, plan->period), plan->period);
        j->folded_until = j->exposed_since;
}

void judge_begin_step(JudgeState *j, const Plan *plan, usec_t wall) {
        j->step_from = usec_ceil(wall, plan->period);
        j->step_new = j->step_old = (Counts){ 0 };
        j->seen_new = j->seen_old = (Counts){ 0 };
        j->read_age = j->alarms_age = 0;
        j->missed = 0;
        for (uint32_t i = 0; i < plan->n_checks; i++) {
                CheckState *c = &j->checks[i];

                /* A new step opens nobody's eyes. */
                *c = (CheckState){
                        .verdict = VERDICT_UNKNOWN,
                        .cause = c->blind_since != 0 ? c->cause : (uint32_t) CAUSE_NOT_READ,
                        .blind_since = c->blind_since,
                };
        }
}

/* Steps of the clock up to this one change nothing that settled_after would not cover. */
#define CLOCK_SLACK (4 * USEC_PER_SEC)

bool judge_was_ahead(const JudgeState *j, const Plan *plan, usec_t wall) {
        usec_t now = usec_add(wall, CLOCK_SLACK);

        if (j->exposed_since > now || j->step_from > usec_add(now, plan->period))
                return true;
        return j->folded_until > j->exposed_since && usec_add(j->folded_until, plan->settled_after) > now;
}

void judge_rewind(JudgeState *j, const Plan *plan, usec_t wall, usec_t lived, usec_t lived_in_step) {
        usec_t began = usec_floor(usec_sub(wall, lived), plan->period);

        if (!judge_was_ahead(j, plan, wall))
                return;
        j->exposed_since = usec_max(usec_min(j->exposed_since, began), plan->period);
        j->folded_until = j->exposed_since;
        j->step_from = usec_min(j->step_from, usec_ceil(usec_sub(wall, lived_in_step), plan->period));
        j->step_new = j->step_old = j->all_new = j->all_old = (Counts){ 0 };
        j->buckets = j->buckets_with_data = 0;
        j->data_age = j->last_data = 0;
        j->read_age = 0;
        j->missed = 0;
        j->steady = j->caught_up = 0;
}

void judge_window(const JudgeState *j, const Plan *plan, usec_t wall, usec_t *ret_from, usec_t *ret_until) {
        usec_t from = j->folded_until, until = usec_ceil(wall, plan->period);

        until = usec_max(until, usec_add(from, plan->period));
        until = usec_min(until, usec_add(from, METRIC_ROWS_MAX * plan->period));
        *ret_from = from;
        *ret_until = until;
}

/* Buckets that start before this are final, as far as the reading went. */
static usec_t settled_horizon(const JudgeState *j, const Plan *plan, usec_t wall) {
        usec_t horizon = usec_floor(usec_sub(wall, plan->settled_after), plan->period);

        return usec_max(j->folded_until, usec_min(horizon, j->asked_until));
}

static void sum_up(const JudgeState *j, const Event *reading, usec_t horizon, Sums *ret) {
        *ret = (Sums){ .seen = j->step_new, .settled = j->step_new };
        for (size_t i = 0; i < reading->n_rows; i++) {
                const MetricRow *row = &reading->rows[i];

                if (row->start < j->step_from)
                        continue;
                counts_add(&ret->seen, &row->new_version);
                if (row->start < horizon)
                        counts_add(&ret->settled, &row->new_version);
        }
}

/* Where the evidence of a check begins. A weight that is not confirmed yet has begun no step. */
static usec_t evidence_start(const JudgeState *j) {
        return j->step_from != 0 ? j->step_from : j->exposed_since;
}

static void set_breach(CheckState *c, double value, double samples, usec_t start, usec_t end) {
        *c = (CheckState){
                .verdict = VERDICT_BREACH,
                .value = value,
                .samples = samples,
                .window_start = start,
                .window_end = end,
        };
}

/* Without a breach: enough settled requests make a check healthy. */
static void set_by_samples(
                CheckState *c, const PlanCheck *check, const Sums *sums, double value, const JudgeState *j) {
        *c = (CheckState){
                .verdict = VERDICT_UNKNOWN,
                .value = value,
                .samples = sums->settled.invocations,
                .window_start = evidence_start(j),
                .window_end = usec_max(j->asked_until, j->step_from),
        };
        if (sums->settled.invocations >= check->min_requests)
                c->verdict = VERDICT_HEALTHY;
        else if (sums->seen.invocations >= check->min_requests)
                c->cause = CAUSE_UNSETTLED;
        else if (sums->seen.invocations > 0)
                c->cause = CAUSE_FEW_SAMPLES;
        else
                c->cause = CAUSE_NO_DATA;
}

static void judge_error_rate(const JudgeState *j, const Plan *plan, const PlanCheck *check,
                const Event *reading, const Sums *sums, CheckState *ret) {
        for (size_t i = 0; i < reading->n_rows; i++) {
                const MetricRow *row = &reading->rows[i];
                double n = row->new_version.invocations, rate = counts_rate(&row->new_version);

                if (n < check->min_requests || rate <= check->max)
                        continue;
                set_breach(ret, rate, n, row->start, row->start + plan->period);
                return;
        }
        if (sums->seen.invocations >= check->min_requests && counts_rate(&sums->seen) > check->max) {
                set_breach(ret, counts_rate(&sums->seen), sums->seen.invocations, evidence_start(j),
                                j->asked_until);
                return;
        }
        set_by_samples(ret, check, sums, counts_rate(&sums->seen), j);
}

static void judge_errors(const JudgeState *j, const Plan *plan, const PlanCheck *check, const Event *reading,
                const Sums *sums, CheckState *ret) {
        double worst = 0;

        for (size_t i = 0; i < reading->n_rows; i++) {
                const MetricRow *row = &reading->rows[i];

                if (row->new_version.errors > check->max) {
                        set_breach(ret, row->new_version.errors, row->new_version.invocations, row->start,
                                        row->start + plan->period);
                        return;
                }
                if (row->new_version.errors > worst)
                        worst = row->new_version.errors;
        }
        set_by_samples(ret, check, sums, worst, j);
}

/* Requests of the bucket that starts at "start"; *cursor only moves on, as both lists ascend. */
static double requests_at(const Event *reading, usec_t start, size_t *cursor) {
        while (*cursor < reading->n_rows && reading->rows[*cursor].start < start)
                (*cursor)++;
        if (*cursor == reading->n_rows || reading->rows[*cursor].start > start)
                return 0;
        return reading->rows[*cursor].new_version.invocations;
}

static void judge_duration(const JudgeState *j, const Plan *plan, uint32_t index, const Event *reading,
                const Sums *sums, CheckState *ret) {
        const PlanCheck *check = &plan->checks[index];
        double worst = 0;
        size_t cursor = 0;

        for (size_t i = 0; i < reading->n_values; i++) {
                const MetricValue *v = &reading->values[i];
                double n;

                if (v->check != index)
                        continue;
                if (v->value > worst)
                        worst = v->value;
                if (v->value <= check->max)
                        continue;
                n = requests_at(reading, v->start, &cursor);
                if (n < check->min_requests)
                        continue;
                set_breach(ret, v->value, n, v->start, v->start + plan->period);
                return;
        }
        set_by_samples(ret, check, sums, worst, j);
}

static const CheckFault *fault_of(const Event *reading, uint32_t check) {
        for (size_t i = 0; i < reading->n_check_faults; i++)
                if (reading->check_faults[i].check == check)
                        return &reading->check_faults[i];
        return NULL;
}

void judge_set_blind(CheckState *c, Cause cause, usec_t age) {
        c->verdict = VERDICT_UNKNOWN;
        c->cause = cause;
        if (c->blind_since == 0)
                c->blind_since = age;
}

static void judge_check(
                JudgeState *j, const Plan *plan, uint32_t i, const Event *reading, const Sums *sums) {
        const PlanCheck *check = &plan->checks[i];

        switch (check->kind) {
        case CHECK_ERROR_RATE:
                judge_error_rate(j, plan, check, reading, sums, &j->checks[i]);
                return;
        case CHECK_ERRORS:
                judge_errors(j, plan, check, reading, sums, &j->checks[i]);
                return;
        case CHECK_DURATION:
                judge_duration(j, plan, i, reading, sums, &j->checks[i]);
                return;
        case CHECK_ALARM:
                return;
        }
}

static uint64_t bit_of(uint32_t check) {
        return UINT64_C(1) << check % PLAN_CHECKS_MAX;
}

static void judge_checks(JudgeState *j, const Plan *plan, const Event *reading, const Sums *sums) {
        /* While nothing could be seen, the check could not be either. */
        usec_t since = j->blind_since != 0 ? usec_min(j->blind_since, j->asked_age) : j->asked_age;

        for (uint32_t i = 0; i < plan->n_checks; i++) {
                CheckState *c = &j->checks[i], before = *c;
                const CheckFault *fault = fault_of(reading, i);

                if (plan->checks[i].kind == CHECK_ALARM)
                        continue;
                if (fault) {
                        judge_set_blind(c, judge_cause_of(fault->fault), since);
                        continue;
                }
                judge_check(j, plan, i, reading, sums);
                if ((j->missed & bit_of(i)) != 0 && c->verdict != VERDICT_BREACH) {
                        c->blind_since = before.blind_since;
                        judge_set_blind(c, (Cause) before.cause, since);
                }
        }
}

static void fold(JudgeState *j, const Plan *plan, const Event *reading, usec_t horizon) {
        for (size_t i = 0; i < reading->n_rows; i++) {
                const MetricRow *row = &reading->rows[i];

                if (row->start < j->folded_until || row->start >= horizon)
                        continue;
                counts_add(&j->all_new, &row->new_version);
                counts_add(&j->all_old, &row->old_version);
                if (row->start >= j->step_from) {
                        counts_add(&j->step_new, &row->new_version);
                        counts_add(&j->step_old, &row->old_version);
                }
                j->buckets_with_data++;
        }
        j->buckets += (horizon - j->folded_until) / plan->period;
        j->folded_until = horizon;
}

/* What people see includes the buckets that may still grow. */
static void show(JudgeState *j, const Event *reading) {
        j->seen_new = j->step_new;
        j->seen_old = j->step_old;
        for (size_t i = 0; i < reading->n_rows; i++) {
                const MetricRow *row = &reading->rows[i];

                if (row->start < j->step_from || row->start < j->folded_until)
                        continue;
                counts_add(&j->seen_new, &row->new_version);
                counts_add(&j->seen_old, &row->old_version);
        }
}

/* Steady traffic whose datapoints stop coming at all is blindness: metrics are lost, not requests. */
static void notice_silence(JudgeState *j, const Plan *plan, const Event *reading) {
        usec_t patience = usec_add(plan->settled_after, 2 * plan->period);
        usec_t newest = reading->n_rows > 0 ? reading->rows[reading->n_rows - 1].start : 0;

        if (newest > j->last_data || j->data_age == 0) {
                j->last_data = usec_max(j->last_data, newest);
                j->data_age = j->asked_age;
                j->steady = j->buckets >= STEADY_BUCKETS_MIN &&
                                STEADY_SHARE(j->buckets_with_data, j->buckets);
        }
        /* While old windows are caught up with, nothing is to be expected of the newest. */
        if (j->steady && j->asked_all && usec_sub(j->asked_age, j->data_age) > patience) {
                if (j->blind_since == 0)
                        j->blind_since = j->data_age;
                j->blind_cause = CAUSE_NO_DATA;
        } else {
                j->blind_since = 0;
                j->blind_cause = CAUSE_NONE;
        }
}

/* What a blind check has not seen must not be folded away: it is read again, for as long as one reading can
 * hold it. */
static bool folding_waits(const JudgeState *j, const Plan *plan, const Event *reading) {
        return reading->n_check_faults > 0 &&
                        usec_sub(j->asked_until, j->folded_until) < METRIC_ROWS_MAX * plan->period;
}

/* No reading will show it to them any more. */
static void note_missed(JudgeState *j, const Event *reading) {
        for (size_t i = 0; i < reading->n_check_faults; i++)
                j->missed |= bit_of(reading->check_faults[i].check);
}

void judge_take(JudgeState *j, const Plan *plan, const Event *reading, usec_t wall) {
        usec_t horizon = settled_horizon(j, plan, wall);
        Sums sums;

        sum_up(j, reading, horizon, &sums);
        judge_checks(j, plan, reading, &sums);
        notice_silence(j, plan, reading);
        if (!folding_waits(j, plan, reading)) {
                note_missed(j, reading);
                fold(j, plan, reading, horizon);
        }
        show(j, reading);
        /* Whoever took the time for earlier than it was has not asked for all there is. */
        j->caught_up = j->asked_all && usec_add(j->asked_until, CLOCK_SLACK) >= wall;
        j->read_age = j->asked_age;
}

void judge_take_failure(JudgeState *j, const Plan *plan, Cause cause, usec_t age) {
        if (j->blind_since == 0)
                j->blind_since = age;
        j->blind_cause = cause;
        for (uint32_t i = 0; i < plan->n_checks; i++) {
                if (plan->checks[i].kind == CHECK_ALARM)
                        continue;
                j->checks[i].verdict = VERDICT_UNKNOWN;
                j->checks[i].cause = cause;
        }
}

usec_t judge_blind_since(const JudgeState *j, const Plan *plan, uint32_t *ret_check, Cause *ret_cause) {
        usec_t since = j->blind_since;

        *ret_check = plan->n_checks;
        *ret_cause = (Cause) j->blind_cause;
        for (uint32_t i = 0; i < plan->n_checks; i++) {
                const CheckState *c = &j->checks[i];

                if (c->blind_since == 0 || (since != 0 && c->blind_since >= since))
                        continue;
                since = c->blind_since;
                *ret_check = i;
                *ret_cause = (Cause) c->cause;
        }
        return since;
}

bool judge_breached(const JudgeState *j, const Plan *plan, uint32_t *ret_check) {
        for (uint32_t i = 0; i < plan->n_checks; i++)
                if (j->checks[i].verdict == VERDICT_BREACH) {
                        *ret_check = i;
                        return true;
                }
        return false;
}

bool judge_healthy(const JudgeState *j, const Plan *plan, uint32_t *ret_check) {
        for (uint32_t i = 0; i < plan->n_checks; i++)
                if (j->checks[i].verdict != VERDICT_HEALTHY) {
                        *ret_check = i;
                        return false;
                }
        return true;
}

Cause judge_cause_of(Fault fault) {
        switch (fault) {
        case FAULT_NONE:
                return CAUSE_NONE;
        case FAULT_THROTTLED:
                return CAUSE_THROTTLED;
        case FAULT_CREDENTIALS:
                return CAUSE_CREDENTIALS;
        case FAULT_CLOCK:
                return CAUSE_CLOCK;
        case FAULT_DENIED:
                return CAUSE_DENIED;
        case FAULT_INVALID:
                return CAUSE_REFUSED;
        case FAULT_TRANSIENT:
        case FAULT_UNREACHABLE:
        case FAULT_CONFLICT:
        case FAULT_PRECONDITION:
        case FAULT_MISSING:
        case FAULT_PERMANENT:
        case FAULT_STORE:
                return CAUSE_API_ERROR;
        }
        return CAUSE_API_ERROR;
}
