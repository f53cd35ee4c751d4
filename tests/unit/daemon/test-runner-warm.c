#include "daemon/runner-internal.h"

#include "lib/test.h"
#include "unit/daemon/fake-exec.h"
#include "unit/daemon/runner-rig.h"
#include "unit/daemon/trail.h"

static void touch(Runner *r, Phase phase, bool touched) {
        r->state->phase = phase;
        r->state->targets[0].touched = touched;
        runner_keep_warm(r);
}

TEST(what_was_touched_is_kept_warm_until_the_end) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();

        fake_exec_allow_warmth();
        touch(g->runner, PHASE_PREFLIGHT, false);
        EXPECT_STR(trail(), "");
        touch(g->runner, PHASE_SHIFTING, true);
        touch(g->runner, PHASE_PROMOTING, true);
        EXPECT_STR(trail(), "warm(0) ");
        touch(g->runner, PHASE_SUCCEEDED, true);
        EXPECT_STR(trail(), "warm(0) cool(0) ");
}

TEST(what_turns_out_untouched_cools) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();

        fake_exec_allow_warmth();
        touch(g->runner, PHASE_SHIFTING, true);
        touch(g->runner, PHASE_SHIFTING, false);
        touch(g->runner, PHASE_SHIFTING, true);
        EXPECT_STR(trail(), "warm(0) cool(0) warm(0) ");
        trail_reset();
        runner_let_cool(g->runner);
        EXPECT_STR(trail(), "cool(0) ");
}

TEST(going_without_is_no_trouble) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();

        touch(g->runner, PHASE_SHIFTING, true);
        touch(g->runner, PHASE_SUCCEEDED, true);
        EXPECT_STR(trail(), "");
        EXPECT(!runner_trouble(g->runner));
}
