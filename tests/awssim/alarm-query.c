#include "awssim/alarm-call.h"
#include "awssim/xml-text.h"
#include "base/str.h"
#include "base/timefmt.h"

static int parse_call(const Form *form, AlarmCall *call, Reply *reply) {
        const char *text, *records = form_get(form, "MaxRecords");
        int r = 0;

        while (call->n_names < ELEMENTSOF(call->names) &&
                        (text = form_getf(form, "AlarmNames.member.%zu", call->n_names + 1)))
                call->names[call->n_names++] = text;
        for (unsigned i = 1; r >= 0 && (text = form_getf(form, "AlarmTypes.member.%u", i)); i++)
                r = alarm_call_add_type(call, text, reply);
        if (r < 0)
                return r;
        if (records &&
                        (str_parse_u64(records, UINT32_MAX, &call->max_records) < 0 ||
                                        call->max_records == 0))
                return reply_refuse(reply, 400, "ValidationException",
                                "The parameter MaxRecords is not a whole number from 1 on.");
        call->prefix = form_get(form, "AlarmNamePrefix");
        call->state = form_get(form, "StateValue");
        call->next_token = form_get(form, "NextToken");
        return 0;
}

static void put_time(Buf *out, const char *name, usec_t t) {
        char text[TIME_TEXT_MAX];

        time_format_rfc3339(t, text);
        xml_text_element(out, name, text);
}

static void render_alarm(const AlarmView *view, Buf *out) {
        const AlarmSpec *spec = view->alarm->spec;
        char arn[ALARM_ARN_MAX];

        alarm_arn(view->alarm, arn);
        (void) buf_puts(out, "<member>");
        xml_text_element(out, "AlarmName", spec->name);
        xml_text_element(out, "AlarmArn", arn);
        xml_text_element(out, "ActionsEnabled", "true");
        xml_text_element(out, "StateValue", alarm_state_to_string(view->state));
        xml_text_element(out, "StateReason", alarm_reason(view));
        put_time(out, "StateUpdatedTimestamp", view->since);
        put_time(out, "StateTransitionedTimestamp", view->since);
        if (spec->is_composite)
                xml_text_element(out, "AlarmRule", "ALARM(\"first\") OR ALARM(\"second\")");
        else {
                (void) buf_puts(out,
                                "<MetricName>Errors</MetricName><Namespace>AWS/Lambda</Namespace>"
                                "<Statistic>Sum</Statistic><Dimensions/><Period>60</Period>"
                                "<EvaluationPeriods>1</EvaluationPeriods><Threshold>5.0</Threshold>"
                                "<ComparisonOperator>GreaterThanThreshold</ComparisonOperator>");
                if (spec->evaluation_state)
                        xml_text_element(out, "EvaluationState", spec->evaluation_state);
        }
        (void) buf_puts(out, "</member>");
}

static void render_kind(const AlarmPage *page, const char *name, bool composite, Buf *out) {
        (void) buf_printf(out, "<%s>", name);
        for (size_t i = 0; i < page->n_alarms; i++)
                if (page->alarms[i].alarm->spec->is_composite == composite)
                        render_alarm(page->alarms + i, out);
        (void) buf_printf(out, "</%s>", name);
}

int alarm_query_describe(World *w, Request *request, usec_t now, Reply *reply) {
        AlarmCall call = { .place = request_place(request) };
        AlarmPage page = {};
        Buf *out = &reply->body;
        int r;

        r = parse_call(&request->query, &call, reply);
        if (r >= 0)
                r = alarm_call_answer(w, &call, now, &page, reply);
        if (r < 0)
                return r;
        xml_text_open_response(out, request->operation, CLOUDWATCH_XML_NAMESPACE);
        render_kind(&page, "MetricAlarms", false, out);
        render_kind(&page, "CompositeAlarms", true, out);
        if (page.next_token[0] != '\0')
                xml_text_element(out, "NextToken", page.next_token);
        xml_text_close_response(out, request->operation, request->request_id);
        return 0;
}
