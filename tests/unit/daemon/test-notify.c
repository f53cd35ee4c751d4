#include "daemon/notify.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "lib/test.h"
#include "unit/daemon/rig.h"

static int listen_as_systemd(const Rig *g) {
        _cleanup_(freep) char *path = rig_path(g, "notify");
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

static void expect_heard(int fd, const char *expected) {
        char text[256];
        ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

        EXPECT_OK(n);
        text[n] = '\0';
        EXPECT_STR(text, expected);
}

TEST(systemd_hears_it) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(fd_closep) int fd = listen_as_systemd(g);

        notify_ready("3 rollouts");
        expect_heard(fd, "READY=1\nSTATUS=3 rollouts");
        notify_status("3 rollouts, 1 rolling back");
        expect_heard(fd, "STATUS=3 rollouts, 1 rolling back");
        notify_stopping();
        expect_heard(fd, "STOPPING=1\nSTATUS=stopping; rollouts go on at the next start");
}

TEST(nobody_listening_is_fine) {
        EXPECT_OK(unsetenv("NOTIFY_SOCKET"));
        notify_ready("x");
        EXPECT_OK(setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1));
        notify_status("x");
        notify_stopping();
}
