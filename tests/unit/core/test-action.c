#include "core/action.h"
#include "lib/test.h"

TEST(every_effect_but_cancel_is_answered) {
        static const ActionKind silent[] = { ACTION_PERSIST, ACTION_REPORT, ACTION_CANCEL };

        for (ActionKind kind = 0; kind < ACTION_KIND_COUNT; kind++) {
                bool is_silent = false;

                for (size_t i = 0; i < ELEMENTSOF(silent); i++)
                        is_silent |= kind == silent[i];
                EXPECT((action_completion(kind) == EVENT_TICK) == is_silent);
        }
}

TEST(an_alias_is_created_as_it_is_written) {
        EXPECT(action_completion(ACTION_CREATE_ALIAS) == EVENT_ALIAS_WRITTEN);
        EXPECT(action_completion(ACTION_WRITE_ALIAS) == EVENT_ALIAS_WRITTEN);
}

TEST(each_read_is_answered_by_its_own_event) {
        EXPECT(action_completion(ACTION_READ_ALIAS) == EVENT_ALIAS_READ);
        EXPECT(action_completion(ACTION_READ_VERSION) == EVENT_VERSION_READ);
        EXPECT(action_completion(ACTION_READ_FUNCTION) == EVENT_FUNCTION_READ);
        EXPECT(action_completion(ACTION_READ_CODE) == EVENT_CODE_READ);
        EXPECT(action_completion(ACTION_READ_METRICS) == EVENT_METRICS_READ);
        EXPECT(action_completion(ACTION_READ_ALARMS) == EVENT_ALARMS_READ);
        EXPECT(action_completion(ACTION_READ_CONCURRENCY) == EVENT_CONCURRENCY_READ);
}
