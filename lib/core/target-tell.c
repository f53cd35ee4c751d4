#include "base/usec.h"
#include "core/target.h"

/* Attempts that are told: the first ones, then ever fewer, so that a long outage does not fill the log. */
static bool attempt_is_told(uint32_t attempt) {
        return (attempt & (attempt - 1)) == 0 || attempt % 64 == 0;
}

/* The second and the fourth attempt mostly come within the same second, with nothing new to tell. */
#define TOLD_AGAIN_AFTER (2 * USEC_PER_SEC)

static bool retry_is_told(const Step *s, const TargetState *t) {
        return t->alias_op.attempt == 1 ||
                        (attempt_is_told(t->alias_op.attempt) &&
                                        usec_sub(s->state->age, t->failing_since) >= TOLD_AGAIN_AFTER);
}

/* An old version that is not back by then is trouble, be it the first attempt that took so long. */
#define BACK_WITHIN (5 * USEC_PER_SEC)

/* One failure that is made good at once happens to everybody. */
static bool rollback_is_in_trouble(const Step *s, const TargetState *t, usec_t delay) {
        return t->alias_op.attempt > 1 ||
                        usec_add(usec_sub(s->state->age, t->failing_since), delay) > BACK_WITHIN;
}

/* The second failure of a write, with the read between them that found that the first had no effect. */
static bool is_second_round(const Step *s, const TargetState *t) {
        return t->alias_op.attempt == TARGET_ATTEMPTS_AT_ONCE && s->event->fault != FAULT_NONE;
}

static bool rollback_is_told(const Step *s, const TargetState *t) {
        bool news = s->event->fault != FAULT_NONE || t->alias_op.attempt > TARGET_ATTEMPTS_AT_ONCE;

        return news && (attempt_is_told(t->alias_op.attempt) || is_second_round(s, t));
}

/* A successful read between two writes that fail is no news: what is told is the last fault. */
void target_tell_failure(Step *s, uint32_t i, usec_t delay) {
        TargetState *t = &s->state->targets[i];
        bool is_back = s->state->phase == PHASE_ROLLING_BACK;
        bool is_told = is_back ? rollback_is_told(s, t) : retry_is_told(s, t);
        Report *r;

        if (t->alias_op.fault == FAULT_NONE || !is_told)
                return;
        /* A late write of our own, mostly: the read that follows at once explains it. */
        if (t->alias_op.fault == FAULT_PRECONDITION && t->alias_op.attempt <= TARGET_ATTEMPTS_AT_ONCE)
                return;
        r = step_report(s,
                        is_back && rollback_is_in_trouble(s, t, delay) ? REPORT_ROLLBACK_FAILING
                                                                       : REPORT_RETRYING,
                        i);
        r->fault = t->alias_op.fault;
        step_copy_text(r->error, sizeof(r->error), t->error);
        r->next = delay;
        r->weight_to = route_weight_of(&t->want, t->version_new);
}
