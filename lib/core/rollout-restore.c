#include <string.h>

#include "base/usec.h"
#include "core/target-code.h"

#define ATTEMPTS_MAX 20

static bool text_equal(const char *a, const char *b) {
        return a == b || (a && b && strcmp(a, b) == 0);
}

static bool is_same_function(const PlanTarget *a, const PlanTarget *b) {
        return text_equal(a->function, b->function) && text_equal(a->region, b->region) &&
                        text_equal(a->role_arn, b->role_arn);
}

/* Its alias is back, or its code was deployed and never got traffic. Those of waves that stay where they are
 * keep their code, too. */
static bool is_turned(const TargetState *t) {
        if (t->stage == STAGE_RELEASED)
                return false;
        return t->touched ? t->want.primary == t->version_old : (t->code.touched & ~CODE_CREATE) != 0;
}

/* Each function once: by the first of its targets. */
static bool is_to_be_restored(const RolloutState *st, const Plan *plan, uint32_t i) {
        if (st->targets[i].code.restore_done || !is_turned(&st->targets[i]))
                return false;
        for (uint32_t k = 0; k < i; k++)
                if (is_turned(&st->targets[k]) && is_same_function(&plan->targets[k], &plan->targets[i]))
                        return false;
        return true;
}

static bool find_next(const Step *s, uint32_t *ret) {
        for (uint32_t i = 0; i < s->state->n_targets; i++)
                if (is_to_be_restored(s->state, s->plan, i)) {
                        *ret = i;
                        return true;
                }
        return false;
}

bool restoring_is_wanted(const Step *s) {
        uint32_t i;

        return s->plan->restore_code && find_next(s, &i);
}

void restoring_begin(Step *s) {
        step_enter(s, PHASE_RESTORING);
        /* From here on no alias is written. */
        for (uint32_t i = 0; i < s->state->n_targets; i++) {
                target_forget_ops(s, i);
                if (s->state->targets[i].stage != STAGE_RELEASED)
                        s->state->targets[i].stage = STAGE_IDLE;
        }
}

void restore_end(Step *s, uint32_t i, ReportKind kind, Reason reason) {
        TargetState *t = &s->state->targets[i];
        bool is_back = t->stage == STAGE_PUBLISH;
        Report *r;

        t->code.restore_done = 1;
        t->code.since = 0;
        t->stage = STAGE_IDLE;
        t->failing_since = 0;
        r = step_report(s, kind, i);
        if (kind != REPORT_RESTORED)
                r->reason = (uint32_t) reason;
        r->version_made = t->code.version_restored;
        if (kind == REPORT_RESTORE_FAILED) {
                r->found_version = is_back ? t->version_old : 0;
                r->fault = s->event->op_id != 0 && s->event->fault != FAULT_NONE ? s->event->fault
                                                                                 : t->alias_op.fault;
                step_copy_text(r->error, sizeof(r->error), t->error);
        }
        (void) target_forget_op(s, i, &t->alias_op);
}

void restore_take_version(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;

        if (t->stage == STAGE_RESTORE_OLD)
                step_copy_text(t->code.old_sha, sizeof(t->code.old_sha), e->code_sha);
        else
                step_copy_text(t->code.sha, sizeof(t->code.sha), e->code_sha);
        t->code.known |= t->stage == STAGE_RESTORE_NEW;
        target_enter(s, i, t->code.known || t->version_new == 0 ? STAGE_LATEST : STAGE_RESTORE_NEW);
}

/* Is the code that the rollout deployed, for whichever of the function's aliases, still in $LATEST? What is
 * not known to be ours is left alone. */
static bool is_new_code(const Step *s, uint32_t i) {
        for (uint32_t k = 0; k < s->state->n_targets; k++) {
                const CodeState *code = &s->state->targets[k].code;

                if (!is_same_function(&s->plan->targets[k], &s->plan->targets[i]))
                        continue;
                if ((code->known && strcmp(s->event->code_sha, code->sha) == 0) ||
                                code_is_planned(s, k, s->event->code_sha))
                        return true;
        }
        return false;
}

void restore_take_latest(Step *s, uint32_t i) {
        TargetState *t = &s->state->targets[i];
        const Event *e = s->event;
        bool is_old = strcmp(e->code_sha, t->code.old_sha) == 0;
        bool is_as_before = !t->code.known && strcmp(e->code_sha, t->code.sha) == 0;

        if (code_is_busy(s, i))
                return;
        code_note_revision(t, e);
        if (is_old && t->code.restore_asked) {
                t->strange = 0;
                target_go_on(s, i, STAGE_UPDATED);
        } else if (is_old) {
                /* An update that was never replied to may still land. */
                if ((t->code.unsure & CODE_UPDATE) == 0 || code_is_strange(s, i))
                        restore_end(s, i, REPORT_RESTORE_SKIPPED, REASON_NOTHING_NEW);
        } else if (is_new_code(s, i)) {
                if (!t->code.restore_asked)
                        (void) step_report(s, REPORT_RESTORING, i);
                t->strange = 0;
                target_go_on(s, i, STAGE_UPDATE);
        } else if (code_is_strange(s, i)) {
                restore_end(s, i, REPORT_RESTORE_SKIPPED,
                                is_as_before ? REASON_NOTHING_NEW : REASON_CODE_FOREIGN);
        }
}

/* It is tried for a while, and then said: the traffic is safe long since. */
static void give_up_if_due(Step *s, uint32_t i) {
        const TargetState *t = &s->state->targets[i];

        if (t->alias_op.attempt >= ATTEMPTS_MAX)
                restore_end(s, i, REPORT_RESTORE_FAILED, REASON_CANNOT_DEPLOY);
        else if (s->state->age >= code_patience_end(s->state, t))
                restore_end(s, i, REPORT_RESTORE_FAILED, REASON_CODE_STUCK);
}

bool restoring_progress(Step *s) {
        RolloutState *st = s->state;
        uint32_t next;

        for (uint32_t i = 0; i < st->n_targets; i++) {
                if (st->targets[i].stage == STAGE_IDLE || st->targets[i].stage == STAGE_RELEASED)
                        continue;
                give_up_if_due(s, i);
                if (st->targets[i].stage != STAGE_IDLE)
                        return false;
        }
        if (!find_next(s, &next)) {
                end_restored(s);
                return true;
        }
        st->targets[next].code.since = st->age;
        st->targets[next].error[0] = '\0';
        s->persist = true;
        target_enter(s, next, STAGE_RESTORE_OLD);
        return false;
}
