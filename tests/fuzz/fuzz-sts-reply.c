/* Replies of STS: the body as it is. */

#include "aws/svc-sts.h"
#include "base/alloc.h"
#include "fuzz/reply-input.h"

static void check_key(const Secret *s, size_t max) {
        const char *text;

        FUZZ_CHECK(s && secret_size(s) > 0 && secret_size(s) <= max);
        text = secret_text(s);
        FUZZ_CHECK(strlen(text) == secret_size(s));
        for (; *text; text++)
                FUZZ_CHECK(*text > ' ' && *text <= '~');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = alloc_copy_bytes((const char *) data, size);
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
        HttpResponse response;
        char error[160] = "";
        int r;

        if (!text)
                return 0;
        response = response_from(text, size, text);
        r = sts_parse_credentials(&response, &creds, error);
        if (r < 0) {
                FUZZ_CHECK(r == -EBADMSG && error[0] != '\0' && !creds.secret_key);
                check_text(error, sizeof(error));
                return 0;
        }
        FUZZ_CHECK(creds.access_key[0] != '\0' && memchr(creds.access_key, '\0', sizeof(creds.access_key)));
        check_key(creds.secret_key, AWS_SECRET_KEY_MAX);
        check_key(creds.session_token, AWS_SESSION_TOKEN_MAX);
        return 0;
}
