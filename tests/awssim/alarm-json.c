#include "awssim/alarm-call.h"
#include "awssim/json-body.h"
#include "awssim/json-member.h"
#include "awssim/json-text.h"
#include "base/str.h"
#include "base/usec.h"

/* Each text of a list, to a function of its own. */
static int parse_list(json_object *root, const char *key, AlarmCall *call,
                int (*add)(AlarmCall *call, const char *text, Reply *reply), Reply *reply) {
        json_object *list = NULL;
        int r;

        r = json_member(root, key, json_type_array, &list, reply);
        for (size_t i = 0; r >= 0 && list && i < json_object_array_length(list); i++) {
                json_object *item = json_object_array_get_idx(list, i);

                if (!json_object_is_type(item, json_type_string))
                        return json_member_refuse(reply, key, "a list of texts");
                r = add(call, json_object_get_string(item), reply);
        }
        return r;
}

static int add_name(AlarmCall *call, const char *name, Reply *reply) {
        if (call->n_names < ELEMENTSOF(call->names))
                call->names[call->n_names++] = name;
        return 0;
}

static int parse_call(json_object *root, AlarmCall *call, Reply *reply) {
        int r;

        r = parse_list(root, "AlarmNames", call, add_name, reply);
        if (r >= 0)
                r = parse_list(root, "AlarmTypes", call, alarm_call_add_type, reply);
        if (r >= 0)
                r = json_member_text(root, "AlarmNamePrefix", &call->prefix, reply);
        if (r >= 0)
                r = json_member_text(root, "StateValue", &call->state, reply);
        if (r >= 0)
                r = json_member_text(root, "NextToken", &call->next_token, reply);
        return r < 0 ? r : json_member_unsigned(root, "MaxRecords", &call->max_records, reply);
}

static void render_time(Buf *out, const char *key, usec_t t) {
        json_text_double(out, key, (double) (t / USEC_PER_MSEC) / 1000);
}

static void render_alarm(const AlarmView *view, Buf *out) {
        const AlarmSpec *spec = view->alarm->spec;
        char arn[ALARM_ARN_MAX];

        alarm_arn(view->alarm, arn);
        json_text_open(out, NULL, '{');
        json_text_string(out, "AlarmName", spec->name);
        json_text_string(out, "AlarmArn", arn);
        json_text_bool(out, "ActionsEnabled", true);
        json_text_string(out, "StateValue", alarm_state_to_string(view->state));
        json_text_string(out, "StateReason", alarm_reason(view));
        render_time(out, "StateUpdatedTimestamp", view->since);
        render_time(out, "StateTransitionedTimestamp", view->since);
        if (spec->is_composite)
                json_text_string(out, "AlarmRule", "ALARM(\"first\") OR ALARM(\"second\")");
        else {
                json_text_string(out, "MetricName", "Errors");
                json_text_string(out, "Namespace", "AWS/Lambda");
                json_text_string(out, "Statistic", "Sum");
                json_text_raw(out, "Dimensions", "[]");
                json_text_unsigned(out, "Period", 60);
                json_text_unsigned(out, "EvaluationPeriods", 1);
                json_text_double(out, "Threshold", 5);
                json_text_string(out, "ComparisonOperator", "GreaterThanThreshold");
                if (spec->evaluation_state)
                        json_text_string(out, "EvaluationState", spec->evaluation_state);
        }
        json_text_close(out, '}');
}

static void render_kind(const AlarmPage *page, const char *key, bool composite, Buf *out) {
        json_text_open(out, key, '[');
        for (size_t i = 0; i < page->n_alarms; i++)
                if (page->alarms[i].alarm->spec->is_composite == composite)
                        render_alarm(page->alarms + i, out);
        json_text_close(out, ']');
}

int alarm_json_describe(World *w, Request *request, usec_t now, Reply *reply) {
        AlarmCall call = { .place = request_place(request) };
        AlarmPage page = {};
        Buf *out = &reply->body;
        json_object *root = NULL;
        int r;

        r = json_body_parse(request, &root, reply);
        if (r < 0)
                return r;
        r = parse_call(root, &call, reply);
        if (r >= 0)
                r = alarm_call_answer(w, &call, now, &page, reply);
        (void) json_object_put(root);
        if (r < 0)
                return r;
        json_text_open(out, NULL, '{');
        render_kind(&page, "MetricAlarms", false, out);
        render_kind(&page, "CompositeAlarms", true, out);
        if (page.next_token[0] != '\0')
                json_text_string(out, "NextToken", page.next_token);
        json_text_close(out, '}');
        return 0;
}
