#pragma once

/* RolloutState <-> the text that is stored: "canaryd-record 3 <checksum, 8 hex digits>\n" and a JSON object.
 * Versioned, checked, and readable by a person with the sqlite3 shell. */

#include "core/state.h"

#define RECORD_BYTES_MAX (1024u * 1024) /* 64 targets with 32 checks each need half of it */

/* Text owned by the caller. -ENOMEM. */
int record_encode(const RolloutState *state, char **ret);

/* n_targets: as the plan says. *ret: owned, rollout_state_size(n_targets) bytes. Decoding what was encoded
 * gives the same bytes. -EBADMSG: damaged or not a record, with words in reterr. -EPROTONOSUPPORT: of a
 * newer canaryd. */
int record_decode(const char *text, size_t size, uint32_t n_targets, RolloutState **ret,
                char reterr[static 160]);
