#include "awssim/server.h"

#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "awssim/connection.h"
#include "awssim/listener.h"
#include "awssim/sim-clock.h"
#include "base/alloc.h"
#include "base/fd.h"
#include "base/usec.h"

#define CONNECTIONS_MAX 1000u
#define IDLE_SECONDS 300u

struct Server {
        struct MHD_Daemon *daemon;
        int epoll_fd; /* the daemon's */
        int signal_fd;
        unsigned port;
        World *world;
        ConnectionContext context;
};

unsigned server_port(const Server *s) {
        return s->port;
}

static int server_listen(Server *s, const ServerOptions *options) {
        unsigned flags = MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | (options->tls_cert ? MHD_USE_TLS : 0);
        _cleanup_(fd_closep) int fd = -EBADF;
        const union MHD_DaemonInfo *info;
        int r;

        r = listener_open(options->listen, &fd, &s->port);
        if (r < 0)
                return r;
        s->daemon = MHD_start_daemon(flags, 0, NULL, NULL, connection_on_request, &s->context,
                        MHD_OPTION_LISTEN_SOCKET, fd, MHD_OPTION_URI_LOG_CALLBACK, connection_on_uri,
                        &s->context, MHD_OPTION_NOTIFY_COMPLETED, connection_on_completed, &s->context,
                        MHD_OPTION_NOTIFY_CONNECTION, connection_on_socket, &s->context,
                        MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_CONNECTION_TIMEOUT,
                        IDLE_SECONDS, options->tls_cert ? MHD_OPTION_HTTPS_MEM_CERT : MHD_OPTION_END,
                        options->tls_cert, MHD_OPTION_HTTPS_MEM_KEY, options->tls_key, MHD_OPTION_END);
        if (!s->daemon)
                return -EIO;
        (void) TAKE_FD(fd); /* closed with the daemon */
        info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
        if (!info)
                return -EIO;
        s->epoll_fd = info->epoll_fd;
        return 0;
}

static int server_watch_signals(Server *s) {
        sigset_t set;

        if (sigemptyset(&set) < 0 || sigaddset(&set, SIGTERM) < 0 || sigaddset(&set, SIGINT) < 0)
                return -errno;
        s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
        return s->signal_fd < 0 ? -errno : 0;
}

int server_new(const ServerOptions *options, Scenario *scenario, RequestLog *log, Server **ret) {
        _cleanup_(server_freep) Server *s = alloc_one(Server);
        int r;

        if (!s)
                return -ENOMEM;
        s->signal_fd = -EBADF;
        r = server_watch_signals(s);
        if (r >= 0)
                r = world_new(scenario, connection_wall(scenario), &s->world);
        if (r < 0)
                return r;
        s->context = (ConnectionContext){
                .world = s->world, .log = log, .tls = options->tls_cert, .start_mono = clock_monotonic()
        };
        r = server_listen(s, options);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(s);
        return 0;
}

Server *server_free(Server *s) {
        if (!s)
                return NULL;
        if (s->daemon) {
                connection_resume_all(&s->context);
                MHD_stop_daemon(s->daemon);
        }
        (void) world_free(s->world);
        (void) fd_close(s->signal_fd);
        free(s);
        return NULL;
}

/* Milliseconds until the daemon or a waiting connection wants to be looked at; -1: only when something
 * comes.
 */
static int server_timeout(Server *s, usec_t deadline, usec_t now) {
        unsigned long long daemon_ms;
        usec_t ms = USEC_INFINITY;

        if (deadline != USEC_INFINITY)
                ms = usec_ceil(usec_sub(deadline, now), USEC_PER_MSEC) / USEC_PER_MSEC;
        if (MHD_get_timeout(s->daemon, &daemon_ms) == MHD_YES)
                ms = usec_min(ms, daemon_ms);
        return ms == USEC_INFINITY ? -1 : (int) usec_min(ms, INT_MAX);
}

int server_run(Server *s) {
        usec_t deadline = USEC_INFINITY;

        for (;;) {
                struct pollfd fds[] = {
                        { .fd = s->epoll_fd, .events = POLLIN },
                        { .fd = s->signal_fd, .events = POLLIN },
                };

                if (poll(fds, ELEMENTSOF(fds), server_timeout(s, deadline, clock_monotonic())) < 0 &&
                                errno != EINTR)
                        return -errno;
                if (fds[1].revents != 0)
                        return s->context.failure;
                /* Nothing wakes the daemon for a resumed connection, so it must run right afterwards. */
                connection_resume_due(&s->context, clock_monotonic());
                if (MHD_run(s->daemon) != MHD_YES)
                        return -EIO;
                deadline = connection_next_deadline(&s->context);
        }
}
