#include "daemon/event-copy.h"

#include <string.h>

#include "base/alloc.h"

static size_t text_size(const char *s) {
        return s ? strlen(s) + 1 : 0;
}

static const void *put(char **at, const void *bytes, size_t n) {
        char *start = *at;

        if (!bytes || n == 0)
                return NULL;
        memcpy(start, bytes, n);
        *at += n;
        return start;
}

/* One block: the arrays first, as they have the strictest alignment, then the texts. */
int event_copy_new(const Event *event, EventCopy **ret) {
        size_t rows = event->n_rows * sizeof(MetricRow), values = event->n_values * sizeof(MetricValue);
        EventCopy *c = alloc_zero(sizeof(*c) + rows + values + text_size(event->request_id) +
                        text_size(event->error) + text_size(event->revision));
        char *at;

        if (!c)
                return -ENOMEM;
        at = (char *) (c + 1);
        c->event = *event;
        c->event.rows = put(&at, event->rows, rows);
        c->event.values = put(&at, event->values, values);
        c->event.request_id = put(&at, event->request_id, text_size(event->request_id));
        c->event.error = put(&at, event->error, text_size(event->error));
        c->event.revision = put(&at, event->revision, text_size(event->revision));
        *ret = c;
        return 0;
}

EventCopy *event_copy_free(EventCopy *c) {
        free(c);
        return NULL;
}
