#include "daemon/creds-process.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "aws/creds-json.h"
#include "base/alloc.h"
#include "base/fd.h"
#include "base/usec.h"
#include "daemon/program.h"

#define WORDS_MAX 1024u /* of stderr */

/* The process as the kernel sees it. Belongs to its event source, which stays on the loop when the
 * CredsProcess is gone, so that somebody reaps what was killed. */
typedef struct Child {
        CredsProcess *owner; /* NULL: nobody is interested any more */
        pid_t pid;
        bool is_reaped;
        sd_event_source *source;
} Child;

struct CredsProcess {
        sd_event *event;
        CredsPartDone done;
        void *userdata;
        char *source;
        Child *child;
        int out_fd, err_fd;
        sd_event_source *out, *err, *timer;
        char *text; /* stdout: one block that never moves, so that wiping it is enough */
        size_t size;
        char words[WORDS_MAX]; /* stderr; the rest is read and forgotten */
        size_t n_words;
};

static void child_destroy(void *userdata) {
        Child *child = userdata;

        /* The loop ends: the last chance not to leave a zombie. */
        if (!child->is_reaped)
                (void) waitid(P_PID, (id_t) child->pid, &(siginfo_t){ 0 }, WEXITED | WNOHANG);
        free(child);
}

static void child_kill(const Child *child) {
        /* Not reaped, so that its number, and that of its group, is still its own. */
        if (!child->is_reaped)
                (void) kill(-child->pid, SIGKILL);
}

/* Hands what was killed over to the loop. */
static void child_abandon(Child *child) {
        sd_event_source *source = TAKE_PTR(child->source);

        child->owner = NULL;
        if (!child->is_reaped) {
                child_kill(child);
                (void) sd_event_source_set_floating(source, true);
        }
        (void) sd_event_source_unref(source);
}

CredsProcess *creds_process_free(CredsProcess *p) {
        if (!p)
                return NULL;
        (void) sd_event_source_disable_unref(p->out);
        (void) sd_event_source_disable_unref(p->err);
        (void) sd_event_source_disable_unref(p->timer);
        (void) fd_close(p->out_fd);
        (void) fd_close(p->err_fd);
        if (p->child)
                child_abandon(p->child);
        if (p->text)
                explicit_bzero(p->text, CREDS_JSON_MAX + 1);
        explicit_bzero(p->words, sizeof(p->words));
        free(p->text);
        free(p->source);
        (void) sd_event_unref(p->event);
        free(p);
        return NULL;
}

/* The last act of a callback. */
static void process_end(CredsProcess *take_process, AwsCreds *creds, const CredsFailure *failure) {
        CredsProcess *p = take_process;
        CredsPartDone done = p->done;
        void *userdata = p->userdata;

        (void) creds_process_free(p);
        done(creds, failure, userdata);
}

static void process_give_up(CredsProcess *p, const char *why) {
        CredsFailure failure;

        (void) creds_failure_set(&failure, AWS_EXPIRED, "%s %s and was killed", p->source, why);
        process_end(p, NULL, &failure);
}

/* 1: there may be more. 0: the end. -ENOBUFS: more than is allowed. */
static int process_read_text(CredsProcess *p) {
        for (;;) {
                /* One byte more than the limit tells "at" from "over". */
                ssize_t n = read(p->out_fd, p->text + p->size, CREDS_JSON_MAX + 1 - p->size);

                if (n < 0)
                        return errno == EAGAIN || errno == EINTR;
                if (n == 0)
                        return 0;
                p->size += (size_t) n;
                if (p->size > CREDS_JSON_MAX)
                        return -ENOBUFS;
        }
}

/* One block a turn: a program that talks without end must not hold up the loop. */
static int process_read_words(CredsProcess *p) {
        char bytes[4096];
        ssize_t n = read(p->err_fd, bytes, sizeof(bytes));
        size_t taken;

        if (n < 0)
                return errno == EAGAIN || errno == EINTR;
        taken = MIN((size_t) n, sizeof(p->words) - p->n_words);
        memcpy(p->words + p->n_words, bytes, taken);
        p->n_words += taken;
        explicit_bzero(bytes, sizeof(bytes));
        return n > 0;
}

static int on_text(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        CredsProcess *p = userdata;
        int r = process_read_text(p);

        if (r < 0)
                process_give_up(p, "printed more than 64 KiB");
        else if (r == 0)
                (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        return 0;
}

static int on_words(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        if (process_read_words(userdata) == 0)
                (void) sd_event_source_set_enabled(source, SD_EVENT_OFF);
        return 0;
}

static int on_timeout(sd_event_source *source, uint64_t usec, void *userdata) {
        process_give_up(userdata, "took longer than a minute");
        return 0;
}

/* No key of AWS is as short as this, and few words of a complaint are longer. */
#define PLAIN_WORD_MAX 24u

/* A tool may complain with the very keys that it was to keep to itself. */
static void hide_long_words(char *s) {
        char *to = s;

        while (*s) {
                size_t n = strcspn(s, " "), blanks = strspn(s + n, " ");

                if (n > PLAIN_WORD_MAX) {
                        memset(to, '.', 3);
                        to += 3;
                } else {
                        memmove(to, s, n);
                        to += n;
                }
                memmove(to, s + n, blanks);
                to += blanks;
                s += n + blanks;
        }
        *to = '\0';
}

/* What it printed is a secret even when it is nonsense; what it complained about is meant to be read. */
static int process_judge(CredsProcess *p, const siginfo_t *info, AwsCreds *ret, CredsFailure *failure) {
        char words[CREDS_QUOTE_MAX], error[DIAG_MESSAGE_MAX] = "";
        int r;

        if (process_read_text(p) < 0)
                return creds_failure_set(failure, AWS_EXPIRED,
                                "%s printed more than "
                                "64 KiB",
                                p->source);
        if (p->n_words == 0)
                (void) process_read_words(p);
        creds_quote(p->words, p->n_words, words);
        hide_long_words(words);
        if (info->si_code != CLD_EXITED)
                return creds_failure_set(failure, AWS_EXPIRED, "%s was ended by signal %i%s%s", p->source,
                                info->si_status, words[0] != '\0' ? ": " : "", words);
        if (info->si_status != 0)
                return creds_failure_set(failure, AWS_EXPIRED, "%s failed with status %i%s%s", p->source,
                                info->si_status, words[0] != '\0' ? ": " : "", words);
        r = creds_json_parse(p->text, p->size, CREDS_JSON_PROCESS, ret, error);
        if (r == -ENOMEM)
                return creds_failure_set(failure, AWS_TRANSIENT, "out of memory");
        if (r < 0)
                return creds_failure_set(failure, AWS_EXPIRED,
                                "%s printed no "
                                "credentials: %s",
                                p->source, error);
        return 0;
}

static int on_ended(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
        Child *child = userdata;
        CredsFailure failure;
        siginfo_t info = { 0 };
        int r;

        if (waitid(P_PIDFD, (id_t) fd, &info, WEXITED | WNOHANG) >= 0 && info.si_pid == 0)
                return 0;
        child->is_reaped = true;
        if (!child->owner) {
                /* Drops the loop's reference, the last one. */
                (void) sd_event_source_set_floating(source, false);
                return 0;
        }
        r = process_judge(child->owner, &info, &creds, &failure);
        process_end(child->owner, r < 0 ? NULL : &creds, r < 0 ? &failure : NULL);
        return 0;
}

/* Our end does not block, the program's end does: it expects no surprises. Both beyond the three numbers
 * that are about to be replaced. */
static int open_pipe(int *ret_ours, int *ret_theirs) {
        _cleanup_(fd_closep) int ours = -EBADF, theirs = -EBADF;
        int ends[2];

        if (pipe2(ends, O_CLOEXEC) < 0)
                return -errno;
        ours = ends[0];
        theirs = ends[1];
        if (ours <= STDERR_FILENO || theirs <= STDERR_FILENO)
                return -EBADF;
        if (fcntl(ours, F_SETFL, O_NONBLOCK) < 0)
                return -errno;
        *ret_ours = TAKE_FD(ours);
        *ret_theirs = TAKE_FD(theirs);
        return 0;
}

static int process_watch_child(CredsProcess *p, pid_t pid) {
        _cleanup_(fd_closep) int pidfd = -EBADF;
        _cleanup_(freep) Child *child = NULL;
        int r;

        pidfd = pidfd_open(pid, 0);
        if (pidfd < 0)
                return -errno;
        child = alloc_one(Child);
        if (!child)
                return -ENOMEM;
        child->owner = p;
        child->pid = pid;
        r = sd_event_add_io(p->event, &child->source, pidfd, EPOLLIN, on_ended, child);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(child->source, "creds-process");
        (void) sd_event_source_set_io_fd_own(child->source, true);
        (void) TAKE_FD(pidfd);
        (void) sd_event_source_set_destroy_callback(child->source, child_destroy);
        p->child = TAKE_PTR(child);
        return 0;
}

static int process_add_sources(CredsProcess *p) {
        int r;

        r = sd_event_add_io(p->event, &p->out, p->out_fd, EPOLLIN, on_text, p);
        if (r < 0)
                return r;
        r = sd_event_add_io(p->event, &p->err, p->err_fd, EPOLLIN, on_words, p);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(p->event, &p->timer, CLOCK_BOOTTIME, CREDS_PROCESS_TIMEOUT,
                        USEC_PER_SEC, on_timeout, p);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(p->out, "creds-process-output");
        (void) sd_event_source_set_description(p->err, "creds-process-words");
        (void) sd_event_source_set_description(p->timer, "creds-process-timeout");
        return 0;
}

/* What can fail for want of memory comes first: a program that was started has its effects. */
static int process_new(sd_event *event, const char *source, CredsProcess **ret) {
        _cleanup_(creds_process_freep) CredsProcess *p = alloc_one(CredsProcess);

        if (!p)
                return -ENOMEM;
        p->out_fd = p->err_fd = -EBADF;
        p->event = sd_event_ref(event);
        p->source = alloc_copy_string(source);
        p->text = alloc_zero(CREDS_JSON_MAX + 1);
        if (!p->source || !p->text)
                return -ENOMEM;
        *ret = TAKE_PTR(p);
        return 0;
}

static int process_start(CredsProcess *p, char *const *argv) {
        _cleanup_(fd_closep) int out_fd = -EBADF, err_fd = -EBADF;
        pid_t pid = 0;
        int r;

        r = open_pipe(&p->out_fd, &out_fd);
        if (r < 0)
                return r;
        r = open_pipe(&p->err_fd, &err_fd);
        if (r < 0)
                return r;
        r = process_add_sources(p);
        if (r < 0)
                return r;
        r = program_start(argv, out_fd, err_fd, &pid);
        if (r < 0)
                return r;
        r = process_watch_child(p, pid);
        if (r < 0) {
                (void) kill(-pid, SIGKILL);
                (void) waitid(P_PID, (id_t) pid, &(siginfo_t){ 0 }, WEXITED);
        }
        return r;
}

int creds_process_start(sd_event *event, char *const *argv, const char *source, CredsPartDone done,
                void *userdata, CredsProcess **ret, CredsFailure *failure) {
        _cleanup_(creds_process_freep) CredsProcess *p = NULL;
        int r;

        r = process_new(event, source, &p);
        if (r < 0)
                return r;
        r = process_start(p, argv);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return creds_failure_set(failure, AWS_EXPIRED, "%s: %s cannot be started: %s", source,
                                argv[0], strerror(-r));
        p->done = done;
        p->userdata = userdata;
        *ret = TAKE_PTR(p);
        return 0;
}
