#include "aws/form-request.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "aws/uri.h"
#include "base/alloc.h"

#define NAME_MAX_BYTES 128u

void form_request_init(FormRequest *f, size_t max, bool secret) {
        *f = (FormRequest){ .body = BUF_INIT(max) };
        if (!secret)
                return;
        f->body.data = alloc_zero(max + 1);
        if (f->body.data)
                f->body.allocated = max + 1;
        else
                f->body.failed = true;
}

void form_request_done(FormRequest *f) {
        if (f->body.data)
                explicit_bzero(f->body.data, f->body.allocated);
        buf_done(&f->body);
}

void form_request_add(FormRequest *f, const char *value, size_t size, const char *name, ...) {
        char text[NAME_MAX_BYTES];
        va_list args;
        int n;

        va_start(args, name);
        n = vsnprintf(text, sizeof(text), name, args);
        va_end(args);
        assert(n > 0 && (size_t) n < sizeof(text));
        if (f->body.size > 0)
                (void) buf_putc(&f->body, '&');
        (void) buf_append(&f->body, text, (size_t) n);
        (void) buf_putc(&f->body, '=');
        (void) uri_encode(&f->body, value, size, false);
}

void form_request_string(FormRequest *f, const char *name, const char *value) {
        form_request_add(f, value, strlen(value), "%s", name);
}

void form_request_integer(FormRequest *f, const char *name, uint64_t value) {
        char text[24];
        int n;

        n = snprintf(text, sizeof(text), "%" PRIu64, value);
        form_request_add(f, text, (size_t) n, "%s", name);
}

int form_request_finish(FormRequest *f, HttpRequest *request) {
        size_t size = f->body.size;
        char *body = NULL;
        int r;

        if (f->body.failed)
                return -ENOBUFS;
        r = http_request_add_header(
                        request, "content-type", "application/x-www-form-urlencoded; charset=utf-8");
        if (r < 0)
                return r;
        r = buf_take(&f->body, &body);
        if (r < 0)
                return r;
        request->body = body;
        request->body_size = size;
        return 0;
}
