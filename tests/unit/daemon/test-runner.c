#include "daemon/runner.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "daemon/runner-internal.h"
#include "lib/fault.h"
#include "lib/test.h"
#include "unit/daemon/fake-exec.h"
#include "unit/daemon/fake-store.h"
#include "unit/daemon/log-capture.h"
#include "unit/daemon/runner-rig.h"
#include "unit/daemon/trail.h"

TEST(no_effect_starts_before_its_intent_is_durable) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();

        script(PHASE_SHIFTING, "PRwm");
        runner_start(g->runner);
        rig_settle(g->rig);
        EXPECT_STR(trail(), "step(start) commit(shifting,1) ");
        fake_store_answer(0);
        EXPECT_STR(trail(), "step(start) commit(shifting,1) answer(0) write-alias#1 read-metrics#2 ");
}

TEST(a_report_alone_is_made_durable_too) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();

        script(PHASE_SHIFTING, "Rm");
        runner_start(g->runner);
        EXPECT_STR(trail(), "step(start) commit(shifting,1) ");
        fake_store_answer(0);
        EXPECT_STR(trail(), "step(start) commit(shifting,1) answer(0) read-metrics#1 ");
}

TEST(what_keeps_its_calls_from_leaving) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();

        script(PHASE_SHIFTING, "am");
        runner_start(g->runner);
        EXPECT(!runner_waits_for(g->runner));
        fake_exec_call(0)->waits_for = "credentials";
        EXPECT_STR(runner_waits_for(g->runner), "credentials");
}

TEST(events_wait_in_order_while_a_commit_is_under_way) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();

        script(PHASE_SHIFTING, "am");
        script(PHASE_SHIFTING, "PRw");
        script(PHASE_SHIFTING, "PR");
        runner_start(g->runner);
        runner_resume(g->runner);
        EXPECT(fake_store_is_waiting());
        trail_reset();
        fake_exec_answer(1, (Event){ .fault = FAULT_THROTTLED, .error = "Rate exceeded" });
        fake_exec_answer(0, (Event){ .revision = "r-1" });
        rig_settle(g->rig);
        EXPECT_STR(trail(), "");
        fake_store_answer(0);
        EXPECT_STR(trail(), "answer(0) write-alias#3 ");
        /* The first one persists: the second goes on waiting, and the commit has the first one's state. */
        rig_settle(g->rig);
        EXPECT_STR(trail(), "answer(0) write-alias#3 step(metrics-read/throttled) commit(shifting,2) ");
        fake_store_answer(0);
        rig_settle(g->rig);
        EXPECT_STR(trail(),
                        "answer(0) write-alias#3 step(metrics-read/throttled) commit(shifting,2) answer(0) "
                        "step(alias-read) ");
}

TEST(the_deadline_is_a_tick) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();
        usec_t start = rig_now();

        script(PHASE_SHIFTING, "");
        runner_start(g->runner);
        script_deadline(start + 100 * USEC_PER_MSEC);
        script(PHASE_SHIFTING, "");
        runner_resume(g->runner);
        script_deadline(USEC_INFINITY);
        rig_run_for(g->rig, 50 * USEC_PER_MSEC);
        EXPECT_STR(trail(), "step(start) step(resume) ");
        rig_run_for(g->rig, 100 * USEC_PER_MSEC);
        EXPECT_STR(trail(), "step(start) step(resume) step(tick) ");
}

TEST(no_tick_comes_while_a_commit_is_under_way) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();

        script_deadline(rig_now());
        script(PHASE_SHIFTING, "PR");
        runner_start(g->runner);
        rig_settle(g->rig);
        EXPECT_STR(trail(), "step(start) commit(shifting,1) ");
        fake_store_answer(0);
        (void) sd_event_run(g->rig->event, 0);
        EXPECT_STR(trail(), "step(start) commit(shifting,1) answer(0) step(tick) ");
}

TEST(stale_and_senseless_events_change_nothing) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();
        _cleanup_(freep) char *text = NULL;
        RolloutState before = *runner_state(g->runner);

        script_result(-ESTALE);
        script_result(-EINVAL);
        capture_begin();
        runner_start(g->runner);
        runner_resume(g->runner);
        text = capture_end();
        EXPECT(memcmp(&before, runner_state(g->runner), sizeof(before)) == 0);
        EXPECT_CONTAINS(text, "err checkout@7: event resume makes no sense in phase queued, ignored");
        EXPECT_INT(fake_exec_count(), 0);
}

TEST(all_aliases_of_what_is_parked_are_meant) {
        static const PlanTarget targets[3] = {
                { .function = "checkout", .alias = "live" },
                { .function = "mailer", .alias = "live" },
                { .function = "search", .alias = "live" },
        };
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();
        _cleanup_(freep) char *text = NULL;
        Plan *plan = &g->runner->doc->plan;

        plan->targets = targets;
        plan->n_targets = 3;
        capture_begin();
        runner_park(g->runner, "for the test");
        text = capture_end();
        EXPECT_CONTAINS(text,
                        "look after checkout:live and the other 2 targets of its plan by hand: for the test\n");
        plan->n_targets = 1; /* as the runner was made for */
}

TEST(a_broken_invariant_parks_this_rollout_and_no_other) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();
        _cleanup_(runner_freep) Runner *other = runner_rig_add(g, "mailer@1");
        _cleanup_(freep) char *text = NULL;

        script(PHASE_SHIFTING, "PRw");
        script_broken("PERSIST comes first");
        capture_begin();
        runner_start(g->runner);
        text = capture_end();
        EXPECT_CONTAINS(text,
                        "alert checkout@7: FROZEN, look after checkout:live by hand: event "
                        "start broke the rule \"PERSIST comes first\"; please report this\n");
        EXPECT_CONTAINS(runner_trouble(g->runner), "PERSIST comes first");
        EXPECT_INT(runner_state(g->runner)->phase, PHASE_QUEUED);
        script_broken(NULL);
        trail_reset();
        runner_resume(g->runner);
        EXPECT_STR(trail(), "");
        script(PHASE_SHIFTING, "m");
        runner_start(other);
        EXPECT_STR(trail(), "step(start) read-metrics#2 ");
}

TEST(a_parked_rollout_is_mentioned_again_and_again) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();
        _cleanup_(freep) char *text = NULL;

        script_clock_behind(10 * USEC_PER_MINUTE);
        runner_park(g->runner, "for the test");
        script_clock_behind(0);
        capture_begin();
        (void) sd_event_run(g->rig->event, 0);
        text = capture_end();
        EXPECT_CONTAINS(text, "alert checkout@7: still FROZEN: for the test\n");
}

TEST(it_retires_when_its_end_is_durable) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();

        script(PHASE_SHIFTING, "m");
        script(PHASE_SUCCEEDED, "PR");
        runner_start(g->runner);
        runner_resume(g->runner);
        EXPECT(!runner_is_retired(g->runner));
        fake_store_answer(0);
        EXPECT(runner_is_retired(g->runner));
        EXPECT_STR(trail(),
                        "step(start) read-metrics#1 step(resume) commit(succeeded!,1) answer(0) cancel#1 ");
        EXPECT(g->n_changes >= 2);
        runner_resume(g->runner);
        EXPECT_CONTAINS(trail(), "cancel#1 ");
}

TEST(an_end_that_cannot_be_recorded_is_recorded_later) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();

        script(PHASE_ROLLED_BACK, "PR");
        runner_start(g->runner);
        script_clock_behind(5 * USEC_PER_SEC);
        fake_store_answer(-ENOSPC);
        EXPECT(!runner_is_retired(g->runner));
        EXPECT(runner_is_unrecorded(g->runner));
        script_clock_behind(0);
        rig_settle(g->rig);
        EXPECT_STR(trail(), "step(start) commit(rolled-back!,1) answer(-28) commit(rolled-back!,1) ");
        fake_store_answer(0);
        EXPECT(runner_is_retired(g->runner));
        EXPECT(!runner_is_unrecorded(g->runner));
}

TEST(freed_in_the_middle_it_is_never_heard_of_again) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();

        script(PHASE_SHIFTING, "m");
        script(PHASE_SHIFTING, "PRw");
        runner_start(g->runner);
        runner_resume(g->runner);
        g->runner = runner_free(g->runner);
        fake_store_answer(0);
        rig_settle(g->rig);
        EXPECT_STR(trail(),
                        "step(start) read-metrics#1 step(resume) commit(shifting,1) cancel#1 answer(0) ");
}

TEST(too_many_waiting_events_are_answered_by_a_resume) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();

        script(PHASE_SHIFTING, "m");
        script(PHASE_SHIFTING, "PRw");
        runner_start(g->runner);
        runner_resume(g->runner);
        script_clock_behind(2 * USEC_PER_SEC);
        for (size_t i = 0; i <= 4 * PLAN_TARGETS_MAX; i++)
                runner_resume(g->runner);
        script_clock_behind(0);
        trail_reset();
        rig_settle(g->rig);
        fake_store_answer(0);
        rig_settle(g->rig);
        /* The effects of the state before are not started: the resumed core asks anew. */
        EXPECT_STR(trail(), "answer(0) step(resume) ");
}

TEST(out_of_memory_is_like_a_restart_or_a_store_that_refuses) {
        FAULT_LOOP {
                RunnerRig *g;
                bool struck;

                (void) fault_struck();
                g = runner_rig_new();
                script(PHASE_PREFLIGHT, "PRa");
                script_clock_behind(6 * USEC_PER_SEC);
                fault_arm(_fault);
                runner_start(g->runner);
                struck = fault_struck();
                EXPECT_INT(fake_exec_count(), 0);
                script_clock_behind(0);
                rig_settle(g->rig);
                if (struck && !strstr(trail(), "step(start) step(start) ") &&
                                !strstr(trail(), "step(start) step(alias-read/store) "))
                        FAIL("after allocation %u: %s", _fault, trail());
                g = runner_rig_free(g);
                if (!struck)
                        break;
        }
}

TEST(out_of_memory_when_it_is_made) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();

        FAULT_LOOP {
                _cleanup_(runner_freep) Runner *runner = NULL;
                _cleanup_(plan_doc_freep) PlanDoc *doc = NULL;
                _cleanup_(freep) RolloutState *state = NULL;
                bool struck;
                int r;

                (void) fault_struck();
                doc = alloc_one(PlanDoc);
                EXPECT(doc);
                doc->plan = (Plan){ .name = "x", .n_targets = 1 };
                state = alloc_zero(rollout_state_size(1));
                EXPECT(state);
                fault_arm(_fault);
                r = runner_new(&g->shared, &(RunnerId){ .id = "x@1", .name = "x", .plan_path = "/x" }, &doc,
                                &state, &runner);
                struck = fault_struck();
                EXPECT_INT(r, struck ? -ENOMEM : 0);
                /* On failure they are still the caller's. */
                EXPECT(struck == (doc != NULL) && struck == (state != NULL) && struck == !runner);
                if (!struck)
                        break;
        }
}
