#include "aws/code-body.h"

#include <sys/types.h>

#include "aws/base64.h"
#include "base/alloc.h"
#include "lib/fault.h"
#include "lib/test.h"

#define ZIP_MAX 20000u

/* A zip that is read from memory, and cannot be read beyond "until". */
typedef struct Zip {
        uint8_t data[ZIP_MAX];
        uint64_t until;
} Zip;

static Zip zip;

static int read_memory(void *userdata, uint64_t offset, void *dst, size_t size) {
        const Zip *z = userdata;

        if (offset + size > z->until)
                return -EIO;
        memcpy(dst, z->data + offset, size);
        return 0;
}

static void fill(uint64_t size) {
        for (size_t i = 0; i < ZIP_MAX; i++)
                zip.data[i] = (uint8_t) (i * 131 + i / 256);
        zip.until = size;
}

/* Reads all, "step" bytes at a time. */
static char *read_all(const CodeBody *b, size_t step) {
        uint64_t size = code_body_size(b), at = 0;
        char *all = alloc_zero((size_t) size + 1);

        EXPECT(all);
        for (ssize_t n; (n = code_body_read(b, at, all + at, MIN(step, (size_t) (size - at)))) != 0;) {
                EXPECT_OK(n);
                at += (uint64_t) n;
        }
        EXPECT_INT(at, size);
        return all;
}

TEST(is_json_with_the_zip_in_it) {
        static const uint64_t sizes[] = { 0, 1, 2, 3, 4, 3071, 3072, 3073, 6145, ZIP_MAX };

        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                _cleanup_(code_body_done) CodeBody b = { 0 };
                _cleanup_(freep) char *text = alloc_zero(BASE64_SIZE(sizes[i]) + 1), *want = NULL,
                                      *got = NULL;

                fill(sizes[i]);
                base64_encode(zip.data, sizes[i], text);
                want = alloc_printf(
                                "{\"RevisionId\":\"r-\\\"1\",\"Publish\":false,\"ZipFile\":\"%s\"}", text);
                EXPECT_OK(code_body_init(&b, "r-\"1", sizes[i], read_memory, &zip));
                EXPECT_INT(code_body_size(&b), strlen(want));
                got = read_all(&b, SIZE_MAX);
                EXPECT_STR(got, want);
        }
}

TEST(pieces_of_any_size_are_the_same) {
        static const size_t steps[] = { 1, 2, 3, 5, 7, 63, 64, 4095, 4096, 4097, 16384 };
        _cleanup_(code_body_done) CodeBody b = { 0 };
        _cleanup_(freep) char *whole = NULL;

        fill(9001);
        EXPECT_OK(code_body_init(&b, "", 9001, read_memory, &zip));
        whole = read_all(&b, SIZE_MAX);
        EXPECT(strncmp(whole, "{\"Publish\":false,\"ZipFile\":\"", 28) == 0);
        for (size_t i = 0; i < ELEMENTSOF(steps); i++) {
                _cleanup_(freep) char *got = read_all(&b, steps[i]);

                EXPECT_STR(got, whole);
        }
}

TEST(a_zip_that_cannot_be_read) {
        _cleanup_(code_body_done) CodeBody b = { 0 };
        char text[64];

        fill(99);
        EXPECT_OK(code_body_init(&b, NULL, 100, read_memory, &zip));
        EXPECT_INT(code_body_read(&b, strlen(b.head), text, sizeof(text)), -EIO);
        EXPECT_INT(code_body_read(&b, code_body_size(&b), text, sizeof(text)), 0);
        EXPECT_INT(code_body_read(&b, 0, text, 0), 0);
}

TEST(without_memory) {
        FAULT_LOOP {
                CodeBody b = { 0 };
                int r = code_body_init(&b, "r", 3, read_memory, &zip);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        code_body_done(&b);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT(!b.head);
        }
}
