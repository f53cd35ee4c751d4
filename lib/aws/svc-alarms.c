#include "aws/svc-alarms.h"

#include <string.h>

#include "aws/json-request.h"
#include "aws/svc-cloudwatch-internal.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "base/utf8.h"

#define OPERATION "DescribeAlarms"
#define REPLY_MAX (4u * 1024 * 1024) /* alarms of metric math take up to 40 KiB each */

/* Without the types, CloudWatch tells of metric alarms alone. */
static const char *const types[] = { "MetricAlarm", "CompositeAlarm" };
static const char *const lists[] = { "MetricAlarms", "CompositeAlarms" };

/* One alarm of a reply: either protocol is read into this. Text is borrowed; NULL: not there, or no text. */
typedef struct AlarmRecord {
        const char *name, *state, *reason, *evaluation;
        usec_t transitioned, updated; /* 0: none */
} AlarmRecord;

int alarm_data_init(AlarmData *d, size_t n) {
        Alarm *alarms;

        if (n > CLOUDWATCH_ALARMS_MAX)
                return -EINVAL;
        alarms = alloc_array(n, sizeof(Alarm));
        if (!alarms)
                return -ENOMEM;
        *d = (AlarmData){ .alarms = alarms, .n_alarms = n };
        return 0;
}

void alarm_data_done(AlarmData *d) {
        free(d->alarms);
        free(d->next_token);
        *d = (AlarmData){ 0 };
}

static int finish_json(const char *const *names, size_t n, const char *next_token, HttpRequest *request) {
        _cleanup_(json_request_done) JsonRequest j = { 0 };
        struct json_object *list;

        json_request_init(&j);
        list = json_request_array(&j, j.root, "AlarmNames");
        for (size_t i = 0; i < n; i++)
                json_request_string(&j, list, NULL, names[i]);
        list = json_request_array(&j, j.root, "AlarmTypes");
        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                json_request_string(&j, list, NULL, types[i]);
        json_request_integer(&j, j.root, "MaxRecords", CLOUDWATCH_ALARMS_MAX);
        if (!str_is_empty(next_token))
                json_request_string(&j, j.root, "NextToken", next_token);
        return json_request_finish(&j, CLOUDWATCH_JSON_TYPE, request);
}

static int finish_query(const char *const *names, size_t n, const char *next_token, HttpRequest *request) {
        _cleanup_(form_request_done) FormRequest f = { 0 };

        cloudwatch_query_init(&f, OPERATION);
        for (size_t i = 0; i < n; i++)
                form_request_add(&f, names[i], strlen(names[i]), "AlarmNames.member.%zu", i + 1);
        for (size_t i = 0; i < ELEMENTSOF(types); i++)
                form_request_add(&f, types[i], strlen(types[i]), "AlarmTypes.member.%zu", i + 1);
        form_request_integer(&f, "MaxRecords", CLOUDWATCH_ALARMS_MAX);
        if (!str_is_empty(next_token))
                form_request_string(&f, "NextToken", next_token);
        return form_request_finish(&f, request);
}

static bool is_name(const char *s) {
        size_t n = strnlen(s, 4 * ALARM_NAME_MAX + 1);

        return n > 0 && n <= 4 * ALARM_NAME_MAX && utf8_is_valid(s);
}

int cloudwatch_describe_alarms(const AwsEndpoint *e, CloudwatchProtocol protocol, const char *const *names,
                size_t n, const char *next_token, HttpRequest *ret) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        int r;

        if (n == 0 || n > CLOUDWATCH_ALARMS_MAX)
                return -EINVAL;
        for (size_t i = 0; i < n; i++)
                if (!is_name(names[i]))
                        return -EINVAL;
        r = cloudwatch_request(e, protocol, OPERATION, &request);
        if (r < 0)
                return r;
        r = protocol == CLOUDWATCH_JSON ? finish_json(names, n, next_token, &request)
                                        : finish_query(names, n, next_token, &request);
        if (r < 0)
                return r;
        *ret = request;
        request = (HttpRequest){ 0 };
        return 0;
}

static AlarmState state_from_text(const char *s) {
        if (streq(s, "OK"))
                return ALARM_OK;
        return streq(s, "ALARM") ? ALARM_ALARM : ALARM_INSUFFICIENT;
}

static int take_record(const AlarmRecord *record, const char *const *names, AlarmData *data,
                char reterr[static 160]) {
        if (!record->name)
                return cloudwatch_bad_reply(reterr, "an alarm has no AlarmName");
        if (!record->state)
                return cloudwatch_bad_reply(reterr, "an alarm has no StateValue");
        for (size_t i = 0; i < data->n_alarms; i++) {
                Alarm *alarm = &data->alarms[i];

                /* Names are unique. Should one come twice, an alarm is not taken back. */
                if (!streq(names[i], record->name) || alarm->state == ALARM_ALARM)
                        continue;
                *alarm = (Alarm){ .state = state_from_text(record->state),
                        .is_doubtful = !str_is_empty(record->evaluation),
                        .since = record->transitioned > 0 ? record->transitioned : record->updated };
                if (record->reason)
                        json_reply_print(alarm->reason, sizeof(alarm->reason), record->reason);
        }
        return 0;
}

static int read_json_time(struct json_object *o, const char *key, usec_t *ret) {
        struct json_object *value = NULL;

        if (!json_object_object_get_ex(o, key, &value) || !value)
                return 0;
        return cloudwatch_json_time(value, ret);
}

static int take_json_alarm(
                struct json_object *o, const char *const *names, AlarmData *data, char reterr[static 160]) {
        AlarmRecord record = { 0 };

        if (!json_object_is_type(o, json_type_object))
                return cloudwatch_bad_reply(reterr, "an alarm is not an object");
        record.name = json_reply_string(o, "AlarmName");
        record.state = json_reply_string(o, "StateValue");
        record.reason = json_reply_string(o, "StateReason");
        record.evaluation = json_reply_string(o, "EvaluationState");
        if (read_json_time(o, "StateTransitionedTimestamp", &record.transitioned) < 0 ||
                        read_json_time(o, "StateUpdatedTimestamp", &record.updated) < 0)
                return cloudwatch_bad_reply(reterr, "an alarm has a timestamp that is no time");
        return take_record(&record, names, data, reterr);
}

static int parse_json(const HttpResponse *response, const char *const *names, AlarmData *data,
                char reterr[static 160]) {
        _cleanup_(json_object_putp) struct json_object *o = NULL;
        int r;

        r = cloudwatch_json_parse(response, &o, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
                struct json_object *list = NULL;

                r = json_reply_member(o, lists[i], json_type_array, &list);
                if (r < 0)
                        return cloudwatch_bad_reply(reterr, "a list of alarms is not a list");
                for (size_t j = 0; r > 0 && j < json_object_array_length(list); j++)
                        if (take_json_alarm(json_object_array_get_idx(list, j), names, data, reterr) < 0)
                                return -EBADMSG;
        }
        return cloudwatch_json_take_token(o, &data->next_token, reterr);
}

static int read_query_time(const XmlNode *node, const char *name, usec_t *ret) {
        const XmlNode *child = xml_node_child(node, name);

        return child ? time_parse_rfc3339(child->text, ret) : 0;
}

static int take_query_alarm(
                const XmlNode *node, const char *const *names, AlarmData *data, char reterr[static 160]) {
        AlarmRecord record = { .name = xml_node_text(node, "AlarmName"),
                .state = xml_node_text(node, "StateValue"),
                .reason = xml_node_text(node, "StateReason"),
                .evaluation = xml_node_text(node, "EvaluationState") };

        if (read_query_time(node, "StateTransitionedTimestamp", &record.transitioned) < 0 ||
                        read_query_time(node, "StateUpdatedTimestamp", &record.updated) < 0)
                return cloudwatch_bad_reply(reterr, "an alarm has a timestamp that is no time");
        return take_record(&record, names, data, reterr);
}

static int parse_query(const HttpResponse *response, const char *const *names, AlarmData *data,
                char reterr[static 160]) {
        _cleanup_(xml_reply_done) XmlReply x = { 0 };
        const XmlNode *result = NULL;
        int r;

        r = cloudwatch_query_parse(response, OPERATION, &x, &result, reterr);
        if (r < 0)
                return r;
        for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
                const XmlNode *list = xml_node_child(result, lists[i]);

                for (const XmlNode *node = list ? list->child : NULL; node; node = node->next)
                        if (take_query_alarm(node, names, data, reterr) < 0)
                                return -EBADMSG;
        }
        return cloudwatch_query_take_token(result, &data->next_token, reterr);
}

int cloudwatch_parse_alarms(const HttpResponse *response, CloudwatchProtocol protocol,
                const char *const *names, AlarmData *data, char reterr[static 160]) {
        if (response->body_size > REPLY_MAX)
                return cloudwatch_bad_reply(reterr, "the reply is larger than 4 MiB");
        switch (protocol) {
        case CLOUDWATCH_JSON:
                return parse_json(response, names, data, reterr);
        case CLOUDWATCH_QUERY:
                return parse_query(response, names, data, reterr);
        }
        ASSERT_NEVER();
        return -EINVAL;
}
