#include "base/fs.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fd.h"

#define READ_FIRST ((size_t) 4096)

/* Files of /proc claim to be empty, and a file may grow while it is read: the size that fstat() gave is a
 * hint, the limit is what counts. One byte more than the limit is read to tell "at" from "over". */
static int read_all(int fd, size_t expected, size_t max, char **ret_data, size_t *ret_size) {
        _cleanup_(freep) char *data = NULL;
        size_t size = 0, room = 0;

        for (;;) {
                ssize_t n;

                if (size == room) {
                        char *grown;

                        room = room == 0 ? MIN(MAX(expected, READ_FIRST), max) + 1 : MIN(room * 2, max + 1);
                        grown = alloc_resize(data, room + 1, 1);
                        if (!grown)
                                return -ENOMEM;
                        data = grown;
                }
                n = read(fd, data + size, room - size);
                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                if (n == 0)
                        break;
                size += (size_t) n;
                if (size > max)
                        return -EFBIG;
        }
        data[size] = '\0';
        *ret_data = TAKE_PTR(data);
        *ret_size = size;
        return 0;
}

int fs_read(int dir_fd, const char *path, bool follow, size_t max, char **ret_data, size_t *ret_size,
                struct stat *ret_stat) {
        _cleanup_(fd_closep) int fd = -EBADF;
        struct stat st;
        int r;

        assert(max < SIZE_MAX / 4);
        fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (follow ? 0 : O_NOFOLLOW));
        if (fd < 0)
                return -errno;
        if (fstat(fd, &st) < 0)
                return -errno;
        if (!S_ISREG(st.st_mode))
                return -ENOTSUP;
        if (st.st_size > 0 && (uint64_t) st.st_size > max)
                return -EFBIG;
        r = read_all(fd, (size_t) st.st_size, max, ret_data, ret_size);
        if (r < 0)
                return r;
        if (ret_stat)
                *ret_stat = st;
        return 0;
}

static int write_all(int fd, const char *data, size_t size) {
        while (size > 0) {
                ssize_t n = write(fd, data, size);

                if (n < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }
                data += n;
                size -= (size_t) n;
        }
        return 0;
}

static int sync_directory(int dir_fd) {
        _cleanup_(fd_closep) int fd = -EBADF;

        if (dir_fd == AT_FDCWD) {
                dir_fd = fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
                if (fd < 0)
                        return -errno;
        }
        return fsync(dir_fd) < 0 ? -errno : 0;
}

static int fill(int fd, const void *data, size_t size, mode_t mode) {
        int r = write_all(fd, data, size);

        if (r < 0)
                return r;
        /* Whatever the umask is: who is to read it decides its mode. */
        if (fchmod(fd, mode) < 0)
                return -errno;
        return fsync(fd) < 0 ? -errno : 0;
}

static int name_new(int dir_fd, const char *temporary, const char *name) {
        if (renameat2(dir_fd, temporary, dir_fd, name, RENAME_NOREPLACE) >= 0)
                return 0;
        if (errno != EINVAL && errno != ENOSYS)
                return -errno;
        /* Not every file system can; each can do this, which replaces nothing either. */
        if (linkat(dir_fd, temporary, dir_fd, name, 0) < 0)
                return -errno;
        return unlinkat(dir_fd, temporary, 0) < 0 ? -errno : 0;
}

static int put_file(int dir_fd, const char *temporary, const char *name, const void *data, size_t size,
                mode_t mode, bool replace) {
        _cleanup_(fd_closep) int fd = -EBADF;
        int r;

        /* What a crash left behind has the mode, and maybe the links, of back then. */
        if (unlinkat(dir_fd, temporary, 0) < 0 && errno != ENOENT)
                return -errno;
        fd = openat(dir_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
        if (fd < 0)
                return -errno;
        r = fill(fd, data, size, mode);
        if (r >= 0 && !replace)
                r = name_new(dir_fd, temporary, name);
        else if (r >= 0 && renameat(dir_fd, temporary, dir_fd, name) < 0)
                r = -errno;
        if (r < 0) {
                (void) unlinkat(dir_fd, temporary, 0);
                return r;
        }
        return sync_directory(dir_fd);
}

int fs_replace(int dir_fd, const char *name, const void *data, size_t size, mode_t mode) {
        char temporary[NAME_MAX + 1];
        int n = snprintf(temporary, sizeof(temporary), ".%s.tmp", name);

        if (n < 0 || (size_t) n >= sizeof(temporary))
                return -ENAMETOOLONG;
        return put_file(dir_fd, temporary, name, data, size, mode, true);
}

int fs_place(int dir_fd, const char *name, const void *data, size_t size, mode_t mode, bool replace) {
        char temporary[NAME_MAX + 1];
        int n = snprintf(temporary, sizeof(temporary), ".%s.%d.tmp", name, (int) getpid());

        if (n < 0 || (size_t) n >= sizeof(temporary))
                return -ENAMETOOLONG;
        return put_file(dir_fd, temporary, name, data, size, mode, replace);
}

int fs_make_directory(const char *path, mode_t mode) {
        struct stat st;

        if (mkdir(path, mode) >= 0)
                return 0;
        if (errno != EEXIST)
                return -errno;
        if (stat(path, &st) < 0)
                return -errno;
        return S_ISDIR(st.st_mode) ? 0 : -ENOTDIR;
}
