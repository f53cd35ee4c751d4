#include "aws/code-body.h"

#include <string.h>
#include <sys/types.h>

#include "aws/base64.h"
#include "aws/json-request.h"
#include "base/alloc.h"
#include "base/str.h"

#define GROUPS_MAX 1024u /* of three bytes each, made at a time */

/* The zip's member is put last, so that everything else stands before it. */
int code_body_init(CodeBody *b, const char *revision, uint64_t zip_size, CodeBodyRead read, void *userdata) {
        static const char zip_member[] = "\"ZipFile\":\"";
        _cleanup_(json_request_done) JsonRequest j = { 0 };
        _cleanup_(http_request_done) HttpRequest rest = { 0 };
        int r;

        json_request_init(&j);
        if (!str_is_empty(revision))
                json_request_string(&j, j.root, "RevisionId", revision);
        json_request_boolean(&j, j.root, "Publish", false);
        r = json_request_finish(&j, "application/json", &rest);
        if (r < 0)
                return r;
        rest.body[rest.body_size - 1] = '\0'; /* the closing brace */
        *b = (CodeBody){ .tail = "\"}", .zip_size = zip_size, .read = read, .userdata = userdata };
        b->head = alloc_printf("%s,%s", rest.body, zip_member);
        return b->head ? 0 : -ENOMEM;
}

void code_body_done(CodeBody *b) {
        free(b->head);
        *b = (CodeBody){ 0 };
}

uint64_t code_body_size(const CodeBody *b) {
        return strlen(b->head) + BASE64_SIZE(b->zip_size) + strlen(b->tail);
}

static size_t copy_text(const char *text, uint64_t offset, void *dst, size_t size) {
        size_t n = MIN(strlen(text) - (size_t) offset, size);

        memcpy(dst, text + offset, n);
        return n;
}

/* "offset" into the base64. Whole groups are made; of the first one the beginning may be left out. */
static ssize_t read_zip(const CodeBody *b, uint64_t offset, char *dst, size_t size) {
        uint8_t zip[3 * GROUPS_MAX];
        char text[4 * GROUPS_MAX];
        uint64_t first = offset / 4 * 3;
        size_t n = (size_t) MIN(b->zip_size - first, (uint64_t) sizeof(zip)), skip = offset % 4;
        int r;

        r = b->read(b->userdata, first, zip, n);
        if (r < 0)
                return r;
        base64_encode(zip, n, text);
        n = MIN(BASE64_SIZE(n) - skip, size);
        memcpy(dst, text + skip, n);
        return (ssize_t) n;
}

ssize_t code_body_read(const CodeBody *b, uint64_t offset, void *dst, size_t size) {
        uint64_t head = strlen(b->head), zip = BASE64_SIZE(b->zip_size);

        if (size == 0 || offset >= code_body_size(b))
                return 0;
        if (offset < head)
                return (ssize_t) copy_text(b->head, offset, dst, size);
        if (offset < head + zip)
                return read_zip(b, offset - head, dst, size);
        return (ssize_t) copy_text(b->tail, offset - head - zip, dst, size);
}
