#include "daemon/program.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/macro.h"

/* Where the child's end of the report stands, behind its three files. */
#define REPORT_FD (STDERR_FILENO + 1)

/* From here on it is the child, which may do little (fork() took one thread of many along): system calls,
 * and what only makes system calls. */
static int bind_life(pid_t parent) {
        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
                return -errno;
        /* It may have ended before it was asked for. */
        return getppid() == parent ? 0 : -ESRCH;
}

static int arrange_files(int out_fd, int err_fd, int report_fd) {
        int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

        if (null < 0 || dup2(null, STDIN_FILENO) < 0 || dup2(out_fd, STDOUT_FILENO) < 0 ||
                        dup2(err_fd, STDERR_FILENO) < 0 ||
                        (report_fd != REPORT_FD && dup3(report_fd, REPORT_FD, O_CLOEXEC) < 0))
                return -errno;
        closefrom(REPORT_FD + 1);
        return 0;
}

static int reset_signals(void) {
        sigset_t none;

        /* Some cannot be set, and were never changed. */
        for (int number = 1; number < NSIG; number++)
                (void) signal(number, SIG_DFL);
        if (sigemptyset(&none) < 0 || sigprocmask(SIG_SETMASK, &none, NULL) < 0)
                return -errno;
        return 0;
}

_Noreturn static void become(char *const *argv, pid_t parent, int out_fd, int err_fd, int report_fd) {
        bool is_moved = false;
        int error;

        error = bind_life(parent);
        if (error >= 0)
                error = arrange_files(out_fd, err_fd, report_fd);
        if (error >= 0) {
                is_moved = true;
                error = reset_signals();
        }
        if (error >= 0 && setsid() < 0)
                error = -errno;
        if (error >= 0) {
                (void) execvp(argv[0], argv);
                error = -errno;
        }
        (void) !write(is_moved ? REPORT_FD : report_fd, &error, sizeof(error));
        _exit(EXIT_FAILURE);
}

/* Nothing comes when the program runs: its end of the pipe goes with execvp(). */
static int read_report(int fd) {
        int error = 0;
        ssize_t n;

        do
                n = read(fd, &error, sizeof(error));
        while (n < 0 && errno == EINTR);
        if (n < 0)
                return -errno;
        return n == sizeof(error) ? error : 0;
}

int program_start(char *const *argv, int out_fd, int err_fd, pid_t *ret) {
        _cleanup_(fd_closep) int ours = -EBADF, theirs = -EBADF;
        pid_t self = getpid(), pid;
        int ends[2], r;

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        ours = ends[0];
        theirs = ends[1];
        if (out_fd <= STDERR_FILENO || err_fd <= STDERR_FILENO || theirs <= STDERR_FILENO)
                return -EBADF;
        pid = fork();
        if (pid < 0)
                return -errno;
        if (pid == 0)
                become(argv, self, out_fd, err_fd, theirs);
        theirs = fd_close(theirs);
        r = read_report(ours);
        if (r < 0) {
                (void) waitid(P_PID, (id_t) pid, &(siginfo_t){ 0 }, WEXITED);
                return r;
        }
        *ret = pid;
        return 0;
}
