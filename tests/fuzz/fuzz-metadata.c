/* What metadata services and credential processes answer. The first byte says what the rest is: P, C, I: a
 * JSON document of that kind; T, R: IMDS's token or role; U, V: the container's full or relative address. */

#include <stdlib.h>

#include "aws/creds-json.h"
#include "aws/metadata.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"
#include "fuzz/fuzz.h"

static void check_document(const char *text, size_t size, CredsJson kind) {
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 }, again = { 0 };
        char error[DIAG_MESSAGE_MAX] = "";
        int r = creds_json_parse(text, size, kind, &creds, error);

        if (r < 0) {
                FUZZ_CHECK(r == -EBADMSG || (r == -ENODATA && kind == CREDS_JSON_IMDS));
                FUZZ_CHECK(error[0] != '\0' && !creds.secret_key);
                return;
        }
        FUZZ_CHECK(creds.access_key[0] != '\0' && secret_size(creds.secret_key) > 0);
        FUZZ_CHECK(kind == CREDS_JSON_PROCESS || (creds.session_token && creds.expires != USEC_INFINITY));
        FUZZ_CHECK(aws_creds_from_values(creds.access_key, secret_text(creds.secret_key),
                                   creds.session_token ? secret_text(creds.session_token) : NULL, &again,
                                   error) == 1);
}

/* What IMDS said is sent back to it: it must make a request that is one. */
static void check_text(const char *text, bool is_role) {
        HttpResponse response = { .status = 200, .body = alloc_copy_string(text) };
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        _cleanup_(imds_config_done) ImdsConfig config = { 0 };
        char error[DIAG_MESSAGE_MAX], token[IMDS_TOKEN_MAX] = "t", role[IMDS_ROLE_MAX] = "r";
        int r = is_role ? imds_parse_role(&response, role) : imds_parse_token(&response, token);

        http_response_done(&response);
        FUZZ_CHECK(r == 0 || r == -EBADMSG);
        if (r < 0)
                return;
        FUZZ_CHECK(token[0] != '\0' && role[0] != '\0');
        FUZZ_CHECK(imds_config_from_env(&(AwsEnv){ 0 }, false, &config, error) == 0);
        FUZZ_CHECK(imds_creds_request(&config, token, role, &request) == 0);
        FUZZ_CHECK(streq(http_request_header(&request, "x-aws-ec2-metadata-token"), token));
        FUZZ_CHECK(!strpbrk(request.path, " ?#\\\r\n"));
}

static void check_address(const char *text, bool is_full) {
        const AwsEnv env = { .container_full_uri = is_full ? text : NULL,
                .container_relative_uri = is_full ? NULL : text };
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        char error[DIAG_MESSAGE_MAX] = "";
        int r = container_request(&env, "token", 5, &request, error);

        (void) host_is_local(text);
        if (r < 0) {
                FUZZ_CHECK(r == -EINVAL && error[0] != '\0' && !request.path);
                return;
        }
        FUZZ_CHECK(request.tls || host_is_local(request.host));
        FUZZ_CHECK(request.path[0] == '/' && !strpbrk(request.path, " ?#\\\r\n"));
        FUZZ_CHECK(!request.query || !strpbrk(request.query, " #\\\r\n"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = NULL;

        if (size == 0)
                return 0;
        text = alloc_copy_bytes((const char *) data + 1, size - 1);
        if (!text)
                abort();
        switch (data[0]) {
        case 'P':
                check_document(text, size - 1, CREDS_JSON_PROCESS);
                break;
        case 'C':
                check_document(text, size - 1, CREDS_JSON_CONTAINER);
                break;
        case 'I':
                check_document(text, size - 1, CREDS_JSON_IMDS);
                break;
        case 'T':
        case 'R':
                check_text(text, data[0] == 'R');
                break;
        case 'U':
        case 'V':
                check_address(text, data[0] == 'U');
                break;
        default:
                break;
        }
        return 0;
}
