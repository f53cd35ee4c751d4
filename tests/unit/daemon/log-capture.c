#include "unit/daemon/log-capture.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/alloc.h"
#include "lib/test.h"

static int capture_fd = -1, stderr_fd = -1;

void capture_begin(void) {
        capture_fd = memfd_create("stderr", MFD_CLOEXEC);
        EXPECT(capture_fd >= 0);
        stderr_fd = dup(STDERR_FILENO);
        EXPECT(stderr_fd >= 0);
        EXPECT_OK(dup2(capture_fd, STDERR_FILENO));
}

char *capture_end(void) {
        off_t size = lseek(capture_fd, 0, SEEK_END);
        char *text = alloc_zero((size_t) size + 1);

        EXPECT_OK(dup2(stderr_fd, STDERR_FILENO));
        EXPECT(text);
        EXPECT_INT(pread(capture_fd, text, (size_t) size, 0), size);
        EXPECT_OK(close(capture_fd));
        EXPECT_OK(close(stderr_fd));
        return text;
}
