#include "base/fs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "lib/fault.h"
#include "lib/test.h"

#define NAMES_MAX 8

/* The calls that a disk can fail, as the linker sees them: the n-th of them fails with the armed error. */
static struct {
        unsigned countdown;
        int error;
} disk;

ssize_t __real_read(int fd, void *data, size_t size);
ssize_t __wrap_read(int fd, void *data, size_t size);
ssize_t __real_write(int fd, const void *data, size_t size);
ssize_t __wrap_write(int fd, const void *data, size_t size);
int __real_fsync(int fd);
int __wrap_fsync(int fd);

static bool disk_fails(void) {
        if (disk.countdown == 0 || --disk.countdown > 0)
                return false;
        errno = disk.error;
        return true;
}

static void disk_arm(unsigned n, int error) {
        disk.countdown = n;
        disk.error = error;
}

ssize_t __wrap_read(int fd, void *data, size_t size) {
        return disk_fails() ? -1 : __real_read(fd, data, size);
}

/* Seven bytes at a time: nobody promised more. */
ssize_t __wrap_write(int fd, const void *data, size_t size) {
        return disk_fails() ? -1 : __real_write(fd, data, MIN(size, (size_t) 7));
}

int __wrap_fsync(int fd) {
        return disk_fails() ? -1 : __real_fsync(fd);
}

/* A directory that goes away with its files. */
typedef struct Directory {
        char path[64];
        int fd;
} Directory;

static void directory_done(Directory *d) {
        static const char *const names[NAMES_MAX] = { "file", ".file.tmp", "link", "fifo", "sub", "other" };

        for (size_t i = 0; i < NAMES_MAX && names[i]; i++)
                if (unlinkat(d->fd, names[i], 0) < 0)
                        (void) unlinkat(d->fd, names[i], AT_REMOVEDIR);
        (void) fd_close(d->fd);
        (void) rmdir(d->path);
}

static Directory directory_new(void) {
        Directory d = { .path = "test-fs-XXXXXX" };

        EXPECT(mkdtemp(d.path));
        d.fd = open(d.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        EXPECT(d.fd >= 0);
        return d;
}

static void expect_content(int dir_fd, const char *name, const char *expected) {
        _cleanup_(freep) char *data = NULL;
        size_t size = 0;

        EXPECT_OK(fs_read(dir_fd, name, false, 1 << 20, &data, &size, NULL));
        EXPECT_INT(size, strlen(expected));
        EXPECT_STR(data, expected);
}

/* Fails with r and leaves its outputs alone. */
static void expect_unreadable(int dir_fd, const char *name, bool follow, size_t max, int r) {
        char *data = NULL;
        size_t size = 4711;
        struct stat st = { .st_size = 4711 };

        EXPECT_INT(fs_read(dir_fd, name, follow, max, &data, &size, &st), r);
        EXPECT(!data && size == 4711 && st.st_size == 4711);
}

TEST(what_is_written_is_read) {
        _cleanup_(directory_done) Directory d = directory_new();
        _cleanup_(freep) char *data = NULL;
        struct stat st;
        size_t size;

        EXPECT_OK(fs_replace(d.fd, "file", "a\0b", 3, 0640));
        EXPECT_OK(fs_read(d.fd, "file", false, 3, &data, &size, &st));
        EXPECT_INT(size, 3);
        EXPECT_INT(memcmp(data, "a\0b", 4), 0);
        EXPECT_INT(st.st_size, 3);
        EXPECT_INT(st.st_mode & 0777, 0640);
        EXPECT_INT(faccessat(d.fd, ".file.tmp", F_OK, 0), -1);
}

TEST(replace_replaces) {
        _cleanup_(directory_done) Directory d = directory_new();

        EXPECT_OK(fs_replace(d.fd, "file", "a long first content", 20, 0600));
        EXPECT_OK(fs_replace(d.fd, "file", "short", 5, 0600));
        expect_content(d.fd, "file", "short");
        EXPECT_OK(fs_replace(d.fd, "file", NULL, 0, 0600));
        expect_content(d.fd, "file", "");
}

TEST(relative_to_the_working_directory) {
        _cleanup_(directory_done) Directory d = directory_new();
        _cleanup_(fd_closep) int before = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        EXPECT(fchdir(d.fd) >= 0);
        EXPECT_OK(fs_replace(AT_FDCWD, "file", "here", 4, 0600));
        expect_content(AT_FDCWD, "file", "here");
        EXPECT(fchdir(before) >= 0);
        expect_content(d.fd, "file", "here");
}

TEST(what_a_crash_left_is_not_in_the_way) {
        _cleanup_(directory_done) Directory d = directory_new();
        _cleanup_(fd_closep) int left = openat(d.fd, ".file.tmp", O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        struct stat st;

        EXPECT_INT(write(left, "half of", 7), 7);
        EXPECT(linkat(d.fd, ".file.tmp", d.fd, "other", 0) >= 0);
        EXPECT_OK(fs_replace(d.fd, "file", "x", 1, 0600));
        expect_content(d.fd, "file", "x");
        expect_content(d.fd, "other", "half of");
        EXPECT(fstatat(d.fd, "file", &st, 0) >= 0);
        EXPECT_INT(st.st_mode & 0777, 0600);
        EXPECT_INT(st.st_nlink, 1);
}

TEST(replace_reports_and_tidies_up) {
        _cleanup_(directory_done) Directory d = directory_new();
        char name[300];

        memset(name, 'n', sizeof(name));
        name[sizeof(name) - 1] = '\0';
        EXPECT_INT(fs_replace(d.fd, name, "x", 1, 0600), -ENAMETOOLONG);
        EXPECT_INT(fs_replace(d.fd, "no/where", "x", 1, 0600), -ENOENT);
        /* A file cannot replace a directory; the temporary file goes. */
        EXPECT(mkdirat(d.fd, "sub", 0700) >= 0);
        EXPECT_INT(fs_replace(d.fd, "sub", "x", 1, 0600), -EISDIR);
        EXPECT_INT(faccessat(d.fd, ".sub.tmp", F_OK, 0), -1);
        /* Something that unlink() does not remove stands in the way. */
        EXPECT(mkdirat(d.fd, ".file.tmp", 0700) >= 0);
        EXPECT_INT(fs_replace(d.fd, "file", "x", 1, 0600), -EISDIR);
        EXPECT_INT(fs_replace(-EBADF, "file", "x", 1, 0600), -EBADF);
}

/* Whatever call fails: the error comes back, the content is the old one or the new one, and no temporary
 * file stays. Two writes (7 and 5 bytes), the fsync of the file and that of the directory make four calls.
 */
TEST(replace_on_a_disk_that_fails) {
        _cleanup_(directory_done) Directory d = directory_new();
        unsigned n;
        int r = 0;

        EXPECT_OK(fs_replace(d.fd, "file", "old", 3, 0600));
        for (n = 1; n < 100; n++) {
                disk_arm(n, ENOSPC);
                r = fs_replace(d.fd, "file", "the new text", 12, 0600);
                if (disk.countdown > 0)
                        break;
                EXPECT_INT(r, -ENOSPC);
                EXPECT_INT(faccessat(d.fd, ".file.tmp", F_OK, 0), -1);
                expect_content(d.fd, "file", n < 4 ? "old" : "the new text");
        }
        disk_arm(0, 0);
        EXPECT_OK(r);
        EXPECT_INT(n, 5);
}

TEST(interrupted_calls_go_on) {
        _cleanup_(directory_done) Directory d = directory_new();

        disk_arm(1, EINTR);
        EXPECT_OK(fs_replace(d.fd, "file", "content", 7, 0600));
        disk_arm(2, EINTR);
        expect_content(d.fd, "file", "content");
        disk_arm(1, EINTR);
        expect_content(d.fd, "file", "content");
}

TEST(a_read_that_fails) {
        _cleanup_(directory_done) Directory d = directory_new();

        EXPECT_OK(fs_replace(d.fd, "file", "content", 7, 0600));
        disk_arm(1, EIO);
        expect_unreadable(d.fd, "file", false, 100, -EIO);
}

TEST(the_limit_is_exact) {
        _cleanup_(directory_done) Directory d = directory_new();
        _cleanup_(freep) char *data = NULL;
        size_t size;

        EXPECT_OK(fs_replace(d.fd, "file", "12345", 5, 0600));
        EXPECT_OK(fs_read(d.fd, "file", false, 5, &data, &size, NULL));
        expect_unreadable(d.fd, "file", false, 4, -EFBIG);
        expect_unreadable(d.fd, "file", false, 0, -EFBIG);
}

TEST(large_files) {
        _cleanup_(directory_done) Directory d = directory_new();
        _cleanup_(freep) char *content = alloc_zero(100001);

        memset(content, 'c', 100000);
        EXPECT_OK(fs_replace(d.fd, "file", content, 100000, 0600));
        expect_content(d.fd, "file", content);
}

/* Files of /proc have no size, and some are longer than one page. */
TEST(files_without_a_size) {
        _cleanup_(freep) char *data = NULL;
        struct stat st;
        size_t size;

        if (access("/proc/kallsyms", R_OK) < 0)
                test_skip("no /proc/kallsyms");
        EXPECT_OK(fs_read(AT_FDCWD, "/proc/kallsyms", true, 64u << 20, &data, &size, &st));
        EXPECT_INT(st.st_size, 0);
        EXPECT(size > 5000);
        EXPECT_INT(strlen(data), size);
        expect_unreadable(AT_FDCWD, "/proc/kallsyms", true, 5000, -EFBIG);
}

TEST(a_link_is_followed_only_on_demand) {
        _cleanup_(directory_done) Directory d = directory_new();
        _cleanup_(freep) char *data = NULL;
        size_t size;

        EXPECT_OK(fs_replace(d.fd, "file", "target", 6, 0600));
        EXPECT(symlinkat("file", d.fd, "link") >= 0);
        expect_unreadable(d.fd, "link", false, 100, -ELOOP);
        EXPECT_OK(fs_read(d.fd, "link", true, 100, &data, &size, NULL));
        EXPECT_STR(data, "target");
}

TEST(only_regular_files) {
        _cleanup_(directory_done) Directory d = directory_new();

        EXPECT(mkfifoat(d.fd, "fifo", 0600) >= 0);
        expect_unreadable(d.fd, "fifo", false, 100, -ENOTSUP);
        expect_unreadable(AT_FDCWD, "/dev/zero", false, 100, -ENOTSUP);
        expect_unreadable(d.fd, ".", false, 100, -ENOTSUP);
        expect_unreadable(d.fd, "absent", false, 100, -ENOENT);
}

TEST(placing_replaces_only_on_demand) {
        _cleanup_(directory_done) Directory d = directory_new();
        struct stat st;
        mode_t mask = umask(0077);

        EXPECT_OK(fs_place(d.fd, "file", "one", 3, 0644, false));
        (void) umask(mask);
        EXPECT_OK(fstatat(d.fd, "file", &st, 0));
        EXPECT_INT(st.st_mode & 0777, 0644);
        EXPECT_INT(fs_place(d.fd, "file", "two", 3, 0644, false), -EEXIST);
        expect_content(d.fd, "file", "one");
        EXPECT_OK(fs_place(d.fd, "file", "two", 3, 0644, true));
        expect_content(d.fd, "file", "two");
        /* A link that leads nowhere is something, too. */
        EXPECT_OK(symlinkat("nowhere", d.fd, "link"));
        EXPECT_INT(fs_place(d.fd, "link", "x", 1, 0644, false), -EEXIST);
}

TEST(placing_leaves_nothing_else_behind) {
        _cleanup_(directory_done) Directory d = directory_new();
        char name[300], temporary[64];

        (void) snprintf(temporary, sizeof(temporary), ".file.%d.tmp", (int) getpid());
        EXPECT_OK(fs_place(d.fd, "file", "x", 1, 0644, false));
        EXPECT_INT(fs_place(d.fd, "file", "y", 1, 0644, false), -EEXIST);
        for (unsigned n = 1; n <= 2; n++) {
                disk_arm(n, EIO); /* write, fsync */
                EXPECT_INT(fs_place(d.fd, "other", "x", 1, 0644, false), -EIO);
        }
        disk_arm(0, 0);
        EXPECT_INT(faccessat(d.fd, temporary, F_OK, 0), -1);
        EXPECT_INT(faccessat(d.fd, "other", F_OK, 0), -1);
        memset(name, 'n', sizeof(name));
        name[250] = '\0';
        EXPECT_INT(fs_place(d.fd, name, "x", 1, 0644, false), -ENAMETOOLONG);
}

TEST(make_directory) {
        _cleanup_(directory_done) Directory d = directory_new();
        _cleanup_(freep) char *sub = alloc_printf("%s/sub", d.path);
        _cleanup_(freep) char *file = alloc_printf("%s/file", d.path);
        _cleanup_(freep) char *dangling = alloc_printf("%s/link", d.path);
        _cleanup_(freep) char *deep = alloc_printf("%s/no/where", d.path);

        EXPECT_OK(fs_make_directory(sub, 0700));
        EXPECT_OK(fs_make_directory(sub, 0700));
        EXPECT_OK(fs_replace(d.fd, "file", "x", 1, 0600));
        EXPECT_INT(fs_make_directory(file, 0700), -ENOTDIR);
        EXPECT_INT(fs_make_directory(deep, 0700), -ENOENT);
        EXPECT(symlinkat("absent", d.fd, "link") >= 0);
        EXPECT_INT(fs_make_directory(dangling, 0700), -ENOENT);
}

TEST(out_of_memory) {
        _cleanup_(directory_done) Directory d = directory_new();
        int r = 0;

        EXPECT_OK(fs_replace(d.fd, "file", "x", 1, 0600));
        FAULT_LOOP {
                _cleanup_(freep) char *data = NULL;
                size_t size = 4711;

                r = fs_read(d.fd, "file", false, 100, &data, &size, NULL);
                if (!fault_struck())
                        break;
                EXPECT_INT(r, -ENOMEM);
                EXPECT(!data && size == 4711);
        }
        EXPECT_OK(r);
}
