#include "daemon/bus.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <systemd/sd-bus.h>
#include <unistd.h>

#include "lib/test.h"
#include "unit/daemon/fake-manager.h"

#define TURNS_MAX 2000

typedef struct Fixture {
        char directory[64], path[100];
        sd_event *event;
        Bus *bus;
} Fixture;

static void fixture_start(Fixture *f) {
        char error[320] = "";

        fake_manager_reset();
        temp_dir_make(f->directory);
        (void) snprintf(f->path, sizeof(f->path), "%s/" BUS_SOCKET_NAME, f->directory);
        EXPECT_OK(sd_event_new(&f->event));
        if (bus_new(f->event, NULL, f->directory, &f->bus, error) < 0)
                FAIL("%s", error);
}

static void fixture_stop(Fixture *f) {
        f->bus = bus_free(f->bus);
        sd_event_unref(f->event);
        EXPECT_INT(access(f->path, F_OK), -1); /* the name went with the bus */
        temp_dir_remove(f->directory);
}

/* Lets the loop do all it can do now. */
static void settle(Fixture *f) {
        for (unsigned i = 0; i < TURNS_MAX; i++)
                if (sd_event_run(f->event, 0) == 0)
                        return;
        FAIL("the loop does not come to rest");
}

static int connect_raw(const Fixture *f) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

        EXPECT_OK(fd);
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", f->path);
        EXPECT_OK(connect(fd, (const struct sockaddr *) &address, sizeof(address)));
        return fd;
}

static sd_bus *connect_bus(const Fixture *f) {
        int fd = connect_raw(f);
        sd_bus *bus = NULL;

        EXPECT_OK(sd_bus_new(&bus));
        EXPECT_OK(sd_bus_set_fd(bus, fd, fd));
        EXPECT_OK(sd_bus_start(bus));
        EXPECT_OK(sd_bus_attach_event(bus, f->event, 0));
        return bus;
}

static bool is_closed(int fd) {
        char byte;

        return recv(fd, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0;
}

static int on_reply(sd_bus_message *m, void *userdata, sd_bus_error *reterr) {
        sd_bus_message **reply = userdata;

        *reply = sd_bus_message_ref(m);
        return 1;
}

/* The reply, or the error, of Peer.Ping. Everything happens on one loop. */
static sd_bus_message *ping(Fixture *f, sd_bus *bus) {
        sd_bus_message *reply = NULL;

        EXPECT_OK(sd_bus_call_method_async(bus, NULL, NULL, BUS_MANAGER_PATH, "org.freedesktop.DBus.Peer",
                        "Ping", on_reply, &reply, ""));
        for (unsigned i = 0; i < TURNS_MAX && !reply; i++)
                EXPECT_OK(sd_event_run(f->event, 1000000));
        EXPECT(reply);
        return reply;
}

static void expect_alive(Fixture *f, sd_bus *bus) {
        sd_bus_message *reply = ping(f, bus);

        EXPECT_INT(sd_bus_message_is_method_error(reply, NULL), 0);
        sd_bus_message_unref(reply);
}

TEST(the_socket_is_for_the_group) {
        mode_t before = umask(0077);
        struct stat st;
        Fixture f;

        fixture_start(&f);
        (void) umask(before);
        EXPECT_OK(lstat(f.path, &st));
        EXPECT(S_ISSOCK(st.st_mode));
        EXPECT_INT(st.st_mode & 07777, 0660);
        fixture_stop(&f);
}

TEST(answers_and_forgets) {
        Fixture f;

        fixture_start(&f);
        for (unsigned i = 0; i < 2 * BUS_CONNECTIONS_MAX; i++) {
                sd_bus *client = connect_bus(&f);

                expect_alive(&f, client);
                sd_bus_close_unref(client);
                settle(&f);
        }
        fixture_stop(&f);
}

TEST(a_stale_socket_is_replaced_a_live_one_is_not) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        char error[320] = "";
        Bus *second = NULL;
        sd_bus *client;
        Fixture f;
        int fd;

        fixture_start(&f);
        EXPECT_INT(bus_new(f.event, NULL, f.directory, &second, error), -EADDRINUSE);
        EXPECT_CONTAINS(error, "another canaryd is listening there");
        EXPECT(!second);
        settle(&f);
        client = connect_bus(&f); /* the failed attempt took nothing away */
        expect_alive(&f, client);
        sd_bus_close_unref(client);
        f.bus = bus_free(f.bus);

        /* What a killed daemon leaves behind. */
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", f.path);
        EXPECT_OK(bind(fd, (const struct sockaddr *) &address, sizeof(address)));
        EXPECT_OK(close(fd));
        EXPECT_OK(bus_new(f.event, NULL, f.directory, &f.bus, error));
        client = connect_bus(&f);
        expect_alive(&f, client);
        sd_bus_close_unref(client);
        fixture_stop(&f);
}

TEST(only_sockets_are_replaced) {
        char directory[64], path[100], error[320] = "";
        sd_event *event = NULL;
        Bus *bus = NULL;
        int fd;

        temp_dir_make(directory);
        (void) snprintf(path, sizeof(path), "%s/" BUS_SOCKET_NAME, directory);
        fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
        EXPECT_OK(fd);
        EXPECT_OK(close(fd));
        EXPECT_OK(sd_event_new(&event));
        EXPECT_INT(bus_new(event, NULL, directory, &bus, error), -EEXIST);
        EXPECT_CONTAINS(error, "not a socket");
        EXPECT_OK(access(path, F_OK));
        sd_event_unref(event);
        temp_dir_remove(directory);
}

TEST(bad_directories_are_explained) {
        char error[320] = "", name[200];
        sd_event *event = NULL;
        Bus *bus = NULL;

        EXPECT_OK(sd_event_new(&event));
        EXPECT_INT(bus_new(event, NULL, "/nonexistent/run", &bus, error), -ENOENT);
        EXPECT_CONTAINS(error, "cannot listen on /nonexistent/run/canaryd.sock: No such file");
        (void) snprintf(name, sizeof(name), "/%0150d", 0);
        EXPECT_INT(bus_new(event, NULL, name, &bus, error), -ENAMETOOLONG);
        EXPECT_CONTAINS(error, "choose a shorter");
        sd_event_unref(event);
}

TEST(someone_elses_socket_is_left_alone) {
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        Fixture f;
        int fd;

        fixture_start(&f);
        EXPECT_OK(unlink(f.path));
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", f.path);
        EXPECT_OK(bind(fd, (const struct sockaddr *) &address, sizeof(address)));
        f.bus = bus_free(f.bus);
        EXPECT_OK(access(f.path, F_OK));
        EXPECT_OK(close(fd));
        sd_event_unref(f.event);
        temp_dir_remove(f.directory);
}

TEST(under_pressure_the_idlest_goes) {
        int fds[BUS_CONNECTIONS_MAX];
        sd_bus *busy;
        Fixture f;

        fixture_start(&f);
        busy = connect_bus(&f);
        settle(&f);
        for (unsigned i = 0; i < BUS_CONNECTIONS_MAX - 1; i++) {
                fds[i] = connect_raw(&f);
                settle(&f);
        }
        expect_alive(&f, busy); /* the oldest connection, but now the one heard of last */
        for (unsigned i = 0; i < BUS_CONNECTIONS_MAX - 1; i++)
                EXPECT(!is_closed(fds[i])); /* as many as there may be */
        fds[BUS_CONNECTIONS_MAX - 1] = connect_raw(&f);
        settle(&f);
        EXPECT(is_closed(fds[0]));
        EXPECT(!is_closed(fds[1]));
        EXPECT(!is_closed(fds[BUS_CONNECTIONS_MAX - 1]));
        expect_alive(&f, busy);
        for (unsigned i = 0; i < BUS_CONNECTIONS_MAX; i++)
                EXPECT_OK(close(fds[i]));
        sd_bus_close_unref(busy);
        fixture_stop(&f);
}

TEST(garbage_closes_its_own_connection_only) {
        static const char garbage[] = "GET / HTTP/1.1\r\n\r\n";
        sd_bus *client;
        Fixture f;
        int fd;

        fixture_start(&f);
        client = connect_bus(&f);
        expect_alive(&f, client);
        fd = connect_raw(&f);
        EXPECT_INT(write(fd, garbage, sizeof(garbage)), sizeof(garbage));
        settle(&f);
        EXPECT(is_closed(fd));
        expect_alive(&f, client);
        EXPECT_OK(close(fd));
        sd_bus_close_unref(client);
        fixture_stop(&f);
}

/* A peer that asks and asks, and reads nothing. */
TEST(a_peer_that_does_not_read_is_dropped) {
        sd_bus *greedy, *client;
        bool is_gone = false;
        Fixture f;

        fixture_start(&f);
        fake_manager()->n_rollouts = 500; /* replies that fill the socket's buffer soon */
        client = connect_bus(&f);
        greedy = connect_bus(&f);
        expect_alive(&f, greedy);
        EXPECT_OK(sd_bus_detach_event(greedy)); /* from now on it writes only */
        for (unsigned i = 0; i < 200 && !is_gone; i++) {
                sd_bus_message *m = NULL;
                uint64_t cookie; /* asking for it asks for a reply */

                EXPECT_OK(sd_bus_message_new_method_call(
                                greedy, &m, NULL, BUS_MANAGER_PATH, BUS_MANAGER_INTERFACE, "ListRollouts"));
                is_gone = sd_bus_send(greedy, m, &cookie) < 0 || sd_bus_flush(greedy) < 0;
                sd_bus_message_unref(m);
                settle(&f);
        }
        EXPECT(is_gone);
        expect_alive(&f, client);
        sd_bus_close_unref(greedy);
        sd_bus_close_unref(client);
        fixture_stop(&f);
}

TEST(without_descriptors_peers_are_sent_away) {
        struct rlimit before, none;
        sd_bus *client;
        Fixture f;
        int fd;

        fixture_start(&f);
        fd = connect_raw(&f);
        EXPECT_OK(getrlimit(RLIMIT_NOFILE, &before));
        none = before;
        none.rlim_cur = (rlim_t) fd + 1; /* all below are taken */
        EXPECT_OK(setrlimit(RLIMIT_NOFILE, &none));
        for (unsigned i = 0; i < 10 && !is_closed(fd); i++)
                EXPECT_OK(sd_event_run(f.event, 0));
        EXPECT_OK(setrlimit(RLIMIT_NOFILE, &before));
        EXPECT(is_closed(fd));
        settle(&f); /* and the loop does not spin */
        EXPECT_OK(close(fd));
        client = connect_bus(&f);
        expect_alive(&f, client);
        sd_bus_close_unref(client);
        fixture_stop(&f);
}
