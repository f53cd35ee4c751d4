#include "unit/daemon/h2-peer.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "base/str.h"
#include "lib/test.h"
#include "unit/daemon/tls-peer.h"

#define NO_PYTHON 127

struct H2Peer {
        pid_t pid;
        unsigned port, proxy_port;
        char bundle[64];
};

static void write_bundle(H2Peer *p, const char *san) {
        _cleanup_(freep) char *certificate = NULL, *key = NULL, *both = NULL;
        int fd;

        tls_certificate_make(san, 3600, &certificate, &key);
        both = alloc_printf("%s%s", certificate, key);
        EXPECT(both);
        (void) snprintf(p->bundle, sizeof(p->bundle), "/tmp/canaryd-bundle-XXXXXX");
        fd = mkstemp(p->bundle);
        EXPECT_OK(fd);
        EXPECT_INT(write(fd, both, strlen(both)), strlen(both));
        (void) fd_close(fd);
}

static void spawn(H2Peer *p, const char *root, int out) {
        _cleanup_(freep) char *script = alloc_printf("%s/tests/unit/daemon/h2-peer.py", root);

        EXPECT(script);
        p->pid = fork();
        EXPECT_OK(p->pid);
        if (p->pid > 0)
                return;
        (void) prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves it behind */
        (void) dup2(out, STDOUT_FILENO);
        (void) execlp("python3", "python3", script, p->bundle, NULL);
        _exit(NO_PYTHON);
}

H2Peer *h2_peer_new(const char *san) {
        const char *root = getenv("SOURCE_ROOT");
        char ports[13] = "";
        uint64_t number;
        H2Peer *p;
        int fds[2];

        if (!root)
                test_skip("SOURCE_ROOT is not set");
        p = alloc_one(H2Peer);
        EXPECT(p);
        write_bundle(p, san);
        EXPECT_OK(pipe2(fds, O_CLOEXEC));
        spawn(p, root, fds[1]);
        (void) fd_close(fds[1]);
        /* One line, written at once: the ports, each padded to five characters. */
        if (read(fds[0], ports, sizeof(ports) - 1) != (ssize_t) sizeof(ports) - 1) {
                (void) h2_peer_free(p);
                test_skip("python3 with its ssl module is not there");
        }
        (void) fd_close(fds[0]);
        ports[5] = ports[11] = '\0';
        EXPECT_OK(str_parse_u64(ports + strspn(ports, " "), 65535, &number));
        p->port = (unsigned) number;
        EXPECT_OK(str_parse_u64(ports + 6 + strspn(ports + 6, " "), 65535, &number));
        p->proxy_port = (unsigned) number;
        return p;
}

H2Peer *h2_peer_free(H2Peer *p) {
        if (!p)
                return NULL;
        (void) kill(p->pid, SIGKILL);
        (void) waitpid(p->pid, NULL, 0);
        (void) unlink(p->bundle);
        free(p);
        return NULL;
}

unsigned h2_peer_port(const H2Peer *p) {
        return p->port;
}

unsigned h2_peer_proxy_port(const H2Peer *p) {
        return p->proxy_port;
}

const char *h2_peer_bundle(const H2Peer *p) {
        return p->bundle;
}
