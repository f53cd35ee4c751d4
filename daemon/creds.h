#pragma once

/* All credentials of the daemon: its own set, and one session per role that targets want. Found as the AWS
 * CLI does (aws/creds-recipe.h), refreshed ahead of their expiry, one refresh for all who wait. */

#include <systemd/sd-event.h>

#include "aws/creds-recipe.h"
#include "aws/fault.h"
#include "aws/metadata.h"
#include "aws/settings.h"
#include "daemon/http.h"

typedef struct Creds Creds;
typedef struct CredsWait CredsWait;

/* Whose session: the role is assumed with the daemon's own set. Borrowed. */
typedef struct CredsKey {
        const char *role_arn;    /* NULL: the daemon's own set */
        const char *external_id; /* NULL: none */
} CredsKey;

typedef struct CredsConfig {
        const AwsEnv *env;                          /* outlives the Creds */
        const AwsSettings *settings;                /* outlives the Creds */
        const char *config_path, *credentials_path; /* as configured; NULL: where AWS's tools look */
        bool allows_imds_v1;
} CredsConfig;

/* creds: NULL when there are none; then fault and error say why (AWS_EXPIRED: none or refused;
 * AWS_TRANSIENT, AWS_UNREACHABLE, AWS_THROTTLED, AWS_DENIED, AWS_CLOCK: as STS or the metadata service
 * answered). Borrowed for the call. Never called from inside of creds_get(). */
typedef void (*CredsDone)(const AwsCreds *creds, AwsFault fault, const char *error, void *userdata);

int creds_new(sd_event *event, Http *http, const CredsConfig *config, Creds **ret,
                char reterr[static DIAG_MESSAGE_MAX]);
Creds *creds_free(Creds *c); /* waits must have been cancelled */
DEFINE_TRIVIAL_CLEANUP(Creds *, creds_free);

/* 1: *ret is a copy of the present set, "done" will not be called. 0: under way, *ret_wait may be given to
 * creds_cancel() until "done" ran. is_rollback: what it takes to get them uses the rollback lane. */
int creds_get(Creds *c, const CredsKey *key, bool is_rollback, AwsCreds *ret, CredsDone done, void *userdata,
                CredsWait **ret_wait);
void creds_cancel(CredsWait *w); /* NULL is fine */

/* AWS refused the set with this access key: its source is asked for another, for which the next creds_get()
 * waits unless it is a rollback's. When the source has none, or has been asked moments ago, the same set is
 * given out again: what one region refuses may be good in others. Nothing happens when another one is in use
 * by now: many calls may have failed with the same set. */
void creds_distrust(Creds *c, const CredsKey *key, const char *access_key);
