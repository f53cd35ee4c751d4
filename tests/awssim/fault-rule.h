#pragma once

/* What shall go wrong, and on which call. */

#include "base/macro.h"

typedef enum FaultAction {
        FAULT_ERROR,    /* answer with an error */
        FAULT_HANG,     /* never answer */
        FAULT_RESET,    /* reset the connection */
        FAULT_TRUNCATE, /* promise the whole body, send half of it */
        FAULT_GARBAGE,  /* answer 200 with something that is no answer */
        FAULT_DELAY,    /* answer late */
        FAULT_SLOW,     /* answer byte by byte */
        FAULT_CLOCK,    /* judge and date this call by a wrong clock */
} FaultAction;

typedef struct FaultRule {
        char *operation; /* "UpdateAlias"; "*": any */
        char *function;  /* NULL: any, also below */
        char *region;    /* that the call is signed for */
        char *role;      /* ARN of the role that it assumes, or else whose keys it is signed with */
        uint64_t first, last, every;
        usec_t window; /* strikes this long from the first call it concerns on; 0: by "first" and "last"
                          alone */
        FaultAction action;
        bool after;           /* strikes when the operation has taken effect, only its reply suffers */
        uint64_t status;      /* 0: what goes with the code */
        char *code, *message; /* NULL: what AWS says with that status */
        usec_t delay, retry_after;
        int64_t offset;
        uint64_t seen; /* calls it was asked about */
        usec_t since;  /* the first of them */
} FaultRule;

typedef struct FaultCall {
        const char *operation, *function, *region;
        const char *role; /* NULL: none */
        usec_t at;        /* monotonic */
} FaultCall;

const char *fault_action_to_string(FaultAction a);
int fault_action_from_string(const char *s, FaultAction *ret);

void fault_rule_done(FaultRule *rule);

/* Counts the call with every rule that it concerns, and gives the first that strikes; NULL: none. */
const FaultRule *fault_rule_match(FaultRule *rules, size_t n, const FaultCall *call);

/* What is sent of an error, where the rule leaves it open: a code that goes with the status, the other way
 * round, and words. Lambda has codes of its own. */
const char *fault_rule_code(const FaultRule *rule, bool is_lambda);
unsigned fault_rule_status(const FaultRule *rule);
const char *fault_rule_message(const FaultRule *rule, bool is_lambda);
