#pragma once

/* SHA-256 of what comes in pieces. -EIO: as in digest.h. */

#include "aws/digest.h"
#include "base/macro.h"

typedef struct DigestStream DigestStream;

int digest_stream_new(DigestStream **ret);
DigestStream *digest_stream_free(DigestStream *d);
DEFINE_TRIVIAL_CLEANUP(DigestStream *, digest_stream_free);

int digest_stream_add(DigestStream *d, const void *data, size_t size);
/* Once, at the end. */
int digest_stream_finish(DigestStream *d, uint8_t ret[static DIGEST_SIZE]);
