#include "daemon/code-file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "aws/code-body.h"
#include "base/alloc.h"
#include "base/fd.h"
#include "lib/test.h"
#include "unit/daemon/rig.h"

static void expect_refusal(const char *path, int error, const char *words) {
        char text[CODE_FILE_WORDS_MAX] = "";
        CodeFile *f = NULL;

        EXPECT_INT(code_file_open(path, false, &f, text), error);
        EXPECT_CONTAINS(text, words);
        EXPECT_CONTAINS(text, path);
        EXPECT(!f);
}

TEST(reads_what_is_there) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(freep) char *path = rig_path(g, "a.zip");
        _cleanup_(code_file_freep) CodeFile *f = NULL;
        char words[CODE_FILE_WORDS_MAX], text[8] = "";

        rig_write(g, "a.zip", "0123456789");
        EXPECT_OK(code_file_open(path, false, &f, words));
        EXPECT_INT(code_file_size(f), 10);
        EXPECT_OK(code_file_read(f, 3, text, 4));
        EXPECT_STR(text, "3456");
        EXPECT(!code_file_trouble(f));
        /* Another file by that name is another file. */
        EXPECT_INT(unlink(path), 0);
        rig_write(g, "a.zip", "abcdefghij");
        EXPECT_OK(code_file_read(f, 0, text, 4));
        EXPECT_STR(text, "0123");
}

TEST(refuses_what_lambda_would_not_take) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(freep) char *path = rig_path(g, "a.zip"), *fifo = rig_path(g, "fifo");
        _cleanup_(code_file_freep) CodeFile *f = NULL;
        char words[CODE_FILE_WORDS_MAX];

        expect_refusal(path, -ENOENT, "No such file");
        expect_refusal(g->directory, -EINVAL, "not a regular file");
        EXPECT_INT(mkfifo(fifo, 0600), 0);
        expect_refusal(fifo, -EINVAL, "not a regular file");
        rig_write(g, "a.zip", "");
        expect_refusal(path, -EINVAL, "is empty");
        EXPECT_INT(truncate(path, (off_t) CODE_ZIP_MAX + 1), 0);
        expect_refusal(path, -EINVAL, "put it into S3");
        EXPECT_INT(truncate(path, (off_t) CODE_ZIP_MAX), 0);
        EXPECT_OK(code_file_open(path, false, &f, words));
}

TEST(a_file_that_changes) {
        static const char *const names[] = { "cut.zip", "grown.zip", "touched.zip" };
        static const char *const words[] = { "cut short", "changed while", "changed while" };
        _cleanup_(rig_freep) Rig *g = rig_new();

        for (size_t i = 0; i < ELEMENTSOF(names); i++) {
                _cleanup_(freep) char *path = rig_path(g, names[i]);
                _cleanup_(code_file_freep) CodeFile *f = NULL;
                const struct timespec times[2] = { { 1, 0 }, { 1, 0 } };
                char text[10], error[CODE_FILE_WORDS_MAX];

                rig_write(g, names[i], "0123456789");
                EXPECT_OK(code_file_open(path, false, &f, error));
                if (i < 2)
                        EXPECT_INT(truncate(path, i == 0 ? 5 : 20), 0);
                else
                        EXPECT_INT(utimensat(AT_FDCWD, path, times, 0), 0);
                EXPECT_INT(code_file_read(f, 0, text, 10), -ESTALE);
                EXPECT_CONTAINS(code_file_trouble(f), words[i]);
                EXPECT_CONTAINS(code_file_trouble(f), names[i]);
        }
}

TEST(copy_without_a_name) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(code_file_freep) CodeFile *f = NULL;
        char words[CODE_FILE_WORDS_MAX], text[8] = "";

        EXPECT_OK(code_file_temp(g->directory, 0, &f, words));
        EXPECT_OK(code_file_append(f, "0123", 4));
        EXPECT_OK(code_file_append(f, "456", 3));
        EXPECT_OK(code_file_seal(f));
        EXPECT_INT(code_file_size(f), 7);
        EXPECT_OK(code_file_read(f, 2, text, 5));
        EXPECT_STR(text, "23456");
        /* There is nothing left but the directory. */
        EXPECT_INT(rmdir(g->directory), 0);
        EXPECT_INT(mkdir(g->directory, 0700), 0);
}

TEST(copy_that_cannot_be) {
        _cleanup_(code_file_freep) CodeFile *f = NULL, *large = NULL;
        _cleanup_(rig_freep) Rig *g = rig_new();
        char words[CODE_FILE_WORDS_MAX] = "";
        static char piece[1024 * 1024];

        EXPECT_INT(code_file_temp("/nonexistent", 0, &f, words), -ENOENT);
        EXPECT_CONTAINS(words, "/nonexistent: No such file");
        EXPECT_OK(code_file_temp(g->directory, 0, &large, words));
        for (unsigned i = 0; i < CODE_ZIP_MAX / sizeof(piece); i++)
                EXPECT_OK(code_file_append(large, piece, sizeof(piece)));
        EXPECT_INT(code_file_append(large, piece, 1), -EFBIG);
        EXPECT_CONTAINS(code_file_trouble(large), "larger than what Lambda takes");
}

/* The store has the file system to itself when it is nearly full. */
TEST(copy_that_would_take_the_last_room) {
        _cleanup_(code_file_freep) CodeFile *f = NULL, *greedy = NULL;
        _cleanup_(rig_freep) Rig *g = rig_new();
        char words[CODE_FILE_WORDS_MAX];

        EXPECT_OK(code_file_temp(g->directory, 1, &f, words));
        EXPECT_OK(code_file_append(f, "0123", 4));
        EXPECT_OK(code_file_temp(g->directory, UINT64_MAX, &greedy, words));
        EXPECT_INT(code_file_append(greedy, "0123", 4), -ENOSPC);
        EXPECT_CONTAINS(code_file_trouble(greedy), "the store of the rollouts may need: No space left");
        EXPECT_INT(code_file_size(greedy), 0);
}

/* Nobody knows whose code that would be, but for its hash. */
TEST(a_file_that_anybody_may_write) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(freep) char *path = rig_path(g, "a.zip");
        _cleanup_(code_file_freep) CodeFile *f = NULL, *pinned = NULL;
        char words[CODE_FILE_WORDS_MAX];

        rig_write(g, "a.zip", "0123456789");
        EXPECT_INT(chmod(path, 0664), 0);
        EXPECT_OK(code_file_open(path, false, &f, words));
        EXPECT_INT(chmod(path, 0646), 0);
        expect_refusal(path, -EINVAL, "can be written by anybody");
        EXPECT_OK(code_file_open(path, true, &pinned, words));
}

TEST(whose_trouble_it_is) {
        static const int passing[] = { EMFILE, ENFILE, ENOMEM, EIO },
                         lasting[] = { ENOENT, EACCES, ELOOP, EINVAL, ESTALE };

        for (size_t i = 0; i < ELEMENTSOF(passing); i++)
                EXPECT(code_file_may_heal(-passing[i]));
        for (size_t i = 0; i < ELEMENTSOF(lasting); i++)
                EXPECT(!code_file_may_heal(-lasting[i]));
}
