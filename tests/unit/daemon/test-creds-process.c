#include "daemon/creds-process.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/str.h"
#include "lib/fault.h"
#include "lib/test.h"
#include "unit/daemon/creds-rig.h"

#define GOOD "{\"Version\":1,\"AccessKeyId\":\"ASIAPROCESS00001\",\"SecretAccessKey\":\"secret/p\"}"

typedef struct Ended {
        size_t is_done;
        char access_key[AWS_ACCESS_KEY_MAX];
        usec_t expires;
        CredsFailure failure;
        CredsProcess *process;
} Ended;

static void on_done(AwsCreds *take_creds, const CredsFailure *failure, void *userdata) {
        Ended *e = userdata;

        EXPECT_INT(e->is_done, 0);
        EXPECT(!take_creds != !failure);
        e->is_done = 1;
        e->process = NULL;
        if (failure) {
                e->failure = *failure;
                EXPECT(!strstr(failure->message, "secret/"));
                return;
        }
        EXPECT_OK(str_copy(e->access_key, sizeof(e->access_key), take_creds->access_key));
        e->expires = take_creds->expires;
}

static void start(CredsRig *g, const char *script, Ended *e) {
        char shell[] = "/bin/sh", option[] = "-c";
        _cleanup_(freep) char *copy = alloc_copy_string(script);
        char *const argv[] = { shell, option, copy, NULL };

        *e = (Ended){ 0 };
        EXPECT(copy);
        EXPECT_OK(creds_process_start(g->event, argv, "the tool", on_done, e, &e->process, &e->failure));
        EXPECT_INT(e->is_done, 0);
}

static void run(CredsRig *g, const char *script, Ended *e) {
        start(g, script, e);
        peer_run(g->event, &e->is_done, 1);
}

static void expect_no_children(CredsRig *g) {
        for (unsigned i = 0; i < 1000; i++) {
                siginfo_t info = { 0 };

                if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) < 0) {
                        EXPECT_INT(errno, ECHILD);
                        return;
                }
                EXPECT_OK(sd_event_run(g->event, 10 * USEC_PER_MSEC));
        }
        FAIL("there is a child left");
}

/* Without what the loop opens when it is first needed. */
static size_t count_files(CredsRig *g) {
        _cleanup_(creds_process_freep) CredsProcess *p = NULL;
        char name[] = "/nonexistent/tool";
        char *const argv[] = { name, NULL };
        size_t n = 0;
        DIR *dir;

        EXPECT_INT(creds_process_start(g->event, argv, "", NULL, NULL, &p, &(CredsFailure){ 0 }), -EIO);
        dir = opendir("/proc/self/fd");

        EXPECT(dir);
        while (readdir(dir))
                n++;
        EXPECT_OK(closedir(dir));
        return n;
}

TEST(what_it_prints_is_taken) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        size_t n_files = count_files(g);
        Ended e;

        run(g, "echo '" GOOD "'", &e);
        EXPECT_STR(e.access_key, "ASIAPROCESS00001");
        EXPECT(e.expires == USEC_INFINITY);
        expect_no_children(g);
        EXPECT_INT(count_files(g), n_files);
}

TEST(large_output_comes_in_pieces) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        Ended e;

        run(g, "head -c 60000 /dev/zero | tr '\\0' ' '; echo '" GOOD "'", &e);
        EXPECT_STR(e.access_key, "ASIAPROCESS00001");
}

TEST(it_finds_a_clean_place) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        int fd = open("/dev/null", O_RDONLY); /* without O_CLOEXEC, as other people's libraries do it */
        sigset_t blocked, before;
        Ended e;

        EXPECT_OK(fd);
        EXPECT_OK(sigemptyset(&blocked));
        EXPECT_OK(sigaddset(&blocked, SIGTERM));
        EXPECT_OK(sigprocmask(SIG_BLOCK, &blocked, &before));
        /* ls has its own for the directory; stdin is empty; SIGTERM works; no terminal; a group of its own.
         */
        run(g,
                        "set -e; test \"$(ls /proc/self/fd | wc -l)\" = 4; test -z \"$(cat)\"; "
                        "sh -c 'kill -TERM $$' && exit 3; test \"$(ps -o pgid= -p $$ | tr -d ' ')\" = $$; echo '" GOOD
                        "'",
                        &e);
        EXPECT_OK(sigprocmask(SIG_SETMASK, &before, NULL));
        EXPECT_OK(close(fd));
        EXPECT_STR(e.failure.message, "");
        EXPECT_STR(e.access_key, "ASIAPROCESS00001");
}

TEST(failures_are_told_in_its_own_words) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        Ended e;

        run(g, "echo secret/x; printf 'not \\033[1mlogged in\\nmore secret/y\\n' >&2; exit 7", &e);
        EXPECT_INT(e.failure.fault, AWS_EXPIRED);
        EXPECT_STR(e.failure.message, "the tool failed with status 7: not  [1mlogged in");
        run(g, "echo 'no use: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY  is 123456789012345678901234' >&2; exit 1",
                        &e);
        EXPECT_STR(e.failure.message,
                        "the tool failed with status 1: no use: ...  is 123456789012345678901234");
        run(g, "exit 1", &e);
        EXPECT_STR(e.failure.message, "the tool failed with status 1");
        run(g, "kill -9 $$", &e);
        EXPECT_STR(e.failure.message, "the tool was ended by signal 9");
        run(g, "echo 'secret/garbage'", &e);
        EXPECT_CONTAINS(e.failure.message, "the tool printed no credentials: ");
        run(g, "true", &e);
        EXPECT_CONTAINS(e.failure.message, "the tool printed no credentials: ");
        run(g, "head -c 1000000 /dev/zero >&2; echo '" GOOD "'", &e);
        EXPECT_STR(e.access_key, "ASIAPROCESS00001");
}

TEST(a_program_that_is_not_there) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        char name[] = "/nonexistent/tool";
        char *const argv[] = { name, NULL };
        CredsFailure failure = { 0 };
        size_t n_files = count_files(g);
        CredsProcess *p = NULL;

        EXPECT_INT(creds_process_start(g->event, argv, "the tool", on_done, NULL, &p, &failure), -EIO);
        EXPECT_STR(failure.message,
                        "the tool: /nonexistent/tool cannot be started: No such file or directory");
        EXPECT(!p);
        expect_no_children(g);
        EXPECT_INT(count_files(g), n_files);
}

TEST(too_much_output) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        Ended e;

        run(g, "yes", &e);
        EXPECT_STR(e.failure.message, "the tool printed more than 64 KiB and was killed");
        expect_no_children(g);
        run(g, "head -c 65537 /dev/zero", &e);
        EXPECT_CONTAINS(e.failure.message, "the tool printed more than 64 KiB");
        expect_no_children(g);
}

static void expect_gone(const CredsRig *g, const char *pid_file) {
        _cleanup_(freep) char *path = alloc_printf("%s/%s", g->directory, pid_file), *text = NULL;
        uint64_t pid = 0;
        size_t size;

        EXPECT_OK(fs_read(AT_FDCWD, path, false, 32, &text, &size, NULL));
        text[strcspn(text, "\n")] = '\0';
        EXPECT_OK(str_parse_u64(text, INT32_MAX, &pid));
        for (unsigned i = 0; i < 1000 && kill((pid_t) pid, 0) == 0; i++)
                EXPECT_OK(sd_event_run(g->event, 10 * USEC_PER_MSEC));
        /* Not ours, so that whoever adopted it may be slow to reap it; but it does not run. */
        path = (free(path), alloc_printf("/proc/%u/stat", (unsigned) pid));
        text = (free(text), NULL);
        if (fs_read(AT_FDCWD, path, false, 4096, &text, &size, NULL) >= 0)
                EXPECT_CONTAINS(text, ") Z ");
}

TEST(a_minute_and_no_more) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        _cleanup_(freep) char *script = NULL;
        Ended e;

        /* With a child of its own, which goes too. */
        script = alloc_printf("sleep 1000 & echo $! > %s/out; mv %s/out %s/pid; wait", g->directory,
                        g->directory, g->directory);
        start(g, script, &e);
        for (unsigned i = 0; i < 1000; i++) {
                _cleanup_(freep) char *path = alloc_printf("%s/pid", g->directory);

                if (access(path, F_OK) >= 0)
                        break;
                EXPECT_OK(sd_event_run(g->event, 10 * USEC_PER_MSEC));
        }
        creds_rig_advance(59 * USEC_PER_SEC);
        creds_rig_settle(g);
        EXPECT_INT(e.is_done, 0);
        creds_rig_advance(USEC_PER_SEC);
        peer_run(g->event, &e.is_done, 1);
        EXPECT_STR(e.failure.message, "the tool took longer than a minute and was killed");
        expect_no_children(g);
        expect_gone(g, "pid");
}

TEST(a_child_that_stays_behind_keeps_nobody_waiting) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        _cleanup_(freep) char *script = alloc_printf("sleep 5 & echo '" GOOD "'");
        Ended e;

        run(g, script, &e);
        EXPECT_STR(e.access_key, "ASIAPROCESS00001");
}

TEST(cancelled_it_is_killed_and_reaped) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        size_t n_files = count_files(g);
        Ended e;

        for (unsigned turns = 0; turns < 6; turns++) {
                start(g, "echo x; sleep 1000", &e);
                for (unsigned i = 0; i < turns; i++)
                        EXPECT_OK(sd_event_run(g->event, USEC_PER_MSEC));
                EXPECT(!creds_process_free(e.process));
                expect_no_children(g);
                EXPECT_INT(e.is_done, 0);
                EXPECT_INT(count_files(g), n_files);
        }
}

TEST(the_loop_may_end_before_it_does) {
        CredsRig *g = creds_rig_new();
        Ended e;

        start(g, "sleep 1000", &e);
        creds_process_free(e.process);
        creds_rig_free(g);
        /* Killed, and for this test to reap. */
        for (;;)
                if (waitid(P_ALL, 0, &(siginfo_t){ 0 }, WEXITED) < 0)
                        break;
        EXPECT_INT(errno, ECHILD);
}

TEST(as_a_profile_says) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();

        creds_rig_write(g, ".aws/config",
                        "[default]\ncredential_process = /bin/sh -c \"echo '{\\\"Version\\\":1,"
                        "\\\"AccessKeyId\\\":\\\"ASIAPROCESS00001\\\",\\\"SecretAccessKey\\\":\\\"s\\\"}'\"\n");
        creds_rig_start(g);
        EXPECT_STR(creds_rig_await(g, 0, NULL)->access_key, "ASIAPROCESS00001");
        expect_no_children(g);
}

TEST(as_a_profile_says_and_fails) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();

        creds_rig_write(g, ".aws/config",
                        "[default]\ncredential_process = /bin/sh -c 'echo no >&2; exit 4'\n");
        creds_rig_start(g);
        EXPECT_INT(creds_rig_await(g, 0, NULL)->fault, AWS_EXPIRED);
        EXPECT_CONTAINS(g->gots[0].error, "the credential_process of profile \"default\"");
        EXPECT_CONTAINS(g->gots[0].error, "failed with status 4: no");
        expect_no_children(g);
}

TEST(out_of_memory_starts_nothing) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        char shell[] = "/bin/sh", option[] = "-c", script[] = "echo '" GOOD "'";
        char *const argv[] = { shell, option, script, NULL };

        FAULT_LOOP {
                Ended e = { 0 };
                int r = creds_process_start(g->event, argv, "the tool", on_done, &e, &e.process, &e.failure);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        EXPECT(_fault > 3);
                        peer_run(g->event, &e.is_done, 1);
                        EXPECT_STR(e.access_key, "ASIAPROCESS00001");
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                expect_no_children(g);
        }
}
