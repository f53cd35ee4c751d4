#include "base/alloc.h"
#include "base/usec.h"
#include "core/invariant.h"
#include "core/target.h"
#include "core/trace.h"
#include "lib/fake-alias.h"
#include "lib/test.h"

#define N 4
#define WALL_START (1700000040 * USEC_PER_SEC)

/* Four aliases in two waves of two, from 41 to 42 by way of 10 %. */
typedef struct Group {
        Plan plan;
        PlanTarget targets[N];
        PlanWave waves[2];
        PlanStep step;
        PlanCheck check;
        RolloutState *state, *before;
        ActionList *actions;
        Now now;
        FakeAlias alias[N];
        Action alias_effect[N], poll_effect[N];
        double errors[N];
        char story[2048]; /* "intent 0, intent 1, ..." */
} Group;

static Group *group_free(Group *g) {
        if (!g)
                return NULL;
        free(g->state);
        free(g->before);
        free(g->actions);
        free(g);
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP(Group *, group_free);

static Group *group_new(void) {
        Group *g = alloc_one(Group);

        EXPECT(g);
        g->step = (PlanStep){ .weight = 1000, .hold = 5 * USEC_PER_MINUTE };
        g->check = (PlanCheck){ .name = "errors", .max = 0.05, .min_requests = 1 };
        g->waves[0] = (PlanWave){ .name = "canary", .n_targets = 2, .bake = 10 * USEC_PER_MINUTE };
        g->waves[1] = (PlanWave){ .name = "rest", .first_target = 2, .n_targets = 2 };
        for (unsigned i = 0; i < N; i++) {
                g->targets[i] = (PlanTarget){ .function = "f", .alias = "live", .from = 41, .to = 42 };
                fake_alias_init(&g->alias[i], 41);
        }
        g->plan = (Plan){
                .name = "group",
                .targets = g->targets,
                .n_targets = N,
                .waves = g->waves,
                .n_waves = 2,
                .steps = &g->step,
                .n_steps = 1,
                .checks = &g->check,
                .n_checks = 1,
                .every = 30 * USEC_PER_SEC,
                .period = USEC_PER_MINUTE,
                .settled_after = USEC_PER_MINUTE,
                .max_blind = 10 * USEC_PER_MINUTE,
                .deadline = USEC_PER_DAY,
        };
        g->state = alloc_zero(rollout_state_size(N));
        g->before = alloc_zero(rollout_state_size(N));
        g->actions = alloc_one(ActionList);
        EXPECT(g->state && g->before && g->actions);
        rollout_init(g->state, &g->plan, 1);
        g->now = (Now){ .wall = WALL_START, .mono = USEC_PER_HOUR, .boot = 1 };
        return g;
}

static void tell(Group *g, const Report *r) {
        size_t used = strlen(g->story);

        if (r->kind == REPORT_WEIGHT_INTENT || r->kind == REPORT_WAVE_BEGUN ||
                        r->kind == REPORT_WAVE_BAKED || r->kind == REPORT_STEP_PASSED ||
                        r->kind == REPORT_ROLLED_BACK)
                (void) snprintf(g->story + used, sizeof(g->story) - used, "%s %u, ",
                                report_kind_to_string(r->kind), r->target);
}

static void group_event(Group *g, Event *e) {
        const char *broken;

        memcpy(g->before, g->state, rollout_state_size(N));
        EXPECT_OK(rollout_step(g->state, &g->plan, e, &g->now, g->actions));
        broken = invariant_broken(g->before, g->state, &g->plan, g->actions);
        if (broken)
                FAIL("%s", broken);
        for (size_t i = 0; i < g->actions->n; i++) {
                const Action *a = &g->actions->items[i];

                if (a->kind == ACTION_REPORT)
                        tell(g, &a->report);
                else if (a->kind == ACTION_READ_METRICS)
                        g->poll_effect[a->target] = *a;
                else if (a->kind == ACTION_CANCEL && g->poll_effect[a->target].op_id == a->op_id)
                        g->poll_effect[a->target] = (Action){ 0 };
                else if (a->kind == ACTION_CANCEL)
                        g->alias_effect[a->target] = (Action){ 0 };
                else if (a->kind != ACTION_PERSIST)
                        g->alias_effect[a->target] = *a;
        }
}

static void group_simple(Group *g, EventKind kind) {
        Event e = { .kind = kind };

        group_event(g, &e);
}

static void reply_alias(Group *g, uint32_t i) {
        Action a = g->alias_effect[i];
        Event e = { .target = i, .op_id = a.op_id, .version_active = true };
        char revision[REVISION_SIZE];

        g->alias_effect[i] = (Action){ 0 };
        e.kind = a.kind == ACTION_READ_ALIAS                ? EVENT_ALIAS_READ
                        : a.kind == ACTION_READ_VERSION     ? EVENT_VERSION_READ
                        : a.kind == ACTION_READ_CONCURRENCY ? EVENT_CONCURRENCY_READ
                                                            : EVENT_ALIAS_WRITTEN;
        if (a.kind == ACTION_WRITE_ALIAS)
                e.fault = fake_alias_write(&g->alias[i], &a.write.route, a.write.revision);
        if ((a.kind == ACTION_READ_ALIAS || a.kind == ACTION_WRITE_ALIAS) && e.fault == FAULT_NONE)
                fake_alias_show(&g->alias[i], FAKE_PRESENT, &e, revision);
        group_event(g, &e);
}

static void reply_poll(Group *g, uint32_t i) {
        Action a = g->poll_effect[i];
        Event e = { .kind = EVENT_METRICS_READ, .target = i, .op_id = a.op_id };
        MetricRow rows[200];

        g->poll_effect[i] = (Action){ 0 };
        for (usec_t t = a.metrics.from; t + USEC_PER_MINUTE <= g->now.wall && t < a.metrics.until;
                        t += USEC_PER_MINUTE)
                rows[e.n_rows++] = (MetricRow){ .start = t, { 100, g->errors[i] }, { 100, 0 } };
        e.rows = rows;
        group_event(g, &e);
}

static void group_on(Group *g) {
        usec_t due;

        for (uint32_t i = 0; i < N; i++)
                if (g->alias_effect[i].op_id != 0) {
                        reply_alias(g, i);
                        return;
                }
        for (uint32_t i = 0; i < N; i++)
                if (g->poll_effect[i].op_id != 0) {
                        reply_poll(g, i);
                        return;
                }
        due = rollout_deadline(g->state, &g->plan, &g->now);
        EXPECT(due != USEC_INFINITY);
        g->now.wall += usec_sub(due, g->now.mono);
        g->now.mono = usec_max(g->now.mono, due);
        group_simple(g, EVENT_TICK);
}

static void group_to(Group *g, uint32_t wave, Phase phase) {
        if (g->state->phase == PHASE_QUEUED)
                group_simple(g, EVENT_START);
        for (unsigned i = 0; i < 2000; i++) {
                if (g->state->phase == phase && g->state->wave == wave)
                        return;
                if (phase_is_terminal((Phase) g->state->phase))
                        break;
                group_on(g);
        }
        FAIL("never got to %s of wave %u, but to %s", phase_to_string(phase), wave,
                        phase_to_string((Phase) g->state->phase));
}

/* "44" per alias: its primary version's last digit, "s" where it is split. */
static const char *aliases(const Group *g) {
        static char text[N + 1];

        for (unsigned i = 0; i < N; i++)
                text[i] = g->alias[i].route.extra != 0 ? 's' : (char) ('0' + g->alias[i].route.primary % 10);
        return text;
}

TEST(one_wave_after_the_other) {
        _cleanup_(group_freep) Group *g = group_new();

        group_to(g, 0, PHASE_BAKING);
        EXPECT_STR(aliases(g), "2211");
        group_to(g, 1, PHASE_SHIFTING);
        EXPECT_STR(aliases(g), "2211");
        group_to(g, 1, PHASE_PROMOTING);
        EXPECT_STR(aliases(g), "22ss");
        group_to(g, 1, PHASE_SUCCEEDED);
        EXPECT_STR(aliases(g), "2222");
        EXPECT_STR(g->story,
                        "wave-begun 0, weight-intent 0, weight-intent 1, step-passed 0, step-passed 1, "
                        "weight-intent 0, weight-intent 1, wave-baked 0, "
                        "wave-begun 2, weight-intent 2, weight-intent 3, step-passed 2, step-passed 3, "
                        "weight-intent 2, weight-intent 3, wave-baked 2, ");
}

TEST(the_next_wave_is_read_before_it_is_written) {
        _cleanup_(group_freep) Group *g = group_new();

        group_to(g, 1, PHASE_SHIFTING);
        for (uint32_t i = 0; i < N; i++)
                EXPECT_INT(g->alias_effect[i].kind, i < 2 ? 0 : ACTION_READ_ALIAS);
        reply_alias(g, 2);
        EXPECT_INT(g->alias_effect[2].op_id, 0); /* waits for the other */
        reply_alias(g, 3);
        EXPECT_INT(g->alias_effect[2].kind, ACTION_WRITE_ALIAS);
        EXPECT_INT(g->alias_effect[3].kind, ACTION_WRITE_ALIAS);
}

/* From 22:00 to 22:25 UTC; the group begins at 22:14, and the second wave could at 22:31. */
TEST(the_next_wave_waits_for_the_window) {
        _cleanup_(group_freep) Group *g = group_new();

        g->plan.window = (PlanWindow){ .days = 0x7f, .from = 22 * 60, .until = 22 * 60 + 25 };
        g->plan.deadline = 2 * USEC_PER_DAY;
        group_to(g, 1, PHASE_SHIFTING);
        EXPECT(g->now.wall % USEC_PER_DAY > 22 * USEC_PER_HOUR + 25 * USEC_PER_MINUTE);
        EXPECT_INT(g->state->gated, GATED_TOLD);
        for (unsigned i = 0; i < 3000 && g->alias_effect[2].kind != ACTION_WRITE_ALIAS; i++)
                group_on(g);
        EXPECT_INT(g->alias_effect[2].kind, ACTION_WRITE_ALIAS);
        EXPECT(g->now.wall % USEC_PER_DAY >= 22 * USEC_PER_HOUR);
        EXPECT(g->now.wall % USEC_PER_DAY < 22 * USEC_PER_HOUR + USEC_PER_MINUTE);
        group_to(g, 1, PHASE_PROMOTING);
}

TEST(a_foreign_hand_on_the_next_wave_ends_it_before_it_begins) {
        _cleanup_(group_freep) Group *g = group_new();
        const Route theirs = { .primary = 43 };

        group_to(g, 0, PHASE_BAKING);
        fake_alias_seize(&g->alias[3], &theirs);
        group_to(g, 1, PHASE_RELEASED);
        EXPECT_STR(aliases(g), "2213");
        EXPECT_INT(g->state->reason_target, 3);
        EXPECT(!g->state->targets[2].touched);
}

TEST(baked_waves_are_watched_no_more) {
        _cleanup_(group_freep) Group *g = group_new();

        group_to(g, 1, PHASE_SHIFTING);
        g->errors[0] = 100;
        group_to(g, 1, PHASE_SUCCEEDED);
        EXPECT(g->state->targets[0].judge.seen_new.errors <= 0);
}

TEST(a_breach_in_the_bake_keeps_the_next_wave_from_beginning) {
        _cleanup_(group_freep) Group *g = group_new();

        group_to(g, 0, PHASE_BAKING);
        g->errors[1] = 100;
        group_to(g, 0, PHASE_ROLLED_BACK);
        EXPECT_STR(aliases(g), "1111");
        EXPECT_CONTAINS(g->story, "weight-intent 1, weight-intent 0, rolled-back 1, ");
}

TEST(a_wave_that_fails_goes_back_alone) {
        _cleanup_(group_freep) Group *g = group_new();

        group_to(g, 1, PHASE_PROMOTING);
        g->errors[2] = 100;
        g->waves[1].bake = USEC_PER_HOUR;
        group_to(g, 1, PHASE_ROLLED_BACK);
        EXPECT_INT(g->state->reason, REASON_BREACH);
        EXPECT_STR(aliases(g), "2211");
        EXPECT_CONTAINS(g->story, "weight-intent 3, weight-intent 2, rolled-back 2, ");
}

TEST(or_takes_those_before_it_along) {
        _cleanup_(group_freep) Group *g = group_new();

        g->plan.wave_failure_all = true;
        g->waves[1].bake = USEC_PER_HOUR;
        group_to(g, 1, PHASE_BAKING);
        g->errors[2] = 100;
        group_to(g, 1, PHASE_ROLLING_BACK);
        /* All at once, the last one first. */
        EXPECT_CONTAINS(g->story, "weight-intent 3, weight-intent 2, weight-intent 1, weight-intent 0, ");
        for (uint32_t i = 0; i < N; i++)
                EXPECT_INT(g->alias_effect[i].kind, ACTION_WRITE_ALIAS);
        group_to(g, 1, PHASE_ROLLED_BACK);
        EXPECT_STR(aliases(g), "1111");
}

TEST(one_that_cannot_be_judged_holds_all) {
        _cleanup_(group_freep) Group *g = group_new();

        g->step.min_requests = 600;
        g->check.min_requests = 600;
        group_to(g, 0, PHASE_SHIFTING);
        while (g->state->step_age == 0)
                group_on(g);
        while (g->now.wall < WALL_START + 6 * USEC_PER_MINUTE) {
                group_on(g);
                EXPECT_INT(g->state->phase, PHASE_SHIFTING);
        }
        EXPECT_STR(aliases(g), "ss11");
        group_to(g, 1, PHASE_SUCCEEDED);
}

/* The process dies with one of two writes landed: the record says both were wanted. */
TEST(a_crash_between_two_writes_is_completed) {
        _cleanup_(group_freep) Group *g = group_new();

        group_to(g, 1, PHASE_SHIFTING);
        reply_alias(g, 2);
        reply_alias(g, 3);
        EXPECT_OK(fake_alias_write(
                        &g->alias[2], &g->alias_effect[2].write.route, g->alias_effect[2].write.revision));
        memset(g->alias_effect, 0, sizeof(g->alias_effect));
        EXPECT_STR(aliases(g), "22s1");
        group_simple(g, EVENT_RESUME);
        EXPECT_INT(g->alias_effect[0].op_id, 0); /* that is over */
        while (g->state->step_age == 0)
                group_on(g);
        EXPECT_STR(aliases(g), "22ss");
        group_to(g, 1, PHASE_SUCCEEDED);
}

TEST(a_newer_plan_turns_it_around) {
        _cleanup_(group_freep) Group *g = group_new();
        Event e = { .kind = EVENT_SUPERSEDE, .by = "group@2" };

        group_to(g, 1, PHASE_PROMOTING);
        group_event(g, &e);
        EXPECT_INT(g->state->phase, PHASE_ROLLING_BACK);
        group_event(g, &e); /* again: nothing more */
        EXPECT_INT(g->actions->n, 0);
        group_to(g, 1, PHASE_ROLLED_BACK);
        EXPECT_INT(g->state->reason, REASON_SUPERSEDED);
        EXPECT_STR(aliases(g), "2211");
}

TEST(a_newer_plan_takes_the_place_of_one_that_waits) {
        _cleanup_(group_freep) Group *g = group_new();
        Event e = { .kind = EVENT_SUPERSEDE, .by = "group@2" };

        group_event(g, &e);
        EXPECT_INT(g->state->phase, PHASE_REJECTED);
        EXPECT_INT(g->state->reason, REASON_SUPERSEDED);
        EXPECT(g->state->ended_wall == g->now.wall);
}

TEST(who_is_in_play) {
        _cleanup_(group_freep) Group *g = group_new();

        g->state->wave = 1;
        for (uint32_t p = 0; p < PHASE_COUNT; p++) {
                bool live = phase_is_live((Phase) p);

                g->state->phase = p;
                EXPECT_INT(target_is_in_play(g->state, &g->plan, 0),
                                p == PHASE_PREFLIGHT || p == PHASE_PUBLISHING);
                EXPECT_INT(target_is_in_play(g->state, &g->plan, 3), live || p == PHASE_PREFLIGHT);
        }
        g->state->phase = PHASE_ROLLING_BACK;
        g->plan.wave_failure_all = true;
        EXPECT(target_is_in_play(g->state, &g->plan, 0));
}
