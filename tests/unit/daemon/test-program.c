#include "daemon/program.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"
#include "lib/test.h"

#define PATIENCE_MSEC 20000

static int open_null(void) {
        int fd = open("/dev/null", O_WRONLY | O_CLOEXEC);

        EXPECT(fd > STDERR_FILENO);
        return fd;
}

static int start(const char *name, const char *word, pid_t *ret) {
        _cleanup_(fd_closep) int out = open_null(), err = open_null();
        char *const argv[] = { (char *) (uintptr_t) name, (char *) (uintptr_t) word, NULL };

        return program_start(argv, out, err, ret);
}

static int reap(pid_t pid) {
        siginfo_t info = { 0 };

        EXPECT_OK(waitid(P_PID, (id_t) pid, &info, WEXITED));
        return info.si_code == CLD_EXITED ? info.si_status : -info.si_status;
}

TEST(found_in_the_path_and_run) {
        pid_t pid = 0;

        EXPECT_OK(start("true", NULL, &pid));
        EXPECT_INT(reap(pid), 0);
        EXPECT_OK(start("false", NULL, &pid));
        EXPECT_INT(reap(pid), 1);
}

TEST(what_is_not_there_or_no_program_leaves_nothing) {
        pid_t pid = 0;

        EXPECT_INT(start("/nonexistent/tool", NULL, &pid), -ENOENT);
        EXPECT_INT(start("no-such-tool-anywhere", NULL, &pid), -ENOENT);
        EXPECT_INT(start("/dev/null", NULL, &pid), -EACCES);
        EXPECT_INT(pid, 0);
        EXPECT_INT(waitid(P_ALL, 0, &(siginfo_t){ 0 }, WEXITED | WNOHANG), -1);
        EXPECT_INT(errno, ECHILD);
}

/* Its input is empty: it ends by itself. Its output is where it belongs. */
TEST(three_files_of_its_own) {
        _cleanup_(fd_closep) int ours = -EBADF, theirs = -EBADF, err = open_null();
        char shell[] = "/bin/sh", option[] = "-c", script[] = "cat; ls /proc/self/fd | wc -l";
        char *const argv[] = { shell, option, script, NULL };
        char text[16] = "";
        int ends[2];
        pid_t pid;

        EXPECT_OK(pipe(ends)); /* without O_CLOEXEC, as other people's libraries do it */
        ours = ends[0];
        theirs = ends[1];
        EXPECT_OK(program_start(argv, theirs, err, &pid));
        EXPECT_INT(reap(pid), 0);
        /* The three, and the one with which ls reads the directory. */
        EXPECT(read(ours, text, sizeof(text) - 1) > 0);
        EXPECT_STR(text, "4\n");
}

/* Starts "sleep", says its number, and waits for being killed. */
_Noreturn static void start_and_wait(int fd) {
        pid_t pid = 0;

        if (start("sleep", "1000", &pid) >= 0)
                (void) !write(fd, &pid, sizeof(pid));
        for (;;)
                (void) pause();
}

TEST(it_ends_with_whoever_started_it) {
        _cleanup_(fd_closep) int ours = -EBADF, theirs = -EBADF, pidfd = -EBADF;
        pid_t starter, pid = 0;
        struct pollfd end;
        int ends[2];

        EXPECT_OK(pipe2(ends, O_CLOEXEC));
        ours = ends[0];
        theirs = ends[1];
        starter = fork();
        EXPECT(starter >= 0);
        if (starter == 0)
                start_and_wait(theirs);
        EXPECT_INT(read(ours, &pid, sizeof(pid)), sizeof(pid));
        pidfd = pidfd_open(pid, 0);
        EXPECT(pidfd >= 0);
        end = (struct pollfd){ .fd = pidfd, .events = POLLIN };
        EXPECT_INT(poll(&end, 1, 0), 0);
        EXPECT_OK(kill(starter, SIGKILL));
        EXPECT_INT(reap(starter), -SIGKILL);
        EXPECT_INT(poll(&end, 1, PATIENCE_MSEC), 1);
}
