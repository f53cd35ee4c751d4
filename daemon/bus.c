#include "daemon/bus.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-id128.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "base/str.h"
#include "daemon/bus-internal.h"
#include "daemon/log.h"

#define BUS_MAGIC UINT64_C(0x62757363616e6172)
#define ERROR_SIZE 320
#define ACCEPTS_PER_TURN 8
#define REPLIES_QUEUED_MAX 16 /* of a peer that asks but does not read */
/* Rollouts come first: their timers and replies have a smaller number. */
#define BUS_PRIORITY (SD_EVENT_PRIORITY_NORMAL + 10)

typedef struct BusPeer {
        Bus *bus;
        sd_bus *connection; /* owned */
        struct ucred creds;
        uint64_t heard; /* value of Bus.clock at its last message; 0: free slot */
} BusPeer;

struct Bus {
        uint64_t magic;
        Manager *manager;
        sd_event *event;
        sd_event_source *source;
        int fd;
        int spare_fd; /* given up for a moment when there is no other descriptor left to accept with */
        struct sockaddr_un address;
        dev_t device; /* of the socket's name, so that only our own is removed */
        ino_t inode;
        uint64_t clock; /* counts messages and connections: what came later has the greater number */
        BusPeer peers[BUS_CONNECTIONS_MAX];
};

static void peer_drop(BusPeer *peer) {
        peer->heard = 0;
        peer->connection = sd_bus_close_unref(peer->connection);
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        BusPeer *peer = userdata;

        assert(peer->bus->magic == BUS_MAGIC);
        peer_drop(peer);
        return 1;
}

static int on_message(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        BusPeer *peer = userdata;
        uint64_t queued = 0;

        assert(peer->bus->magic == BUS_MAGIC);
        peer->heard = ++peer->bus->clock;
        if (sd_bus_get_n_queued_write(peer->connection, &queued) >= 0 && queued > REPLIES_QUEUED_MAX) {
                log_message(LOG_INFO,
                                "bus: dropped a connection of uid %u, pid %d: it does not read its replies",
                                peer->creds.uid, peer->creds.pid);
                peer_drop(peer);
                return 1;
        }
        return 0;
}

/* A free slot, if need be that of the peer that has been silent for longest. */
static BusPeer *peer_slot(Bus *b) {
        BusPeer *idlest = &b->peers[0];

        for (size_t i = 0; i < BUS_CONNECTIONS_MAX; i++) {
                if (b->peers[i].heard == 0)
                        return &b->peers[i];
                if (b->peers[i].heard < idlest->heard)
                        idlest = &b->peers[i];
        }
        log_message(LOG_DEBUG, "bus: %u connections, dropped the idlest one, of uid %u, pid %d",
                        BUS_CONNECTIONS_MAX, idlest->creds.uid, idlest->creds.pid);
        peer_drop(idlest);
        return idlest;
}

static int peer_connection_new(BusPeer *peer, int *take_fd, sd_bus **ret) {
        _cleanup_(sd_bus_close_unrefp) sd_bus *connection = NULL;
        sd_id128_t id;
        int fd, r;

        if ((r = sd_bus_new(&connection)) < 0)
                return r;
        if ((r = sd_bus_set_description(connection, "canaryd-private")) < 0)
                return r;
        fd = *take_fd;
        if ((r = sd_bus_set_fd(connection, fd, fd)) < 0)
                return r;
        *take_fd = -EBADF;
        if ((r = sd_id128_randomize(&id)) < 0 || (r = sd_bus_set_server(connection, true, id)) < 0)
                return r;
        if ((r = sd_bus_negotiate_fds(connection, false)) < 0 ||
                        (r = sd_bus_set_sender(connection, BUS_NAME)) < 0)
                return r;
        if ((r = sd_bus_add_filter(connection, NULL, on_message, peer)) < 0)
                return r;
        if ((r = sd_bus_start(connection)) < 0)
                return r;
        r = sd_bus_match_signal_async(connection, NULL, NULL, "/org/freedesktop/DBus/Local",
                        "org.freedesktop.DBus.Local", "Disconnected", on_disconnected, NULL, peer);
        if (r < 0)
                return r;
        if ((r = bus_manager_attach(connection, peer->bus->manager)) < 0)
                return r;
        if ((r = sd_bus_attach_event(connection, peer->bus->event, BUS_PRIORITY)) < 0)
                return r;
        *ret = TAKE_PTR(connection);
        return 0;
}

static int peer_add(Bus *b, int *take_fd) {
        struct ucred creds = { 0 };
        socklen_t size = sizeof(creds);
        BusPeer *peer;
        int r;

        if (getsockopt(*take_fd, SOL_SOCKET, SO_PEERCRED, &creds, &size) < 0)
                return -errno;
        peer = peer_slot(b);
        *peer = (BusPeer){ .bus = b, .creds = creds };
        if ((r = peer_connection_new(peer, take_fd, &peer->connection)) < 0)
                return r;
        peer->heard = ++b->clock;
        log_message(LOG_DEBUG, "bus: connection from uid %u, pid %d", creds.uid, creds.pid);
        return 0;
}

/* Without a descriptor to accept with, a waiting peer would wake the loop up for ever: take it in with the
 * spare one, and send it away. */
static void refuse_one(Bus *b) {
        b->spare_fd = fd_close(b->spare_fd);
        (void) fd_close(accept4(b->fd, NULL, NULL, SOCK_CLOEXEC));
        b->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        log_message(LOG_WARNING, "bus: no file descriptor left for a new connection");
}

static int on_accept(sd_event_source *source, int fd, uint32_t events, void *userdata) {
        Bus *b = userdata;

        assert(b->magic == BUS_MAGIC);
        for (unsigned i = 0; i < ACCEPTS_PER_TURN; i++) {
                _cleanup_(fd_closep) int peer_fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
                int r;

                if (peer_fd < 0) {
                        if (errno == EMFILE || errno == ENFILE)
                                refuse_one(b);
                        return 0; /* nobody there (any more), or try again in the next turn */
                }
                if ((r = peer_add(b, &peer_fd)) < 0)
                        log_message(r == -ENOMEM ? LOG_WARNING : LOG_DEBUG,
                                        "bus: cannot take in a connection: %s", strerror(-r));
        }
        return 0;
}

/* Removes the socket that a dead daemon left behind. -EADDRINUSE: somebody answers there. */
static int remove_stale(const struct sockaddr_un *address) {
        _cleanup_(fd_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        struct stat st;

        if (fd < 0)
                return -errno;
        if (lstat(address->sun_path, &st) < 0)
                return errno == ENOENT ? 0 : -errno;
        if (!S_ISSOCK(st.st_mode))
                return -EEXIST;
        /* EAGAIN: alive, with a full queue. */
        if (connect(fd, (const struct sockaddr *) address, sizeof(*address)) >= 0 || errno == EAGAIN)
                return -EADDRINUSE;
        if (errno != ECONNREFUSED)
                return -errno;
        return unlink(address->sun_path) < 0 ? -errno : 0;
}

static int listen_at(Bus *b) {
        const char *path = b->address.sun_path;
        struct stat st;

        b->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
        if (b->fd < 0)
                return -errno;
        /* The name gets the mode of the socket, so it is never open to more than it will be. */
        if (fchmod(b->fd, 0660) < 0)
                return -errno;
        if (bind(b->fd, (const struct sockaddr *) &b->address, sizeof(b->address)) < 0)
                return -errno;
        if (lstat(path, &st) < 0)
                return -errno;
        b->device = st.st_dev;
        b->inode = st.st_ino;
        /* Once more, as the umask took the group's bits away. */
        if (chmod(path, 0660) < 0)
                return -errno;
        return listen(b->fd, SOMAXCONN) < 0 ? -errno : 0;
}

static const char *explain(int error) {
        switch (-error) {
        case EADDRINUSE:
                return "another canaryd is listening there";
        case EEXIST:
                return "something that is not a socket is in the way, remove it";
        case ENAMETOOLONG:
                return "the path of a socket has at most 107 bytes, choose a shorter \"run\" directory";
        default:
                return strerror(-error);
        }
}

static int bus_listen(Bus *b, const char *directory) {
        int r;

        b->address.sun_family = AF_UNIX;
        r = snprintf(b->address.sun_path, sizeof(b->address.sun_path), "%s/" BUS_SOCKET_NAME, directory);
        if (r < 0 || (size_t) r >= sizeof(b->address.sun_path))
                return -ENAMETOOLONG;
        b->spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (b->spare_fd < 0)
                return -errno;
        if ((r = remove_stale(&b->address)) < 0 || (r = listen_at(b)) < 0)
                return r;
        r = sd_event_add_io(b->event, &b->source, b->fd, EPOLLIN, on_accept, b);
        if (r < 0)
                return r;
        if ((r = sd_event_source_set_priority(b->source, BUS_PRIORITY)) < 0)
                return r;
        return sd_event_source_set_description(b->source, "bus-accept");
}

int bus_new(sd_event *event, Manager *manager, const char *run_directory, Bus **ret,
                char reterr[static 320]) {
        _cleanup_(bus_freep) Bus *b = alloc_one(Bus);
        int r;

        if (!b) {
                (void) str_copy(reterr, ERROR_SIZE, "out of memory");
                return -ENOMEM;
        }
        b->magic = BUS_MAGIC;
        b->fd = b->spare_fd = -EBADF;
        b->manager = manager;
        b->event = sd_event_ref(event);
        if ((r = bus_listen(b, run_directory)) < 0) {
                (void) snprintf(reterr, ERROR_SIZE, "cannot listen on %s/%s: %s", run_directory,
                                BUS_SOCKET_NAME, explain(r));
                return r;
        }
        *ret = TAKE_PTR(b);
        return 0;
}

/* Only our own socket: when somebody replaced it, the name is theirs. */
static void remove_name(const Bus *b) {
        struct stat st;

        if (b->inode == 0 || lstat(b->address.sun_path, &st) < 0)
                return;
        if (st.st_ino == b->inode && st.st_dev == b->device)
                (void) unlink(b->address.sun_path);
}

Bus *bus_free(Bus *b) {
        if (!b)
                return NULL;
        b->source = sd_event_source_disable_unref(b->source);
        for (size_t i = 0; i < BUS_CONNECTIONS_MAX; i++)
                peer_drop(&b->peers[i]);
        remove_name(b);
        (void) fd_close(b->fd);
        (void) fd_close(b->spare_fd);
        sd_event_unref(b->event);
        b->magic = 0;
        free(b);
        return NULL;
}
