#include "aws/sigv4-payload.h"

#include <string.h>

#include "base/alloc.h"
#include "base/secret.h"
#include "base/timefmt.h"

/* A canonical request ends with the hash of the body. */
static int put_payload(char *canonical, const char *payload) {
        size_t size = strlen(canonical);

        if (size < DIGEST_HEX_MAX - 1 || strlen(payload) != DIGEST_HEX_MAX - 1)
                return -EINVAL;
        memcpy(canonical + size - (DIGEST_HEX_MAX - 1), payload, DIGEST_HEX_MAX - 1);
        return 0;
}

static int add_time_and_token(HttpRequest *request, const AwsCreds *creds, const char *stamp) {
        int r;

        http_request_drop_header(request, "authorization");
        http_request_drop_header(request, "x-amz-date");
        http_request_drop_header(request, "x-amz-security-token");
        r = http_request_add_header(request, "x-amz-date", stamp);
        if (r < 0 || !creds->session_token)
                return r;
        return http_request_add_header(request, "x-amz-security-token", secret_text(creds->session_token));
}

int sigv4_sign_payload(HttpRequest *request, const char payload[static DIGEST_HEX_MAX],
                const AwsCreds *creds, const SigV4Scope *scope) {
        _cleanup_(secret_erase_stringp) char *canonical = NULL;
        _cleanup_(freep) char *names = NULL, *to_sign = NULL, *authorization = NULL;
        char stamp[TIME_TEXT_MAX], signature[DIGEST_HEX_MAX];
        int r;

        if (!creds->secret_key || request->body)
                return -EINVAL;
        time_format_amz(scope->time, stamp);
        r = add_time_and_token(request, creds, stamp);
        if (r >= 0)
                r = sigv4_canonical_request(request, NULL, &canonical, &names);
        if (r >= 0)
                r = put_payload(canonical, payload);
        if (r >= 0)
                r = sigv4_string_to_sign(canonical, scope, &to_sign);
        if (r >= 0)
                r = sigv4_signature(to_sign, creds->secret_key, scope, signature);
        if (r < 0)
                return r;
        authorization = alloc_printf(
                        "AWS4-HMAC-SHA256 Credential=%s/%.8s/%s/%s/aws4_request, SignedHeaders=%s, Signature=%s",
                        creds->access_key, stamp, scope->region, scope->service, names, signature);
        return authorization ? http_request_add_header(request, "authorization", authorization) : -ENOMEM;
}
