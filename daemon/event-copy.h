#pragma once

/* An event that outlives the call that brought it. */

#include "base/macro.h"
#include "core/event.h"

typedef struct EventCopy EventCopy;
struct EventCopy {
        EventCopy *next;
        Event event; /* points into the same block of memory */
};

int event_copy_new(const Event *event, EventCopy **ret);
EventCopy *event_copy_free(EventCopy *c);
DEFINE_TRIVIAL_CLEANUP(EventCopy *, event_copy_free);
