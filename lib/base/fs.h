#pragma once

/* Files, read and written with a limit. Paths are relative to dir_fd (AT_FDCWD for the working directory).
 */

#include <sys/stat.h>

#include "base/forward.h"

/* Reads a regular file whole, without blocking on a FIFO or device and without following a final symlink
 * unless "follow". ret_data is owned by the caller and NUL-terminated; ret_stat may be NULL. -EFBIG: over
 * max bytes. -ENOTSUP: not a regular file. -ELOOP: a symlink. */
int fs_read(int dir_fd, const char *path, bool follow, size_t max, char **ret_data, size_t *ret_size,
                struct stat *ret_stat);

/* Replaces a file so that a crash leaves the old or the new content: temporary file, fsync, rename, fsync of
 * the directory. "name" has no slash. */
int fs_replace(int dir_fd, const char *name, const void *data, size_t size, mode_t mode);

/* As fs_replace(), for a directory that others write to at the same time: the temporary file is this
 * process's own. Without "replace" a file that is there already stays as it is: -EEXIST. */
int fs_place(int dir_fd, const char *name, const void *data, size_t size, mode_t mode, bool replace);

/* mkdir -p for the last component only; an existing directory is fine. -ENOTDIR otherwise. */
int fs_make_directory(const char *path, mode_t mode);
