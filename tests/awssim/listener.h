#pragma once

/* A listening TCP socket at a numeric address. */

#include "base/forward.h"

/* "127.0.0.1:0" or "[::1]:8080". -EINVAL: neither of these. The socket is the caller's. */
int listener_open(const char *address, int *ret_fd, unsigned *ret_port);
