#pragma once

/* Credentials from the two metadata services: the container endpoint, and IMDS of EC2, whose session token
 * is kept between the calls. */

#include <systemd/sd-event.h>

#include "aws/metadata.h"
#include "daemon/creds-part.h"
#include "daemon/http.h"

typedef struct CredsMetadata CredsMetadata;
typedef struct MetadataCall MetadataCall;

typedef enum MetadataService {
        METADATA_CONTAINER,
        METADATA_IMDS,
} MetadataService;

/* env is borrowed for good. -EINVAL: a variable is no good, reterr says which. */
int creds_metadata_new(sd_event *event, Http *http, const AwsEnv *env, bool allows_v1, bool corrects_skew,
                CredsMetadata **ret, char reterr[static DIAG_MESSAGE_MAX]);
CredsMetadata *creds_metadata_free(CredsMetadata *m); /* calls must be gone */
DEFINE_TRIVIAL_CLEANUP(CredsMetadata *, creds_metadata_free);

/* source: for people, copied. The set's expiry comes in our own clock's time. -EIO: not started, failure
 * says why. Other errors have no words. */
int creds_metadata_start(CredsMetadata *m, MetadataService service, const char *source, CredsPartDone done,
                void *userdata, MetadataCall **ret, CredsFailure *failure);
MetadataCall *creds_metadata_cancel(MetadataCall *call); /* NULL is fine; "done" will not be called */
DEFINE_TRIVIAL_CLEANUP(MetadataCall *, creds_metadata_cancel);
