/* A shared credentials file, read for the profile "default". */

#include <stdlib.h>

#include "aws/creds.h"
#include "base/str.h"
#include "base/usec.h"
#include "fuzz/fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 }, again = { 0 };
        char error[DIAG_MESSAGE_MAX] = "";
        int r = aws_creds_from_file((const char *) data, size, "default", &creds, error);

        FUZZ_CHECK(r == 0 || r == 1 || (r == -EINVAL && error[0] != '\0'));
        if (r <= 0) {
                FUZZ_CHECK(!creds.secret_key && !creds.session_token);
                return 0;
        }
        FUZZ_CHECK(creds.expires == USEC_INFINITY);
        /* What a file may hold, the environment may hold too. */
        FUZZ_CHECK(aws_creds_from_values(creds.access_key, secret_text(creds.secret_key),
                                   creds.session_token ? secret_text(creds.session_token) : NULL, &again,
                                   error) == 1);
        FUZZ_CHECK(streq(creds.access_key, again.access_key));
        FUZZ_CHECK(!creds.session_token == !again.session_token);
        return 0;
}
