#include "awssim/fault-rule.h"

#include <stdlib.h>

#include "base/str.h"
#include "base/usec.h"

static const char *const action_names[] = {
        [FAULT_ERROR] = "error",
        [FAULT_HANG] = "hang",
        [FAULT_RESET] = "reset",
        [FAULT_TRUNCATE] = "truncate",
        [FAULT_GARBAGE] = "garbage",
        [FAULT_DELAY] = "delay",
        [FAULT_SLOW] = "slow",
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
        free(rule->region);
        free(rule->role);
        free(rule->code);
        free(rule->message);
        *rule = (FaultRule){};
}

static bool rule_concerns(const FaultRule *rule, const FaultCall *call) {
        if (!streq(rule->operation, "*") && !streq(rule->operation, call->operation))
                return false;
        if (rule->function && !streq(rule->function, call->function))
                return false;
        if (rule->region && !streq(rule->region, call->region))
                return false;
        return !rule->role || (call->role && streq(rule->role, call->role));
}

static bool rule_strikes(const FaultRule *rule, const FaultCall *call) {
        if (rule->window > 0 && usec_sub(call->at, rule->since) >= rule->window)
                return false;
        return rule->seen >= rule->first && rule->seen <= rule->last &&
                        (rule->seen - rule->first) % rule->every == 0;
}

const FaultRule *fault_rule_match(FaultRule *rules, size_t n, const FaultCall *call) {
        const FaultRule *hit = NULL;

        for (size_t i = 0; i < n; i++) {
                FaultRule *rule = rules + i;

                if (!rule_concerns(rule, call))
                        continue;
                if (rule->seen++ == 0)
                        rule->since = call->at;
                if (!hit && rule_strikes(rule, call))
                        hit = rule;
        }
        return hit;
}

/* The first code of a status is the one that stands for it. */
struct known {
        unsigned status;
        const char *code;
};

static const struct known lambda_codes[] = {
        { 400, "InvalidParameterValueException" },
        { 400, "InvalidRequestContentException" },
        { 400, "ValidationException" },
        { 403, "AccessDeniedException" },
        { 403, "ExpiredTokenException" },
        { 403, "InvalidSignatureException" },
        { 403, "MissingAuthenticationTokenException" },
        { 403, "UnrecognizedClientException" },
        { 404, "ResourceNotFoundException" },
        { 409, "ResourceConflictException" },
        { 412, "PreconditionFailedException" },
        { 413, "RequestTooLargeException" },
        { 429, "TooManyRequestsException" },
        { 503, "ServiceUnavailableException" },
};

/* Both spellings, so that a scenario may use either. */
static const struct known other_codes[] = {
        { 400, "ValidationException" },
        { 400, "ValidationError" },
        { 400, "InvalidParameterCombinationException" },
        { 400, "InvalidParameterCombination" },
        { 400, "InvalidParameterValue" },
        { 400, "InvalidNextToken" },
        { 400, "Throttling" },
        { 400, "ThrottlingException" },
        { 400, "RequestLimitExceeded" },
        { 400, "IDPCommunicationError" },
        { 400, "InvalidIdentityToken" },
        { 400, "MalformedPolicyDocument" },
        { 400, "PackedPolicyTooLarge" },
        { 403, "AccessDenied" },
        { 403, "AuthFailure" },
        { 403, "ExpiredToken" },
        { 403, "IDPRejectedClaim" },
        { 403, "InvalidClientTokenId" },
        { 403, "OptInRequired" },
        { 403, "RegionDisabledException" },
        { 403, "RequestExpired" },
        { 403, "RequestTimeTooSkewed" },
        { 403, "SignatureDoesNotMatch" },
        { 404, "ResourceNotFound" },
        { 429, "Throttling" },
        { 503, "ServiceUnavailable" },
};

static const char *code_of(const struct known *known, size_t n, unsigned status) {
        for (size_t i = 0; i < n; i++)
                if (known[i].status == status)
                        return known[i].code;
        return "ServiceException";
}

static unsigned status_of(const struct known *known, size_t n, const char *code) {
        for (size_t i = 0; i < n; i++)
                if (streq(known[i].code, code))
                        return known[i].status;
        return 0;
}

unsigned fault_rule_status(const FaultRule *rule) {
        unsigned status = 0;

        if (rule->status > 0)
                return (unsigned) rule->status;
        if (rule->code)
                status = status_of(lambda_codes, ELEMENTSOF(lambda_codes), rule->code);
        if (status == 0 && rule->code)
                status = status_of(other_codes, ELEMENTSOF(other_codes), rule->code);
        return status == 0 ? 500 : status;
}

const char *fault_rule_code(const FaultRule *rule, bool is_lambda) {
        unsigned status = fault_rule_status(rule);

        if (rule->code)
                return rule->code;
        return is_lambda ? code_of(lambda_codes, ELEMENTSOF(lambda_codes), status)
                         : code_of(other_codes, ELEMENTSOF(other_codes), status);
}

const char *fault_rule_message(const FaultRule *rule, bool is_lambda) {
        const char *code = fault_rule_code(rule, is_lambda);

        if (rule->message)
                return rule->message;
        if (streq(code, "TooManyRequestsException"))
                return "Rate Exceeded.";
        if (str_after(code, "Throttling"))
                return "Rate exceeded";
        return "An error occurred and the request cannot be processed.";
}
