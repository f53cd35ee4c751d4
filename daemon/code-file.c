#include "daemon/code-file.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "aws/code-body.h"
#include "base/alloc.h"
#include "base/fd.h"
#include "base/str.h"
#include "daemon/file-identity.h"

struct CodeFile {
        int fd;
        char *path;            /* for words; NULL: ours */
        uint64_t size;         /* of ours: so far */
        uint64_t spare;        /* of ours: what the file system is left with */
        FileIdentity identity; /* not of ours: nobody else has it */
        char trouble[CODE_FILE_WORDS_MAX];
};

static CodeFile *file_new(const char *path) {
        _cleanup_(code_file_freep) CodeFile *f = alloc_one(CodeFile);

        if (!f)
                return NULL;
        f->fd = -EBADF;
        if (alloc_copy_optional(path, &f->path) < 0)
                return NULL;
        return TAKE_PTR(f);
}

CodeFile *code_file_free(CodeFile *f) {
        if (!f)
                return NULL;
        (void) fd_close(f->fd);
        free(f->path);
        free(f);
        return NULL;
}

_printf_(3, 4) static int refuse(
                char reterr[static CODE_FILE_WORDS_MAX], int error, const char *format, ...) {
        va_list args;

        va_start(args, format);
        (void) vsnprintf(reterr, CODE_FILE_WORDS_MAX, format, args);
        va_end(args);
        return error;
}

/* What Lambda takes in a request. */
static int check_stat(const char *path, bool is_pinned, const struct stat *st,
                char reterr[static CODE_FILE_WORDS_MAX]) {
        if (!S_ISREG(st->st_mode))
                return refuse(reterr, -EINVAL, "zip %.160s is not a regular file", path);
        if (st->st_size == 0)
                return refuse(reterr, -EINVAL, "zip %.160s is empty", path);
        if (st->st_size > (off_t) CODE_ZIP_MAX)
                return refuse(reterr, -EINVAL,
                                "zip %.160s has %lld bytes, Lambda takes up to %u in a request: put it into S3 "
                                "and publish \"s3: {bucket, key}\"",
                                path, (long long) st->st_size, CODE_ZIP_MAX);
        if ((st->st_mode & S_IWOTH) && !is_pinned)
                return refuse(reterr, -EINVAL,
                                "zip %.160s can be written by anybody: chmod o-w it, or give its sha256 in the "
                                "plan",
                                path);
        return 0;
}

int code_file_open(
                const char *path, bool is_pinned, CodeFile **ret, char reterr[static CODE_FILE_WORDS_MAX]) {
        _cleanup_(code_file_freep) CodeFile *f = file_new(path);
        struct stat st;
        int r;

        if (!f)
                return refuse(reterr, -ENOMEM, "out of memory");
        /* Opening a FIFO must not wait for its writer. */
        f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
        if (f->fd < 0 || fstat(f->fd, &st) < 0)
                return refuse(reterr, -errno, "zip %.160s cannot be opened: %s", path, strerror(errno));
        r = check_stat(path, is_pinned, &st, reterr);
        if (r < 0)
                return r;
        f->size = (uint64_t) st.st_size;
        f->identity = file_identity_of(&st);
        *ret = TAKE_PTR(f);
        return 0;
}

bool code_file_may_heal(int error) {
        static const int passing[] = { EMFILE, ENFILE, ENOMEM, EINTR, EAGAIN, EIO, ETIMEDOUT };

        for (size_t i = 0; i < ELEMENTSOF(passing); i++)
                if (error == -passing[i])
                        return true;
        return false;
}

/* Not every file system can make files without a name. */
static int open_unnamed(const char *directory) {
        _cleanup_(freep) char *name = NULL;
        int fd;

        fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
        if (fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
                return fd < 0 ? -errno : fd;
        name = alloc_printf("%s/.code-XXXXXX", directory);
        if (!name)
                return -ENOMEM;
        fd = mkostemp(name, O_CLOEXEC);
        if (fd < 0)
                return -errno;
        (void) unlink(name);
        return fd;
}

int code_file_temp(const char *directory, uint64_t spare, CodeFile **ret,
                char reterr[static CODE_FILE_WORDS_MAX]) {
        _cleanup_(code_file_freep) CodeFile *f = file_new(NULL);

        if (!f)
                return refuse(reterr, -ENOMEM, "out of memory");
        f->fd = open_unnamed(directory);
        if (f->fd < 0)
                return refuse(reterr, f->fd, "cannot make a file for the code in %.160s: %s", directory,
                                strerror(-f->fd));
        f->spare = spare;
        *ret = TAKE_PTR(f);
        return 0;
}

static int fail(CodeFile *f, int error, const char *what) {
        if (f->trouble[0] == '\0')
                (void) snprintf(f->trouble, sizeof(f->trouble), "%s%.160s %s%s%s", f->path ? "zip " : "",
                                f->path ? f->path : "the copy of the code", what,
                                error == -ESTALE ? "" : ": ", error == -ESTALE ? "" : strerror(-error));
        return error;
}

/* A file system that does not say how much it has left is asked by writing. */
static bool has_room(const CodeFile *f, size_t size) {
        struct statvfs fs;
        uint64_t room;

        if (fstatvfs(f->fd, &fs) < 0 || fs.f_blocks == 0)
                return true;
        room = (uint64_t) fs.f_bavail * fs.f_frsize;
        return room >= size && room - size >= f->spare;
}

int code_file_append(CodeFile *f, const void *data, size_t size) {
        const char *from = data;

        if (size > CODE_ZIP_MAX - f->size)
                return fail(f, -EFBIG, "is larger than what Lambda takes back in a request");
        if (!has_room(f, size))
                return fail(f, -ENOSPC, "would take the room that the store of the rollouts may need");
        while (size > 0) {
                ssize_t n = pwrite(f->fd, from, size, (off_t) f->size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n <= 0)
                        return fail(f, n < 0 ? -errno : -ENOSPC, "cannot be written");
                from += n;
                size -= (size_t) n;
                f->size += (uint64_t) n;
        }
        return 0;
}

int code_file_seal(CodeFile *f) {
        struct stat st;

        if (fstat(f->fd, &st) < 0)
                return fail(f, -errno, "cannot be read");
        f->identity = file_identity_of(&st);
        return 0;
}

uint64_t code_file_size(const CodeFile *f) {
        return f->size;
}

int code_file_read(CodeFile *f, uint64_t offset, void *dst, size_t size) {
        FileIdentity now;
        struct stat st;
        char *to = dst;

        while (size > 0) {
                ssize_t n = pread(f->fd, to, size, (off_t) offset);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return fail(f, -errno, "cannot be read");
                if (n == 0)
                        return fail(f, -ESTALE, "was cut short while it was being read");
                to += n;
                offset += (uint64_t) n;
                size -= (size_t) n;
        }
        /* After the bytes: a change while they were read counts. */
        if (fstat(f->fd, &st) < 0)
                return fail(f, -errno, "cannot be read");
        now = file_identity_of(&st);
        now.changed = f->identity.changed; /* another file taking its name touches that, not the bytes */
        if (!file_identity_equal(&now, &f->identity))
                return fail(f, -ESTALE,
                                "changed while it was being read: put it there by renaming, and submit again");
        return 0;
}

const char *code_file_trouble(const CodeFile *f) {
        return f->trouble[0] != '\0' ? f->trouble : NULL;
}
