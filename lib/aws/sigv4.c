#include "aws/sigv4.h"

#include <stdlib.h>
#include <string.h>

#include "aws/digest.h"
#include "aws/uri.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/timefmt.h"

#define ALGORITHM "AWS4-HMAC-SHA256"
#define KEY_PREFIX "AWS4"
#define DATE_SIZE 8u /* of the time stamp, the day */
#define CANONICAL_MAX (1024u * 1024)
#define QUERY_PAIRS_MAX 256u
#define SIGNED_MAX (HTTP_HEADERS_MAX + 1) /* and Host */

/* Below every byte of an encoded name, so that comparing "name SEPARATOR value" as a whole compares the name
 * first and then the value. '=' would not do: '-' and '.' are smaller. */
#define PAIR_SEPARATOR '\001'

/* Transports and proxies write or change these on the way. */
static const char *const unsigned_headers[] = {
        "authorization",
        "cache-control",
        "connection",
        "expect",
        "from",
        "keep-alive",
        "max-forwards",
        "pragma",
        "referer",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "user-agent",
        "x-amzn-trace-id",
};

static bool is_signed(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(unsigned_headers); i++)
                if (streq(name, unsigned_headers[i]))
                        return false;
        return !str_after(name, "proxy-") && !str_after(name, "sec-");
}

/* Drops empty, "." and ".." segments; one trailing slash stays. "out" has room for strlen(path) + 2. */
static void normalize_path(const char *path, char *out) {
        size_t size = 0, total = strlen(path);

        for (size_t i = 0, n; i < total; i += n + 1) {
                const char *segment = path + i;

                n = strcspn(segment, "/");
                if (n == 0 || (n == 1 && segment[0] == '.'))
                        continue;
                if (n == 2 && segment[0] == '.' && segment[1] == '.') {
                        while (size > 0 && out[--size] != '/')
                                continue;
                        continue;
                }
                out[size++] = '/';
                memcpy(out + size, segment, n);
                size += n;
        }
        if (size == 0 || path[total - 1] == '/')
                out[size++] = '/';
        out[size] = '\0';
}

static int append_path(Buf *out, const HttpRequest *request) {
        _cleanup_(freep) char *normal = NULL;
        const char *path = request->path ? request->path : "";

        if (request->path_verbatim)
                return buf_puts(out, path);
        normal = alloc_zero(strlen(path) + 2);
        if (!normal)
                return -ENOMEM;
        normalize_path(path, normal);
        return uri_encode(out, normal, strlen(normal), true);
}

/* Escapes are undone first: the server decodes too, so "%2f", "%2F" and "/" are the same to it. */
static void append_query_text(Buf *out, const char *s, size_t n) {
        for (size_t i = 0; i < n; i++) {
                char c = s[i];

                if (uri_unescape(s + i, n - i, &c) == 0)
                        i += 2;
                (void) uri_encode(out, &c, 1, false);
        }
}

static int compare_pairs(const void *a, const void *b) {
        return strcmp(*(const char *const *) a, *(const char *const *) b);
}

static int append_query(Buf *out, const char *query) {
        _cleanup_(buf_done) Buf text = BUF_INIT(CANONICAL_MAX);
        size_t offsets[QUERY_PAIRS_MAX], n_pairs = 0;
        const char *pairs[QUERY_PAIRS_MAX];

        if (str_is_empty(query))
                return 0;
        for (size_t n; *query; query += n + (query[n] == '&')) {
                size_t name;

                n = strcspn(query, "&");
                if (n == 0)
                        continue;
                if (n_pairs == QUERY_PAIRS_MAX)
                        return -E2BIG;
                name = MIN(strcspn(query, "="), n);
                offsets[n_pairs++] = text.size;
                append_query_text(&text, query, name);
                (void) buf_putc(&text, PAIR_SEPARATOR);
                if (name < n)
                        append_query_text(&text, query + name + 1, n - name - 1);
                (void) buf_putc(&text, '\0');
        }
        if (text.failed)
                return -ENOBUFS;
        for (size_t i = 0; i < n_pairs; i++)
                pairs[i] = buf_text(&text) + offsets[i];
        qsort(pairs, n_pairs, sizeof(pairs[0]), compare_pairs);
        for (size_t i = 0; i < n_pairs; i++) {
                size_t name = strcspn(pairs[i], "\001");

                if (i > 0)
                        (void) buf_putc(out, '&');
                (void) buf_append(out, pairs[i], name);
                (void) buf_putc(out, '=');
                (void) buf_puts(out, pairs[i] + name + 1);
        }
        return out->failed ? -ENOBUFS : 0;
}

/* White space trimmed at both ends, runs of it inside become one space. */
static void append_header_value(Buf *out, const char *value) {
        bool first = true;

        while (*(value += strspn(value, " \t"))) {
                size_t n = strcspn(value, " \t");

                if (!first)
                        (void) buf_putc(out, ' ');
                (void) buf_append(out, value, n);
                value += n;
                first = false;
        }
}

static bool is_listed(const char *name, const char *list) {
        for (size_t n; *list; list += n + (list[n] == ';')) {
                n = strcspn(list, ";");
                if (strlen(name) == n && strncasecmp(name, list, n) == 0)
                        return true;
        }
        return false;
}

static size_t count_listed(const char *list) {
        size_t n = 1;

        for (; *list; list++)
                n += *list == ';';
        return n;
}

/* Keeps the order of appearance among equal names: their values are joined in that order. */
static void insert_header(HttpHeader *headers, size_t n, const char *name, const char *value) {
        size_t at = n;

        for (; at > 0 && strcmp(headers[at - 1].name, name) > 0; at--)
                headers[at] = headers[at - 1];
        headers[at] = (HttpHeader){ (char *) (uintptr_t) name, (char *) (uintptr_t) value };
}

/* The headers to sign, sorted by name; the texts stay the request's. */
static size_t select_headers(const HttpRequest *request, const char *only, HttpHeader *headers) {
        size_t n = 0;

        if (request->host && (!only || is_listed("host", only)))
                insert_header(headers, n++, "host", request->host);
        for (size_t i = 0; i < request->n_headers; i++) {
                const HttpHeader *h = &request->headers[i];

                if (only ? is_listed(h->name, only) : is_signed(h->name))
                        insert_header(headers, n++, h->name, h->value);
        }
        return n;
}

/* Appends the "name:value" lines to out and "a;b;c" to names. -EINVAL: "only" names what is not there, or
 * names something twice. */
static int append_headers(Buf *out, Buf *names, const HttpRequest *request, const char *only) {
        HttpHeader headers[SIGNED_MAX];
        size_t n = select_headers(request, only, headers), n_names = 0;

        for (size_t i = 0; i < n; i++) {
                bool again = i > 0 && streq(headers[i].name, headers[i - 1].name);

                if (!again) {
                        if (n_names++ > 0) {
                                (void) buf_putc(out, '\n');
                                (void) buf_putc(names, ';');
                        }
                        (void) buf_puts(out, headers[i].name);
                        (void) buf_puts(names, headers[i].name);
                }
                (void) buf_putc(out, again ? ',' : ':');
                append_header_value(out, headers[i].value);
        }
        if (only && n_names != count_listed(only))
                return -EINVAL;
        return buf_putc(out, '\n');
}

int sigv4_canonical_request(
                const HttpRequest *request, const char *only, char **ret, char **ret_signed_headers) {
        _cleanup_(buf_done) Buf out = BUF_SECRET_INIT(CANONICAL_MAX), names = BUF_INIT(CANONICAL_MAX);
        _cleanup_(secret_erase_stringp) char *text = NULL;
        char payload[DIGEST_HEX_MAX];
        int r;

        r = digest_sha256_hex(request->body, request->body ? request->body_size : 0, payload);
        if (r < 0)
                return r;
        (void) buf_printf(&out, "%s\n", http_method_to_string(request->method));
        r = append_path(&out, request);
        if (r < 0)
                return r;
        (void) buf_putc(&out, '\n');
        r = append_query(&out, request->query);
        if (r < 0)
                return r;
        (void) buf_putc(&out, '\n');
        r = append_headers(&out, &names, request, only);
        if (r < 0)
                return r;
        (void) buf_printf(&out, "\n%s\n%s", buf_text(&names), payload);
        r = buf_take(&out, &text);
        if (r < 0)
                return r;
        r = buf_take(&names, ret_signed_headers);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(text);
        return 0;
}

int sigv4_string_to_sign(const char *canonical_request, const SigV4Scope *scope, char **ret) {
        char hash[DIGEST_HEX_MAX], stamp[TIME_TEXT_MAX];
        char *text;
        int r;

        r = digest_sha256_hex(canonical_request, strlen(canonical_request), hash);
        if (r < 0)
                return r;
        time_format_amz(scope->time, stamp);
        text = alloc_printf(ALGORITHM "\n%s\n%.8s/%s/%s/aws4_request\n%s", stamp, stamp, scope->region,
                        scope->service, hash);
        if (!text)
                return -ENOMEM;
        *ret = text;
        return 0;
}

/* The key that is good for one day, region and service. */
static int derive_key(const Secret *secret_key, const SigV4Scope *scope, uint8_t key[static DIGEST_SIZE]) {
        char first[sizeof(KEY_PREFIX) - 1 + AWS_SECRET_KEY_MAX], stamp[TIME_TEXT_MAX];
        size_t size = secret_size(secret_key);
        int r;

        if (size > AWS_SECRET_KEY_MAX)
                return -EINVAL;
        memcpy(first, KEY_PREFIX, sizeof(KEY_PREFIX) - 1);
        memcpy(first + sizeof(KEY_PREFIX) - 1, secret_text(secret_key), size);
        time_format_amz(scope->time, stamp);
        r = digest_hmac(first, sizeof(KEY_PREFIX) - 1 + size, stamp, DATE_SIZE, key);
        explicit_bzero(first, sizeof(first));
        if (r >= 0)
                r = digest_hmac(key, DIGEST_SIZE, scope->region, strlen(scope->region), key);
        if (r >= 0)
                r = digest_hmac(key, DIGEST_SIZE, scope->service, strlen(scope->service), key);
        if (r >= 0)
                r = digest_hmac(key, DIGEST_SIZE, "aws4_request", strlen("aws4_request"), key);
        return r;
}

int sigv4_signature(const char *string_to_sign, const Secret *secret_key, const SigV4Scope *scope,
                char ret_hex[static 65]) {
        uint8_t key[DIGEST_SIZE], signature[DIGEST_SIZE];
        int r;

        r = derive_key(secret_key, scope, key);
        if (r >= 0)
                r = digest_hmac(key, sizeof(key), string_to_sign, strlen(string_to_sign), signature);
        explicit_bzero(key, sizeof(key));
        if (r < 0)
                return r;
        digest_to_hex(signature, ret_hex);
        return 0;
}

/* Signing again (a retry, a new clock) replaces what the last time added. */
static int add_signing_headers(HttpRequest *request, const AwsCreds *creds, const char *stamp) {
        int r;

        http_request_drop_header(request, "authorization");
        http_request_drop_header(request, "x-amz-date");
        http_request_drop_header(request, "x-amz-security-token");
        r = http_request_add_header(request, "x-amz-date", stamp);
        if (r < 0 || !creds->session_token)
                return r;
        return http_request_add_header(request, "x-amz-security-token", secret_text(creds->session_token));
}

int sigv4_sign(HttpRequest *request, const AwsCreds *creds, const SigV4Scope *scope) {
        _cleanup_(secret_erase_stringp) char *canonical = NULL;
        _cleanup_(freep) char *names = NULL, *to_sign = NULL, *authorization = NULL;
        char stamp[TIME_TEXT_MAX], signature[DIGEST_HEX_MAX];
        int r;

        if (!creds->secret_key)
                return -EINVAL;
        time_format_amz(scope->time, stamp);
        r = add_signing_headers(request, creds, stamp);
        if (r < 0)
                return r;
        r = sigv4_canonical_request(request, NULL, &canonical, &names);
        if (r < 0)
                return r;
        r = sigv4_string_to_sign(canonical, scope, &to_sign);
        if (r < 0)
                return r;
        r = sigv4_signature(to_sign, creds->secret_key, scope, signature);
        if (r < 0)
                return r;
        authorization = alloc_printf(ALGORITHM
                        " Credential=%s/%.8s/%s/%s/aws4_request, SignedHeaders=%s, Signature=%s",
                        creds->access_key, stamp, scope->region, scope->service, names, signature);
        if (!authorization)
                return -ENOMEM;
        return http_request_add_header(request, "authorization", authorization);
}
