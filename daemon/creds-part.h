#pragma once

/* What the sources of credentials have in common: how they say that they have them, or why not. */

#include "aws/creds.h"
#include "aws/fault.h"
#include "aws/skew.h"

#define CREDS_MESSAGE_MAX 640

/* fault: see CredsDone. The message is fit to print and holds no secret. */
typedef struct CredsFailure {
        AwsFault fault;
        char message[CREDS_MESSAGE_MAX];
} CredsFailure;

/* Exactly one of the two is given; creds may be taken over. Never called from inside of the function that
 * started it; what was started is gone afterwards. */
typedef void (*CredsPartDone)(AwsCreds *take_creds, const CredsFailure *failure, void *userdata);

/* Cut when long. Returns -EIO, for functions that fail with words. */
int creds_failure_set(CredsFailure *f, AwsFault fault, const char *format, ...) _printf_(3, 4);

/* The first line of what another program or the network said, at most 200 bytes, unprintable characters
 * replaced. */
#define CREDS_QUOTE_MAX 201
void creds_quote(const char *text, size_t size, char ret[static CREDS_QUOTE_MAX]);

/* Reads a small file that holds a secret, anew each time: such files are rotated. *ret is owned by the
 * caller, who wipes it. -EIO: failure says why. -ENOMEM. */
int creds_read_token(
                const char *path, const char *what, char **ret, size_t *ret_size, CredsFailure *failure);

/* A time as AWS's clock shows it, as ours will. USEC_INFINITY stays. */
usec_t creds_local_time(const Skew *skew, usec_t time);

/* The same keys, whenever they end. */
bool creds_is_same(const AwsCreds *a, const AwsCreds *b);
