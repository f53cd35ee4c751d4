#include "daemon/ctl/client.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/bus-names.h"
#include "daemon/ctl/verb.h"
#include "lib/test.h"
#include "unit/daemon/fake-manager.h"

static int open_client(const char *run, Client **ret, char reterr[static CLIENT_ERROR_MAX]) {
        return client_open(&(ClientSpec){ .run = run }, ret, reterr);
}

TEST(asks_a_daemon) {
        char directory[64], error[CLIENT_ERROR_MAX] = "";
        RolloutList list, one;
        RefusalList refusals;
        Client *c = NULL;
        pid_t daemon;

        fake_manager_reset();
        temp_dir_make(directory);
        daemon = fake_daemon_start(directory);
        EXPECT_INT(open_client(directory, &c, error), 0);
        EXPECT_INT(client_list(c, &list, error), 0);
        EXPECT_INT(list.n, 2);
        EXPECT_INT(client_get(c, "checkout@2", &one, error), 0);
        EXPECT_STR(one.items[0].id, "checkout@2");
        EXPECT_INT(one.items[0].n_ladder, 3);
        EXPECT_INT(client_refusals(c, &refusals, error), 0);
        EXPECT_INT(refusals.n, 1);
        EXPECT_STR(list.items[0].id, "checkout@1"); /* later calls leave earlier lists alone */
        rollout_list_done(&list);
        rollout_list_done(&one);
        refusal_list_done(&refusals);

        EXPECT_INT(client_get(c, "chekout@1", &one, error), EXIT_BAD);
        EXPECT_CONTAINS(error, "there is no rollout \"chekout@1\"; did you mean \"checkout@1\"");
        client_close(c);
        fake_daemon_stop(daemon);
        temp_dir_remove(directory);
}

TEST(thousands_of_rollouts) {
        char directory[64], error[CLIENT_ERROR_MAX] = "";
        Client *c = NULL;
        RolloutList list;
        pid_t daemon;

        fake_manager_reset();
        fake_manager()->n_rollouts = 10050;
        temp_dir_make(directory);
        daemon = fake_daemon_start(directory);
        EXPECT_INT(open_client(directory, &c, error), 0);
        if (client_list(c, &list, error) != 0)
                FAIL("%s", error);
        EXPECT_INT(list.n, 10050);
        EXPECT_STR(list.items[9999].id, "checkout@10000");
        rollout_list_done(&list);
        client_close(c);
        fake_daemon_stop(daemon);
        temp_dir_remove(directory);
}

TEST(no_daemon) {
        char directory[64], path[100], error[CLIENT_ERROR_MAX] = "";
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        Client *c = NULL;
        int fd;

        EXPECT_INT(open_client("/nonexistent", &c, error), EXIT_UNREACHABLE);
        EXPECT_CONTAINS(error, "canaryd is not running: nobody listens on /nonexistent/canaryd.sock");
        EXPECT_CONTAINS(error, "--run DIR");
        temp_dir_make(directory);
        EXPECT_INT(open_client(directory, &c, error), EXIT_UNREACHABLE);

        /* Killed: its socket is still there. */
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        (void) snprintf(path, sizeof(path), "%s/" BUS_SOCKET_NAME, directory);
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
        EXPECT_OK(bind(fd, (const struct sockaddr *) &address, sizeof(address)));
        EXPECT_OK(close(fd));
        EXPECT_INT(open_client(directory, &c, error), EXIT_UNREACHABLE);
        EXPECT_CONTAINS(error, "is not running");
        temp_dir_remove(directory);
}

TEST(a_directory_with_too_long_a_name) {
        char error[CLIENT_ERROR_MAX] = "", name[200];
        Client *c = NULL;

        (void) snprintf(name, sizeof(name), "/%0150d", 0);
        EXPECT_INT(open_client(name, &c, error), EXIT_UNREACHABLE);
        EXPECT_CONTAINS(error, "File name too long");
}

/* Runs as somebody who may not use the socket. */
static int denied(const char *directory) {
        char error[CLIENT_ERROR_MAX] = "";
        Client *c = NULL;

        if (setgid(65534) < 0 || setuid(65534) < 0)
                return 1;
        if (open_client(directory, &c, error) != EXIT_DENIED)
                return 2;
        return strstr(error, "group canaryd") ? 0 : 3;
}

TEST(permission_denied) {
        char directory[64];
        int status = -1;
        pid_t daemon, child;

        if (geteuid() != 0)
                test_skip("needs root to become somebody else");
        fake_manager_reset();
        temp_dir_make(directory);
        daemon = fake_daemon_start(directory);
        (void) fflush(stdout);
        child = fork();
        EXPECT_OK(child);
        if (child == 0)
                _exit(denied(directory));
        EXPECT_INT(waitpid(child, &status, 0), child);
        EXPECT(WIFEXITED(status));
        EXPECT_INT(WEXITSTATUS(status), 0);
        fake_daemon_stop(daemon);
        temp_dir_remove(directory);
}

/* Something listens that hangs up at once, or talks about something else. */
static void expect_bad_peer(const char *words) {
        char directory[64], error[CLIENT_ERROR_MAX] = "";
        struct sockaddr_un address = { .sun_family = AF_UNIX };
        Client *c = NULL;
        RolloutList list;
        int fd, status, r;
        pid_t peer;

        temp_dir_make(directory);
        fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        (void) snprintf(address.sun_path, sizeof(address.sun_path), "%s/" BUS_SOCKET_NAME, directory);
        EXPECT_OK(bind(fd, (const struct sockaddr *) &address, sizeof(address)));
        EXPECT_OK(listen(fd, 1));
        (void) fflush(stdout);
        peer = fork();
        EXPECT_OK(peer);
        if (peer == 0) {
                int client = accept(fd, NULL, NULL);

                _exit(client >= 0 && write(client, words, strlen(words)) >= 0 && close(client) >= 0 ? 0 : 1);
        }
        /* Opening speaks first: a peer that is quick enough is found out there. */
        r = open_client(directory, &c, error);
        if (r == 0)
                r = client_list(c, &list, error);
        EXPECT_INT(r, EXIT_UNREACHABLE);
        EXPECT_CONTAINS(error, "canaryd");
        client_close(c);
        EXPECT_INT(waitpid(peer, &status, 0), peer);
        (void) close(fd);
        temp_dir_remove(directory);
}

TEST(a_peer_that_hangs_up) {
        expect_bad_peer("");
}

TEST(a_peer_that_is_no_bus) {
        expect_bad_peer("HTTP/1.1 400 Bad Request\r\n\r\n");
}

/* A daemon that is stopped still has connections made, by the kernel. */
TEST(a_daemon_that_is_stopped) {
        char directory[64], error[CLIENT_ERROR_MAX] = "", *said = NULL;
        ClientSpec spec = {
                .run = directory, .say_after = 20 * USEC_PER_MSEC, .give_up_after = 100 * USEC_PER_MSEC
        };
        RolloutList list;
        Client *c = NULL, *open = NULL;
        size_t size = 0;
        pid_t daemon;

        fake_manager_reset();
        temp_dir_make(directory);
        daemon = fake_daemon_start(directory);
        EXPECT_INT(open_client(directory, &open, error), 0);
        client_close(open);
        EXPECT_INT(client_open(&spec, &open, error), 0);
        spec.err = open_memstream(&said, &size);
        EXPECT(spec.err);
        EXPECT_OK(kill(daemon, SIGSTOP));
        EXPECT_INT(client_list(open, &list, error), EXIT_SILENT);
        EXPECT_INT(client_open(&spec, &c, error), EXIT_SILENT);
        EXPECT_CONTAINS(error, "has not answered");
        EXPECT_CONTAINS(error, "systemctl status canaryd");
        EXPECT_OK(fclose(spec.err));
        EXPECT_STR(said, "canaryctl: canaryd does not answer yet; waiting for a few seconds more\n");
        free(said);
        EXPECT_OK(kill(daemon, SIGCONT));
        EXPECT_INT(open_client(directory, &c, error), 0);
        EXPECT_INT(client_list(c, &list, error), 0);
        EXPECT_INT(list.n, 2);
        rollout_list_done(&list);
        client_close(c);
        client_close(open);
        fake_daemon_stop(daemon);
        temp_dir_remove(directory);
}
