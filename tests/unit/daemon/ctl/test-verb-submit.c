#include <sys/stat.h>

#include "unit/daemon/ctl/capture.h"
#include "unit/daemon/ctl/files.h"
#include "unit/daemon/fake-manager.h"

static const char good[] = "format: 1\nfunction: checkout\nalias: live\nregion: eu-west-1\nto: 42\n"
                           "steps: [{weight: 5%, hold: 10m}]\nbake: 30m\n"
                           "health: {checks: [{name: errors, metric: error_rate, max: 5%}]}\n";

typedef struct Desk {
        Files files;
        char plans[80], placed[128];
        Capture c;
} Desk;

static void desk_start(Desk *d, const char *run) {
        files_start(&d->files);
        EXPECT_OK(str_copy(d->plans, sizeof(d->plans), d->files.directory));
        EXPECT_OK(str_copy(d->plans + strlen(d->plans), 8, "/plans"));
        EXPECT_OK(str_copy(d->placed, sizeof(d->placed), d->plans));
        EXPECT_OK(str_copy(d->placed + strlen(d->placed), 20, "/checkout.yaml"));
        EXPECT_OK(mkdir(d->plans, 0755));
        capture_begin(&d->c, run);
        d->c.ctl.directory = d->plans;
}

static void desk_stop(Desk *d) {
        capture_free(&d->c);
        (void) unlink(d->placed);
        EXPECT_OK(rmdir(d->plans));
        files_stop(&d->files);
}

static int run(Desk *d, const char *name, const char *plan) {
        char *args[] = { files_add(&d->files, name, plan) };

        return verb_submit(&d->c.ctl, args, 1);
}

static bool is_placed(const Desk *d) {
        return access(d->placed, F_OK) >= 0;
}

TEST(placed_without_a_daemon) {
        Desk d;

        desk_start(&d, "/nonexistent");
        EXPECT_INT(run(&d, "checkout.yaml", good), 0);
        capture_end(&d.c);
        EXPECT(is_placed(&d));
        EXPECT_CONTAINS(d.c.out, "; canaryd cannot be asked about it here: it takes the plan once it runs");
        EXPECT_STR(d.c.err, "");
        desk_stop(&d);
}

TEST(a_bad_plan_is_not_placed) {
        Desk d;

        desk_start(&d, "/nonexistent");
        EXPECT_INT(run(&d, "checkout.yaml", "format: 1\n"), EXIT_BAD);
        capture_end(&d.c);
        EXPECT(!is_placed(&d));
        EXPECT_CONTAINS(d.c.err, "checkout.yaml:1:1: error: ");
        desk_stop(&d);
}

TEST(another_plan_of_that_name_stays_until_it_may_go) {
        Desk d;

        desk_start(&d, "/nonexistent");
        EXPECT_INT(run(&d, "checkout.yaml", good), 0);
        EXPECT_INT(run(&d, "checkout.yaml", good), 0);
        d.c.ctl.json = true;
        {
                char other[512];

                (void) snprintf(other, sizeof(other), "%s# other\n", good);
                EXPECT_INT(run(&d, "checkout.yaml", other), EXIT_BAD);
                d.c.ctl.replace = true;
                EXPECT_INT(run(&d, "checkout.yaml", other), 0);
        }
        capture_end(&d.c);
        EXPECT_CONTAINS(d.c.err,
                        "another plan of this name is there; rename yours, or replace that one with --replace");
        EXPECT_CONTAINS(d.c.out, "\"answer\":\"none\",\"rollout\":null,\"reason\":null,\"findings\":[]}");
        desk_stop(&d);
}

TEST(names_and_directories_that_will_not_do) {
        Desk d;

        desk_start(&d, "/nonexistent");
        EXPECT_INT(run(&d, "checkout.txt", good), EXIT_BAD);
        EXPECT_INT(run(&d, ".checkout.yaml", good), EXIT_BAD);
        EXPECT_OK(chmod(d.plans, 0777));
        EXPECT_INT(run(&d, "checkout.yaml", good), EXIT_BAD);
        d.c.ctl.directory = "/nonexistent/plans";
        EXPECT_INT(run(&d, "checkout.yaml", good), EXIT_BAD);
        capture_end(&d.c);
        EXPECT(!is_placed(&d));
        EXPECT_CONTAINS(d.c.err, "checkout.txt: canaryd reads files called *.yaml or *.yml");
        EXPECT_CONTAINS(d.c.err, "anybody may write there, so canaryd reads no plan from it");
        EXPECT_CONTAINS(d.c.err, "/nonexistent/plans: there is no such directory");
        desk_stop(&d);
}

TEST(the_daemon_watches_another_directory) {
        char directory[64];
        pid_t daemon;
        Desk d;

        fake_manager_reset();
        temp_dir_make(directory);
        daemon = fake_daemon_start(directory);
        desk_start(&d, directory);
        EXPECT_INT(run(&d, "checkout.yaml", good), EXIT_BAD);
        capture_end(&d.c);
        EXPECT(!is_placed(&d));
        EXPECT_CONTAINS(d.c.err, "/plans but /etc/canaryd/plans; name that with --directory");
        desk_stop(&d);
        fake_daemon_stop(daemon);
        temp_dir_remove(directory);
}
