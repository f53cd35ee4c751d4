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
        FAULT_CLOCK,    /* judge and date this call by a wrong clock */
} FaultAction;

typedef struct FaultRule {
        char *operation; /* "UpdateAlias"; "*": any */
        char *function;  /* NULL: any */
        uint64_t first, last, every;
        FaultAction action;
        bool after; /* strikes when the operation has taken effect, only its reply suffers */
        uint64_t status;
        char *code, *message; /* NULL: what AWS says with that status */
        usec_t delay, retry_after;
        int64_t offset;
        uint64_t seen; /* calls it was asked about */
} FaultRule;

const char *fault_action_to_string(FaultAction a);
int fault_action_from_string(const char *s, FaultAction *ret);

void fault_rule_done(FaultRule *rule);

/* Counts the call with every rule that it concerns, and gives the first that strikes; NULL: none. */
const FaultRule *fault_rule_match(FaultRule *rules, size_t n, const char *operation, const char *function);

/* The error code that goes with a status when the rule names none. */
const char *fault_rule_code(const FaultRule *rule);
