#include "base/usec.h"
#include "core/backoff.h"
#include "core/judge.h"
#include "core/target.h"

/* Polls fall on a grid of the wall clock, so that one GetMetricData can carry those of many rollouts; the
 * end of a hold or bake gets one of its own, so that nobody waits for the grid. */
static usec_t next_poll(const Step *s) {
        const RolloutState *st = s->state;
        usec_t hold = st->phase == PHASE_BAKING       ? plan_wave(s->plan, st->wave).bake
                        : st->step < s->plan->n_steps ? s->plan->steps[st->step].hold
                                                      : 0;
        usec_t next = usec_add(st->age, s->plan->every - s->now->wall % s->plan->every);
        usec_t end = usec_add(st->step_age, hold);

        if (st->step_age != 0 && end > st->age && end < next)
                return end;
        return next;
}

static void ask_metrics(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        JudgeState *j = &t->judge;
        Action *a;

        judge_rewind(j, s->plan, s->now->wall, s->state->age,
                        s->state->step_age != 0 ? usec_sub(s->state->age, s->state->step_age) : 0);
        judge_window(j, s->plan, s->now->wall, &j->asked_from, &j->asked_until);
        j->asked_age = s->state->age;
        j->asked_all = j->asked_until >= s->now->wall;
        a = step_push(s, ACTION_READ_METRICS, i);
        a->op_id = s->state->next_op++;
        a->lane = LANE_POLL;
        a->metrics.from = j->asked_from;
        a->metrics.until = j->asked_until;
        a->metrics.version_new = t->version_new;
        a->metrics.version_old = t->version_old;
        t->poll_op.id = a->op_id;
        t->next_poll = next_poll(s);
}

static void ask_alarms(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        Action *a = step_push(s, ACTION_READ_ALARMS, i);

        a->op_id = s->state->next_op++;
        a->lane = LANE_POLL;
        t->judge.alarms_asked = s->state->age;
        t->alarm_op.id = a->op_id;
        t->next_alarms = next_poll(s);
}

/* Metrics and alarms are asked for at the same times and fail apart. */
void target_poll(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];

        if (t->judge.exposed_since == 0 || t->stage == STAGE_RELEASED)
                return;
        if (t->poll_op.id == 0 && t->next_poll <= s->state->age && plan_reads_metrics(s->plan))
                ask_metrics(s, i);
        if (t->alarm_op.id == 0 && t->next_alarms <= s->state->age && plan_reads_alarms(s->plan))
                ask_alarms(s, i);
}

/* Polls that failed together are to be asked for together again, in one call: each at a moment of its own,
 * they would be many times the calls, and just when there is too much already. */
#define AGAIN_GRID USEC_PER_SEC

/* Asks again soon, at the latest when it would have been asked anyway. */
static void note_failure(Step *s, uint32_t i, Op *op, usec_t *next) {
        const Event *e = s->event;
        usec_t delay = backoff_delay(op->attempt, e->fault, e->retry_after, false, &s->state->prng);
        usec_t wall = s->now->wall;

        delay = usec_sub(usec_ceil(usec_add(wall, delay), AGAIN_GRID), wall);
        target_note_error(&s->state->targets[i], e);
        op->attempt++;
        op->fault = e->fault;
        *next = usec_min(*next, usec_add(s->state->age, delay));
}

/* AWS's words on the first check that could not be read while the others could: the one that is told. */
static void note_check_fault(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;
        const CheckFault *first = e->check_faults;

        if (e->n_check_faults == 0)
                return;
        for (size_t n = 1; n < e->n_check_faults; n++)
                if (e->check_faults[n].check < first->check)
                        first = &e->check_faults[n];
        t->poll_op.fault = first->fault;
        step_copy_text(t->error, sizeof(t->error), first->error);
}

static bool is_blind(const Step *s, uint32_t i) {
        uint32_t check;
        Cause cause;

        return judge_blind_since(&s->state->targets[i].judge, s->plan, &check, &cause) != 0;
}

/* Says it when sight was lost, and when all of it is back. */
static void tell_sight(Step *s, uint32_t i, bool was_blind, Fault fault) {
        TargetState *t = &s->state->targets[i];
        uint32_t check;
        Cause cause;
        bool blind = judge_blind_since(&t->judge, s->plan, &check, &cause) != 0;
        Report *r;

        if (blind == was_blind)
                return;
        r = step_report(s, blind ? REPORT_BLIND : REPORT_SEEING, i);
        r->check = check;
        r->cause = (uint32_t) cause;
        r->next = s->plan->max_blind;
        if (blind && fault != FAULT_NONE) {
                r->fault = (uint32_t) fault;
                step_copy_text(r->error, sizeof(r->error), t->error);
        }
        /* The words on a call to Lambda that failed stay until that works. */
        if (!blind && t->alias_op.attempt == 0)
                step_copy_text(t->error, sizeof(t->error), NULL);
}

void target_take_metrics(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        JudgeState *j = &t->judge;
        const Event *e = s->event;
        bool was_blind = is_blind(s, i);

        t->poll_op.id = 0;
        if (e->fault != FAULT_NONE) {
                judge_take_failure(j, s->plan, judge_cause_of(e->fault), s->state->age);
                note_failure(s, i, &t->poll_op, &t->next_poll);
        } else {
                /* The buckets are as old as they were when they were asked for. */
                judge_take(j, s->plan, e, usec_sub(s->now->wall, usec_sub(s->state->age, j->asked_age)));
                t->poll_op = (Op){ 0 };
                note_check_fault(s, i);
                if (!j->caught_up)
                        t->next_poll = s->state->age;
        }
        tell_sight(s, i, was_blind, (Fault) t->poll_op.fault);
}

/* What the first alarm that rings says of itself. */
static void note_ringing(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const AlarmReading *alarm;
        uint32_t check;

        if (!judge_breached(&t->judge, s->plan, &check))
                return;
        alarm = judge_alarm_of(s->event, check);
        if (alarm && s->plan->checks[check].kind == CHECK_ALARM)
                step_copy_text(t->error, sizeof(t->error), alarm->reason);
}

void target_take_alarms(Step *s, uint32_t i) {
        const RolloutState *st = s->state;
        TargetState *t = &s->state->targets[i];
        JudgeState *j = &t->judge;
        const Event *e = s->event;
        bool was_blind = is_blind(s, i);

        t->alarm_op.id = 0;
        if (e->fault != FAULT_NONE) {
                judge_take_alarms_failure(j, s->plan, judge_cause_of(e->fault), st->age);
                note_failure(s, i, &t->alarm_op, &t->next_alarms);
        } else {
                judge_take_alarms(j, s->plan, e, st->step_age != 0 && j->alarms_asked >= st->step_age);
                t->alarm_op = (Op){ 0 };
        }
        tell_sight(s, i, was_blind, (Fault) t->alarm_op.fault);
        /* After what was lost is seen again, as that takes old words away. */
        note_ringing(s, i);
}

/* A reading that does not end is as good as one that failed when it was asked for. */
void target_notice_stuck_poll(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        JudgeState *j = &t->judge;
        usec_t age = s->state->age, most = s->plan->max_blind;

        if (t->poll_op.id != 0 && j->blind_since == 0 && usec_sub(age, j->asked_age) >= most)
                judge_take_failure(j, s->plan, CAUSE_API_ERROR, j->asked_age);
        if (t->alarm_op.id != 0 && usec_sub(age, j->alarms_asked) >= most)
                judge_take_alarms_failure(j, s->plan, CAUSE_API_ERROR, j->alarms_asked);
}

usec_t target_blind_end(const TargetState *t, const Plan *plan) {
        const JudgeState *j = &t->judge;
        usec_t since;
        uint32_t check;
        Cause cause;

        since = judge_blind_since(j, plan, &check, &cause);
        if (since == 0)
                since = USEC_INFINITY;
        if (t->poll_op.id != 0)
                since = usec_min(since, j->asked_age);
        if (t->alarm_op.id != 0)
                since = usec_min(since, j->alarms_asked);
        return usec_add(since, plan->max_blind);
}
