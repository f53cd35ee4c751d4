#include <string.h>

#include "base/usec.h"
#include "core/judge.h"
#include "core/target-code.h"

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

Reason preflight_judge_alias(const Step *s, uint32_t i, uint64_t *ret_version) {
        const Route *route = &s->event->route;
        const TargetState *t = &s->state->targets[i];
        uint64_t from = s->plan->targets[i].from;

        *ret_version = route->is_odd ? 0 : route->extra;
        if (route->extra != 0 || route->is_odd)
                return REASON_ALIAS_SPLIT;
        *ret_version = route->primary;
        if (route->primary == t->version_new)
                return REASON_ALREADY_THERE;
        if (route->primary == 0 || (from != 0 && route->primary != from))
                return REASON_ALIAS_ELSEWHERE;
        return REASON_NONE;
}

static void finish(Step *s, uint32_t i) {
        s->state->targets[i].stage = STAGE_IDLE;
        s->state->targets[i].alias_op = (Op){ 0 };
}

static void go_on_to_history(Step *s, uint32_t i) {
        if (plan_reads_metrics(s->plan))
                target_read(s, i, STAGE_READ_HISTORY);
        else
                finish(s, i);
}

static void go_on_to_alarms(Step *s, uint32_t i) {
        if (plan_reads_alarms(s->plan))
                target_read_alarms(s, i);
        else
                go_on_to_history(s, i);
}

/* What Lambda fetches by itself is not ours to read. */
static void go_on_to_code(Step *s, uint32_t i) {
        if (s->plan->targets[i].publish.kind == PUBLISH_ZIP)
                target_read(s, i, STAGE_READ_CODE);
        else
                go_on_to_alarms(s, i);
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

/* To be created, once there is something to shift to. */
static void take_missing(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];

        t->failing_since = 0;
        t->code.missing = 1;
        target_read_version(s, i, STAGE_READ_OLD);
}

void preflight_take_alias(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        uint64_t version;
        Reason reason;

        if (s->event->fault == FAULT_MISSING && s->plan->targets[i].create_alias) {
                take_missing(s, i);
                return;
        }
        if (s->event->fault != FAULT_NONE) {
                take_fault(s, i, REASON_ALIAS_MISSING, 0);
                return;
        }
        reason = preflight_judge_alias(s, i, &version);
        if (reason != REASON_NONE) {
                /* How it is split is shown beside the reason. */
                t->route = t->want = s->event->route;
                end_rejected(s, reason, i, version)->found = t->route;
                return;
        }
        t->failing_since = 0;
        t->code.missing = 0; /* somebody has made it in the wait */
        t->version_old = s->event->route.primary;
        t->route = t->want = s->event->route;
        step_copy_text(t->revision, sizeof(t->revision), s->event->revision);
        t->seen_wall = s->now->wall;
        target_read(s, i, STAGE_READ_CONCURRENCY);
}

/* Whoever may not read it, does without, and is told so. */
static void tell_unknown_concurrency(Step *s, uint32_t i) {
        Report *r = step_report(s, REPORT_FINDING, i);

        r->fault = (uint32_t) s->event->fault;
        r->finding = (Finding){
                .level = FINDING_WARN,
                .kind = FINDING_CONCURRENCY,
                .version_old = s->state->targets[i].version_old,
                .version_new = s->state->targets[i].version_new,
        };
        step_copy_text(r->error, sizeof(r->error), s->event->error);
}

void preflight_take_concurrency(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;

        switch (e->fault) {
        case FAULT_NONE:
                t->concurrency = e->concurrency < UINT32_MAX ? 1 + e->concurrency : UINT32_MAX;
                if (e->concurrency > 0)
                        step_report(s, REPORT_CONCURRENCY, i)->concurrency = e->concurrency;
                break;
        case FAULT_DENIED:
        case FAULT_MISSING:
        case FAULT_INVALID:
                tell_unknown_concurrency(s, i);
                break;
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
        t->failing_since = 0;
        target_read_version(s, i, STAGE_READ_OLD);
}

static void append_text(TargetState *t, const char *text) {
        size_t used = strlen(t->error);

        step_copy_text(t->error + used, sizeof(t->error) - used, text);
}

Reason preflight_find_difference(TargetState *t, const Event *e) {
        bool is_role = e->role != t->role;
        const char *mine = is_role ? t->role_arn : t->dead_letter_arn;
        const char *other = is_role ? e->role_arn : e->dead_letter_arn;
        const char *none = is_role ? "?" : "none";

        if (!is_role && e->dead_letter == t->dead_letter)
                return REASON_NONE;
        t->error[0] = '\0';
        append_text(t, mine[0] != '\0' ? mine : none);
        append_text(t, " and ");
        append_text(t, other ? other : none);
        return is_role ? REASON_ROLE_DIFFERS : REASON_DEAD_LETTER_DIFFERS;
}

static void reject_with_words(Step *s, Reason reason, uint32_t i, uint64_t version) {
        Report *r = end_rejected(s, reason, i, version);

        step_copy_text(r->error, sizeof(r->error), s->state->targets[i].error);
}

static bool is_rejected_as_different(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        Reason reason = preflight_find_difference(t, s->event);

        if (reason == REASON_NONE)
                return false;
        reject_with_words(s, reason, i, t->version_new);
        return true;
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
                code_note_words(t, e);
                reject_with_words(s,
                                e->state == FUNCTION_FAILED ? REASON_VERSION_FAILED : REASON_VERSION_STATE,
                                i, version);
                return;
        }
        if (is_old) {
                t->role = e->role;
                t->dead_letter = e->dead_letter;
                step_copy_text(t->role_arn, sizeof(t->role_arn), e->role_arn);
                step_copy_text(t->dead_letter_arn, sizeof(t->dead_letter_arn), e->dead_letter_arn);
                if (s->plan->targets[i].publish.kind == PUBLISH_NOTHING)
                        target_read_version(s, i, STAGE_READ_NEW);
                else
                        target_read(s, i, STAGE_READ_LATEST);
                return;
        }
        if (!is_rejected_as_different(s, i))
                go_on_to_alarms(s, i);
}

/* What a version of it would be like: a role that differs is better found before the code is changed. */
void preflight_take_latest(Step *s, uint32_t i) {
        const PlanPublish *publish = &s->plan->targets[i].publish;
        const Event *e = s->event;

        if (e->fault != FAULT_NONE) {
                take_fault(s, i, REASON_ALIAS_MISSING, 0);
                return;
        }
        s->state->targets[i].failing_since = 0;
        if (publish->kind != PUBLISH_LATEST && e->is_image != (publish->kind == PUBLISH_IMAGE))
                (void) end_rejected(s, REASON_PACKAGE_DIFFERS, i, 0);
        else if (publish->kind == PUBLISH_LATEST && publish->has_sha256 &&
                        !code_is_planned(s, i, e->code_sha))
                (void) end_rejected(s, REASON_CODE_DIFFERS, i, 0);
        else if (!is_rejected_as_different(s, i))
                go_on_to_code(s, i);
}

/* By its hash the zip is known for ours later on, whatever gets lost, and no other one is sent in its place.
 */
void preflight_take_code(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;

        if (e->fault == FAULT_INVALID) {
                code_note_words(t, e);
                reject_with_words(s, REASON_CODE_REFUSED, i, 0);
        } else if (e->fault != FAULT_NONE) {
                take_fault(s, i, REASON_CODE_REFUSED, 0);
        } else if (t->code.planned[0] != '\0' && strcmp(t->code.planned, e->code_sha) != 0) {
                (void) end_rejected(s, REASON_CODE_DIFFERS, i, 0);
        } else {
                t->failing_since = 0;
                step_copy_text(t->code.planned, sizeof(t->code.planned), e->code_sha);
                go_on_to_alarms(s, i);
        }
}

static Reason trouble_with(const AlarmReading *alarm) {
        if (!alarm || alarm->says == ALARM_SAYS_MISSING)
                return REASON_ALARM_MISSING;
        return alarm->says == ALARM_SAYS_ALARM ? REASON_ALARM_RINGING : REASON_NONE;
}

/* What the check says is shown beside the reason. */
static void note_alarm(Step *s, uint32_t i, uint32_t check, Reason reason) {
        const AlarmReading *alarm = judge_alarm_of(s->event, check);

        s->state->targets[i].judge.checks[check] = (CheckState){
                .verdict = reason == REASON_ALARM_RINGING ? VERDICT_BREACH : VERDICT_UNKNOWN,
                .cause = reason == REASON_ALARM_RINGING ? CAUSE_NONE : CAUSE_ALARM_MISSING,
                .window_start = alarm ? alarm->since : 0,
        };
}

/* Who mends the one that it is rejected for wants to hear of the others in the same breath. */
static void tell_alarm(Step *s, uint32_t i, uint32_t check, Reason reason) {
        Report *r = step_report(s, REPORT_FINDING, i);

        r->finding = (Finding){
                .level = FINDING_REFUSE,
                .kind = FINDING_ALARMS,
                .check = check,
                .count = reason == REASON_ALARM_RINGING,
        };
        if (reason == REASON_ALARM_RINGING)
                step_copy_text(r->error, sizeof(r->error), judge_alarm_of(s->event, check)->reason);
}

static void reject_alarm(Step *s, uint32_t i, uint32_t check) {
        const AlarmReading *alarm = judge_alarm_of(s->event, check);
        Report *r;

        s->state->reason_check = check;
        r = end_rejected(s, trouble_with(alarm), i, 0);
        r->window_start = alarm ? alarm->since : 0;
        step_copy_text(r->error, sizeof(r->error), alarm ? alarm->reason : NULL);
}

void preflight_take_alarms(Step *s, uint32_t i) {
        uint32_t n_checks = s->plan->n_checks, first = n_checks;

        if (s->event->fault != FAULT_NONE) {
                take_fault(s, i, REASON_INVALID, 0);
                return;
        }
        s->state->targets[i].failing_since = 0;
        for (uint32_t n = 0; n < n_checks; n++) {
                Reason reason = s->plan->checks[n].kind == CHECK_ALARM
                                ? trouble_with(judge_alarm_of(s->event, n))
                                : REASON_NONE;

                if (reason == REASON_NONE)
                        continue;
                note_alarm(s, i, n, reason);
                if (first == n_checks)
                        first = n;
                else
                        tell_alarm(s, i, n, reason);
        }
        if (first < n_checks)
                reject_alarm(s, i, first);
        else
                go_on_to_history(s, i);
}

bool preflight_progress(Step *s) {
        RolloutState *st = s->state;

        /* However long nobody has looked: the daemon was down, or the host asleep. */
        if (st->gated == GATED_TOLD)
                st->due_since = st->age;
        if (usec_sub(st->age, st->due_since) >= s->plan->deadline) {
                (void) end_rejected(s, REASON_DEADLINE, 0, 0);
                return true;
        }
        for (uint32_t i = 0; i < st->n_targets; i++)
                if (st->targets[i].stage != STAGE_IDLE)
                        return false;
        if (!gate_may_pass(s))
                return false;
        /* What was found before the wait may have changed in it. */
        if (st->gated != GATED_NOT) {
                preflight_read(s);
                return false;
        }
        for (uint32_t i = 0; i < st->n_targets; i++)
                (void) step_report(s, REPORT_PREFLIGHT_PASSED, i);
        if (publishing_is_needed(s))
                publishing_begin(s);
        else
                wave_begin(s);
        return true;
}
