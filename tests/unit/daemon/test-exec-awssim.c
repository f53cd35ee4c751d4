#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/str.h"
#include "daemon/clock.h"
#include "lib/test.h"
#include "unit/daemon/exec-fixture.h"

/* The same against a server that verifies signatures and revisions: tests/awssim with the scenario of the
 * quick start. */

typedef struct Sim {
        ExecFixture *f;
        char folder[64], port_file[96], url[64];
        pid_t pid;
        size_t has_port;
} Sim;

static int on_file(sd_event_source *source, const struct inotify_event *event, void *userdata) {
        _cleanup_(freep) char *text = NULL;
        Sim *sim = userdata;
        size_t size;

        if (fs_read(AT_FDCWD, sim->port_file, true, 64, &text, &size, NULL) < 0 || size == 0)
                return 0;
        text[strcspn(text, "\n")] = '\0';
        (void) snprintf(sim->url, sizeof(sim->url), "http://127.0.0.1:%.5s", text);
        sim->has_port = 1;
        return 0;
}

static void spawn(Sim *sim) {
        _cleanup_(freep) char *program = NULL, *scenario = NULL;
        const char *build = getenv("BUILD_ROOT");

        if (!build)
                test_skip("BUILD_ROOT is not set");
        program = alloc_printf("%s/tests/awssim/awssim", build);
        scenario = alloc_printf("%s/scenarios/first-light.yaml", test_data());
        EXPECT(program && scenario);
        EXPECT_OK(access(program, X_OK));
        sim->pid = fork();
        EXPECT_OK(sim->pid);
        if (sim->pid > 0)
                return;
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves it behind */
        (void) execl(program, program, "--listen", "127.0.0.1:0", "--scenario", scenario, "--port-file",
                        sim->port_file, NULL);
        _exit(127);
}

static void sim_begin(Sim *sim) {
        sd_event_source *source = NULL;

        *sim = (Sim){ .f = exec_fixture_new() };
        sim->f->env.access_key_id = "AKIAIOSFODNN7EXAMPLE";
        sim->f->env.secret_access_key = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
        sim->f->env.session_token = NULL;
        (void) snprintf(sim->folder, sizeof(sim->folder), "/tmp/canaryd-exec-XXXXXX");
        EXPECT(mkdtemp(sim->folder));
        (void) snprintf(sim->port_file, sizeof(sim->port_file), "%s/port", sim->folder);
        EXPECT_OK(sd_event_add_inotify(
                        sim->f->event, &source, sim->folder, IN_CLOSE_WRITE | IN_MOVED_TO, on_file, sim));
        spawn(sim);
        peer_run(sim->f->event, &sim->has_port, 1);
        (void) sd_event_source_disable_unref(source);
        sim->f->conf.aws_endpoint_url = sim->url;
        sim->f->plan.period = USEC_PER_SEC;
}

static void sim_end(Sim *sim) {
        exec_fixture_free(sim->f);
        EXPECT_OK(kill(sim->pid, SIGTERM));
        EXPECT_OK(waitpid(sim->pid, NULL, 0));
        (void) unlink(sim->port_file);
        (void) rmdir(sim->folder);
}

static void write_route(ExecFixture *f, Route route, const char *revision) {
        Action action = { .kind = ACTION_WRITE_ALIAS, .op_id = 3, .write.route = route };

        EXPECT_OK(str_copy(action.write.revision, sizeof(action.write.revision), revision));
        exec_fixture_run(f, &action);
}

TEST(alias_is_read_and_moved) {
        const Action read_alias = { .kind = ACTION_READ_ALIAS, .op_id = 1 };
        const Action read_version = { .kind = ACTION_READ_VERSION, .op_id = 2, .version = 42 };
        const Route old = { .primary = 41 }, split = { .primary = 41, .extra = 42, .weight = 500 };
        char first[64];
        Sim sim;

        sim_begin(&sim);
        exec_fixture_run(sim.f, &read_alias);
        EXPECT_STR(sim.f->error, "");
        EXPECT(route_equal(&sim.f->got.route, &old));
        EXPECT_OK(str_copy(first, sizeof(first), sim.f->revision));
        exec_fixture_run(sim.f, &read_version);
        EXPECT_INT(sim.f->got.fault, FAULT_NONE);
        EXPECT(sim.f->got.version_active);
        write_route(sim.f, split, first);
        EXPECT_STR(sim.f->error, "");
        EXPECT(route_equal(&sim.f->got.route, &split));
        EXPECT(!streq(first, sim.f->revision));
        write_route(sim.f, old, first);
        exec_fixture_expect_fault(sim.f, FAULT_PRECONDITION, "PreconditionFailedException");
        exec_fixture_run(sim.f, &read_alias);
        EXPECT(route_equal(&sim.f->got.route, &split));
        write_route(sim.f, old, sim.f->revision);
        EXPECT(route_equal(&sim.f->got.route, &old));
        sim_end(&sim);
}

TEST(metrics_are_read) {
        Action action = { .kind = ACTION_READ_METRICS, .op_id = 4 };
        double invocations = 0;
        Sim sim;
        Now now;

        sim_begin(&sim);
        clock_read(&now);
        sim.f->checks[0] = (PlanCheck){ .name = "slow", .kind = CHECK_DURATION, .stat = "p99" };
        sim.f->plan.n_checks = 1;
        action.metrics.until = usec_floor(now.wall, USEC_PER_SEC);
        action.metrics.from = action.metrics.until - 30 * USEC_PER_SEC;
        action.metrics.version_new = 42;
        action.metrics.version_old = 41;
        exec_fixture_run(sim.f, &action);
        EXPECT_STR(sim.f->error, "");
        EXPECT(sim.f->got.n_rows > 20); /* what is younger than two seconds is not there yet */
        for (size_t i = 0; i < sim.f->got.n_rows; i++) {
                EXPECT(sim.f->rows[i].start >= action.metrics.from);
                EXPECT(sim.f->rows[i].start < action.metrics.until);
                EXPECT_NEAR(sim.f->rows[i].new_version.invocations, 0, 0);
                invocations += sim.f->rows[i].old_version.invocations;
        }
        EXPECT(invocations > 1000); /* of 200 a second */
        EXPECT_INT(sim.f->got.n_values, 0);
        sim_end(&sim);
}

TEST(what_the_server_refuses) {
        const Action read_alias = { .kind = ACTION_READ_ALIAS, .op_id = 1 };
        Sim sim;

        sim_begin(&sim);
        sim.f->target.alias = "absent";
        exec_fixture_run(sim.f, &read_alias);
        exec_fixture_expect_fault(sim.f, FAULT_MISSING, "ResourceNotFoundException");
        sim.f->target.alias = "live";
        sim.f->exec = exec_free(sim.f->exec);
        sim.f->env.secret_access_key = "another/secret/altogether";
        exec_fixture_run(sim.f, &read_alias);
        exec_fixture_expect_fault(sim.f, FAULT_CREDENTIALS, "signature");
        sim_end(&sim);
}
