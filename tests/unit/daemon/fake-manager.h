#pragma once

/* Stands in for daemon/manager.c: fixed rollouts and refusals. Linked before the daemon's archive, so that
 * the archive's manager is not pulled in. */

#include "daemon/manager.h"

/* What the fake hands out; set up by fake_manager_reset(), changed by tests. The Manager pointer is not
 * looked at. */
typedef struct FakeManager {
        size_t n_rollouts; /* of the sample: checkout@1, checkout@2... each shifting, the last one rolled
                              back */
        size_t n_refusals;
        const char *error;        /* AWS's words in each of them */
        const char *waits_for;    /* not NULL: of each of them, which has a call under way */
        usec_t silence;           /* of AWS, to each of them */
        const char *behind;       /* not NULL: each of them is queued behind this */
        const char *trouble;      /* not NULL: why each of them is frozen */
        const char *refused_path; /* of each refusal */
        const char *plans;        /* the directory it is said to watch; NULL: the default */
        int fail;                 /* negative: what all functions return */
} FakeManager;

FakeManager *fake_manager(void);
void fake_manager_reset(void);

/* A daemon that is nothing but its bus: another process that serves DIR/canaryd.sock until
 * fake_daemon_stop(). Fails the test when it does not come up. */
pid_t fake_daemon_start(const char *directory);
void fake_daemon_stop(pid_t pid);

/* A directory of its own for a test. */
void temp_dir_make(char ret[static 64]);
void temp_dir_remove(const char *path);
