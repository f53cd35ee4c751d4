#include "base/usec.h"
#include "core/backoff.h"
#include "core/judge.h"
#include "core/target.h"

/* Polls fall on a grid of the wall clock, so that one GetMetricData can carry those of many rollouts; the
 * end of a hold or bake gets one of its own, so that nobody waits for the grid. */
static usec_t next_poll(const Step *s) {
        const RolloutState *st = s->state;
        usec_t hold = st->phase == PHASE_BAKING       ? s->plan->bake
                        : st->step < s->plan->n_steps ? s->plan->steps[st->step].hold
                                                      : 0;
        usec_t next = usec_add(st->age, s->plan->every - s->now->wall % s->plan->every);
        usec_t end = usec_add(st->step_age, hold);

        if (st->step_age != 0 && end > st->age && end < next)
                return end;
        return next;
}

void target_poll(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        JudgeState *j = &t->judge;
        Action *a;

        if (j->exposed_since == 0 || t->stage == STAGE_RELEASED || t->poll_op.id != 0 ||
                        s->plan->n_checks == 0)
                return;
        if (t->next_poll > s->state->age)
                return;
        judge_rewind(j, s->plan, s->now->wall, s->state->age,
                        s->state->step_age != 0 ? usec_sub(s->state->age, s->state->step_age) : 0);
        judge_window(j, s->plan, s->now->wall, &j->asked_from, &j->asked_until);
        j->asked_age = s->state->age;
        j->asked_all = j->asked_until >= s->now->wall;
        a = step_push(s, ACTION_READ_METRICS, i);
        a->op_id = s->state->next_op++;
        a->metrics.from = j->asked_from;
        a->metrics.until = j->asked_until;
        a->metrics.version_new = t->version_new;
        a->metrics.version_old = t->version_old;
        t->poll_op.id = a->op_id;
        t->next_poll = next_poll(s);
}

static void take_blindness(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;
        usec_t delay = backoff_delay(t->poll_op.attempt, e->fault, e->retry_after, false, &s->state->prng);

        judge_take_failure(&t->judge, s->plan, judge_cause_of(e->fault), s->state->age);
        target_note_error(t, e);
        t->poll_op.attempt++;
        t->poll_op.fault = e->fault;
        t->next_poll = usec_min(t->next_poll, usec_add(s->state->age, delay));
}

void target_take_metrics(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        JudgeState *j = &t->judge;
        usec_t blind_before = j->blind_since;
        Report *r;

        t->poll_op.id = 0;
        if (s->event->fault != FAULT_NONE) {
                take_blindness(s, i);
        } else {
                /* The buckets are as old as they were when they were asked for. */
                judge_take(j, s->plan, s->event,
                                usec_sub(s->now->wall, usec_sub(s->state->age, j->asked_age)));
                t->poll_op = (Op){ 0 };
                if (!j->caught_up)
                        t->next_poll = s->state->age;
        }
        if ((blind_before == 0) == (j->blind_since == 0))
                return;
        r = step_report(s, j->blind_since != 0 ? REPORT_BLIND : REPORT_SEEING, i);
        r->cause = j->blind_cause;
        r->next = s->plan->max_blind;
}

void target_notice_stuck_poll(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        usec_t asked = t->judge.asked_age;

        if (t->poll_op.id != 0 && t->judge.blind_since == 0 &&
                        usec_sub(s->state->age, asked) >= s->plan->max_blind)
                judge_take_failure(&t->judge, s->plan, CAUSE_API_ERROR, asked);
}
