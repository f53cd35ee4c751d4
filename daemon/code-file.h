#pragma once

/* A zip with code: a file of the operator's, or one of ours that has no name. What is read of it is the same
 * each time, or an error. */

#include "base/macro.h"

typedef struct CodeFile CodeFile;

#define CODE_FILE_WORDS_MAX 320

/* is_pinned: its SHA-256 is known, so that it does not matter who may write it.
 * -EINVAL: no file that Lambda would take, and words say why. Others: the system's, with words too; the
 * trouble may be the host's, not the file's: code_file_may_heal(). */
int code_file_open(
                const char *path, bool is_pinned, CodeFile **ret, char reterr[static CODE_FILE_WORDS_MAX]);

bool code_file_may_heal(int error);

/* Empty, to be filled; gone with its descriptor. "directory" is there, and at least "spare" bytes of its
 * file system stay free. */
int code_file_temp(const char *directory, uint64_t spare, CodeFile **ret,
                char reterr[static CODE_FILE_WORDS_MAX]);
/* -EFBIG: beyond CODE_ZIP_MAX. -ENOSPC: or into what is to be spared. */
int code_file_append(CodeFile *f, const void *data, size_t size);
/* No more of it comes; it can be read. */
int code_file_seal(CodeFile *f);

CodeFile *code_file_free(CodeFile *f);
DEFINE_TRIVIAL_CLEANUP(CodeFile *, code_file_free);

uint64_t code_file_size(const CodeFile *f);

/* Reads exactly that. -ESTALE: the file is not what it was when it was opened. */
int code_file_read(CodeFile *f, uint64_t offset, void *dst, size_t size);

/* What has gone wrong with it so far; NULL: nothing. */
const char *code_file_trouble(const CodeFile *f);
