#include <stdlib.h>

#include "base/alloc.h"
#include "lib/test.h"
#include "unit/daemon/fake-exec.h"
#include "unit/daemon/fake-store.h"
#include "unit/daemon/log-capture.h"
#include "unit/daemon/runner-rig.h"
#include "unit/daemon/trail.h"

TEST(without_a_persist_effects_start_at_once) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();

        script(PHASE_SHIFTING, "am");
        runner_start(g->runner);
        EXPECT_STR(trail(), "step(start) read-alias#1 read-metrics#2 ");
        EXPECT(!fake_store_is_waiting());
        fake_exec_answer(1, (Event){ .fault = FAULT_TRANSIENT });
        EXPECT_STR(trail(), "step(start) read-alias#1 read-metrics#2 step(metrics-read/transient) ");
}

TEST(the_journal_hears_of_it_when_it_is_durable) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();
        _cleanup_(freep) char *before = NULL, *after = NULL;

        script(PHASE_SHIFTING, "PRRw");
        capture_begin();
        runner_start(g->runner);
        rig_settle(g->rig);
        before = capture_end();
        EXPECT_STR(before, "");
        capture_begin();
        fake_store_answer(0);
        after = capture_end();
        EXPECT_CONTAINS(after, "notice checkout@7: checkout:live ");
        EXPECT(strchr(after, '\n') != strrchr(after, '\n'));
}

TEST(a_refused_commit_fails_its_effects_by_way_of_the_loop) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();
        _cleanup_(freep) char *text = NULL;

        script(PHASE_SHIFTING, "PRwm");
        runner_start(g->runner);
        capture_begin();
        fake_store_answer(-ENOSPC);
        text = capture_end();
        EXPECT_STR(trail(), "step(start) commit(shifting,1) answer(-28) ");
        EXPECT_CONTAINS(text,
                        "alert checkout@7: the store refuses to record it: No space left on device; it goes "
                        "no further until that works; ");
        rig_settle(g->rig);
        EXPECT_STR(trail(),
                        "step(start) commit(shifting,1) answer(-28) step(alias-written/store) "
                        "step(metrics-read/store) ");
        EXPECT_INT(fake_exec_count(), 0);
}

TEST(a_store_that_takes_nothing_is_a_refused_commit_too) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();

        fake_store_refuse(-ENOMEM);
        script(PHASE_SHIFTING, "PRw");
        runner_start(g->runner);
        EXPECT_STR(trail(), "step(start) ");
        rig_settle(g->rig);
        EXPECT_STR(trail(), "step(start) step(alias-written/store) ");
}

TEST(a_rollback_starts_unrecorded) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();
        _cleanup_(freep) char *text = NULL;

        script(PHASE_ROLLING_BACK, "PRWm");
        runner_start(g->runner);
        EXPECT_INT(fake_exec_count(), 0);
        capture_begin();
        fake_store_answer(-EIO);
        text = capture_end();
        EXPECT_STR(trail(), "step(start) commit(rolling-back,1) answer(-5) write-alias#1 ");
        EXPECT_CONTAINS(text, "rolling back all the same");
        rig_settle(g->rig);
        EXPECT_STR(trail(),
                        "step(start) commit(rolling-back,1) answer(-5) write-alias#1 "
                        "step(metrics-read/store) ");
}

TEST(what_was_refused_is_recorded_with_what_comes_next) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();

        script(PHASE_SHIFTING, "PR");
        script(PHASE_ROLLING_BACK, "PRR");
        runner_start(g->runner);
        fake_store_answer(-ENOSPC);
        trail_reset();
        runner_resume(g->runner);
        EXPECT_STR(trail(), "step(resume) commit(rolling-back,1,2,3) ");
        fake_store_answer(0);
        EXPECT(!runner_is_unrecorded(g->runner));
        script(PHASE_ROLLING_BACK, "PR");
        trail_reset();
        runner_resume(g->runner);
        EXPECT_STR(trail(), "step(resume) commit(rolling-back,4) ");
}

TEST(what_was_refused_is_tried_again_by_itself) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();
        _cleanup_(freep) char *text = NULL;

        script(PHASE_BAKING, "PR");
        runner_start(g->runner);
        script_clock_behind(5 * USEC_PER_SEC);
        fake_store_answer(-EROFS);
        script_clock_behind(0);
        rig_settle(g->rig);
        EXPECT_STR(trail(), "step(start) commit(baking,1) answer(-30) commit(baking,1) ");
        capture_begin();
        fake_store_answer(0);
        text = capture_end();
        EXPECT_CONTAINS(text, "notice checkout@7: the store has recorded it again\n");
        /* Said once, when it happened. */
        EXPECT(!strstr(text, "checkout:live"));
}

TEST(another_writer_parks_the_rollout_and_nothing_starts) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();

        script(PHASE_ROLLING_BACK, "PRWm");
        runner_start(g->runner);
        fake_store_answer(-EEXIST);
        rig_settle(g->rig);
        EXPECT_STR(trail(), "step(start) commit(rolling-back,1) answer(-17) ");
        EXPECT_CONTAINS(runner_trouble(g->runner), "written by somebody else");
        EXPECT(!runner_is_retired(g->runner));
}

TEST(what_waits_when_a_rollout_is_parked_does_not_leave_any_more) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();

        script(PHASE_SHIFTING, "wm");
        script(PHASE_ROLLING_BACK, "PRCW");
        runner_start(g->runner);
        fake_exec_call(1)->has_left = true;
        runner_resume(g->runner);
        trail_reset();
        fake_store_answer(-EEXIST);
        rig_settle(g->rig);
        EXPECT_STR(trail(), "answer(-17) withdraw#2-too-late withdraw#1 ");
        fake_exec_answer(1, (Event){ .fault = FAULT_NONE });
        rig_settle(g->rig);
        EXPECT_STR(trail(), "answer(-17) withdraw#2-too-late withdraw#1 ");
}

TEST(an_effect_that_cannot_start_never_left) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();

        fake_exec_refuse(-ENOMEM);
        script(PHASE_SHIFTING, "w");
        runner_start(g->runner);
        EXPECT_STR(trail(), "step(start) ");
        rig_settle(g->rig);
        EXPECT_STR(trail(), "step(start) step(alias-written/unreachable) ");
}

TEST(a_store_that_refuses_for_ever_does_not_eat_the_memory) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();
        _cleanup_(freep) char *text = NULL;

        fake_store_refuse(-ENOSPC);
        capture_begin();
        for (size_t i = 0; i < 260; i++) {
                if (i % 50 == 0)
                        trail_reset();
                script_again(PHASE_SHIFTING, "PR");
                runner_resume(g->runner);
                rig_settle(g->rig);
        }
        text = capture_end();
        EXPECT_CONTAINS(text, "1 events could not be stored for too long and are in the journal only");
        fake_store_refuse(0);
        script_again(PHASE_SHIFTING, "P");
        trail_reset();
        runner_resume(g->runner);
        EXPECT_CONTAINS(trail(), "commit(shifting,5,6,");
}

TEST(what_is_cancelled_in_time_never_comes_back) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();

        script(PHASE_SHIFTING, "w");
        script(PHASE_ROLLING_BACK, "PCW");
        runner_start(g->runner);
        runner_resume(g->runner);
        EXPECT_STR(trail(), "step(start) write-alias#1 step(resume) commit(rolling-back) ");
        trail_reset();
        fake_store_answer(0); /* not before it is durable */
        EXPECT_STR(trail(), "answer(0) withdraw#1 write-alias#2 ");
        EXPECT(!fake_exec_call(0)->is_open);
}

TEST(what_is_cancelled_too_late_comes_back_as_it_would) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();

        script(PHASE_SHIFTING, "w");
        script(PHASE_ROLLING_BACK, "CW");
        runner_start(g->runner);
        fake_exec_call(0)->has_left = true;
        runner_resume(g->runner);
        EXPECT_STR(trail(), "step(start) write-alias#1 step(resume) withdraw#1-too-late write-alias#2 ");
        trail_reset();
        fake_exec_answer(0, (Event){ .fault = FAULT_NONE });
        EXPECT_STR(trail(), "step(alias-written) ");
}

TEST(a_cancel_of_nothing_and_an_unrecorded_one) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();
        _cleanup_(freep) char *text = NULL;

        script(PHASE_SHIFTING, "w");
        script(PHASE_SHIFTING, "PC");
        script(PHASE_SHIFTING, "C");
        runner_start(g->runner);
        runner_resume(g->runner);
        capture_begin();
        fake_store_answer(-ENOSPC);
        text = capture_end();
        EXPECT_CONTAINS(text, "No space left on device; trying again");
        EXPECT_CONTAINS(trail(), "answer(-28) withdraw#1 ");
        trail_reset();
        runner_resume(g->runner); /* it is gone by now */
        rig_settle(g->rig);
        EXPECT_CONTAINS(trail(), "step(resume) ");
        EXPECT(!strstr(trail(), "withdraw"));
}

TEST(alarms_that_are_not_recorded_fail_like_the_rest) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();

        script(PHASE_SHIFTING, "PRA");
        runner_start(g->runner);
        fake_store_answer(-EIO);
        rig_settle(g->rig);
        EXPECT_CONTAINS(trail(), "step(alarms-read/store) ");
}
