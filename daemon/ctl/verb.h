#pragma once

/* What canaryctl can be told to do, a file per verb. */

#include <stdio.h>

#include "base/usec.h"
#include "daemon/ctl/render.h"

/* Exit statuses beside 0, after sysexits.h where it has one. */
#define EXIT_BAD 1           /* a bad plan, no such rollout, the daemon answered with an error */
#define EXIT_USAGE 64        /* the command line makes no sense */
#define EXIT_UNREACHABLE 69  /* nobody listens on the daemon's socket, or hangs up */
#define EXIT_SILENT 75       /* the daemon is there and does not answer */
#define EXIT_DENIED 77       /* no permission to use it */
#define EXIT_INTERRUPTED 130 /* by SIGINT or SIGTERM, as a shell would say it */

typedef struct Ctl {
        const char *run;       /* the daemon's run directory */
        const char *config;    /* its configuration file; NULL: where it looks itself */
        const char *directory; /* the watched one; NULL: as the configuration says */
        bool json, replace;
        bool online;    /* validate: ask AWS, too */
        usec_t timeout; /* for that */
        Style style;
        FILE *out, *err;
} Ctl;

/* n_args: as the table of verbs allows. Returns the exit status. */
int verb_validate(const Ctl *ctl, char **args, size_t n_args);
int verb_submit(const Ctl *ctl, char **args, size_t n_args);
int verb_iam_policy(const Ctl *ctl, char **args, size_t n_args);
int verb_list(const Ctl *ctl, char **args, size_t n_args);
int verb_status(const Ctl *ctl, char **args, size_t n_args);

/* Writes what was collected, all or nothing. Returns "status", or EXIT_BAD with a message when that failed.
 */
int verb_finish(const Ctl *ctl, Buf *text, int status);
/* "canaryctl: MESSAGE" on ctl->err, made printable; returns "status". */
int verb_fail(const Ctl *ctl, int status, const char *message);
