#include "daemon/runner-internal.h"

#include "base/alloc.h"
#include "daemon/log.h"
#include "lib/test.h"
#include "unit/daemon/fake-exec.h"
#include "unit/daemon/log-capture.h"
#include "unit/daemon/runner-rig.h"

/* Calls that began so long ago; what is said of them. */
static char *heard_after(RunnerRig *g, const char *actions, usec_t ago) {
        log_open(LOG_INFO, NULL);
        script_clock_behind(ago);
        script(PHASE_SHIFTING, actions);
        runner_start(g->runner);
        script_clock_behind(0);
        capture_begin();
        rig_settle(g->rig);
        return capture_end();
}

TEST(a_call_without_an_answer_is_told_while_it_lasts) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();
        _cleanup_(freep) char *text = heard_after(g, "v", 7 * USEC_PER_SEC);

        EXPECT_CONTAINS(text,
                        "warning checkout@7: checkout:live: AWS has not answered for 7 s (read-version); still waiting\n");
        EXPECT(runner_silence(g->runner) >= 7 * USEC_PER_SEC);
        EXPECT(runner_silence(g->runner) < 60 * USEC_PER_SEC);
        fake_exec_answer(0, (Event){ .version_active = true });
        EXPECT_INT(runner_silence(g->runner), 0);
}

TEST(it_is_not_told_again_at_once) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();
        _cleanup_(freep) char *first = heard_after(g, "v", 7 * USEC_PER_SEC);
        _cleanup_(freep) char *second = NULL;

        EXPECT_CONTAINS(first, "has not answered");
        fake_exec_answer(0, (Event){ .fault = FAULT_TRANSIENT, .error = "no answer" });
        second = heard_after(g, "v", 20 * USEC_PER_SEC);
        EXPECT(!strstr(second, "has not answered"));
        EXPECT(runner_silence(g->runner) > 0);
}

TEST(the_usual_time_is_no_silence) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();
        _cleanup_(freep) char *text = heard_after(g, "va", 2 * USEC_PER_SEC);

        EXPECT_STR(text, "");
        EXPECT_INT(runner_silence(g->runner), 0);
}

TEST(metrics_may_take_longer) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();
        _cleanup_(freep) char *text = heard_after(g, "mA", 7 * USEC_PER_SEC);

        EXPECT_STR(text, "");
        EXPECT_INT(runner_silence(g->runner), 0);
}

TEST(what_waits_for_us_is_not_blamed_on_aws) {
        _cleanup_(runner_rig_freep) RunnerRig *g = runner_rig_new();
        _cleanup_(freep) char *text = NULL;

        script_clock_behind(7 * USEC_PER_SEC);
        script(PHASE_SHIFTING, "v");
        runner_start(g->runner);
        script_clock_behind(0);
        fake_exec_call(0)->waits_for = "its turn (API pacing)";
        capture_begin();
        rig_settle(g->rig);
        text = capture_end();
        EXPECT_STR(text, "");
        EXPECT_INT(runner_silence(g->runner), 0);
}
