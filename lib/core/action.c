#include "core/action.h"

EventKind action_completion(ActionKind kind) {
        switch (kind) {
        case ACTION_READ_ALIAS:
                return EVENT_ALIAS_READ;
        case ACTION_READ_VERSION:
                return EVENT_VERSION_READ;
        case ACTION_WRITE_ALIAS:
        case ACTION_CREATE_ALIAS:
                return EVENT_ALIAS_WRITTEN;
        case ACTION_READ_METRICS:
                return EVENT_METRICS_READ;
        case ACTION_READ_ALARMS:
                return EVENT_ALARMS_READ;
        case ACTION_READ_FUNCTION:
                return EVENT_FUNCTION_READ;
        case ACTION_UPDATE_CODE:
                return EVENT_CODE_UPDATED;
        case ACTION_PUBLISH_VERSION:
                return EVENT_VERSION_PUBLISHED;
        case ACTION_READ_CONCURRENCY:
                return EVENT_CONCURRENCY_READ;
        case ACTION_READ_CODE:
                return EVENT_CODE_READ;
        case ACTION_CANCEL:
        case ACTION_PERSIST:
        case ACTION_REPORT:
                break;
        }
        return EVENT_TICK;
}
