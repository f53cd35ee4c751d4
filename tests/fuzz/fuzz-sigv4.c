/* A request as text (request line, headers, empty line, body) is signed, and then verified as a server
 * would: from what is in it alone, the signature must come out the same. */

#include <stdlib.h>

#include "aws/sigv4.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"
#include "fuzz/fuzz.h"

#define TIME (UINT64_C(1768480496) * USEC_PER_SEC)

static char *take_until(char **rest, char end) {
        char *start = *rest, *at = strchr(start, end);

        if (!at)
                return NULL;
        *at = '\0';
        *rest = at + 1;
        return start;
}

/* "GET /path?query\n", then headers; "!GET" signs the path verbatim. Borrows from the text. */
static bool read_request(char *text, HttpRequest *request) {
        char *rest = text, *line = take_until(&rest, '\n'), *method, *path, *header;

        if (!line)
                return false;
        method = take_until(&line, ' ');
        if (!method)
                return false;
        request->path_verbatim = method[0] == '!';
        request->method = str_ends_with(method, "PUT") ? HTTP_PUT : HTTP_GET;
        path = take_until(&line, '?');
        request->path = alloc_copy_string(path ? path : line);
        request->query = path ? alloc_copy_string(line) : NULL;
        request->host = alloc_copy_string("example.com");
        while ((header = take_until(&rest, '\n')) && header[0] != '\0') {
                char *name = take_until(&header, ':');

                if (name && http_request_add_header(request, name, header) == -ENOBUFS)
                        return false;
        }
        request->body = alloc_copy_string(rest);
        if (!request->path || !request->host || !request->body)
                abort();
        request->body_size = strlen(rest);
        return true;
}

static void check_canonical(const char *canonical, const HttpRequest *request) {
        const char *path = strchr(canonical, '\n') + 1;
        size_t n = strcspn(path, "\n");

        if (request->path_verbatim)
                return;
        FUZZ_CHECK(n > 0 && path[0] == '/');
        for (size_t i = 0; i < n; i++) {
                FUZZ_CHECK(path[i] > ' ' && path[i] <= '~' &&
                                !strchr("?#:&=+,;@!$'()*[]\"<>\\^`{|}", path[i]));
                FUZZ_CHECK(i == 0 || path[i] != '/' || path[i - 1] != '/');
                if (path[i] == '/') {
                        FUZZ_CHECK(strncmp(path + i, "/../", 4) != 0 && strncmp(path + i, "/./", 3) != 0);
                        FUZZ_CHECK(strncmp(path + i, "/..\n", 4) != 0 && strncmp(path + i, "/.\n", 3) != 0);
                }
        }
}

static void verify(const HttpRequest *request, const Secret *secret_key, const SigV4Scope *scope) {
        _cleanup_(freep) char *canonical = NULL, *names = NULL, *to_sign = NULL, *listed = NULL;
        const char *authorization = http_request_header(request, "authorization");
        const char *start = strstr(authorization, "SignedHeaders="),
                   *end = strstr(authorization, ", Signature=");
        char signature[65];

        FUZZ_CHECK(start && end && start < end);
        start += strlen("SignedHeaders=");
        listed = alloc_copy_bytes(start, (size_t) (end - start));
        if (!listed)
                abort();
        FUZZ_CHECK(sigv4_canonical_request(request, listed, &canonical, &names) >= 0);
        FUZZ_CHECK(streq(names, listed));
        FUZZ_CHECK(sigv4_string_to_sign(canonical, scope, &to_sign) >= 0);
        FUZZ_CHECK(sigv4_signature(to_sign, secret_key, scope, signature) >= 0);
        FUZZ_CHECK(streq(signature, end + strlen(", Signature=")));
        check_canonical(canonical, request);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = alloc_copy_bytes((const char *) data, size);
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        _cleanup_(aws_creds_done) AwsCreds creds = { .access_key = "AKIDEXAMPLE" };
        const SigV4Scope scope = { .region = "eu-west-1", .service = "lambda", .time = TIME };

        creds.secret_key = secret_new("secret", strlen("secret"));
        creds.session_token = secret_new("token", strlen("token"));
        if (!text || !creds.secret_key || !creds.session_token)
                abort();
        if (!read_request(text, &request))
                return 0;
        if (sigv4_sign(&request, &creds, &scope) < 0) {
                FUZZ_CHECK(!http_request_header(&request, "authorization"));
                return 0;
        }
        verify(&request, creds.secret_key, &scope);
        return 0;
}
