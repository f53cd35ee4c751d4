/* How many events the brain takes in a second over whole rollouts, and how that compares with the least that
 * a step could cost: copying its state once. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/alloc.h"
#include "base/usec.h"
#include "core/rollout.h"

#define ROLLOUTS 2000u
#define EVENTS_MAX 1000u
#define ROWS 8u

static const PlanTarget target = { .function = "checkout", .alias = "live", .from = 41, .to = 42 };
static const PlanStep steps[] = {
        { .weight = 100, .hold = 10 * USEC_PER_MINUTE },
        { .weight = 1000, .hold = 10 * USEC_PER_MINUTE },
        { .weight = 5000, .hold = 10 * USEC_PER_MINUTE },
};
static const PlanCheck checks[] = {
        { .name = "errors", .kind = CHECK_ERROR_RATE, .max = 0.05, .min_requests = 50 }
};
static const Plan plan = {
        .name = "bench",
        .targets = &target,
        .n_targets = 1,
        .steps = steps,
        .n_steps = ELEMENTSOF(steps),
        .checks = checks,
        .n_checks = ELEMENTSOF(checks),
        .bake = 30 * USEC_PER_MINUTE,
        .every = 30 * USEC_PER_SEC,
        .period = USEC_PER_MINUTE,
        .settled_after = 3 * USEC_PER_MINUTE,
        .max_blind = 10 * USEC_PER_MINUTE,
        .deadline = USEC_PER_DAY,
};

static double seconds_now(void) {
        struct timespec t = { 0 };

        if (clock_gettime(CLOCK_MONOTONIC, &t) < 0)
                abort();
        return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}

/* The reply that a healthy AWS gives to an effect. */
static Event reply_to(const Action *a, Route *alias, unsigned *revision, char text[static REVISION_SIZE],
                MetricRow rows[static ROWS]) {
        Event e = { .target = a->target, .op_id = a->op_id, .version_active = true };

        if (a->kind == ACTION_READ_METRICS) {
                e.kind = EVENT_METRICS_READ;
                for (usec_t t = a->metrics.from; t < a->metrics.until && e.n_rows < ROWS; t += plan.period)
                        rows[e.n_rows++] = (MetricRow){
                                .start = t, .new_version = { 100, 0 }, .old_version = { 900, 1 }
                        };
                e.rows = rows;
                return e;
        }
        if (a->kind == ACTION_WRITE_ALIAS) {
                *alias = a->write.route;
                (*revision)++;
        }
        e.kind = a->kind == ACTION_READ_VERSION              ? EVENT_VERSION_READ
                        : a->kind == ACTION_READ_CONCURRENCY ? EVENT_CONCURRENCY_READ
                        : a->kind == ACTION_READ_ALIAS       ? EVENT_ALIAS_READ
                                                             : EVENT_ALIAS_WRITTEN;
        (void) snprintf(text, REVISION_SIZE, "rev-%u", *revision);
        e.route = *alias;
        e.revision = text;
        return e;
}

/* One rollout to its end; returns the events it took. */
static unsigned long drive(RolloutState *st, ActionList *list, uint64_t seed) {
        Now now = { .wall = 1700000000 * USEC_PER_SEC, .mono = USEC_PER_HOUR, .boot = 1 };
        Event event = { .kind = EVENT_START };
        Route alias = { .primary = 41 };
        Action pending[4];
        MetricRow rows[ROWS];
        char text[REVISION_SIZE];
        unsigned revision = 1, events = 0;
        size_t n_pending = 0;

        rollout_init(st, &plan, seed);
        while (!phase_is_terminal((Phase) st->phase)) {
                if (rollout_step(st, &plan, &event, &now, list) < 0 || ++events > EVENTS_MAX)
                        abort();
                for (size_t i = 0; i < list->n; i++)
                        if (list->items[i].op_id != 0 && n_pending < ELEMENTSOF(pending))
                                pending[n_pending++] = list->items[i];
                if (n_pending > 0) {
                        event = reply_to(&pending[--n_pending], &alias, &revision, text, rows);
                } else {
                        usec_t deadline = rollout_deadline(st, &plan, &now);

                        now.wall += usec_sub(deadline, now.mono);
                        now.mono = usec_max(now.mono, deadline);
                        event = (Event){ .kind = EVENT_TICK };
                }
        }
        if (st->phase != PHASE_SUCCEEDED)
                abort();
        return events;
}

int main(void) {
        size_t size = rollout_state_size(1);
        RolloutState *st = alloc_zero(size);
        unsigned char *copy = alloc_zero(size);
        ActionList *list = alloc_one(ActionList);
        unsigned long events = 0;
        double start, stepping, copying;

        if (!st || !copy || !list)
                return EXIT_FAILURE;
        start = seconds_now();
        for (unsigned i = 0; i < ROLLOUTS; i++)
                events += drive(st, list, i);
        stepping = seconds_now() - start;
        start = seconds_now();
        for (unsigned long i = 0; i < events; i++) {
                memcpy(copy, st, size);
                __asm__ volatile("" : : "r"(copy) : "memory"); /* keeps the copy from being optimised away */
        }
        copying = seconds_now() - start;
        printf("bench-step: %.0f events per second (%lu events of %u rollouts, %zu bytes of state); one costs as much as "
               "%.1f copies of the state\n",
                        (double) events / stepping, events, ROLLOUTS, size, stepping / copying);
        free(st);
        free(copy);
        free(list);
        return EXIT_SUCCESS;
}
