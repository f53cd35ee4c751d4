#include "base/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "lib/test.h"

static bool is_open(int fd) {
        return fcntl(fd, F_GETFD) >= 0;
}

TEST(closes) {
        int fd = open("/dev/null", O_RDONLY | O_CLOEXEC), before = fd;

        EXPECT(fd >= 0 && is_open(fd));
        fd = fd_close(fd);
        EXPECT_INT(fd, -EBADF);
        EXPECT(!is_open(before));
}

TEST(negative_is_nothing) {
        errno = ENOTTY;
        EXPECT_INT(fd_close(-EBADF), -EBADF);
        EXPECT_INT(fd_close(-1), -EBADF);
        EXPECT_INT(errno, ENOTTY);
}

TEST(keeps_errno) {
        errno = ENOTTY;
        EXPECT_INT(fd_close(1 << 20), -EBADF); /* close() says EBADF */
        EXPECT_INT(errno, ENOTTY);
}

TEST(cleanup_closes) {
        int before;

        {
                _cleanup_(fd_closep) int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

                before = fd;
                EXPECT(is_open(before));
        }
        EXPECT(!is_open(before));
}

TEST(taking_disarms_the_cleanup) {
        int kept;

        {
                _cleanup_(fd_closep) int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

                kept = TAKE_FD(fd);
                EXPECT_INT(fd, -EBADF);
        }
        EXPECT(is_open(kept));
        (void) fd_close(kept);
}
