#include "unit/daemon/runner-rig.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "core/invariant.h"
#include "core/trace.h"
#include "daemon/clock.h"
#include "lib/test.h"
#include "unit/daemon/fake-exec.h"
#include "unit/daemon/fake-store.h"
#include "unit/daemon/trail.h"

#define SCRIPT_MAX 64

static struct {
        Phase phase;
        const char *actions;
        int result;
} steps[SCRIPT_MAX];
static size_t n_steps, next_step;
static uint64_t next_seq, next_op;
static const char *broken_rule;
static usec_t deadline, behind;

int __wrap_rollout_step(
                RolloutState *state, const Plan *plan, const Event *event, const Now *now, ActionList *ret);
usec_t __wrap_rollout_deadline(const RolloutState *state, const Plan *plan, const Now *now);
const char *__wrap_invariant_broken(const RolloutState *before, const RolloutState *after, const Plan *plan,
                const ActionList *actions);
void __wrap_clock_read(Now *ret);
void __real_clock_read(Now *ret);

void script(Phase phase, const char *actions) {
        EXPECT(n_steps < SCRIPT_MAX);
        steps[n_steps].phase = phase;
        steps[n_steps].result = 0;
        steps[n_steps++].actions = actions;
}

void script_again(Phase phase, const char *actions) {
        n_steps = next_step = 0;
        script(phase, actions);
}

void script_result(int result) {
        script(PHASE_QUEUED, "");
        steps[n_steps - 1].result = result;
}

void script_broken(const char *rule) {
        broken_rule = rule;
}

void script_deadline(usec_t mono) {
        deadline = mono;
}

void script_clock_behind(usec_t span) {
        behind = span;
}

void __wrap_clock_read(Now *ret) {
        __real_clock_read(ret);
        ret->mono -= behind;
}

usec_t __wrap_rollout_deadline(const RolloutState *state, const Plan *plan, const Now *now) {
        return deadline;
}

const char *__wrap_invariant_broken(const RolloutState *before, const RolloutState *after, const Plan *plan,
                const ActionList *actions) {
        return broken_rule;
}

static void put_action(ActionList *list, char letter) {
        static const struct {
                char letter;
                ActionKind kind;
        } letters[] = { { 'P', ACTION_PERSIST }, { 'R', ACTION_REPORT }, { 'a', ACTION_READ_ALIAS },
                { 'v', ACTION_READ_VERSION }, { 'w', ACTION_WRITE_ALIAS }, { 'W', ACTION_WRITE_ALIAS },
                { 'm', ACTION_READ_METRICS }, { 'A', ACTION_READ_ALARMS }, { 'C', ACTION_CANCEL } };
        Action *a = &list->items[list->n++];

        memset(a, 0, sizeof(*a));
        for (size_t i = 0; i < ELEMENTSOF(letters); i++)
                if (letters[i].letter == letter)
                        a->kind = letters[i].kind;
        if (a->kind == ACTION_REPORT) {
                a->report.kind = REPORT_WEIGHT_SET;
                a->report.seq = next_seq++;
        } else if (a->kind == ACTION_CANCEL)
                a->op_id = 1;
        else if (a->kind != ACTION_PERSIST)
                a->op_id = next_op++;
        a->even_unrecorded = letter == 'W' || letter == 'C';
}

int __wrap_rollout_step(
                RolloutState *state, const Plan *plan, const Event *event, const Now *now, ActionList *ret) {
        const char *actions = "";

        if (event->fault == FAULT_NONE)
                trail_add("step(%s)", event_kind_to_string(event->kind));
        else
                trail_add("step(%s/%s)", event_kind_to_string(event->kind), fault_to_string(event->fault));
        ret->n = 0;
        if (next_step < n_steps) {
                if (steps[next_step].result < 0)
                        return steps[next_step++].result;
                state->phase = steps[next_step].phase;
                actions = steps[next_step++].actions;
        }
        state->next_op++; /* every step leaves a trace in the state */
        for (; *actions; actions++)
                put_action(ret, *actions);
        return 0;
}

static void on_change(Runner *runner, void *userdata) {
        ((RunnerRig *) userdata)->n_changes++;
}

static PlanDoc *make_doc(void) {
        static const PlanTarget target = { .function = "checkout", .alias = "live", .to = 42 };
        PlanDoc *doc = alloc_one(PlanDoc);

        EXPECT(doc);
        doc->plan = (Plan){ .name = "checkout", .targets = &target, .n_targets = 1, .checks_none = true };
        return doc;
}

Runner *runner_rig_add(RunnerRig *g, const char *id) {
        PlanDoc *doc = make_doc();
        RolloutState *state = alloc_zero(rollout_state_size(1));
        Runner *runner = NULL;

        EXPECT(state);
        rollout_init(state, &doc->plan, 1);
        EXPECT_OK(runner_new(&g->shared,
                        &(RunnerId){ .id = id,
                                        .name = "checkout",
                                        .plan_path = "/plans/checkout.yaml",
                                        .number = 7 },
                        &doc, &state, &runner));
        EXPECT(!doc && !state);
        return runner;
}

RunnerRig *runner_rig_new(void) {
        RunnerRig *g = alloc_one(RunnerRig);

        EXPECT(g);
        n_steps = next_step = 0;
        next_seq = next_op = 1;
        broken_rule = NULL;
        deadline = USEC_INFINITY;
        behind = 0;
        trail_reset();
        fake_exec_reset();
        fake_store_reset();
        g->rig = rig_new();
        g->shared = (RunnerShared){ .event = g->rig->event,
                .actions = alloc_one(ActionList),
                .on_change = on_change,
                .userdata = g };
        EXPECT(g->shared.actions);
        g->runner = runner_rig_add(g, "checkout@7");
        return g;
}

RunnerRig *runner_rig_free(RunnerRig *g) {
        if (!g)
                return NULL;
        g->runner = runner_free(g->runner);
        free(g->shared.actions);
        g->rig = rig_free(g->rig);
        free(g);
        return NULL;
}
