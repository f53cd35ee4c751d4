#pragma once

#include "base/forward.h"

/* Closes unless negative, keeps errno. Returns -EBADF, so that "fd = fd_close(fd)" forgets it. */
int fd_close(int fd);

static inline void fd_closep(int *fd) {
        (void) fd_close(*fd);
}
