#pragma once

/* Roles assumed through STS: signed with a set that is there already, or with a web identity token. */

#include <systemd/sd-event.h>

#include "aws/settings.h"
#include "aws/svc-sts.h"
#include "daemon/creds-part.h"
#include "daemon/http.h"

typedef struct CredsSts CredsSts;
typedef struct StsCall StsCall;

/* Copied, all of it. */
typedef struct StsAsk {
        StsRole role;           /* session_name may be NULL: "canaryd-" and the name of this host */
        const char *region;     /* NULL: that of the settings */
        const AwsCreds *signer; /* or */
        const char *token_file; /* of the web identity; read for every attempt */
        bool is_rollback;
} StsAsk;

/* settings are borrowed for good. */
int creds_sts_new(sd_event *event, Http *http, const AwsSettings *settings, CredsSts **ret);
CredsSts *creds_sts_free(CredsSts *s); /* calls must be gone */
DEFINE_TRIVIAL_CLEANUP(CredsSts *, creds_sts_free);

/* The set's expiry comes in our own clock's time. AWS_EXPIRED: the signer, or the token, was refused.
 * -EIO: not started, failure says why. Other errors have no words. */
int creds_sts_start(CredsSts *s, const StsAsk *ask, CredsPartDone done, void *userdata, StsCall **ret,
                CredsFailure *failure);
/* A rollback waits for it now. */
void creds_sts_hurry(StsCall *call);
StsCall *creds_sts_cancel(StsCall *call); /* NULL is fine; "done" will not be called */
DEFINE_TRIVIAL_CLEANUP(StsCall *, creds_sts_cancel);
