#include <sqlite3.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "lib/test.h"
#include "unit/daemon/fake-exec.h"
#include "unit/daemon/log-capture.h"
#include "unit/daemon/manager-rig.h"

static void run_sql(const ManagerRig *g, const char *sql) {
        _cleanup_(freep) char *path = rig_path(g->rig, "state/canaryd.db");
        sqlite3 *db = NULL;

        EXPECT_INT(sqlite3_open(path, &db), SQLITE_OK);
        EXPECT_INT(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
        EXPECT_INT(sqlite3_changes(db), 1);
        EXPECT_INT(sqlite3_close(db), SQLITE_OK);
}

/* Two rollouts in preflight, stopped; then "sql" is done to the store and the daemon started again. Returns
 * what it said. */
static char *restart_after(ManagerRig *g, const char *sql) {
        manager_rig_start(g);
        manager_rig_drop(g, "a.yaml", "checkout", "checkout", 42);
        manager_rig_wait_phase(g, "checkout@1", "preflight");
        manager_rig_drop(g, "b.yaml", "mailer", "mailer", 7);
        manager_rig_wait_phase(g, "mailer@1", "preflight");
        manager_rig_stop(g);
        run_sql(g, sql);
        fake_exec_reset();
        capture_begin();
        manager_rig_start(g);
        manager_rig_wait_calls(g, 1);
        return capture_end();
}

TEST(a_damaged_record_freezes_its_rollout_and_no_other) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();
        _cleanup_(freep) char *said = restart_after(
                        g, "UPDATE rollout SET record = replace(record, '\"', '!') WHERE id = 'checkout@1'");

        EXPECT_CONTAINS(said, "alert checkout@1: FROZEN");
        EXPECT_CONTAINS(said,
                        "FROZEN, look after checkout:live in eu-west-1 by hand: its record cannot be read, so how far it got is not known: ");
        EXPECT_CONTAINS(manager_rig_list(g), "checkout@1:queued:frozen mailer@1:preflight ");
        /* Its alias stays taken. */
        manager_rig_drop(g, "c.yaml", "next", "checkout", 50);
        manager_rig_wait_phase(g, "next@1", "queued");
        rig_settle(g->rig);
        EXPECT_CONTAINS(manager_rig_list(g), "next@1:queued ");
        EXPECT_STR(fake_exec_call(0)->plan->name, "mailer");
        EXPECT_INT(fake_exec_count(), 1);
}

TEST(a_record_of_a_newer_canaryd_freezes_its_rollout) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();
        _cleanup_(freep) char *said = restart_after(g,
                        "UPDATE rollout SET record = replace(record, 'canaryd-record 3', 'canaryd-record 4') "
                        "WHERE id = 'checkout@1'");

        EXPECT_CONTAINS(said, "alert checkout@1: FROZEN");
        EXPECT_CONTAINS(manager_rig_list(g), "checkout@1:queued:frozen mailer@1:preflight ");
}

TEST(a_record_of_another_plan_freezes_its_rollout) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();
        _cleanup_(freep) char *said = restart_after(g,
                        "UPDATE rollout SET record = (SELECT record FROM rollout WHERE id = 'mailer@1') "
                        "WHERE id = 'checkout@1'");

        EXPECT_CONTAINS(said, "alert checkout@1: FROZEN");
        EXPECT_CONTAINS(said, "its record contradicts itself, so how far it got is not known: ");
}

TEST(a_damaged_plan_is_shouted_about) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();
        _cleanup_(freep) char *said = restart_after(g,
                        "UPDATE rollout SET plan_text = CAST(plan_text || '#' AS BLOB) WHERE id = 'checkout@1'");

        EXPECT_CONTAINS(said,
                        "alert checkout@1: FROZEN in phase preflight, look after checkout:live in eu-west-1 by hand: its "
                        "stored plan is damaged: ");
        EXPECT_CONTAINS(said, "ready: 2 rollouts, 1 frozen;");
        EXPECT_CONTAINS(manager_rig_list(g), "checkout@1:preflight:frozen mailer@1:preflight ");
        /* What its text names is kept from others. */
        manager_rig_drop(g, "c.yaml", "next", "checkout", 50);
        manager_rig_wait_phase(g, "next@1", "queued");
        rig_settle(g->rig);
        EXPECT_CONTAINS(manager_rig_list(g), "next@1:queued ");
        EXPECT_CONTAINS(manager_rig_list(g), "mailer@1:preflight ");
}

TEST(a_plan_that_is_not_accepted_any_more_is_shouted_about) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();
        /* The hash is that of the text "x". */
        _cleanup_(freep) char *said = restart_after(g,
                        "UPDATE rollout SET plan_text = CAST('x' AS BLOB), plan_sha256 = "
                        "x'2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881' "
                        "WHERE id = 'checkout@1'");

        EXPECT_CONTAINS(said, "alert checkout@1: FROZEN, look after the alias of its plan (");
        EXPECT_CONTAINS(said, "/a.yaml) by hand: its stored plan is not accepted any more: line 1: ");
}

TEST(a_finished_one_that_cannot_be_read_is_left_out_of_lists) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();

        manager_rig_start(g);
        manager_rig_drop(g, "a.yaml", "checkout", "checkout", 42);
        manager_rig_wait_calls(g, 1);
        fake_exec_answer(0, (Event){ .fault = FAULT_MISSING, .error = "Function not found" });
        manager_rig_wait_phase(g, "checkout@1", "rejected");
        manager_rig_drop(g, "b.yaml", "mailer", "mailer", 42);
        manager_rig_wait_calls(g, 2);
        fake_exec_answer(1, (Event){ .fault = FAULT_MISSING, .error = "Function not found" });
        manager_rig_wait_phase(g, "mailer@1", "rejected");
        rig_settle(g->rig);
        run_sql(g, "UPDATE rollout SET record = 'damaged' WHERE id = 'mailer@1'");
        EXPECT_STR(manager_rig_list(g), "checkout@1:rejected ");
}

static int take_region(const ManagerRollout *rollout, void *userdata) {
        const char *region = rollout->plan->targets[0].region;

        (void) snprintf(userdata, 32, "%s", region ? region : "none");
        return 0;
}

TEST(a_finished_one_is_shown_where_it_ran) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();
        char elsewhere[] = "us-east-1", region[32] = "", *home = g->conf.aws_region;

        manager_rig_start(g);
        manager_rig_drop(g, "a.yaml", "checkout", "checkout", 42);
        manager_rig_wait_calls(g, 1);
        fake_exec_answer(0, (Event){ .fault = FAULT_MISSING, .error = "Function not found" });
        manager_rig_wait_phase(g, "checkout@1", "rejected");
        rig_settle(g->rig);
        manager_rig_stop(g);
        manager_rig_start(g);
        EXPECT_OK(manager_find_rollout(g->manager, "checkout@1", take_region, region));
        EXPECT_STR(region, home);
        /* Of the two that it might be now, none. */
        manager_rig_stop(g);
        g->conf.aws_region = elsewhere;
        manager_rig_start(g);
        EXPECT_OK(manager_find_rollout(g->manager, "checkout@1", take_region, region));
        EXPECT_STR(region, "none");
}

/* Nothing is begun, and nothing judged, by a daemon that cannot know where. */
TEST(a_region_that_is_gone_freezes_what_relied_on_it) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();
        _cleanup_(freep) char *said = NULL;

        manager_rig_start(g);
        manager_rig_drop(g, "a.yaml", "first", "checkout", 42);
        manager_rig_wait_phase(g, "first@1", "preflight");
        manager_rig_drop(g, "b.yaml", "second", "checkout", 43);
        manager_rig_wait_phase(g, "second@1", "queued");
        manager_rig_stop(g);
        fake_exec_reset();
        g->conf.aws_region = NULL;
        capture_begin();
        manager_rig_start(g);
        said = capture_end();
        EXPECT_CONTAINS(said,
                        "FROZEN in phase preflight, look after checkout:live by hand: it began with checkout:live of "
                        "another region or account than where its plan and the daemon's configuration lead now "
                        "(no region is known any more); put \"region\"");
        EXPECT_CONTAINS(said,
                        "look after checkout:live by hand: no region is known any more: set \"region\" under ");
        EXPECT_CONTAINS(manager_rig_list(g), "first@1:preflight:frozen second@1:queued:frozen ");
        EXPECT_INT(fake_exec_count(), 0);
}
