#pragma once

/* One go at getting a set: from its source, and through the roles that are to be assumed on the way. */

#include "daemon/creds-internal.h"

typedef struct CredsFetch CredsFetch;

/* The daemon's own set; the recipe is taken over on success. -EIO: not started, failure says why. Other
 * errors have no words. */
int creds_fetch_own(Creds *c, CredsRecipe *take_recipe, bool is_rollback, CredsPartDone done, void *userdata,
                CredsFetch **ret, CredsFailure *failure);
/* A role, assumed with the daemon's own set. key is copied. */
int creds_fetch_role(Creds *c, const CredsKey *key, bool is_rollback, CredsPartDone done, void *userdata,
                CredsFetch **ret, CredsFailure *failure);
/* A rollback waits for it now. */
void creds_fetch_hurry(CredsFetch *f);
CredsFetch *creds_fetch_free(CredsFetch *f); /* NULL is fine; "done" will not be called */
DEFINE_TRIVIAL_CLEANUP(CredsFetch *, creds_fetch_free);
