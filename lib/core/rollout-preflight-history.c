#include <string.h>

#include "base/usec.h"
#include "core/judge.h"
#include "core/target.h"

/* CloudWatch may be down for a moment: that keeps nobody from starting, as the rollout holds without sight.
 */
#define TRIES_MAX 3

/* Steps that are too short are told one by one, up to so many. */
#define SHORT_STEPS_TOLD 4

void preflight_fill_history(const Step *s, uint32_t i, Action *a) {
        const TargetState *t = &s->state->targets[i];

        finding_window(s->plan, s->now->wall, &a->metrics.from, &a->metrics.until);
        a->metrics.version_new = a->metrics.version_old = t->version_old;
}

static Report *tell(Step *s, uint32_t i, FindingLevel level, FindingKind kind) {
        const TargetState *t = &s->state->targets[i];
        usec_t from, until;
        Report *r = step_report(s, REPORT_FINDING, i);

        finding_window(s->plan, s->now->wall, &from, &until);
        r->finding = (Finding){
                .level = level,
                .kind = kind,
                .version_old = t->version_old,
                .version_new = t->version_new,
                .span = until - from,
        };
        return r;
}

static void finish(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];

        t->stage = STAGE_IDLE;
        t->alias_op = (Op){ 0 };
        t->failing_since = 0;
        step_copy_text(t->error, sizeof(t->error), NULL);
}

static void refuse_check(Step *s, uint32_t i, const CheckFault *fault) {
        TargetState *t = &s->state->targets[i];
        Reason reason = fault->fault == FAULT_DENIED ? REASON_DENIED : REASON_QUERY_REFUSED;
        Report *r;

        s->state->reason_check = (uint32_t) usec_min(fault->check, s->plan->n_checks);
        if (fault->check < s->plan->n_checks) {
                /* What the check says is shown beside the reason. */
                t->judge.checks[fault->check] = (CheckState){
                        .verdict = VERDICT_UNKNOWN,
                        .cause = (uint32_t) judge_cause_of(fault->fault),
                };
        }
        r = end_rejected(s, reason, i, 0);
        r->fault = (uint32_t) fault->fault;
        step_copy_text(r->error, sizeof(r->error), fault->error);
        step_copy_text(t->error, sizeof(t->error), fault->error);
}

static bool is_for_good(Fault fault) {
        return fault == FAULT_INVALID || fault == FAULT_DENIED;
}

/* The first that refuses for good, or else the first at all; NULL: all could be read. */
static const CheckFault *worst_fault(const Event *e) {
        for (size_t n = 0; n < e->n_check_faults; n++)
                if (is_for_good(e->check_faults[n].fault))
                        return &e->check_faults[n];
        return e->n_check_faults > 0 ? &e->check_faults[0] : NULL;
}

/* True: it is tried again. */
static bool try_again(Step *s, uint32_t i) {
        if (s->state->targets[i].alias_op.attempt + 1 >= TRIES_MAX)
                return false;
        target_retry_later(s, i);
        return true;
}

/* Only the buckets with data count as such: without a request CloudWatch has none. */
static double sum_requests(const Event *e) {
        double sum = 0;

        for (size_t n = 0; n < e->n_rows; n++)
                sum += e->rows[n].old_version.invocations;
        return sum;
}

/* Requests per minute since the first that was seen: an alias may be younger than the window. */
static double rate_of(const Step *s, double requests) {
        const Event *e = s->event;
        usec_t from, until, span;

        finding_window(s->plan, s->now->wall, &from, &until);
        until = usec_max(until, usec_add(e->rows[e->n_rows - 1].start, s->plan->period));
        span = usec_max(usec_sub(until, usec_max(e->rows[0].start, from)), s->plan->period);
        return requests / ((double) span / (double) USEC_PER_MINUTE);
}

static bool has_metric_checks(const Plan *plan) {
        for (uint32_t n = 0; n < plan->n_checks; n++)
                if (plan->checks[n].kind != CHECK_ALARM)
                        return true;
        return false;
}

static void weigh_steps(Step *s, uint32_t i, double rate) {
        const Plan *plan = s->plan;
        Report *last = NULL;
        uint32_t told = 0;

        for (uint32_t n = 0; n < plan->n_steps; n++) {
                usec_t need = finding_need(plan, plan->steps[n].weight, rate);

                if (need <= plan->steps[n].hold)
                        continue;
                if (told == SHORT_STEPS_TOLD) {
                        last->finding.more++;
                        continue;
                }
                told++;
                last = tell(s, i, FINDING_WARN, FINDING_EVIDENCE);
                last->finding.step = n;
                last->finding.rate = rate;
                last->finding.need = need;
        }
}

static void note_value(Finding *f, double value, double limit) {
        f->buckets++;
        if (value <= limit)
                return;
        f->crossed++;
        if (value > f->value)
                f->value = value;
}

/* The judge's limits over the old version's buckets. */
static void compare_counts(const PlanCheck *check, const Event *e, Finding *f) {
        for (size_t n = 0; n < e->n_rows; n++) {
                const Counts *c = &e->rows[n].old_version;

                if (c->invocations <= 0 || c->invocations < check->min_requests)
                        continue;
                note_value(f, check->kind == CHECK_ERROR_RATE ? c->errors / c->invocations : c->errors,
                                check->max);
        }
}

static void compare_values(const PlanCheck *check, uint32_t index, const Event *e, Finding *f) {
        size_t row = 0;

        for (size_t n = 0; n < e->n_values; n++) {
                const MetricValue *v = &e->values[n];

                if (v->check != index)
                        continue;
                while (row < e->n_rows && e->rows[row].start < v->start)
                        row++;
                if (row < e->n_rows && e->rows[row].start == v->start &&
                                e->rows[row].old_version.invocations >= check->min_requests)
                        note_value(f, v->value, check->max);
        }
}

static void compare(Step *s, uint32_t i) {
        for (uint32_t n = 0; n < s->plan->n_checks; n++) {
                const PlanCheck *check = &s->plan->checks[n];
                Finding f = { 0 };
                Report *r;

                if (check->kind == CHECK_ALARM)
                        continue;
                if (check->kind == CHECK_DURATION)
                        compare_values(check, n, s->event, &f);
                else
                        compare_counts(check, s->event, &f);
                if (f.crossed == 0)
                        continue;
                r = tell(s, i, FINDING_WARN, FINDING_THRESHOLD);
                r->finding.check = n;
                r->finding.crossed = f.crossed;
                r->finding.buckets = f.buckets;
                r->finding.value = f.value;
        }
}

static void take_reading(Step *s, uint32_t i) {
        double requests = sum_requests(s->event), rate;

        if (requests <= 0) {
                (void) tell(s, i, FINDING_WARN, FINDING_TRAFFIC);
                return;
        }
        rate = rate_of(s, requests);
        tell(s, i, FINDING_OK, FINDING_TRAFFIC)->finding.rate = rate;
        if (has_metric_checks(s->plan))
                weigh_steps(s, i, rate);
        compare(s, i);
}

static void give_up(Step *s, uint32_t i, const CheckFault *one) {
        Report *r = tell(s, i, FINDING_WARN, FINDING_METRICS);

        r->finding.check = one ? one->check : s->plan->n_checks;
        if (!one)
                return;
        r->fault = (uint32_t) one->fault;
        step_copy_text(r->error, sizeof(r->error), one->error);
}

void preflight_take_history(Step *s, uint32_t i) {
        const Event *e = s->event;
        const CheckFault *one = e->fault == FAULT_NONE ? worst_fault(e) : NULL;

        if (is_for_good(e->fault)) {
                (void) end_rejected(s, e->fault == FAULT_DENIED ? REASON_DENIED : REASON_INVALID, i, 0);
                return;
        }
        if (one && is_for_good(one->fault)) {
                refuse_check(s, i, one);
                return;
        }
        if ((one || e->fault != FAULT_NONE) && try_again(s, i))
                return;
        if (one || e->fault != FAULT_NONE)
                give_up(s, i, one);
        if (e->fault == FAULT_NONE)
                take_reading(s, i);
        finish(s, i);
}
