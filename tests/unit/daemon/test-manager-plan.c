#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/digest.h"
#include "base/alloc.h"
#include "codec/plan-yaml.h"
#include "codec/record.h"
#include "core/rollout.h"
#include "daemon/store.h"
#include "lib/test.h"
#include "unit/daemon/fake-exec.h"
#include "unit/daemon/log-capture.h"
#include "unit/daemon/manager-rig.h"

TEST(a_bad_plan_is_refused_with_its_place_until_it_is_good) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();
        _cleanup_(freep) char *text = NULL;

        manager_rig_start(g);
        capture_begin();
        rig_write(g->rig, "plans/a.yaml", "format: 1\nfunction: checkout\nalias: live\nto: 42\nstebs: []\n");
        manager_rig_wait_refusals(g, 1);
        text = capture_end();
        EXPECT_CONTAINS(text, "plans/a.yaml:5:1: error: unknown key \"stebs\"");
        EXPECT_CONTAINS(manager_rig_refusals(g), "a.yaml: ");
        EXPECT_STR(manager_rig_list(g), "");
        manager_rig_drop(g, "a.yaml", "checkout", "checkout", 42);
        manager_rig_wait_phase(g, "checkout@1", "preflight");
        EXPECT_STR(manager_rig_refusals(g), "");
}

TEST(a_bad_plan_dropped_again_is_answered_again_in_a_line) {
        static const char bad[] =
                        "format: 1\nfunction: checkout\nalias: live\nto: 42\nstebs: []\nhealth: {checks: none}\n";
        static const char *const words =
                        "plans/a.yaml: error: the same content again, refused as before: line 5, "
                        "column 1: unknown key \"stebs\"";
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();
        _cleanup_(freep) char *text = NULL;
        const char *found;

        manager_rig_start(g);
        rig_write(g->rig, "plans/a.yaml", bad);
        manager_rig_wait_refusals(g, 1);
        capture_begin();
        rig_write(g->rig, "plans/a.yaml", bad);
        rig_run_for(g->rig, 300 * USEC_PER_MSEC);
        text = capture_end();
        EXPECT_CONTAINS(text, words);
        found = strstr(text, words);
        EXPECT(!strstr(found + strlen(words), "a.yaml"));
        EXPECT_CONTAINS(manager_rig_refusals(g), "a.yaml: ");
}

TEST(a_plan_that_ran_and_is_dropped_again_is_answered_too) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();
        _cleanup_(freep) char *text = NULL;

        manager_rig_start(g);
        manager_rig_drop(g, "a.yaml", "checkout", "checkout", 42);
        manager_rig_wait_phase(g, "checkout@1", "preflight");
        capture_begin();
        manager_rig_drop(g, "a.yaml", "checkout", "checkout", 42);
        rig_run_for(g->rig, 300 * USEC_PER_MSEC);
        text = capture_end();
        EXPECT_CONTAINS(text, "info ");
        EXPECT_CONTAINS(text,
                        "plans/a.yaml: nothing to do: checkout was started with this very content already");
}

TEST(a_refusal_goes_with_its_file) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();
        _cleanup_(freep) char *path = rig_path(g->rig, "plans/a.yaml"),
                              *link = rig_path(g->rig, "plans/b.yaml");

        manager_rig_start(g);
        rig_write(g->rig, "plans/a.yaml", "nonsense");
        EXPECT_OK(symlink("a.yaml", link));
        manager_rig_wait_refusals(g, 2);
        EXPECT_CONTAINS(manager_rig_refusals(g), "b.yaml: is a symbolic link");
        EXPECT_OK(unlink(path));
        EXPECT_OK(unlink(link));
        manager_rig_wait_refusals(g, 0);
}

TEST(the_name_of_the_file_is_the_default_name) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();

        manager_rig_start(g);
        rig_write(g->rig, "plans/nightly.yml",
                        "format: 1\nfunction: checkout\nalias: live\nto: 42\n"
                        "steps: [{weight: 5%, hold: 10m}]\nhealth: {checks: none}\n");
        manager_rig_wait_phase(g, "nightly@1", "preflight");
}

TEST(the_same_content_is_nothing_and_other_content_is_the_next_number) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();

        manager_rig_start(g);
        manager_rig_drop(g, "a.yaml", "checkout", "checkout", 42);
        manager_rig_wait_phase(g, "checkout@1", "preflight");
        manager_rig_drop(g, "a.yaml", "checkout", "checkout", 42);
        manager_rig_drop(g, "copy.yaml", "checkout", "checkout", 42);
        manager_rig_drop(g, "z.yaml", "z", "mailer", 1);
        manager_rig_wait_phase(g, "z@1", "preflight");
        EXPECT_STR(manager_rig_list(g), "checkout@1:preflight z@1:preflight ");
        manager_rig_drop(g, "a.yaml", "checkout", "checkout", 43);
        manager_rig_wait_phase(g, "checkout@2", "queued");
        /* Back to what it was is a change, too. */
        manager_rig_drop(g, "a.yaml", "checkout", "checkout", 42);
        manager_rig_wait_phase(g, "checkout@3", "queued");
}

TEST(two_files_of_one_name_start_once_each_over_restarts) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();

        manager_rig_start(g);
        manager_rig_drop(g, "a.yaml", "checkout", "checkout", 42);
        manager_rig_wait_phase(g, "checkout@1", "preflight");
        manager_rig_drop(g, "b.yaml", "checkout", "checkout", 43);
        manager_rig_wait_phase(g, "checkout@2", "queued");
        for (size_t i = 0; i < 2; i++) {
                manager_rig_stop(g);
                manager_rig_start(g);
                rig_run_for(g->rig, 1300 * USEC_PER_MSEC);
                EXPECT_STR(manager_rig_list(g), "checkout@1:preflight checkout@2:queued ");
        }
}

TEST(plans_dropped_together_are_told_apart_before_they_are_durable) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();

        manager_rig_start(g);
        manager_rig_drop(g, "a.yaml", "checkout", "checkout", 42);
        manager_rig_drop(g, "b.yaml", "checkout", "checkout", 42);
        manager_rig_drop(g, "c.yaml", "checkout", "checkout", 43);
        manager_rig_wait_phase(g, "checkout@2", "queued");
        rig_run_for(g->rig, 200 * USEC_PER_MSEC);
        EXPECT_STR(manager_rig_list(g), "checkout@1:preflight checkout@2:queued ");
}

TEST(a_deleted_plan_changes_nothing_and_says_so) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();
        _cleanup_(freep) char *path = rig_path(g->rig, "plans/a.yaml"), *text = NULL;

        manager_rig_start(g);
        manager_rig_drop(g, "a.yaml", "checkout", "checkout", 42);
        manager_rig_wait_phase(g, "checkout@1", "preflight");
        capture_begin();
        EXPECT_OK(unlink(path));
        rig_run_for(g->rig, 200 * USEC_PER_MSEC);
        text = capture_end();
        EXPECT_CONTAINS(text, "notice checkout@1: ");
        EXPECT_CONTAINS(text, "plans/a.yaml is gone, which changes nothing: the rollout goes on\n");
        EXPECT_STR(manager_rig_list(g), "checkout@1:preflight ");
}

TEST(without_a_region_the_plan_must_name_one) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();
        _cleanup_(freep) char *said = NULL;

        g->conf.aws_region = NULL;
        capture_begin();
        manager_rig_start(g);
        said = capture_end();
        EXPECT_CONTAINS(said,
                        "warning no region is known, so that plans without one of their own are refused: ");
        EXPECT_CONTAINS(said, "AWS_REGION");
        manager_rig_drop(g, "a.yaml", "checkout", "checkout", 42);
        manager_rig_wait_refusals(g, 1);
        EXPECT_CONTAINS(manager_rig_refusals(g),
                        "a.yaml: no region is known for function \"checkout\": add \"region\" to the plan; or set "
                        "\"region\" under \"aws\" in the daemon's configuration, AWS_REGION in its environment, or "
                        "\"region\" in its AWS profile, and restart it\n");
        EXPECT_STR(manager_rig_list(g), "");
        manager_rig_drop(g, "a.yaml", "checkout", "arn:aws:lambda:eu-west-1:123456789012:function:checkout",
                        42);
        manager_rig_wait_phase(g, "checkout@1", "preflight");
        EXPECT_STR(manager_rig_refusals(g), "");
}

/* Fills a store with n queued rollouts of one alias. */
static void fill_store(ManagerRig *g, uint64_t n) {
        static const char text[] = "format: 1\nname: old\nfunction: checkout\nalias: live\nto: 42\n"
                                   "steps: [{weight: 5%, hold: 10m}]\nhealth: {checks: none}\n";
        _cleanup_(plan_doc_freep) PlanDoc *doc = NULL;
        _cleanup_(freep) DiagList *diags = alloc_one(DiagList);
        _cleanup_(freep) RolloutState *state = alloc_zero(rollout_state_size(1));
        _cleanup_(freep) char *record = NULL;
        char reason[320] = "", id[32];
        uint8_t sha256[DIGEST_SIZE];
        Store *s = NULL;

        EXPECT(diags && state);
        EXPECT_OK(digest_sha256(text, strlen(text), sha256));
        EXPECT_OK(plan_parse(text, strlen(text), "old", sha256, 0, diags, &doc));
        rollout_init(state, &doc->plan, 1);
        EXPECT_OK(record_encode(state, &record));
        EXPECT_OK(store_open(g->rig->event, g->rig->state, &s, reason));
        for (uint64_t i = 1; i <= n; i++) {
                (void) snprintf(id, sizeof(id), "old@%ju", (uintmax_t) i);
                EXPECT_OK(store_commit(s,
                                &(StoreChange){ .id = id,
                                                .name = "old",
                                                .number = i,
                                                .phase = "queued",
                                                .record = record,
                                                .plan_path = "/plans/old.yaml",
                                                .plan_text = text,
                                                .plan_size = strlen(text),
                                                .plan_sha256 = sha256 },
                                NULL, NULL));
        }
        rig_settle(g->rig);
        (void) store_close(s);
}

TEST(ten_thousand_live_rollouts_and_not_one_more) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();

        fill_store(g, LIVE_ROLLOUTS_MAX - 1);
        manager_rig_start(g);
        manager_rig_drop(g, "a.yaml", "checkout", "checkout", 42);
        manager_rig_wait_phase(g, "checkout@1", "queued");
        manager_rig_drop(g, "b.yaml", "mailer", "mailer", 7);
        manager_rig_wait_refusals(g, 1);
        EXPECT_CONTAINS(manager_rig_refusals(g), "b.yaml: 10000 rollouts are live, and that is the limit");
        /* One ends: there is room at the next scan. */
        fake_exec_answer(0, (Event){ .fault = FAULT_MISSING, .error = "Function not found" });
        manager_rig_wait_phase(g, "old@1", "rejected");
        manager_rig_drop(g, "c.yaml", "other", "mailer", 8);
        manager_rig_wait_phase(g, "mailer@1", "preflight");
}
