#include "base/usec.h"
#include "core/judge.h"
#include "core/target.h"

void preflight_read(Step *s) {
        s->state->gated = GATED_NOT;
        for (uint32_t i = 0; i < s->state->n_targets; i++)
                target_read_alias(s, i);
}

void preflight_begin(Step *s) {
        RolloutState *st = s->state;

        st->age = 1; /* 0 means "no time" throughout */
        st->started_wall = s->now->wall;
        step_enter(s, PHASE_PREFLIGHT);
        (void) step_report(s, REPORT_STARTED, 0);
        preflight_read(s);
}

static bool alias_is_acceptable(Step *s, uint32_t i) {
        const Route *route = &s->event->route;
        const TargetState *t = &s->state->targets[i];
        uint64_t from = s->plan->targets[i].from;

        if (route->extra != 0 && !route->is_odd)
                (void) end_rejected(s, REASON_ALIAS_SPLIT, i, route->extra);
        else if (route->is_odd)
                (void) end_rejected(s, REASON_ALIAS_SPLIT, i, 0);
        else if (route->primary == t->version_new)
                (void) end_rejected(s, REASON_ALREADY_THERE, i, route->primary);
        else if (route->primary == 0 || (from != 0 && route->primary != from))
                (void) end_rejected(s, REASON_ALIAS_ELSEWHERE, i, route->primary);
        else
                return true;
        return false;
}

/* Faults of a preflight read: what will not get better by waiting rejects, the rest is tried again. */
static void take_fault(Step *s, uint32_t i, Reason if_missing, uint64_t version) {
        switch (s->event->fault) {
        case FAULT_MISSING:
                (void) end_rejected(s, if_missing, i, version);
                return;
        case FAULT_DENIED:
                (void) end_rejected(s, REASON_DENIED, i, version);
                return;
        case FAULT_INVALID:
                (void) end_rejected(s, REASON_INVALID, i, version);
                return;
        case FAULT_NONE:
        case FAULT_THROTTLED:
        case FAULT_TRANSIENT:
        case FAULT_UNREACHABLE:
        case FAULT_CREDENTIALS:
        case FAULT_CLOCK:
        case FAULT_CONFLICT:
        case FAULT_PRECONDITION:
        case FAULT_PERMANENT:
        case FAULT_STORE:
                target_retry_later(s, i);
                return;
        }
}

void preflight_take_alias(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];

        if (s->event->fault != FAULT_NONE) {
                take_fault(s, i, REASON_ALIAS_MISSING, 0);
                return;
        }
        if (!alias_is_acceptable(s, i))
                return;
        t->failing_since = 0;
        t->version_old = s->event->route.primary;
        t->route = t->want = s->event->route;
        for (size_t n = 0; n < REVISION_SIZE - 1 && s->event->revision[n] != '\0'; n++)
                t->revision[n] = s->event->revision[n];
        t->seen_wall = s->now->wall;
        target_read_version(s, i, STAGE_READ_OLD);
}

void preflight_take_version(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;
        bool is_old = t->stage == STAGE_READ_OLD;
        uint64_t version = is_old ? t->version_old : t->version_new;

        if (e->fault != FAULT_NONE) {
                take_fault(s, i, REASON_VERSION_MISSING, version);
                return;
        }
        t->failing_since = 0;
        if (!e->version_active) {
                (void) end_rejected(s, REASON_VERSION_STATE, i, version);
                return;
        }
        if (is_old) {
                t->role = e->role;
                t->dead_letter = e->dead_letter;
                target_read_version(s, i, STAGE_READ_NEW);
                return;
        }
        /* Lambda refuses a weighted alias over versions that differ in either. */
        if (e->role != t->role) {
                (void) end_rejected(s, REASON_ROLE_DIFFERS, i, version);
        } else if (e->dead_letter != t->dead_letter) {
                (void) end_rejected(s, REASON_DEAD_LETTER_DIFFERS, i, version);
        } else if (plan_reads_alarms(s->plan)) {
                target_read_alarms(s, i);
        } else {
                t->stage = STAGE_IDLE;
                t->alias_op = (Op){ 0 };
        }
}

static void reject_alarm(Step *s, Reason reason, uint32_t i, uint32_t check, const AlarmReading *alarm) {
        Report *r;

        s->state->reason_check = check;
        r = end_rejected(s, reason, i, 0);
        r->window_start = alarm ? alarm->since : 0;
        step_copy_text(r->error, sizeof(r->error), alarm ? alarm->reason : NULL);
}

void preflight_take_alarms(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];

        if (s->event->fault != FAULT_NONE) {
                take_fault(s, i, REASON_INVALID, 0);
                return;
        }
        t->failing_since = 0;
        for (uint32_t n = 0; n < s->plan->n_checks; n++) {
                const AlarmReading *alarm = judge_alarm_of(s->event, n);
                Reason reason = REASON_NONE;

                if (s->plan->checks[n].kind != CHECK_ALARM)
                        continue;
                if (!alarm || alarm->says == ALARM_SAYS_MISSING)
                        reason = REASON_ALARM_MISSING;
                else if (alarm->says == ALARM_SAYS_ALARM)
                        reason = REASON_ALARM_RINGING;
                if (reason != REASON_NONE) {
                        reject_alarm(s, reason, i, n, alarm);
                        return;
                }
        }
        t->stage = STAGE_IDLE;
        t->alias_op = (Op){ 0 };
}

bool preflight_progress(Step *s) {
        RolloutState *st = s->state;

        if (usec_sub(st->age, st->due_since) >= s->plan->deadline) {
                (void) end_rejected(s, REASON_DEADLINE, 0, 0);
                return true;
        }
        for (uint32_t i = 0; i < st->n_targets; i++)
                if (st->targets[i].stage != STAGE_IDLE)
                        return false;
        if (!gate_may_pass(s)) {
                st->due_since = st->age;
                return false;
        }
        /* What was found before the wait may have changed in it. */
        if (st->gated != GATED_NOT) {
                preflight_read(s);
                return false;
        }
        for (uint32_t i = 0; i < st->n_targets; i++)
                (void) step_report(s, REPORT_PREFLIGHT_PASSED, i);
        wave_begin(s);
        return true;
}
