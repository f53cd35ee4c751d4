#include "aws/http-value.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/secret.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "base/usec.h"

#define URL_MAX (256u * 1024)
#define RESPONSE_HEADER_MAX 4096u
#define RETRY_AFTER_MAX USEC_PER_DAY

const char *http_method_to_string(HttpMethod m) {
        switch (m) {
        case HTTP_GET:
                return "GET";
        case HTTP_POST:
                return "POST";
        case HTTP_PUT:
                return "PUT";
        case HTTP_DELETE:
                return "DELETE";
        }
        ASSERT_NEVER();
        return NULL;
}

static void header_done(HttpHeader *h) {
        free(h->name);
        (void) secret_erase_string(h->value); /* it may be a session token */
        *h = (HttpHeader){ 0 };
}

void http_request_done(HttpRequest *r) {
        for (size_t i = 0; i < r->n_headers; i++)
                header_done(&r->headers[i]);
        free(r->host);
        free(r->path);
        (void) secret_erase_string(r->query); /* a presigned one is as good as a key */
        if (r->body)
                explicit_bzero(r->body, r->body_size); /* it may hold a token */
        free(r->body);
        *r = (HttpRequest){ 0 };
}

void http_response_done(HttpResponse *r) {
        if (r->body)
                explicit_bzero(r->body, r->body_size); /* it may hold credentials */
        free(r->body);
        free(r->request_id);
        free(r->error_type);
        free(r->query_error);
        *r = (HttpResponse){ 0 };
}

static char lower(char c) {
        return c >= 'A' && c <= 'Z' ? (char) (c - 'A' + 'a') : c;
}

/* RFC 9110 "token". */
static bool is_header_name(const char *s) {
        if (*s == '\0')
                return false;
        for (; *s; s++)
                if (*s <= ' ' || *s > '~' || strchr("\"(),/:;<=>?@[\\]{}", *s))
                        return false;
        return true;
}

int http_request_add_header(HttpRequest *r, const char *name, const char *value) {
        _cleanup_(freep) char *n = NULL;
        char *v;

        if (!is_header_name(name) || strpbrk(value, "\r\n"))
                return -EINVAL;
        if (r->n_headers == HTTP_HEADERS_MAX)
                return -ENOBUFS;
        n = alloc_copy_string(name);
        if (!n)
                return -ENOMEM;
        for (char *p = n; *p; p++)
                *p = lower(*p);
        v = alloc_copy_string(value);
        if (!v)
                return -ENOMEM;
        r->headers[r->n_headers++] = (HttpHeader){ .name = TAKE_PTR(n), .value = v };
        return 0;
}

void http_request_drop_header(HttpRequest *r, const char *name) {
        size_t kept = 0;

        for (size_t i = 0; i < r->n_headers; i++) {
                if (strcaseeq(r->headers[i].name, name))
                        header_done(&r->headers[i]);
                else
                        r->headers[kept++] = r->headers[i];
        }
        for (size_t i = kept; i < r->n_headers; i++)
                r->headers[i] = (HttpHeader){ 0 };
        r->n_headers = kept;
}

const char *http_request_header(const HttpRequest *r, const char *name) {
        for (size_t i = 0; i < r->n_headers; i++)
                if (strcaseeq(r->headers[i].name, name))
                        return r->headers[i].value;
        return NULL;
}

int http_request_url(const HttpRequest *r, char **ret) {
        _cleanup_(buf_done) Buf b = BUF_SECRET_INIT(URL_MAX);

        (void) buf_puts(&b, r->tls ? "https://" : "http://");
        (void) buf_puts(&b, r->host);
        (void) buf_puts(&b, r->path);
        if (!str_is_empty(r->query)) {
                (void) buf_putc(&b, '?');
                (void) buf_puts(&b, r->query);
        }
        return buf_take(&b, ret);
}

static int take_text(char **field, const char *value, size_t n) {
        char *copy;

        copy = alloc_copy_bytes(value, n);
        if (!copy)
                return -ENOMEM;
        free(*field);
        *field = copy;
        return 0;
}

/* A number of units as a span. -EINVAL: no number. */
static int parse_span(const char *text, usec_t unit, usec_t *ret) {
        uint64_t n;
        int r = str_parse_u64(text, RETRY_AFTER_MAX / unit, &n);

        if (r == -ERANGE)
                n = RETRY_AFTER_MAX / unit;
        else if (r < 0)
                return r;
        *ret = n * unit;
        return 0;
}

/* Seconds or a date. What the far side's clock says counts, not ours: the date is as far away as the reply's
 * Date is before it, and that header may come later. */
static void take_retry_after(HttpResponse *r, const char *text) {
        usec_t span = 0, at = 0;

        if (r->has_retry_ms)
                return;
        if (parse_span(text, USEC_PER_SEC, &span) < 0)
                (void) time_parse_http(text, &at);
        r->retry_after = span;
        r->retry_at = at;
}

static void settle_retry_at(HttpResponse *r) {
        if (r->retry_at > 0 && !r->has_retry_ms)
                r->retry_after = r->date > 0 ? usec_min(usec_sub(r->retry_at, r->date), RETRY_AFTER_MAX) : 0;
}

static int take_time(HttpResponse *r, const char *name, const char *value, size_t n) {
        _cleanup_(freep) char *text = alloc_copy_bytes(value, n);

        if (!text)
                return -ENOMEM;
        if (strcaseeq(name, "x-amz-retry-after")) {
                if (parse_span(text, USEC_PER_MSEC, &r->retry_after) >= 0)
                        r->has_retry_ms = true;
        } else if (strcaseeq(name, "retry-after"))
                take_retry_after(r, text);
        else if (time_parse_http(text, &r->date) < 0)
                r->date = 0;
        settle_retry_at(r);
        return 0;
}

int http_response_take_header(HttpResponse *r, const char *name, const char *value) {
        size_t n;

        value += strspn(value, " \t");
        n = strcspn(value, "\r\n");
        while (n > 0 && (value[n - 1] == ' ' || value[n - 1] == '\t'))
                n--;
        if (n > RESPONSE_HEADER_MAX)
                return 0;
        if (strcaseeq(name, "x-amzn-requestid") || strcaseeq(name, "x-amz-request-id"))
                return take_text(&r->request_id, value, n);
        if (strcaseeq(name, "x-amzn-errortype"))
                return take_text(&r->error_type, value, n);
        if (strcaseeq(name, "x-amzn-query-error"))
                return take_text(&r->query_error, value, n);
        if (strcaseeq(name, "date") || strcaseeq(name, "retry-after") ||
                        strcaseeq(name, "x-amz-retry-after"))
                return take_time(r, name, value, n);
        if (strcaseeq(name, "age"))
                r->has_age = true;
        return 0;
}
