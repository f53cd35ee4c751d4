/* Replies of calls that failed: the status, header lines, an empty line, the body. */

#include "aws/fault.h"
#include "aws/svc-cloudwatch.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"
#include "fuzz/reply-input.h"

static void check_error(const HttpResponse *response) {
        bool is_fine = response->status >= 200 && response->status < 300;
        AwsError error;

        aws_error_from_response(response, &error);
        FUZZ_CHECK(aws_fault_to_string(error.fault));
        FUZZ_CHECK((error.fault == AWS_OK) == is_fine);
        FUZZ_CHECK(is_fine == (error.message[0] == '\0'));
        check_text(error.code, sizeof(error.code));
        check_text(error.message, sizeof(error.message));
        check_text(error.request_id, sizeof(error.request_id));
        if (cloudwatch_refuses_json(response))
                FUZZ_CHECK(response->status >= 400 && response->status < 429 &&
                                error.fault != AWS_THROTTLED && error.fault != AWS_DENIED &&
                                error.fault != AWS_EXPIRED && error.fault != AWS_TRANSIENT);
        if (cloudwatch_refuses_queries(response))
                FUZZ_CHECK(response->status == 413 || error.fault == AWS_INVALID);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        _cleanup_(freep) char *text = alloc_copy_bytes((const char *) data, size);
        _cleanup_(http_response_done) HttpResponse response = { 0 };
        char *rest = text, *line;
        uint64_t status = 0;
        size_t body_size;

        if (!text)
                return 0;
        line = take_line(&rest);
        if (!line || str_parse_u64(line, 599, &status) < 0)
                return 0;
        response.status = (unsigned) status;
        while ((line = take_line(&rest)) && *line) {
                char *colon = strchr(line, ':');

                if (!colon)
                        continue;
                *colon = '\0';
                if (http_response_take_header(&response, line, colon + 1) < 0)
                        return 0;
        }
        FUZZ_CHECK(response.retry_after <= USEC_PER_DAY);
        body_size = size - (size_t) (rest - text);
        response.body = alloc_copy_bytes(rest, body_size);
        response.body_size = body_size;
        if (response.body)
                check_error(&response);
        return 0;
}
