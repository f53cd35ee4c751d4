#pragma once

/* Shared by creds.c (all sets), creds-set.c (one set) and creds-fetch.c (one go at getting a set). */

#include "base/prng.h"
#include "daemon/creds-files.h"
#include "daemon/creds-metadata.h"
#include "daemon/creds-part.h"
#include "daemon/creds-sts.h"
#include "daemon/creds.h"

typedef struct CredsSet CredsSet;

struct Creds {
        sd_event *event;
        const AwsEnv *env;
        const AwsSettings *settings;
        CredsFiles *files;
        unsigned files_seen; /* how often they have changed */
        bool files_unread;   /* for want of memory: nothing is to be concluded from them */
        CredsMetadata *metadata;
        CredsSts *sts;
        Prng prng;
        CredsSet *own;
        CredsSet **roles; /* the one used last stands last */
        size_t n_roles;
};

void creds_look_at_files(Creds *c, usec_t now_mono);
/* How the daemon's own set is to be had now. -EIO: failure says why not. -ENOMEM. */
int creds_make_recipe(const Creds *c, CredsRecipe *ret, CredsFailure *failure);

/* Says in a failure of IMDS, the last resort, why everything before it had nothing. */
void creds_explain_resort(const Creds *c, CredsFailure *failure);

/* key: copied; no role for the daemon's own set. */
int creds_set_new(Creds *c, const CredsKey *key, CredsSet **ret);
CredsSet *creds_set_free(CredsSet *s);
DEFINE_TRIVIAL_CLEANUP(CredsSet *, creds_set_free);

/* As creds_get(), creds_distrust(). */
int creds_set_get(CredsSet *s, bool is_rollback, AwsCreds *ret, CredsDone done, void *userdata,
                CredsWait **ret_wait);
void creds_set_distrust(CredsSet *s, const char *access_key);
/* A rollback waits for it now. */
void creds_set_hurry(CredsSet *s);
/* The same of somebody who waits already: what does for a rollback is given out, from the loop. */
void creds_wait_hurry(CredsWait *w);

bool creds_set_is_idle(const CredsSet *s); /* nobody waits */
bool creds_set_is_for(const CredsSet *s, const CredsKey *key);
