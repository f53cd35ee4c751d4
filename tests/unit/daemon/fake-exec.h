#pragma once

/* Stands in for daemon/exec.c: calls wait here until the test answers them. Linked before the daemon's
 * archive, so that the archive's own is not pulled in. Leaves "read-alias#OP", "cancel#OP" and
 * "withdraw#OP" on the trail. */

#include "daemon/exec.h"

typedef struct FakeCall {
        Action action;
        const Plan *plan;
        ExecDone done;
        void *userdata;
        bool is_open;          /* neither answered nor cancelled */
        bool has_left;         /* set by the test: too late to be withdrawn */
        const char *waits_for; /* set by the test */
} FakeCall;

#define FAKE_CALLS_MAX 256

void fake_exec_reset(void);
void fake_exec_refuse(int error); /* what exec_start() returns from now on */
size_t fake_exec_count(void);     /* started so far */
FakeCall *fake_exec_call(size_t i);
/* Kind, target and op id of the event are filled in. */
void fake_exec_answer(size_t i, Event event);
/* From now on targets can be kept warm: "warm(TARGET)" and "cool(TARGET)" on the trail. */
void fake_exec_allow_warmth(void);
