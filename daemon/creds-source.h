#pragma once

/* Where credentials come from: environment, then the shared credentials file. */

#include "aws/creds.h"
#include "codec/conf.h"

typedef struct CredsSource CredsSource;

int creds_source_new(const Conf *conf, CredsSource **ret);
CredsSource *creds_source_free(CredsSource *s);
DEFINE_TRIVIAL_CLEANUP(CredsSource *, creds_source_free);

/* The present credentials, a copy owned by the caller. The file is looked at again when it has changed (no
 * more often than once a second). -ENOKEY: none found anywhere; reterr says where was looked and what to do.
 */
int creds_source_get(CredsSource *s, usec_t now_mono, AwsCreds *ret, char reterr[static DIAG_MESSAGE_MAX]);
