/* Walks everything that can happen to small plans, breadth first, until nothing new is found or the depth is
 * reached: every reply good and bad, every crash, late writes that land after all, foreign hands. The depth
 * is what bounds the walk where retries could go on for ever. */

#include <stdlib.h>

#include "base/alloc.h"
#include "base/usec.h"
#include "core/trace.h"
#include "lib/test.h"
#include "model/frontier.h"
#include "model/model.h"

#define SEEN_SLOTS (1u << 23)

typedef struct Walk {
        Frontier *frontier;
        uint64_t *seen;
        size_t n_seen, n_edges, n_finished, phases[PHASE_COUNT];
        unsigned depth_max;
        unsigned finish_every; /* every n-th node is also driven to its end */
} Walk;

static bool walk_remember(Walk *w, uint64_t fingerprint) {
        size_t i = fingerprint & (SEEN_SLOTS - 1);

        if (fingerprint == 0)
                fingerprint = 1;
        while (w->seen[i] != 0) {
                if (w->seen[i] == fingerprint)
                        return false;
                i = (i + 1) & (SEEN_SLOTS - 1);
        }
        if (w->n_seen >= SEEN_SLOTS / 2)
                FAIL("the walk is larger than its table: %zu nodes", w->n_seen);
        w->seen[i] = fingerprint;
        w->n_seen++;
        return true;
}

static void walk_visit(Model *m, const ModelNode *next, void *userdata) {
        Walk *w = userdata;

        w->n_edges++;
        if (m->failure)
                FAIL("%s (phase %s, trail %s)", m->failure,
                                phase_to_string((Phase) model_state_const(next)->phase), next->trail);
        if (!walk_remember(w, model_fingerprint(m, next)))
                return;
        w->phases[model_state_const(next)->phase]++;
        if (w->n_seen % w->finish_every == 0) {
                w->n_finished++;
                if (!model_finishes(m, next))
                        FAIL("%s, from phase %s, trail %s", m->failure,
                                        phase_to_string((Phase) model_state_const(next)->phase),
                                        next->trail);
        }
        if ((w->depth_max != 0 && next->depth >= w->depth_max) ||
                        phase_is_terminal((Phase) model_state_const(next)->phase))
                return;
        EXPECT_OK(frontier_push(w->frontier, next));
}

static void walk_deploys(const char *name, const Plan *plan, unsigned depth, uint32_t faults,
                uint32_t crashes, uint32_t seizures, uint32_t deploys) {
        Model *m = alloc_one(Model);
        Walk w = {
                .seen = alloc_array(SEEN_SLOTS, sizeof(uint64_t)), .depth_max = depth, .finish_every = 7
        };
        ModelNode *root = alloc_one(ModelNode), *node = alloc_one(ModelNode);

        EXPECT(m && w.seen && root && node);
        m->plan = plan;
        m->actions = alloc_one(ActionList);
        EXPECT(m->actions);
        model_root(m, root, faults, crashes, seizures);
        root->world.supersedes_left = plan->on_newer_plan == NEWER_SUPERSEDES;
        root->world.deploys_left = deploys;
        w.frontier = frontier_new(root);
        EXPECT(w.frontier);
        walk_visit(m, root, &w);
        while (frontier_pop(w.frontier, node)) {
                if (model_expand(m, node, walk_visit, &w) == 0)
                        FAIL("a dead end in phase %s",
                                        phase_to_string((Phase) model_state_const(node)->phase));
        }
        printf("# %s%s: %zu states, %zu moves, %zu driven to their end;", name,
                        depth == 0 ? ", complete" : "", w.n_seen, w.n_edges, w.n_finished);
        for (unsigned p = 0; p < PHASE_COUNT; p++)
                printf(" %s %zu", phase_to_string((Phase) p), w.phases[p]);
        printf("\n");
        EXPECT(w.phases[PHASE_ROLLED_BACK] > 0);
        EXPECT(w.phases[PHASE_SHIFTING] + w.phases[PHASE_PROMOTING] > 0);
        free(m->actions);
        free(m);
        free(w.seen);
        (void) frontier_free(w.frontier);
        free(root);
        free(node);
}

static void walk(const char *name, const Plan *plan, unsigned depth, uint32_t faults, uint32_t crashes,
                uint32_t seizures) {
        walk_deploys(name, plan, depth, faults, crashes, seizures, 0);
}

static const PlanTarget targets[] = {
        { .function = "checkout", .alias = "live", .from = 41, .to = 42 },
        { .function = "mailer", .alias = "live", .from = 41, .to = 42 },
};
static const PlanStep steps[] = {
        { .weight = 5 * WEIGHT_PERCENT, .hold = 2 * USEC_PER_SEC },
        { .weight = 50 * WEIGHT_PERCENT, .hold = 2 * USEC_PER_SEC },
};
static const PlanCheck checks[] = {
        { .name = "errors", .kind = CHECK_ERROR_RATE, .max = 0.05, .min_requests = 1 },
        { .name = "alarm", .kind = CHECK_ALARM, .min_requests = 1, .alarm = "checkout-5xx" },
};

static Plan plan_of(uint32_t n_targets, uint32_t n_steps, uint32_t n_checks) {
        return (Plan){
                .name = "model",
                .targets = targets,
                .n_targets = n_targets,
                .steps = steps,
                .n_steps = n_steps,
                .checks = checks,
                .n_checks = n_checks,
                .checks_none = n_checks == 0,
                .every = 2 * USEC_PER_SEC,
                .period = USEC_PER_SEC,
                .settled_after = 0,
                .max_blind = 5 * USEC_PER_SEC,
                .deadline = 30 * USEC_PER_SEC,
        };
}

/* Budgets: faults, crashes, foreign hands. Depth 0: until nothing new is left. */
TEST(one_step_to_the_end) {
        Plan plan = plan_of(1, 1, 1);

        plan.deadline = 6 * USEC_PER_SEC;
        plan.max_blind = 3 * USEC_PER_SEC;
        walk("one step, to the end", &plan, 0, 1, 1, 0);
}

TEST(one_step_with_a_foreign_hand) {
        Plan plan = plan_of(1, 1, 1);

        walk("one step, foreign hand", &plan, 13, 1, 1, 1);
}

TEST(one_step_all_faults) {
        Plan plan = plan_of(1, 1, 1);

        walk("one step, two faults", &plan, 13, 2, 1, 0);
}

TEST(two_steps_by_time_alone) {
        Plan plan = plan_of(1, 2, 0);

        walk("two steps, no checks", &plan, 0, 1, 1, 0);
}

/* The only check is the alarm: no metrics are read. */
TEST(one_step_by_an_alarm) {
        Plan plan = plan_of(1, 1, 1);

        plan.checks = &checks[1];
        plan.deadline = 6 * USEC_PER_SEC;
        plan.max_blind = 3 * USEC_PER_SEC;
        walk("one step, an alarm", &plan, 0, 1, 1, 0);
}

TEST(one_step_by_metrics_and_an_alarm) {
        Plan plan = plan_of(1, 1, 2);

        walk("one step, metrics and an alarm", &plan, 13, 1, 1, 0);
}

TEST(all_at_once_then_bake) {
        Plan plan = plan_of(1, 0, 1);

        plan.bake = 3 * USEC_PER_SEC;
        walk("all at once, bake", &plan, 13, 1, 1, 0);
}

TEST(two_targets_in_lock_step) {
        Plan plan = plan_of(2, 1, 0);

        walk("two targets", &plan, 14, 1, 1, 0);
}

TEST(two_targets_and_a_foreign_hand) {
        Plan plan = plan_of(2, 1, 1);

        walk("two targets, foreign hand", &plan, 14, 0, 0, 1);
}

static const PlanWave waves[] = {
        { .name = "first", .first_target = 0, .n_targets = 1, .bake = 2 * USEC_PER_SEC },
        { .name = "second", .first_target = 1, .n_targets = 1 },
};

static Plan plan_of_waves(uint32_t n_steps, uint32_t n_checks) {
        Plan plan = plan_of(2, n_steps, n_checks);

        plan.waves = waves;
        plan.n_waves = ELEMENTSOF(waves);
        return plan;
}

TEST(two_waves) {
        Plan plan = plan_of_waves(1, 0);

        walk("two waves", &plan, 0, 1, 1, 0);
}

TEST(two_waves_all_of_which_go_back) {
        Plan plan = plan_of_waves(0, 1);

        plan.wave_failure_all = true;
        plan.deadline = 12 * USEC_PER_SEC;
        walk("two waves that go back together", &plan, 20, 1, 0, 0);
}

TEST(two_waves_and_a_foreign_hand) {
        Plan plan = plan_of_waves(0, 0);

        walk("two waves, foreign hand", &plan, 0, 0, 1, 1);
}

TEST(two_waves_that_give_way) {
        Plan plan = plan_of_waves(0, 0);

        plan.on_newer_plan = NEWER_SUPERSEDES;
        walk("two waves that give way", &plan, 0, 1, 1, 0);
}

/* The model's wall clock begins at 13:46:41. */
static PlanWindow window_of(int32_t offset) {
        return (PlanWindow){
                .days = 0x7f,
                .from = 13 * 60 + 47,
                .until = 13 * 60 + 48,
                .n_offsets = 1,
                .offsets = { { .seconds = offset } },
        };
}

TEST(a_window_that_opens) {
        Plan plan = plan_of(1, 2, 0);

        plan.window = window_of(14); /* in 5 s */
        walk("a window that opens", &plan, 0, 1, 1, 0);
}

TEST(a_window_that_closes) {
        Plan plan = plan_of(1, 2, 0);

        plan.window = window_of(73); /* open for 6 s */
        walk("a window that closes", &plan, 0, 1, 1, 0);
}

TEST(a_window_that_sends_back) {
        Plan plan = plan_of_waves(1, 0);

        plan.window = window_of(73);
        plan.window.at_end = WINDOW_ROLL_BACK;
        plan.not_before = 1000003 * USEC_PER_SEC;
        walk("a window that sends back", &plan, 0, 1, 1, 0);
}

static const PlanTarget published[] = {
        { .function = "checkout",
                        .alias = "live",
                        .from = 41,
                        .publish = { .kind = PUBLISH_ZIP, .path = "/z" } },
        { .function = "mailer", .alias = "live", .from = 41, .publish = { .kind = PUBLISH_LATEST } },
        { .function = "checkout",
                        .alias = "live",
                        .from = 41,
                        .publish = { .kind = PUBLISH_S3, .bucket = "b", .key = "k" } },
};

TEST(a_version_that_is_published) {
        Plan plan = plan_of(1, 1, 0);

        plan.targets = published;
        plan.restore_code = true;
        walk("published", &plan, 0, 1, 1, 0);
}

/* Its hash is not known before Lambda has said it. */
TEST(a_version_that_is_published_of_an_object) {
        Plan plan = plan_of(1, 1, 0);

        plan.targets = &published[2];
        plan.restore_code = true;
        walk("published of S3", &plan, 0, 1, 1, 0);
}

TEST(a_version_that_is_published_of_an_object_while_somebody_else_deploys) {
        Plan plan = plan_of(1, 0, 0);

        plan.targets = &published[2];
        plan.restore_code = true;
        walk_deploys("published of S3, foreign deploy, a fault", &plan, 0, 1, 0, 0, 1);
        walk_deploys("published of S3, foreign deploy, a crash", &plan, 0, 0, 1, 0, 1);
}

TEST(a_version_that_is_published_under_two_faults) {
        Plan plan = plan_of(1, 0, 1);

        plan.targets = published;
        plan.restore_code = true;
        walk("published, two faults", &plan, 18, 2, 1, 0);
}

TEST(a_version_that_is_published_for_an_alias_to_be_made) {
        Plan plan = plan_of(1, 0, 0);
        PlanTarget target = published[0];

        target.create_alias = true;
        plan.targets = &target;
        plan.restore_code = true;
        plan.on_newer_plan = NEWER_SUPERSEDES;
        walk("published, alias made", &plan, 0, 1, 1, 0);
}

TEST(an_alias_to_be_made_that_somebody_else_makes) {
        Plan plan = plan_of(1, 0, 0);
        PlanTarget target = targets[0];

        target.create_alias = true;
        plan.targets = &target;
        walk("alias made, foreign hand", &plan, 0, 1, 1, 1);
}

TEST(a_version_that_is_published_while_somebody_else_deploys) {
        Plan plan = plan_of(1, 0, 0);

        plan.targets = published;
        plan.restore_code = true;
        walk_deploys("published, foreign deploy, a fault", &plan, 0, 1, 0, 0, 1);
        walk_deploys("published, foreign deploy, a crash", &plan, 0, 0, 1, 0, 1);
}

TEST(latest_as_it_is_while_somebody_else_deploys) {
        Plan plan = plan_of(1, 0, 0);

        plan.targets = &published[1];
        plan.restore_code = true;
        walk_deploys("$LATEST published, foreign deploy", &plan, 0, 1, 0, 0, 1);
}

TEST(a_version_that_is_published_twice_over_for_two_aliases) {
        Plan plan = plan_of(2, 0, 0);
        PlanTarget both[] = { published[0], published[0] };

        both[1].alias = "beta";
        plan.targets = both;
        plan.restore_code = true;
        walk("two aliases of one function", &plan, 0, 0, 1, 0);
}

TEST(two_functions_that_are_published) {
        Plan plan = plan_of(2, 0, 0);
        PlanTarget both[] = { published[0], published[0] };

        both[1].function = "mailer";
        plan.targets = both;
        plan.restore_code = true;
        walk("two functions published", &plan, 0, 1, 0, 0);
}

TEST(two_waves_the_second_of_which_is_restored) {
        Plan plan = plan_of_waves(0, 0);

        plan.restore_code = true;
        plan.on_newer_plan = NEWER_SUPERSEDES;
        walk("two waves, restored", &plan, 0, 0, 1, 0);
}
