#include "daemon/code-upload.h"

#include "aws/code-body.h"
#include "aws/digest-stream.h"
#include "base/alloc.h"
#include "base/usec.h"
#include "daemon/clock.h"

/* Of zip, and of body: some milliseconds' worth of hashing; of a slow disk less than that. */
#define SLICE (512u * 1024)
#define SLICE_SPAN (10 * USEC_PER_MSEC)
#define PIECE 8192u
/* Everything else that is pending goes first. */
#define PRIORITY (SD_EVENT_PRIORITY_NORMAL + 10)

struct CodeUpload {
        CodeFile *file;
        CodeBody body;
        AwsCallBody call;
        DigestStream *zip_digest, *body_digest;
        uint64_t zip_done, body_done;
        uint8_t sha256[DIGEST_SIZE];
        sd_event_source *source;
        CodeUploadReady ready;
        void *userdata;
};

CodeUpload *code_upload_free(CodeUpload *u) {
        if (!u)
                return NULL;
        (void) sd_event_source_disable_unref(u->source);
        (void) digest_stream_free(u->zip_digest);
        (void) digest_stream_free(u->body_digest);
        code_body_done(&u->body);
        (void) code_file_free(u->file);
        free(u);
        return NULL;
}

static int read_zip(void *userdata, uint64_t offset, void *dst, size_t size) {
        return code_file_read(userdata, offset, dst, size);
}

static ssize_t read_body(void *userdata, uint64_t offset, void *dst, size_t size) {
        return code_body_read(userdata, offset, dst, size);
}

static int hash_zip(CodeUpload *u, usec_t until) {
        uint64_t end = MIN(u->zip_done + SLICE, code_file_size(u->file));
        uint8_t piece[PIECE];

        while (u->zip_done < end) {
                size_t n = (size_t) MIN(end - u->zip_done, (uint64_t) sizeof(piece));
                int r = code_file_read(u->file, u->zip_done, piece, n);

                if (r >= 0)
                        r = digest_stream_add(u->zip_digest, piece, n);
                if (r < 0)
                        return r;
                u->zip_done += n;
                if (clock_mono() >= until)
                        break;
        }
        return 0;
}

static int hash_body(CodeUpload *u, usec_t until) {
        uint64_t end = MIN(u->body_done + SLICE, code_body_size(&u->body));
        uint8_t piece[PIECE];

        while (u->body_done < end) {
                size_t n = (size_t) MIN(end - u->body_done, (uint64_t) sizeof(piece));
                ssize_t got = code_body_read(&u->body, u->body_done, piece, n);
                int r = got < 0 ? (int) got : digest_stream_add(u->body_digest, piece, (size_t) got);

                if (r < 0)
                        return r;
                u->body_done += (uint64_t) got;
                if (clock_mono() >= until)
                        break;
        }
        return 0;
}

/* 1: all is hashed. 0: there is more. */
static int hash_slice(CodeUpload *u) {
        usec_t until = usec_add(clock_mono(), SLICE_SPAN);
        uint8_t digest[DIGEST_SIZE];
        int r;

        r = hash_zip(u, until);
        if (r >= 0)
                r = hash_body(u, until);
        if (r < 0 || u->body_done < code_body_size(&u->body) || u->zip_done < code_file_size(u->file))
                return r;
        r = digest_stream_finish(u->zip_digest, u->sha256);
        if (r >= 0)
                r = digest_stream_finish(u->body_digest, digest);
        if (r < 0)
                return r;
        digest_to_hex(digest, u->call.sha256);
        return 1;
}

static int on_turn(sd_event_source *source, void *userdata) {
        CodeUpload *u = userdata;
        int r = hash_slice(u);

        if (r == 0)
                return 0;
        u->source = sd_event_source_disable_unref(u->source);
        u->ready(MIN(r, 0), u->userdata);
        return 0;
}

int code_upload_new(sd_event *event, CodeFile *take_file, const char *revision, CodeUploadReady ready,
                void *userdata, CodeUpload **ret) {
        _cleanup_(code_file_freep) CodeFile *file = take_file;
        _cleanup_(code_upload_freep) CodeUpload *u = alloc_one(CodeUpload);
        int r;

        if (!u)
                return -ENOMEM;
        u->file = TAKE_PTR(file);
        u->ready = ready;
        u->userdata = userdata;
        r = code_body_init(&u->body, revision, code_file_size(u->file), read_zip, u->file);
        if (r >= 0)
                r = digest_stream_new(&u->zip_digest);
        if (r >= 0)
                r = digest_stream_new(&u->body_digest);
        if (r >= 0)
                r = sd_event_add_defer(event, &u->source, on_turn, u);
        if (r >= 0)
                r = sd_event_source_set_priority(u->source, PRIORITY);
        if (r >= 0)
                r = sd_event_source_set_enabled(u->source, SD_EVENT_ON);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(u->source, "code-hash");
        u->call.stream = (HttpStream){
                .upload_size = code_body_size(&u->body),
                .read = read_body,
                .userdata = &u->body,
        };
        *ret = TAKE_PTR(u);
        return 0;
}

const AwsCallBody *code_upload_body(const CodeUpload *u) {
        return &u->call;
}

const uint8_t *code_upload_sha256(const CodeUpload *u) {
        return u->sha256;
}

const char *code_upload_trouble(const CodeUpload *u) {
        return code_file_trouble(u->file);
}
