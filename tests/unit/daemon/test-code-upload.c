#include "daemon/code-upload.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/alloc.h"
#include "lib/fault.h"
#include "lib/test.h"
#include "unit/daemon/rig.h"

/* Each look at the clock takes so long. */
static usec_t mono, tick;

void __wrap_clock_read(Now *ret);

void __wrap_clock_read(Now *ret) {
        mono += tick;
        *ret = (Now){ .mono = mono };
}

typedef struct Hashed {
        bool is_done;
        int error;
        unsigned turns;
} Hashed;

static void on_ready(int error, void *userdata) {
        Hashed *h = userdata;

        h->is_done = true;
        h->error = error;
}

static bool is_done(void *userdata) {
        Hashed *h = userdata;

        h->turns++;
        return h->is_done;
}

static CodeFile *make(const Rig *g, const char *name, size_t size) {
        _cleanup_(freep) char *path = rig_path(g, name), *text = alloc_zero(size + 1);
        char words[CODE_FILE_WORDS_MAX];
        CodeFile *f = NULL;

        for (size_t i = 0; i < size; i++)
                text[i] = (char) ('a' + i * 7 % 26);
        rig_write(g, name, text);
        EXPECT_OK(code_file_open(path, false, &f, words));
        EXPECT_INT(code_file_size(f), size);
        return f;
}

/* Both hashes are those of what is read from it. */
static void expect_hashes(const CodeUpload *u, size_t size) {
        const AwsCallBody *body = code_upload_body(u);
        uint64_t n = body->stream.upload_size;
        _cleanup_(freep) char *text = alloc_zero((size_t) n + 1), *zip = alloc_zero(size + 1);
        uint8_t sha256[DIGEST_SIZE];
        char hex[DIGEST_HEX_MAX];

        for (uint64_t at = 0; at < n;) {
                ssize_t got = body->stream.read(body->stream.userdata, at, text + at, (size_t) (n - at));

                EXPECT(got > 0);
                at += (uint64_t) got;
        }
        EXPECT_OK(digest_sha256_hex(text, (size_t) n, hex));
        EXPECT_STR(body->sha256, hex);
        for (size_t i = 0; i < size; i++)
                zip[i] = (char) ('a' + i * 7 % 26);
        EXPECT_OK(digest_sha256(zip, size, sha256));
        EXPECT(memcmp(sha256, code_upload_sha256(u), DIGEST_SIZE) == 0);
}

TEST(hashes_in_slices) {
        static const size_t sizes[] = { 1, 512 * 1024, 3 * 1024 * 1024 + 1 };
        _cleanup_(rig_freep) Rig *g = rig_new();

        for (size_t i = 0; i < ELEMENTSOF(sizes); i++) {
                _cleanup_(code_upload_freep) CodeUpload *u = NULL;
                Hashed h = { 0 };

                EXPECT_OK(code_upload_new(g->event, make(g, "a.zip", sizes[i]), "r", on_ready, &h, &u));
                EXPECT(!h.is_done);
                rig_run_until(g, is_done, &h);
                EXPECT_INT(h.error, 0);
                /* The base64 is a third longer, so it is the body that takes the turns. */
                EXPECT(h.turns >= sizes[i] / (512 * 1024));
                expect_hashes(u, sizes[i]);
                EXPECT(!code_upload_trouble(u));
        }
}

/* Whoever else waits for the loop does not wait for the disk. */
TEST(a_slow_disk_has_shorter_slices) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(code_upload_freep) CodeUpload *u = NULL;
        size_t size = 200 * 1024;
        Hashed h = { 0 };

        tick = 20 * USEC_PER_MSEC;
        EXPECT_OK(code_upload_new(g->event, make(g, "a.zip", size), "r", on_ready, &h, &u));
        rig_run_until(g, is_done, &h);
        tick = 0;
        EXPECT_INT(h.error, 0);
        EXPECT(h.turns >= size / 8192);
        expect_hashes(u, size);
}

TEST(a_file_that_changes_meanwhile) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        _cleanup_(freep) char *path = rig_path(g, "a.zip");
        _cleanup_(code_upload_freep) CodeUpload *u = NULL;
        Hashed h = { 0 };

        EXPECT_OK(code_upload_new(g->event, make(g, "a.zip", 3 * 1024 * 1024), "r", on_ready, &h, &u));
        EXPECT_OK(sd_event_run(g->event, 0));
        EXPECT_INT(truncate(path, 100), 0);
        rig_run_until(g, is_done, &h);
        EXPECT_INT(h.error, -ESTALE);
        EXPECT_CONTAINS(code_upload_trouble(u), "a.zip");
}

TEST(freed_in_the_middle) {
        _cleanup_(rig_freep) Rig *g = rig_new();
        CodeUpload *u = NULL;
        Hashed h = { 0 };

        EXPECT_OK(code_upload_new(g->event, make(g, "a.zip", 3 * 1024 * 1024), NULL, on_ready, &h, &u));
        EXPECT_OK(sd_event_run(g->event, 0));
        EXPECT(!code_upload_free(u));
        rig_settle(g);
        EXPECT(!h.is_done);
}

TEST(without_memory) {
        _cleanup_(rig_freep) Rig *g = rig_new();

        FAULT_LOOP {
                CodeFile *file;
                CodeUpload *u = NULL;
                bool struck;
                int r;

                (void) fault_struck();
                file = make(g, "a.zip", 10);
                fault_arm(_fault);
                r = code_upload_new(g->event, file, "r", on_ready, NULL, &u);
                struck = fault_struck();
                (void) code_upload_free(u);
                if (!struck) {
                        EXPECT_OK(r);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT(!u);
        }
}
