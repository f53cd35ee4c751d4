#include "daemon/file-identity.h"

#include "base/usec.h"

FileIdentity file_identity_of(const struct stat *st) {
        return (FileIdentity){
                .device = st->st_dev,
                .inode = st->st_ino,
                .size = st->st_size,
                .modified = st->st_mtim,
                .changed = st->st_ctim,
        };
}

static bool time_equal(const struct timespec *a, const struct timespec *b) {
        return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

bool file_identity_same_file(const FileIdentity *a, const FileIdentity *b) {
        return a->device == b->device && a->inode == b->inode;
}

bool file_identity_same_data(const FileIdentity *a, const FileIdentity *b) {
        return file_identity_same_file(a, b) && a->size == b->size && time_equal(&a->modified, &b->modified);
}

bool file_identity_equal(const FileIdentity *a, const FileIdentity *b) {
        return file_identity_same_data(a, b) && time_equal(&a->changed, &b->changed);
}

static usec_t usec_of(const struct timespec *t) {
        return t->tv_sec < 0 ? 0 : (usec_t) t->tv_sec * USEC_PER_SEC + (usec_t) t->tv_nsec / 1000;
}

usec_t file_identity_touched(const FileIdentity *f) {
        return usec_max(usec_of(&f->modified), usec_of(&f->changed));
}
