#include "daemon/manager.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "daemon/log.h"
#include "lib/fault.h"
#include "lib/test.h"
#include "unit/daemon/fake-exec.h"
#include "unit/daemon/log-capture.h"
#include "unit/daemon/manager-rig.h"
#include "unit/daemon/trail.h"

static int listen_as_systemd(const ManagerRig *g) {
        _cleanup_(freep) char *path = rig_path(g->rig, "notify");
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd;

        EXPECT(strlen(path) < sizeof(address.sun_path));
        memcpy(address.sun_path, path, strlen(path));
        fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        EXPECT(fd >= 0);
        EXPECT_OK(bind(fd, (const struct sockaddr *) &address, sizeof(address)));
        EXPECT_OK(setenv("NOTIFY_SOCKET", path, 1));
        return fd;
}

/* Everything that was said to systemd since the last time, one message a line. */
static const char *heard(int fd) {
        static char text[1024];
        size_t used = 0;
        ssize_t n;

        while ((n = recv(fd, text + used, sizeof(text) - used - 2, 0)) > 0) {
                used += (size_t) n;
                text[used++] = ';';
        }
        text[used] = '\0';
        return text;
}

static Event alias_at(uint64_t version, const char *revision) {
        return (Event){ .route = { .primary = version }, .revision = revision };
}

typedef struct Open {
        ActionKind kind;
        size_t index;
} Open;

static bool find_open(void *userdata) {
        Open *o = userdata;

        for (o->index = 0; o->index < fake_exec_count(); o->index++)
                if (fake_exec_call(o->index)->is_open && fake_exec_call(o->index)->action.kind == o->kind)
                        return true;
        return false;
}

/* Waits for a call of that kind and answers it. */
static void answer(ManagerRig *g, ActionKind kind, Event event) {
        Open o = { .kind = kind };

        rig_run_until(g->rig, find_open, &o);
        fake_exec_answer(o.index, event);
}

static void pass_preflight(ManagerRig *g) {
        Open o = { .kind = ACTION_WRITE_ALIAS };

        answer(g, ACTION_READ_ALIAS, alias_at(41, "r-1"));
        answer(g, ACTION_READ_CONCURRENCY, (Event){ .concurrency = 0 });
        answer(g, ACTION_READ_VERSION, (Event){ .version_active = true, .role = 1 });
        answer(g, ACTION_READ_VERSION, (Event){ .version_active = true, .role = 1 });
        answer(g, ACTION_READ_METRICS, (Event){ .n_rows = 0 });
        rig_run_until(g->rig, find_open, &o);
        EXPECT_INT(fake_exec_call(o.index)->action.write.route.weight, 500);
        EXPECT_STR(fake_exec_call(o.index)->action.write.revision, "r-1");
}

TEST(a_plan_becomes_a_rollout_and_systemd_hears_the_sum) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();
        _cleanup_(fd_closep) int fd = listen_as_systemd(g);
        manager_rig_start(g);
        EXPECT_STR(heard(fd), "READY=1\nSTATUS=no rollouts;");
        manager_rig_drop(g, "a.yaml", "checkout", "checkout", 42);
        manager_rig_wait_phase(g, "checkout@1", "preflight");
        rig_settle(g->rig);
        EXPECT_STR(heard(fd), "STATUS=1 rollout;");
        pass_preflight(g);
        /* The first attempt gets lost, the second one is refused for good: back, as nobody knows about the
         * first. */
        answer(g, ACTION_WRITE_ALIAS, (Event){ .fault = FAULT_TRANSIENT, .error = "reset" });
        answer(g, ACTION_READ_ALIAS, alias_at(41, "r-1"));
        answer(g, ACTION_WRITE_ALIAS, (Event){ .fault = FAULT_INVALID, .error = "no" });
        manager_rig_wait_phase(g, "checkout@1", "rolling-back");
        manager_rig_drop(g, "b.yaml", "mailer", "mailer", 7);
        manager_rig_wait_phase(g, "mailer@1", "preflight");
        rig_settle(g->rig);
        EXPECT_STR(heard(fd), "STATUS=1 rollout, 1 rolling back;STATUS=2 rollouts, 1 rolling back;");
        EXPECT_STR(manager_rig_list(g), "checkout@1:rolling-back mailer@1:preflight ");
        EXPECT_OK(unsetenv("NOTIFY_SOCKET"));
}

TEST(one_rollout_per_alias_in_the_order_in_which_they_came) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();

        manager_rig_start(g);
        manager_rig_drop(g, "a.yaml", "first", "checkout", 42);
        manager_rig_wait_phase(g, "first@1", "preflight");
        manager_rig_drop(g, "b.yaml", "second", "checkout", 43);
        manager_rig_wait_phase(g, "second@1", "queued");
        manager_rig_drop(
                        g, "c.yaml", "third", "arn:aws:lambda:eu-west-1:123456789012:function:checkout", 44);
        manager_rig_drop(g, "d.yaml", "other", "mailer", 7);
        manager_rig_wait_phase(g, "other@1", "preflight");
        manager_rig_wait_calls(g, 2);
        EXPECT_INT(fake_exec_count(), 2);
        fake_exec_answer(0, (Event){ .fault = FAULT_MISSING, .error = "Function not found" });
        manager_rig_wait_phase(g, "first@1", "rejected");
        manager_rig_wait_phase(g, "second@1", "preflight");
        manager_rig_wait_calls(g, 3);
        EXPECT_INT(fake_exec_count(), 3);
        EXPECT_CONTAINS(manager_rig_list(g), "third@1:queued ");
        EXPECT_CONTAINS(manager_rig_list(g), "second@1:preflight ");
        EXPECT_CONTAINS(manager_rig_list(g), "first@1:rejected ");
}

TEST(who_waits_for_whom_is_told_once) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();
        _cleanup_(freep) char *text = NULL;
        const char *told;

        log_open(LOG_INFO, NULL);
        manager_rig_start(g);
        manager_rig_drop(g, "a.yaml", "first", "checkout", 42);
        manager_rig_wait_phase(g, "first@1", "preflight");
        capture_begin();
        manager_rig_drop(g, "b.yaml", "second", "checkout", 43);
        manager_rig_wait_phase(g, "second@1", "queued");
        manager_rig_drop(g, "c.yaml", "other", "mailer", 7);
        manager_rig_wait_phase(g, "other@1", "preflight");
        text = capture_end();
        told = strstr(text, "waits for its turn: first@1 comes first on the alias\n");
        EXPECT_CONTAINS(text, "notice second@1: waits for its turn: ");
        EXPECT(told);
        EXPECT(!strstr(told + 1, "waits for its turn"));
}

TEST(a_restart_goes_on_and_starts_nothing_anew) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();
        manager_rig_start(g);
        manager_rig_drop(g, "a.yaml", "checkout", "checkout", 42);
        manager_rig_wait_phase(g, "checkout@1", "preflight");
        manager_rig_drop(g, "b.yaml", "second", "checkout", 43);
        manager_rig_wait_phase(g, "second@1", "queued");
        pass_preflight(g);
        manager_rig_stop(g);
        fake_exec_reset();
        trail_reset();
        manager_rig_start(g);
        /* Whether the write arrived is not known: it is looked up, not repeated. */
        manager_rig_wait_calls(g, 1);
        EXPECT_INT(fake_exec_call(0)->action.kind, ACTION_READ_ALIAS);
        rig_run_for(g->rig, 1500 * USEC_PER_MSEC);
        EXPECT_STR(manager_rig_list(g), "checkout@1:shifting second@1:queued ");
        EXPECT_STR(trail(), "read-alias#8 read-metrics#9 ");
}

TEST(a_second_daemon_on_the_same_store_does_not_start) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();
        Manager *second = NULL;

        manager_rig_start(g);
        EXPECT_OK(manager_new(g->rig->event, &g->conf, &second));
        EXPECT_INT(manager_start(second), -EBUSY);
        (void) manager_free(second);
}

TEST(what_is_looked_up_may_be_missing) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();

        manager_rig_start(g);
        EXPECT_INT(manager_find_rollout(g->manager, "checkout@1", NULL, NULL), -ENOENT);
        EXPECT_STR(manager_rig_list(g), "");
}

TEST(the_run_directory_is_created) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();
        struct stat st;

        manager_rig_start(g);
        EXPECT_OK(stat(g->rig->run, &st));
        EXPECT(S_ISDIR(st.st_mode));
}

TEST(out_of_memory_at_the_start_is_an_error) {
        _cleanup_(manager_rig_freep) ManagerRig *g = manager_rig_new();

        /* A rollout to load, so that loading has something to fail at. */
        manager_rig_start(g);
        manager_rig_drop(g, "a.yaml", "checkout", "checkout", 42);
        manager_rig_wait_phase(g, "checkout@1", "preflight");
        manager_rig_stop(g);
        FAULT_LOOP {
                Manager *m = NULL;
                bool struck;
                int r;

                fake_exec_reset();
                trail_reset();
                r = manager_new(g->rig->event, &g->conf, &m);
                if (r >= 0)
                        r = manager_start(m);
                struck = fault_struck();
                m = manager_free(m);
                if (!struck) {
                        EXPECT_OK(r);
                        break;
                }
                EXPECT(r == -ENOMEM || r == 0);
        }
}
