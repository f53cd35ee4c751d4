#pragma once

/* Files of a test's own. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "lib/test.h"

typedef struct Files {
        char directory[64];
        char path[4][128];
        size_t n;
} Files;

static inline void files_start(Files *f) {
        *f = (Files){ .directory = "test-ctl-XXXXXX" };
        EXPECT(mkdtemp(f->directory));
}

static inline char *files_add(Files *f, const char *name, const char *text) {
        char *path = f->path[f->n++];
        FILE *file;

        EXPECT_OK(str_copy(path, sizeof(f->path[0]), f->directory));
        EXPECT_OK(str_copy(path + strlen(path), 2, "/"));
        EXPECT_OK(str_copy(path + strlen(path), 60, name));
        file = fopen(path, "we");
        EXPECT(file);
        EXPECT(fputs(text, file) >= 0);
        EXPECT_INT(fclose(file), 0);
        return path;
}

static inline void files_stop(Files *f) {
        for (size_t i = 0; i < f->n; i++)
                (void) unlink(f->path[i]);
        EXPECT_OK(rmdir(f->directory));
}
