#include "unit/daemon/fake-manager.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/usec.h"
#include "daemon/bus.h"
#include "lib/test.h"

static FakeManager fake;

static const PlanTarget target = { .function = "checkout",
        .alias = "live",
        .region = "eu-west-1",
        .from = 41,
        .to = 42 };
static const PlanStep steps[] = {
        { .weight = 500, .hold = 10 * USEC_PER_MINUTE },
        { .weight = 2500, .hold = 10 * USEC_PER_MINUTE },
};
static const PlanCheck checks[] = {
        { .name = "errors", .kind = CHECK_ERROR_RATE, .max = 0.05, .min_requests = 100 },
};
static const Plan plan = {
        .name = "checkout",
        .targets = &target,
        .n_targets = 1,
        .steps = steps,
        .n_steps = 2,
        .checks = checks,
        .n_checks = 1,
        .bake = 30 * USEC_PER_MINUTE,
        .every = PLAN_DEFAULT_EVERY,
        .period = PLAN_DEFAULT_PERIOD,
        .settled_after = PLAN_DEFAULT_SETTLED,
        .max_blind = PLAN_DEFAULT_MAX_BLIND,
        .deadline = PLAN_DEFAULT_DEADLINE,
};

FakeManager *fake_manager(void) {
        return &fake;
}

void fake_manager_reset(void) {
        fake = (FakeManager){
                .n_rollouts = 2, .n_refusals = 1, .error = "", .refused_path = "/etc/canaryd/plans/bad.yaml"
        };
}

static int show(size_t i, ManagerEachRollout each, void *userdata) {
        RolloutState *st = calloc(1, rollout_state_size(1));
        char id[32];
        int r;

        if (!st)
                return -ENOMEM;
        rollout_init(st, &plan, 1);
        st->phase = i + 1 == fake.n_rollouts ? PHASE_ROLLED_BACK : PHASE_SHIFTING;
        st->phase = fake.behind ? PHASE_QUEUED : st->phase;
        st->step = 1;
        st->age = st->step_age = 5 * USEC_PER_MINUTE; /* of another boot: nothing has gone by since */
        st->last.boot = 4711;
        st->started_wall = 1768478400 * USEC_PER_SEC;
        st->ended_wall = st->phase == PHASE_ROLLED_BACK ? st->started_wall + USEC_PER_HOUR : 0;
        st->reason = st->phase == PHASE_ROLLED_BACK ? REASON_DEADLINE : REASON_NONE;
        st->reason_step = 1;
        st->targets[0].version_old = 41;
        st->targets[0].version_new = 42;
        st->targets[0].judge.seen_new = (Counts){ .invocations = 41, .errors = 1 };
        st->targets[0].alias_op.id = fake.waits_for ? 7 : 0;
        (void) snprintf(st->targets[0].error, ERROR_TEXT_SIZE, "%s", fake.error);
        (void) snprintf(id, sizeof(id), "checkout@%zu", i + 1);
        r = each(&(ManagerRollout){ .id = id,
                                 .plan_path = "/etc/canaryd/plans/checkout.yaml",
                                 .plan = &plan,
                                 .state = st,
                                 .waits_for = fake.waits_for,
                                 .silence = fake.silence,
                                 .behind = fake.behind,
                                 .trouble = fake.trouble },
                        userdata);
        free(st);
        return r;
}

const char *manager_plans(const Manager *m) {
        return fake.plans ? fake.plans : "/etc/canaryd/plans";
}

int manager_each_rollout(Manager *m, size_t finished, ManagerEachRollout each, void *userdata) {
        int r = fake.fail;

        for (size_t i = 0; i < fake.n_rollouts && r >= 0; i++)
                r = show(i, each, userdata);
        return r;
}

int manager_find_rollout(Manager *m, const char *id, ManagerEachRollout each, void *userdata) {
        if (fake.fail < 0)
                return fake.fail;
        for (size_t i = 0; i < fake.n_rollouts; i++) {
                char name[32];

                (void) snprintf(name, sizeof(name), "checkout@%zu", i + 1);
                if (strcmp(name, id) == 0)
                        return show(i, each, userdata);
        }
        return -ENOENT;
}

int manager_each_refusal(Manager *m, ManagerEachRefusal each, void *userdata) {
        static DiagList diags;
        int r = fake.fail;

        memset(&diags, 0, sizeof(diags));
        diag_add(&diags, DIAG_ERROR, 12, 9, "unknown key \"wieght\"; did you mean \"weight\"?");
        for (size_t i = 0; i < fake.n_refusals && r >= 0; i++)
                r = each(&(ManagerRefusal){ .path = fake.refused_path,
                                         .wall = 1,
                                         .diags = i == 0 ? &diags : NULL,
                                         .message = "cannot read: Permission denied" },
                                userdata);
        return r;
}

static int serve(const char *directory, int ready_fd) {
        sd_event *event = NULL;
        char error[320];
        Bus *bus = NULL;
        sigset_t mask;
        int r = -1;

        (void) prctl(PR_SET_PDEATHSIG, SIGKILL);
        (void) sigemptyset(&mask);
        (void) sigaddset(&mask, SIGTERM);
        (void) sigprocmask(SIG_BLOCK, &mask, NULL);
        if (sd_event_new(&event) >= 0 && sd_event_add_signal(event, NULL, SIGTERM, NULL, NULL) >= 0 &&
                        bus_new(event, NULL, directory, &bus, error) >= 0 && write(ready_fd, "!", 1) == 1)
                r = sd_event_loop(event);
        bus_free(bus);
        sd_event_unref(event);
        return r;
}

pid_t fake_daemon_start(const char *directory) {
        int ready[2];
        char byte;
        pid_t pid;

        EXPECT_OK(pipe2(ready, O_CLOEXEC));
        (void) fflush(stdout);
        pid = fork();
        EXPECT_OK(pid);
        if (pid == 0)
                _exit(serve(directory, ready[1]) < 0 ? 1 : 0);
        (void) close(ready[1]);
        EXPECT_INT(read(ready[0], &byte, 1), 1);
        (void) close(ready[0]);
        return pid;
}

void fake_daemon_stop(pid_t pid) {
        int status = -1;

        EXPECT_OK(kill(pid, SIGTERM));
        EXPECT_INT(waitpid(pid, &status, 0), pid);
        EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

void temp_dir_make(char ret[static 64]) {
        (void) snprintf(ret, 64, "/tmp/canaryd-test-XXXXXX");
        EXPECT(mkdtemp(ret));
}

void temp_dir_remove(const char *path) {
        char name[128];

        (void) snprintf(name, sizeof(name), "%s/" BUS_SOCKET_NAME, path);
        (void) unlink(name);
        EXPECT_OK(rmdir(path));
}
