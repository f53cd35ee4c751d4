/* Replies of DescribeAlarms. The first line is the protocol: "json" or "xml". The rest is the body. */

#include <stdlib.h>

#include "aws/svc-alarms.h"
#include "fuzz/reply-input.h"

static const char *const names[] = { "errors-high", "all", "errors-high", "\xc3\xa9" };

static void read_alarms(const HttpResponse *response, CloudwatchProtocol protocol) {
        _cleanup_(alarm_data_done) AlarmData data = { 0 };
        char error[160] = "";
        int r;

        if (alarm_data_init(&data, ELEMENTSOF(names)) < 0)
                abort();
        r = cloudwatch_parse_alarms(response, protocol, names, &data, error);
        FUZZ_CHECK(r >= 0 || (r == -EBADMSG && error[0] != '\0'));
        FUZZ_CHECK(!data.next_token || data.next_token[0] != '\0');
        for (size_t i = 0; i < data.n_alarms; i++) {
                const Alarm *a = &data.alarms[i];

                check_text(a->reason, sizeof(a->reason));
                FUZZ_CHECK(a->state >= ALARM_MISSING && a->state <= ALARM_INSUFFICIENT);
                FUZZ_CHECK(a->state != ALARM_MISSING ||
                                (a->since == 0 && !a->is_doubtful && a->reason[0] == '\0'));
        }
        FUZZ_CHECK(data.alarms[0].state == data.alarms[2].state);
}

static void read_alarms_json(const HttpResponse *response) {
        read_alarms(response, CLOUDWATCH_JSON);
}

static void read_alarms_xml(const HttpResponse *response) {
        read_alarms(response, CLOUDWATCH_QUERY);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
        static const ReplyKind kinds[] = { { "json", read_alarms_json }, { "xml", read_alarms_xml } };

        return read_reply(data, size, kinds, ELEMENTSOF(kinds));
}
