#include "daemon/event-copy.h"

#include <string.h>

#include "base/alloc.h"

static size_t text_size(const char *s) {
        return s ? strlen(s) + 1 : 0;
}

static void *put(char **at, const void *bytes, size_t n) {
        char *start = *at;

        if (!bytes || n == 0)
                return NULL;
        memcpy(start, bytes, n);
        *at += n;
        return start;
}

static size_t texts_size(const Event *event) {
        size_t n = text_size(event->request_id) + text_size(event->error) + text_size(event->revision) +
                        text_size(event->by) + text_size(event->code_sha) + text_size(event->state_words) +
                        text_size(event->role_arn) + text_size(event->dead_letter_arn);

        for (size_t i = 0; i < event->n_check_faults; i++)
                n += text_size(event->check_faults[i].error);
        for (size_t i = 0; i < event->n_alarms; i++)
                n += text_size(event->alarms[i].reason);
        return n;
}

/* One block: the arrays first, as they have the strictest alignment, then the texts. */
int event_copy_new(const Event *event, EventCopy **ret) {
        size_t rows = event->n_rows * sizeof(MetricRow), values = event->n_values * sizeof(MetricValue);
        size_t faults = event->n_check_faults * sizeof(CheckFault);
        size_t alarms = event->n_alarms * sizeof(AlarmReading);
        EventCopy *c = alloc_zero(sizeof(*c) + rows + values + faults + alarms + texts_size(event));
        CheckFault *fault;
        AlarmReading *alarm;
        char *at;

        if (!c)
                return -ENOMEM;
        at = (char *) (c + 1);
        c->event = *event;
        c->event.rows = put(&at, event->rows, rows);
        c->event.values = put(&at, event->values, values);
        c->event.check_faults = fault = put(&at, event->check_faults, faults);
        c->event.alarms = alarm = put(&at, event->alarms, alarms);
        c->event.request_id = put(&at, event->request_id, text_size(event->request_id));
        c->event.error = put(&at, event->error, text_size(event->error));
        c->event.by = put(&at, event->by, text_size(event->by));
        c->event.revision = put(&at, event->revision, text_size(event->revision));
        c->event.code_sha = put(&at, event->code_sha, text_size(event->code_sha));
        c->event.state_words = put(&at, event->state_words, text_size(event->state_words));
        c->event.role_arn = put(&at, event->role_arn, text_size(event->role_arn));
        c->event.dead_letter_arn = put(&at, event->dead_letter_arn, text_size(event->dead_letter_arn));
        for (size_t i = 0; i < event->n_check_faults; i++)
                fault[i].error = put(
                                &at, event->check_faults[i].error, text_size(event->check_faults[i].error));
        for (size_t i = 0; i < event->n_alarms; i++)
                alarm[i].reason = put(&at, event->alarms[i].reason, text_size(event->alarms[i].reason));
        *ret = c;
        return 0;
}

EventCopy *event_copy_free(EventCopy *c) {
        free(c);
        return NULL;
}
