#pragma once

#include <sys/stat.h>

#include "base/forward.h"

/* What tells one state of a file from another without reading it. */
typedef struct FileIdentity {
        dev_t device;
        ino_t inode;
        off_t size;
        struct timespec modified, changed;
} FileIdentity;

FileIdentity file_identity_of(const struct stat *st);
bool file_identity_equal(const FileIdentity *a, const FileIdentity *b);
/* The same inode, whatever became of it. */
bool file_identity_same_file(const FileIdentity *a, const FileIdentity *b);
/* The same file as it was written, whatever became of its mode, owner and links. */
bool file_identity_same_data(const FileIdentity *a, const FileIdentity *b);

/* When it was last written or replaced, wall clock; 0 for times before the epoch. */
usec_t file_identity_touched(const FileIdentity *f);
