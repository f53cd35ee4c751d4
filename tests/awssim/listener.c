#include "awssim/listener.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "base/str.h"

static void free_addresses(struct addrinfo **p) {
        if (*p)
                freeaddrinfo(*p);
}

static int resolve(const char *address, struct addrinfo **ret) {
        const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
                .ai_family = AF_UNSPEC,
                .ai_socktype = SOCK_STREAM };
        const char *colon = strrchr(address, ':'), *host = address;
        _cleanup_(freep) char *copy = NULL;
        size_t n;

        if (!colon)
                return -EINVAL;
        n = (size_t) (colon - address);
        if (n >= 2 && host[0] == '[' && host[n - 1] == ']') {
                host++;
                n -= 2;
        }
        copy = alloc_copy_bytes(host, n);
        if (!copy)
                return -ENOMEM;
        return getaddrinfo(copy, colon + 1, &hints, ret) == 0 ? 0 : -EINVAL;
}

int listener_open(const char *address, int *ret_fd, unsigned *ret_port) {
        _cleanup_(free_addresses) struct addrinfo *info = NULL;
        _cleanup_(fd_closep) int fd = -EBADF;
        struct sockaddr_storage bound = {};
        socklen_t size = sizeof(bound);
        const int on = 1;
        in_port_t port;
        int r;

        r = resolve(address, &info);
        if (r < 0)
                return r;
        fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        if (fd < 0)
                return -errno;
        if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
                        bind(fd, info->ai_addr, info->ai_addrlen) < 0 || listen(fd, SOMAXCONN) < 0 ||
                        getsockname(fd, (struct sockaddr *) &bound, &size) < 0)
                return -errno;
        if (bound.ss_family == AF_INET6)
                port = ((const struct sockaddr_in6 *) &bound)->sin6_port;
        else
                port = ((const struct sockaddr_in *) &bound)->sin_port;
        *ret_port = ntohs(port);
        *ret_fd = TAKE_FD(fd);
        return 0;
}
