#include "awssim/alarm-call.h"

#include <stdio.h>

#include "base/str.h"

#define RECORDS_DEFAULT 50

int alarm_call_add_type(AlarmCall *call, const char *type, Reply *reply) {
        call->typed = true;
        if (streq(type, "MetricAlarm"))
                call->metric = true;
        else if (streq(type, "CompositeAlarm"))
                call->composite = true;
        else if (!streq(type, "LogAlarm"))
                return reply_refuse(reply, 400, "ValidationException",
                                "1 validation error detected: Value '[%.60s]' at 'alarmTypes' failed to satisfy "
                                "constraint: Member must satisfy enum value set: [CompositeAlarm, MetricAlarm, "
                                "LogAlarm]",
                                type);
        return 0;
}

static int call_check(const AlarmCall *call, Reply *reply) {
        AlarmState state;

        if (call->n_names > ALARM_NAMES_MAX)
                return reply_refuse(reply, 400, "ValidationException",
                                "1 validation error detected: Value at 'alarmNames' failed to satisfy "
                                "constraint: Member must have length less than or equal to %d",
                                ALARM_NAMES_MAX);
        if (call->n_names > 0 && call->prefix)
                return reply_refuse(reply, 400, "InvalidParameterCombinationException",
                                "AlarmNamePrefix and AlarmNames must not be used together");
        if (call->max_records > ALARM_RECORDS_MAX)
                return reply_refuse(reply, 400, "ValidationException",
                                "1 validation error detected: Value '%llu' at 'maxRecords' failed to satisfy "
                                "constraint: Member must have value less than or equal to %d",
                                (unsigned long long) call->max_records, ALARM_RECORDS_MAX);
        if (call->state && (alarm_state_from_string(call->state, &state) < 0 || state == ALARM_MISSING))
                return reply_refuse(reply, 400, "ValidationException",
                                "1 validation error detected: Value '%.60s' at 'stateValue' failed to satisfy "
                                "constraint: Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]",
                                call->state);
        return 0;
}

static bool is_wanted(const World *w, const AlarmCall *call, const AlarmView *view) {
        const AlarmSpec *spec = view->alarm->spec;

        if (view->state == ALARM_MISSING || !streq(spec->account, call->place.account) ||
                        !streq(spec->region, call->place.region))
                return false;
        if (spec->is_composite ? !call->composite || w->scenario->cloudwatch.hides_composite
                               : call->typed && !call->metric)
                return false;
        if (call->prefix && !str_after(spec->name, call->prefix))
                return false;
        return !call->state || streq(call->state, alarm_state_to_string(view->state));
}

static int cursor_read(const AlarmCall *call, size_t n, size_t *ret, Reply *reply) {
        const char *digits = call->next_token ? str_after(call->next_token, "sim-alarms-") : NULL;
        uint64_t at = 0;

        if (call->next_token && (!digits || str_parse_u64(digits, n, &at) < 0))
                return reply_refuse(reply, 400, "InvalidNextToken", "The next token is not valid.");
        *ret = (size_t) at;
        return 0;
}

int alarm_call_answer(const World *w, const AlarmCall *call, usec_t now, AlarmPage *ret, Reply *reply) {
        size_t room = call->max_records > 0 ? (size_t) call->max_records : RECORDS_DEFAULT;
        size_t n = call->n_names > 0 ? call->n_names : w->n_alarms, i = 0;
        int r;

        r = call_check(call, reply);
        if (r >= 0)
                r = cursor_read(call, n, &i, reply);
        if (r < 0)
                return r;
        for (; i < n; i++) {
                const Alarm *a = call->n_names > 0 ? alarm_find(w, call->place, call->names[i])
                                                   : w->alarms + i;
                AlarmView view;

                if (!a)
                        continue;
                alarm_look(w, a, now, &view);
                if (!is_wanted(w, call, &view))
                        continue;
                if (ret->n_alarms == room) {
                        (void) snprintf(ret->next_token, sizeof(ret->next_token), "sim-alarms-%zu", i);
                        return 0;
                }
                ret->alarms[ret->n_alarms++] = view;
        }
        return 0;
}
