/* A text as part of a path, encoded and decoded again, signed as a path, and as the URL of an endpoint. */

#include <stdlib.h>

#include "aws/endpoint.h"
#include "aws/sigv4.h"
#include "aws/uri.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"
#include "fuzz/fuzz.h"

#define TEXT_MAX (64u * 1024)

static char *encode(const char *s, size_t n, bool keep_slash) {
        _cleanup_(buf_done) Buf out = BUF_INIT(TEXT_MAX * 3);
        char *text = NULL;

        FUZZ_CHECK(uri_encode(&out, s, n, keep_slash) == 0);
        FUZZ_CHECK(strspn(buf_text(&out),
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~%/") ==
                        out.size);
        FUZZ_CHECK(keep_slash || !strchr(buf_text(&out), '/'));
        if (n == 0)
                return alloc_copy_string("");
        FUZZ_CHECK(buf_take(&out, &text) == 0);
        return text;
}

static void check_round_trip(const char *s, size_t n, bool keep_slash) {
        _cleanup_(freep) char *encoded = encode(s, n, keep_slash), *decoded = NULL;
        int r = uri_decode(encoded, strlen(encoded), &decoded);

        if (memchr(s, '\0', n))
                FUZZ_CHECK(r == -EINVAL && !decoded);
        else
                FUZZ_CHECK(r == 0 && strlen(decoded) == n && memcmp(decoded, s, n) == 0);
}

/* Whatever can be decoded comes out the same after being encoded our way. */
static void check_foreign(const char *s, size_t n) {
        _cleanup_(freep) char *decoded = NULL, *encoded = NULL, *again = NULL;
        int r = uri_decode(s, n, &decoded);

        FUZZ_CHECK(r == 0 || r == -EINVAL);
        if (r < 0)
                return;
        encoded = encode(decoded, strlen(decoded), false);
        FUZZ_CHECK(uri_decode(encoded, strlen(encoded), &again) == 0);
        FUZZ_CHECK(streq(decoded, again));
}

/* On the wire a segment is encoded once, in the canonical request twice. */
static void check_signed_path(const char *s, size_t n) {
        _cleanup_(freep) char *segment = encode(s, n, false), *canonical = NULL, *headers = NULL,
                              *once = NULL, *twice = NULL;
        _cleanup_(http_request_done) HttpRequest request = { .method = HTTP_GET };
        const char *line;

        if (n == 0 || memchr(s, '\0', n) || streq(segment, ".") || streq(segment, ".."))
                return;
        request.host = alloc_copy_string("example.com");
        request.path = alloc_printf("/a//./b/../%s/", segment);
        FUZZ_CHECK(request.host && request.path);
        FUZZ_CHECK(sigv4_canonical_request(&request, NULL, &canonical, &headers) == 0);
        line = strchr(canonical, '\n') + 1;
        FUZZ_CHECK(uri_decode(line, strcspn(line, "\n"), &once) == 0);
        FUZZ_CHECK(uri_decode(once, strlen(once), &twice) == 0);
        FUZZ_CHECK(str_after(twice, "/a/") && strlen(twice) == n + 4);
        FUZZ_CHECK(memcmp(twice + 3, s, n) == 0);
}

static void check_url(const char *url) {
        _cleanup_(aws_endpoint_done) AwsEndpoint e = { 0 }, again = { 0 };
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        _cleanup_(freep) char *text = NULL;
        int r = aws_endpoint_from_url(url, &e);

        FUZZ_CHECK(r == 0 || (r == -EINVAL && !e.host));
        if (r < 0)
                return;
        FUZZ_CHECK(e.host[0] != '\0' && !strpbrk(e.host, "@/?#\\ \t\r\n"));
        FUZZ_CHECK(!strpbrk(e.base_path, "?#\\ \r\n") && !str_ends_with(e.base_path, "/"));
        FUZZ_CHECK(aws_endpoint_request(&e, HTTP_GET, "/", &request) == 0);
        FUZZ_CHECK(http_request_url(&request, &text) == 0);
        FUZZ_CHECK(aws_endpoint_from_url(text, &again) == 0);
        FUZZ_CHECK(e.tls == again.tls && streq(e.host, again.host) && streq(e.base_path, again.base_path));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        const char *s = (const char *) data;
        _cleanup_(freep) char *text = NULL;

        if (size > TEXT_MAX)
                return 0;
        text = alloc_copy_bytes(s, size);
        if (!text)
                abort();
        check_round_trip(s, size, false);
        check_round_trip(s, size, true);
        check_foreign(s, size);
        check_signed_path(s, size);
        check_url(text);
        return 0;
}
