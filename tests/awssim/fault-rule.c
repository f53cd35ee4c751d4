#include "awssim/fault-rule.h"

#include <stdlib.h>

#include "base/str.h"

static const char *const action_names[] = {
        [FAULT_ERROR] = "error",
        [FAULT_HANG] = "hang",
        [FAULT_RESET] = "reset",
        [FAULT_TRUNCATE] = "truncate",
        [FAULT_GARBAGE] = "garbage",
        [FAULT_DELAY] = "delay",
        [FAULT_CLOCK] = "clock",
};

const char *fault_action_to_string(FaultAction a) {
        return action_names[a];
}

int fault_action_from_string(const char *s, FaultAction *ret) {
        for (size_t i = 0; i < ELEMENTSOF(action_names); i++)
                if (streq(s, action_names[i])) {
                        *ret = (FaultAction) i;
                        return 0;
                }
        return -EINVAL;
}

void fault_rule_done(FaultRule *rule) {
        free(rule->operation);
        free(rule->function);
        free(rule->code);
        free(rule->message);
        *rule = (FaultRule){};
}

const FaultRule *fault_rule_match(FaultRule *rules, size_t n, const char *operation, const char *function) {
        const FaultRule *hit = NULL;

        for (size_t i = 0; i < n; i++) {
                FaultRule *rule = rules + i;

                if (!streq(rule->operation, "*") && !streq(rule->operation, operation))
                        continue;
                if (rule->function && !streq(rule->function, function))
                        continue;
                rule->seen++;
                if (!hit && rule->seen >= rule->first && rule->seen <= rule->last &&
                                (rule->seen - rule->first) % rule->every == 0)
                        hit = rule;
        }
        return hit;
}

const char *fault_rule_code(const FaultRule *rule) {
        static const struct {
                uint64_t status;
                const char *code;
        } codes[] = {
                { 400, "InvalidParameterValueException" },
                { 403, "AccessDeniedException" },
                { 404, "ResourceNotFoundException" },
                { 409, "ResourceConflictException" },
                { 412, "PreconditionFailedException" },
                { 429, "TooManyRequestsException" },
                { 503, "ServiceUnavailableException" },
        };

        if (rule->code)
                return rule->code;
        for (size_t i = 0; i < ELEMENTSOF(codes); i++)
                if (codes[i].status == rule->status)
                        return codes[i].code;
        return "ServiceException";
}
