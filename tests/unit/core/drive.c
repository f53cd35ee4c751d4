#include "unit/core/drive.h"

#include "base/alloc.h"
#include "base/usec.h"
#include "core/invariant.h"

#define WALL_START (1700000040 * USEC_PER_SEC) /* a whole minute */
#define ROWS_MAX 160

Drive *drive_new(void) {
        Drive *d = alloc_one(Drive);

        EXPECT(d);
        d->target = (PlanTarget){ .function = "checkout", .alias = "live", .from = 41, .to = 42 };
        d->steps[0] = (PlanStep){ .weight = 500, .hold = 10 * USEC_PER_MINUTE };
        d->steps[1] = (PlanStep){ .weight = 5000, .hold = 10 * USEC_PER_MINUTE };
        d->checks[0] = (PlanCheck){
                .name = "errors", .kind = CHECK_ERROR_RATE, .max = 0.05, .min_requests = 1
        };
        d->plan = (Plan){
                .name = "checkout",
                .targets = &d->target,
                .n_targets = 1,
                .steps = d->steps,
                .n_steps = 2,
                .checks = d->checks,
                .n_checks = 1,
                .bake = 5 * USEC_PER_MINUTE,
                .every = 30 * USEC_PER_SEC,
                .period = USEC_PER_MINUTE,
                .settled_after = 3 * USEC_PER_MINUTE,
                .max_blind = 10 * USEC_PER_MINUTE,
                .deadline = USEC_PER_DAY,
        };
        d->state = alloc_zero(rollout_state_size(1));
        d->actions = alloc_one(ActionList);
        EXPECT(d->state && d->actions);
        rollout_init(d->state, &d->plan, 1);
        d->now = (Now){ .wall = WALL_START, .mono = USEC_PER_HOUR, .boot = 1 };
        fake_alias_init(&d->alias, 41);
        fake_function_init(&d->function, 42);
        d->version_active = true;
        d->new_requests = 100;
        d->alarm_says = ALARM_SAYS_OK;
        return d;
}

Drive *drive_free(Drive *d) {
        if (!d)
                return NULL;
        free(d->state);
        free(d->actions);
        free(d);
        return NULL;
}

TargetState *drive_target(Drive *d) {
        return &d->state->targets[0];
}

static void drop_cancelled(Drive *d, uint64_t op_id) {
        Action *const effects[] = { &d->alias_effect, &d->poll_effect, &d->alarm_effect };

        for (size_t i = 0; i < ELEMENTSOF(effects); i++)
                if (effects[i]->op_id == op_id)
                        *effects[i] = (Action){ 0 };
}

int drive_event(Drive *d, Event *e) {
        RolloutState *before = alloc_zero(rollout_state_size(1));
        const char *broken;
        int r;

        EXPECT(before);
        memcpy(before, d->state, rollout_state_size(1));
        r = rollout_step(d->state, &d->plan, e, &d->now, d->actions);
        broken = r < 0 ? NULL : invariant_broken(before, d->state, &d->plan, d->actions);
        if (r < 0 && memcmp(before, d->state, rollout_state_size(1)) != 0)
                broken = "a refused event changes nothing";
        free(before);
        if (broken)
                FAIL("%s", broken);
        for (size_t i = 0; r >= 0 && i < d->actions->n; i++) {
                const Action *a = &d->actions->items[i];

                if (a->kind == ACTION_READ_METRICS)
                        d->poll_effect = *a;
                else if (a->kind == ACTION_READ_ALARMS)
                        d->alarm_effect = *a;
                else if (a->kind == ACTION_CANCEL)
                        drop_cancelled(d, a->op_id);
                else if (a->kind != ACTION_PERSIST && a->kind != ACTION_REPORT)
                        d->alias_effect = *a;
        }
        if (d->poll_effect.op_id != 0 && d->poll_effect.lane == LANE_PREFLIGHT && !d->takes_history)
                drive_metrics(d);
        return r;
}

void drive_start(Drive *d) {
        Event e = { .kind = EVENT_START };

        EXPECT_OK(drive_event(d, &e));
}

void drive_wait(Drive *d, usec_t span) {
        d->now.mono += span;
        d->now.wall += span;
}

void drive_tick(Drive *d) {
        Event e = { .kind = EVENT_TICK };
        usec_t deadline = rollout_deadline(d->state, &d->plan, &d->now);

        EXPECT(deadline != USEC_INFINITY);
        drive_wait(d, usec_sub(deadline, d->now.mono));
        EXPECT_OK(drive_event(d, &e));
}

void drive_resume(Drive *d) {
        Event e = { .kind = EVENT_RESUME };

        d->alias_effect = d->poll_effect = d->alarm_effect = (Action){ 0 };
        EXPECT_OK(drive_event(d, &e));
}

static void fill_version(Drive *d, const Action *a, Event *e) {
        size_t which = a->version == 42;

        e->kind = EVENT_VERSION_READ;
        e->version_active = d->version_active;
        e->role = d->role[which];
        e->dead_letter = d->dead_letter[which];
}

static void fill_alias(Drive *d, const Action *a, Event *e, char revision[static REVISION_SIZE]) {
        if (a->kind == ACTION_WRITE_ALIAS)
                e->fault = fake_alias_write(&d->alias, &a->write.route, a->write.revision);
        else if (a->kind == ACTION_CREATE_ALIAS)
                e->fault = fake_alias_create(&d->alias, a->version);
        if (e->fault == FAULT_NONE)
                fake_alias_show(&d->alias, FAKE_PRESENT, e, revision);
}

void drive_reply(Drive *d) {
        Action a = d->alias_effect;
        Event e = { .target = 0, .request_id = "req-1" };
        char revision[REVISION_SIZE];
        FakeTexts texts;

        if (a.kind == ACTION_READ_VERSION)
                fill_version(d, &a, &e);
        else if (!fake_function_answer(&d->function, &a, &e, &texts))
                fill_alias(d, &a, &e, revision);
        drive_answer(d, &e);
}

void drive_answer(Drive *d, Event *e) {
        e->op_id = d->alias_effect.op_id;
        e->kind = action_completion(d->alias_effect.kind);
        EXPECT(e->op_id != 0);
        d->alias_effect = (Action){ 0 };
        EXPECT_OK(drive_event(d, e));
}

void drive_refuse(Drive *d, Fault fault) {
        Event e = { .fault = fault, .error = "AWS's words" };

        drive_answer(d, &e);
}

static void take_metrics(Drive *d, const CheckFault *fault) {
        Action a = d->poll_effect;
        Event e = { .kind = EVENT_METRICS_READ,
                .op_id = a.op_id,
                .check_faults = fault,
                .n_check_faults = fault != NULL };
        MetricRow rows[ROWS_MAX];
        MetricValue values[ROWS_MAX];

        EXPECT(a.op_id != 0);
        d->poll_effect = (Action){ 0 };
        for (usec_t t = a.metrics.from;
                        t < a.metrics.until && t + d->plan.period <= d->now.wall && e.n_rows < ROWS_MAX;
                        t += d->plan.period) {
                if (d->new_requests <= 0)
                        continue;
                values[e.n_values++] = (MetricValue){ .start = t, .check = 0, .value = d->duration };
                rows[e.n_rows++] = (MetricRow){
                        .start = t,
                        .new_version = { d->new_requests, d->new_errors },
                        .old_version = { 1000, 1 },
                };
        }
        e.rows = rows;
        e.values = values;
        EXPECT_OK(drive_event(d, &e));
}

void drive_metrics(Drive *d) {
        take_metrics(d, NULL);
}

void drive_metrics_but(Drive *d, uint32_t check, Fault fault) {
        take_metrics(d, &(CheckFault){ .check = check, .fault = fault, .error = "AWS's words" });
}

void drive_alarms(Drive *d) {
        AlarmReading readings[PLAN_CHECKS_MAX];
        Event e = { .kind = EVENT_ALARMS_READ, .op_id = d->alarm_effect.op_id, .alarms = readings };

        EXPECT(e.op_id != 0);
        d->alarm_effect = (Action){ 0 };
        for (uint32_t i = 0; i < d->plan.n_checks; i++)
                if (d->checks[i].kind == CHECK_ALARM)
                        readings[e.n_alarms++] = (AlarmReading){ .check = i,
                                .says = d->alarm_says,
                                .since = d->now.wall,
                                .reason = "Threshold Crossed" };
        EXPECT_OK(drive_event(d, &e));
}

void drive_alarms_blind(Drive *d, Fault fault) {
        Event e = { .kind = EVENT_ALARMS_READ,
                .op_id = d->alarm_effect.op_id,
                .fault = fault,
                .error = "AWS's words" };

        EXPECT(e.op_id != 0);
        d->alarm_effect = (Action){ 0 };
        EXPECT_OK(drive_event(d, &e));
}

void drive_blind(Drive *d, Fault fault) {
        Event e = { .kind = EVENT_METRICS_READ,
                .op_id = d->poll_effect.op_id,
                .fault = fault,
                .error = "AWS's words" };

        EXPECT(e.op_id != 0);
        d->poll_effect = (Action){ 0 };
        EXPECT_OK(drive_event(d, &e));
}

static void drive_on(Drive *d) {
        if (d->alias_effect.op_id != 0)
                drive_reply(d);
        else if (d->poll_effect.op_id != 0)
                drive_metrics(d);
        else if (d->alarm_effect.op_id != 0)
                drive_alarms(d);
        else
                drive_tick(d);
}

void drive_to(Drive *d, Phase phase) {
        if (d->state->phase == PHASE_QUEUED && phase != PHASE_QUEUED)
                drive_start(d);
        for (unsigned i = 0; i < 500; i++) {
                if (d->state->phase == phase)
                        return;
                if (phase_is_terminal((Phase) d->state->phase))
                        break;
                drive_on(d);
        }
        FAIL("never got to %s, but to %s", phase_to_string(phase), phase_to_string((Phase) d->state->phase));
}

void drive_to_hold(Drive *d, uint32_t step) {
        drive_to(d, PHASE_SHIFTING);
        for (unsigned i = 0; i < 500; i++) {
                if (d->state->phase == PHASE_SHIFTING && d->state->step == step && d->state->step_age != 0 &&
                                d->poll_effect.op_id == 0 && d->alias_effect.op_id == 0 &&
                                d->alarm_effect.op_id == 0)
                        return;
                drive_on(d);
        }
        FAIL("never held step %u", step);
}

const Action *drive_action(const Drive *d, ActionKind kind) {
        for (size_t i = 0; i < d->actions->n; i++)
                if (d->actions->items[i].kind == kind)
                        return &d->actions->items[i];
        return NULL;
}

const Report *drive_report(const Drive *d, ReportKind kind) {
        for (size_t i = 0; i < d->actions->n; i++)
                if (d->actions->items[i].kind == ACTION_REPORT && d->actions->items[i].report.kind == kind)
                        return &d->actions->items[i].report;
        return NULL;
}
