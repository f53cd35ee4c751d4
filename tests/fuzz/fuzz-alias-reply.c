/* Replies of Lambda about aliases. The first line is "alias", the rest the body. */

#include "aws/svc-lambda.h"
#include "fuzz/reply-input.h"

static void read_alias(const HttpResponse *response) {
        LambdaAlias alias = { 0 };
        char error[160] = "";
        int r = lambda_parse_alias(response, &alias, error);

        if (r < 0) {
                FUZZ_CHECK(r == -EBADMSG && error[0] != '\0');
                return;
        }
        FUZZ_CHECK(alias.extra_weight >= 0 && alias.extra_weight <= 1);
        FUZZ_CHECK(alias.n_extra > 0 || alias.extra_version == 0);
        FUZZ_CHECK(alias.revision[0] != '\0' && memchr(alias.revision, '\0', sizeof(alias.revision)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const ReplyKind kinds[] = { { "alias", read_alias } };

        return read_reply(data, size, kinds, ELEMENTSOF(kinds));
}
