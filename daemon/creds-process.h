#pragma once

/* credential_process: runs a program and reads credentials from what it prints. No shell; a minute at most,
 * 64 KiB at most. It does not outlive us. */

#include <systemd/sd-event.h>

#include "daemon/creds-part.h"

#define CREDS_PROCESS_TIMEOUT (60 * (usec_t) 1000000)

typedef struct CredsProcess CredsProcess;

/* argv: NULL-terminated, copied by the kernel. source: for people, copied. -EIO: not started, failure says
 * why. Other errors have no words. */
int creds_process_start(sd_event *event, char *const *argv, const char *source, CredsPartDone done,
                void *userdata, CredsProcess **ret, CredsFailure *failure);
/* Kills it when it is under way; "done" will not be called. */
CredsProcess *creds_process_free(CredsProcess *p);
DEFINE_TRIVIAL_CLEANUP(CredsProcess *, creds_process_free);
