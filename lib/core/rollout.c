#include "core/rollout.h"

#include <errno.h>
#include <string.h>

#include "base/macro.h"
#include "base/usec.h"
#include "core/target-code.h"

bool phase_is_terminal(Phase p) {
        switch (p) {
        case PHASE_SUCCEEDED:
        case PHASE_ROLLED_BACK:
        case PHASE_REJECTED:
        case PHASE_RELEASED:
                return true;
        case PHASE_QUEUED:
        case PHASE_PREFLIGHT:
        case PHASE_PUBLISHING:
        case PHASE_SHIFTING:
        case PHASE_PROMOTING:
        case PHASE_BAKING:
        case PHASE_ROLLING_BACK:
        case PHASE_RESTORING:
                return false;
        }
        return false;
}

bool phase_is_live(Phase p) {
        switch (p) {
        case PHASE_PUBLISHING:
        case PHASE_SHIFTING:
        case PHASE_PROMOTING:
        case PHASE_BAKING:
        case PHASE_ROLLING_BACK:
        case PHASE_RESTORING:
                return true;
        case PHASE_QUEUED:
        case PHASE_PREFLIGHT:
        case PHASE_SUCCEEDED:
        case PHASE_ROLLED_BACK:
        case PHASE_REJECTED:
        case PHASE_RELEASED:
                return false;
        }
        return false;
}

static bool phase_is_watching(Phase p) {
        return p == PHASE_SHIFTING || p == PHASE_PROMOTING || p == PHASE_BAKING;
}

void rollout_init(RolloutState *state, const Plan *plan, uint64_t seed) {
        memset(state, 0, rollout_state_size(plan->n_targets));
        state->phase = PHASE_QUEUED;
        state->next_op = 1;
        state->next_seq = 1;
        state->prng.state = seed;
        memcpy(state->plan_sha256, plan->sha256, PLAN_HASH_SIZE);
        state->n_targets = plan->n_targets;
        for (uint32_t i = 0; i < plan->n_targets; i++) {
                state->targets[i].version_old = plan->targets[i].from;
                state->targets[i].version_new = plan->targets[i].to;
        }
}

Action *step_push(Step *s, ActionKind kind, uint32_t target) {
        Action *a;

        assert(s->actions->n < ACTIONS_MAX);
        a = &s->actions->items[s->actions->n++];
        memset(a, 0, sizeof(*a));
        a->kind = kind;
        a->target = target;
        return a;
}

bool step_withdraw(Step *s, uint64_t op_id) {
        ActionList *list = s->actions;

        for (size_t i = 0; i < list->n && op_id != 0; i++) {
                if (list->items[i].op_id != op_id)
                        continue;
                memmove(&list->items[i], &list->items[i + 1], (list->n - i - 1) * sizeof(Action));
                list->n--;
                return true;
        }
        return false;
}

void step_copy_text(char *dst, size_t size, const char *src) {
        size_t n = src ? strnlen(src, size - 1) : 0;

        memset(dst, 0, size);
        if (n > 0)
                memcpy(dst, src, n);
}

static void report_fill_target(Report *r, const RolloutState *st, uint32_t target) {
        const TargetState *t = &st->targets[target];

        r->version_old = t->version_old;
        r->version_new = t->version_new;
        r->weight_from = r->weight_to = route_weight_of(&t->route, t->version_new);
        r->new_version = t->judge.seen_new;
        r->old_version = t->judge.seen_old;
        memcpy(r->revision, t->revision, REVISION_SIZE);
}

static bool is_unshifted(const RolloutState *st) {
        for (uint32_t i = 0; i < st->n_targets; i++)
                if (st->targets[i].touched)
                        return false;
        return true;
}

Report *step_report(Step *s, ReportKind kind, uint32_t target) {
        RolloutState *st = s->state;
        Report *r = &step_push(s, ACTION_REPORT, target)->report;
        const Event *e = s->event;

        r->kind = kind;
        r->seq = st->next_seq++;
        r->wall = s->now->wall;
        r->target = target;
        r->wave = st->wave;
        r->step = st->step;
        r->n_steps = s->plan->n_steps;
        r->reason = st->reason;
        r->found_version = st->reason_version;
        r->check = st->reason_check;
        r->unshifted = is_unshifted(st);
        report_fill_target(r, st, target);
        if (e->op_id != 0 && e->target == target) {
                r->fault = e->fault;
                step_copy_text(r->request_id, sizeof(r->request_id), e->request_id);
                if (e->fault != FAULT_NONE)
                        step_copy_text(r->error, sizeof(r->error), e->error);
        }
        s->persist = true;
        return r;
}

void step_enter(Step *s, Phase phase) {
        s->state->phase = phase;
        s->state->step_age = 0;
        s->state->holding = 0;
        s->persist = true;
}

/* Same boot: the monotonic clock went on over a restart of the daemon, and so did the traffic. Another boot:
 * nobody knows how long the host was away, so that time is neither counted nor missed. */
static void advance_age(RolloutState *st, const Now *now) {
        if (st->age != 0 && st->last.boot == now->boot)
                st->age = usec_add(st->age, usec_sub(now->mono, st->last.mono));
        st->last = *now;
}

static bool is_preflight_read(const TargetState *t) {
        return t->stage == STAGE_READ_ALARMS || t->stage == STAGE_READ_HISTORY;
}

/* The operation that this kind of completion belongs to. Preflight reads alarms and metrics in turn with all
 * the rest. */
static const Op *op_of(const TargetState *t, const Event *e) {
        if (is_preflight_read(t))
                return &t->alias_op;
        if (e->kind == EVENT_METRICS_READ)
                return &t->poll_op;
        return e->kind == EVENT_ALARMS_READ ? &t->alarm_op : &t->alias_op;
}

static bool is_code_complete(const Event *e) {
        size_t n = e->code_sha ? strnlen(e->code_sha, CODE_SHA_SIZE) : 0;
        bool has_sha = n > 0 && n < CODE_SHA_SIZE;

        if (e->kind == EVENT_VERSION_PUBLISHED)
                return has_sha && e->version != 0;
        if (e->kind != EVENT_FUNCTION_READ && e->kind != EVENT_CODE_UPDATED)
                return true;
        return has_sha && e->revision && e->revision[0] != '\0';
}

static int check_completion(const RolloutState *st, const Event *e) {
        const TargetState *t;
        const Op *op;
        bool routed = e->kind == EVENT_ALIAS_READ || e->kind == EVENT_ALIAS_WRITTEN;

        if (e->target >= st->n_targets || e->op_id == 0)
                return -EINVAL;
        t = &st->targets[e->target];
        op = op_of(t, e);
        if (phase_is_terminal((Phase) st->phase) || op->id != e->op_id)
                return -ESTALE;
        if (op == &t->alias_op && !target_expects(t, e->kind))
                return -EINVAL;
        if (e->fault != FAULT_NONE)
                return 0;
        if (routed && (!e->revision || e->revision[0] == '\0'))
                return -EINVAL;
        return is_code_complete(e) ? 0 : -EINVAL;
}

static int check_event(const RolloutState *st, const Plan *plan, const Event *e) {
        if (st->n_targets != plan->n_targets || st->step > plan->n_steps || st->wave >= plan_n_waves(plan) ||
                        memcmp(st->plan_sha256, plan->sha256, PLAN_HASH_SIZE) != 0)
                return -EINVAL;
        switch (e->kind) {
        case EVENT_START:
                return st->phase == PHASE_QUEUED ? 0 : -EINVAL;
        case EVENT_RESUME:
        case EVENT_TICK:
        case EVENT_SUPERSEDE:
                return 0;
        case EVENT_ALIAS_READ:
        case EVENT_VERSION_READ:
        case EVENT_ALIAS_WRITTEN:
        case EVENT_METRICS_READ:
        case EVENT_ALARMS_READ:
        case EVENT_FUNCTION_READ:
        case EVENT_CODE_UPDATED:
        case EVENT_VERSION_PUBLISHED:
        case EVENT_CONCURRENCY_READ:
        case EVENT_CODE_READ:
                return check_completion(st, e);
        }
        return -EINVAL;
}

/* Records of older versions have none. */
static void note_places(Step *s) {
        for (uint32_t i = 0; i < s->state->n_targets; i++)
                if (s->state->targets[i].place == 0)
                        s->state->targets[i].place = plan_target_place(&s->plan->targets[i]);
}

static void resume(Step *s) {
        (void) step_report(s, REPORT_RESUMED, wave_first_target(s));
        for (uint32_t i = 0; i < s->state->n_targets; i++) {
                if (!target_is_in_play(s->state, s->plan, i))
                        continue;
                /* Before anything moves on, the whole step is judged once more. */
                s->state->targets[i].judge.read_age = s->state->targets[i].judge.alarms_age = 0;
                target_resume(s, i);
        }
}

static void tick(Step *s) {
        for (uint32_t i = 0; i < s->state->n_targets; i++) {
                target_tick(s, i);
                target_notice_stuck_poll(s, i);
        }
}

static void take_event(Step *s) {
        uint32_t i = s->event->target;
        const TargetState *t = &s->state->targets[i < s->state->n_targets ? i : 0];

        switch (s->event->kind) {
        case EVENT_START:
                note_places(s);
                preflight_begin(s);
                break;
        case EVENT_RESUME:
                note_places(s);
                resume(s);
                break;
        case EVENT_TICK:
                tick(s);
                break;
        case EVENT_SUPERSEDE:
                supersede(s);
                break;
        case EVENT_ALIAS_READ:
                if (t->stage == STAGE_READ_ALIAS)
                        preflight_take_alias(s, i);
                else if (t->stage == STAGE_CREATED)
                        code_take(s, i);
                else
                        target_take_read(s, i);
                break;
        case EVENT_VERSION_READ:
                preflight_take_version(s, i);
                break;
        case EVENT_ALIAS_WRITTEN:
                if (t->stage == STAGE_CREATE)
                        code_take(s, i);
                else
                        target_take_written(s, i);
                break;
        case EVENT_METRICS_READ:
                (is_preflight_read(t) ? preflight_take_history : target_take_metrics)(s, i);
                break;
        case EVENT_ALARMS_READ:
                (is_preflight_read(t) ? preflight_take_alarms : target_take_alarms)(s, i);
                break;
        case EVENT_FUNCTION_READ:
                if (t->stage == STAGE_READ_LATEST)
                        preflight_take_latest(s, i);
                else
                        code_take(s, i);
                break;
        case EVENT_CODE_UPDATED:
        case EVENT_VERSION_PUBLISHED:
                code_take(s, i);
                break;
        case EVENT_CONCURRENCY_READ:
                preflight_take_concurrency(s, i);
                break;
        case EVENT_CODE_READ:
                preflight_take_code(s, i);
                break;
        }
}

static bool progress(Step *s) {
        switch ((Phase) s->state->phase) {
        case PHASE_PREFLIGHT:
                return preflight_progress(s);
        case PHASE_PUBLISHING:
                return publishing_progress(s);
        case PHASE_SHIFTING:
                return rollback_if_needed(s) || shifting_progress(s);
        case PHASE_PROMOTING:
                return rollback_if_needed(s) || promoting_progress(s);
        case PHASE_BAKING:
                return rollback_if_needed(s) || baking_progress(s);
        case PHASE_ROLLING_BACK:
                return rolling_back_progress(s);
        case PHASE_RESTORING:
                return restoring_progress(s);
        case PHASE_QUEUED:
        case PHASE_SUCCEEDED:
        case PHASE_ROLLED_BACK:
        case PHASE_REJECTED:
        case PHASE_RELEASED:
                return false;
        }
        return false;
}

static void poll(Step *s) {
        if (!phase_is_watching((Phase) s->state->phase))
                return;
        for (uint32_t i = 0; i < s->state->n_targets; i++)
                if (target_is_in_play(s->state, s->plan, i))
                        target_poll(s, i);
}

/* The record also says how much time was observed: without this, a reboot would throw a long hold away. */
#define PERSIST_AT_LEAST_EVERY USEC_PER_MINUTE

static void put_persist_first(Step *s) {
        RolloutState *st = s->state;
        ActionList *list = s->actions;

        if (phase_is_live((Phase) st->phase) && st->age - st->persisted_age >= PERSIST_AT_LEAST_EVERY)
                s->persist = true;
        if (!s->persist)
                return;
        st->persisted_age = st->age;
        (void) step_push(s, ACTION_PERSIST, 0);
        memmove(&list->items[1], &list->items[0], (list->n - 1) * sizeof(Action));
        memset(&list->items[0], 0, sizeof(Action));
        list->items[0].kind = ACTION_PERSIST;
}

static void stamp_reports(Step *s) {
        for (size_t i = 0; i < s->actions->n; i++)
                if (s->actions->items[i].kind == ACTION_REPORT)
                        s->actions->items[i].report.phase = s->state->phase;
}

int rollout_step(
                RolloutState *state, const Plan *plan, const Event *event, const Now *now, ActionList *ret) {
        Step s = { .state = state, .plan = plan, .now = now, .event = event, .actions = ret };
        int r;

        ret->n = 0;
        r = check_event(state, plan, event);
        if (r < 0)
                return r;
        if (phase_is_terminal((Phase) state->phase) ||
                        (state->phase == PHASE_QUEUED && event->kind != EVENT_START &&
                                        event->kind != EVENT_SUPERSEDE))
                return 0;
        advance_age(state, now);
        take_event(&s);
        while (progress(&s))
                ;
        poll(&s);
        stamp_reports(&s);
        put_persist_first(&s);
        return 0;
}

/* Plans without checks are not polled: the end of the hold or bake is a moment of its own then. */
static usec_t hold_end(const RolloutState *st, const Plan *plan) {
        usec_t end = USEC_INFINITY;

        if (plan->n_checks > 0 || st->step_age == 0)
                return USEC_INFINITY;
        if (st->phase == PHASE_BAKING)
                end = usec_add(st->step_age, plan_wave(plan, st->wave).bake);
        else if (st->phase == PHASE_SHIFTING)
                end = usec_add(st->step_age, plan->steps[st->step].hold);
        /* Past it, something outstanding is in the way, and its completion moves the rollout on. */
        return end > st->age ? end : USEC_INFINITY;
}

/* What a target whose health is watched waits for: the next polls, and the ends of patience with what cannot
 * be seen and with writes that fail. */
static usec_t watch_age(const TargetState *t, const Plan *plan) {
        usec_t first = usec_min(target_blind_end(t, plan), target_move_end(t));

        if (t->failing_since != 0)
                first = usec_min(first, usec_add(t->failing_since, plan->max_blind));
        if (t->judge.exposed_since == 0 || t->stage == STAGE_RELEASED)
                return first;
        if (t->poll_op.id == 0 && plan_reads_metrics(plan))
                first = usec_min(first, t->next_poll);
        if (t->alarm_op.id == 0 && plan_reads_alarms(plan))
                first = usec_min(first, t->next_alarms);
        return first;
}

/* While its code is deployed or put back. */
static usec_t deploy_age(const RolloutState *st, const TargetState *t, const Plan *plan) {
        usec_t first = code_patience_end(st, t);

        if (st->phase == PHASE_PUBLISHING && t->failing_since != 0)
                first = usec_min(first, usec_add(t->failing_since, plan->max_blind));
        return first;
}

/* The age at which the first thing falls due; USEC_INFINITY: nothing. */
static usec_t earliest_age(const RolloutState *st, const Plan *plan) {
        usec_t first = hold_end(st, plan);

        if (st->phase != PHASE_ROLLING_BACK && st->phase != PHASE_RESTORING)
                first = usec_min(first, usec_add(st->due_since, plan->deadline));
        for (uint32_t i = 0; i < st->n_targets; i++) {
                const TargetState *t = &st->targets[i];

                if (t->alias_op.id == 0 && t->alias_op.retry_at != 0)
                        first = usec_min(first, t->alias_op.retry_at);
                if (phase_is_watching((Phase) st->phase) && target_is_in_play(st, plan, i))
                        first = usec_min(first, watch_age(t, plan));
                if (st->phase == PHASE_PUBLISHING || st->phase == PHASE_RESTORING)
                        first = usec_min(first, deploy_age(st, t, plan));
        }
        return first;
}

usec_t rollout_deadline(const RolloutState *state, const Plan *plan, const Now *now) {
        usec_t first, due;

        if (state->phase == PHASE_QUEUED || phase_is_terminal((Phase) state->phase))
                return USEC_INFINITY;
        first = earliest_age(state, plan);
        due = first == USEC_INFINITY ? USEC_INFINITY : usec_sub(first, state->age);
        due = usec_min(due, gate_due(state, plan));
        return usec_add(state->last.boot == now->boot ? state->last.mono : now->mono, due);
}
