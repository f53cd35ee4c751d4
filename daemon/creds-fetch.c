#include "daemon/creds-fetch.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "daemon/creds-process.h"

struct CredsFetch {
        Creds *creds;
        CredsPartDone done;
        void *userdata;
        bool is_rollback;
        bool is_role;         /* of a target: the one role of the recipe, on top of the daemon's own set */
        bool has_refreshed;   /* the daemon's own set, because STS refused it */
        CredsFailure refusal; /* in these words */

        CredsRecipe recipe;
        size_t i_role;    /* the next one to be assumed */
        AwsCreds current; /* with these */

        /* At most one is under way. */
        CredsWait *wait;
        CredsProcess *process;
        MetadataCall *metadata;
        StsCall *sts;
};

CredsFetch *creds_fetch_free(CredsFetch *f) {
        if (!f)
                return NULL;
        creds_cancel(f->wait);
        (void) creds_process_free(f->process);
        (void) creds_metadata_cancel(f->metadata);
        (void) creds_sts_cancel(f->sts);
        creds_recipe_done(&f->recipe);
        aws_creds_done(&f->current);
        free(f);
        return NULL;
}

/* The last act of a callback. */
static void fetch_end(CredsFetch *take_fetch, const CredsFailure *failure) {
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
        CredsFetch *f = take_fetch;
        CredsPartDone done = f->done;
        void *userdata = f->userdata;

        creds = f->current;
        f->current = (AwsCreds){ 0 };
        (void) creds_fetch_free(f);
        done(failure ? NULL : &creds, failure, userdata);
}

static void on_own(const AwsCreds *creds, AwsFault fault, const char *error, void *userdata);

/* 1: they are there. 0: waits for them. */
static int fetch_get_own(CredsFetch *f, bool is_rollback) {
        aws_creds_done(&f->current);
        return creds_set_get(f->creds->own, is_rollback, &f->current, on_own, f, &f->wait);
}

static void on_sts(AwsCreds *take_creds, const CredsFailure *failure, void *userdata);

static int fetch_assume(CredsFetch *f, const char *token_file, CredsFailure *failure) {
        const CredsRole *role = &f->recipe.roles[f->i_role];
        const StsAsk ask = {
                .role = {
                        .arn = role->arn,
                        .session_name = role->session_name,
                        .external_id = role->external_id,
                        .duration_seconds = role->duration_seconds,
                },
                .region = f->recipe.region,
                .signer = token_file ? NULL : &f->current,
                .token_file = token_file,
                .is_rollback = f->is_rollback,
        };

        return creds_sts_start(f->creds->sts, &ask, on_sts, f, &f->sts, failure);
}

/* In a callback: the next role, or the end. */
static void fetch_go_on(CredsFetch *f) {
        CredsFailure failure = { 0 };
        int r;

        if (f->i_role == f->recipe.n_roles) {
                fetch_end(f, NULL);
                return;
        }
        r = fetch_assume(f, NULL, &failure);
        if (r >= 0)
                return;
        if (r != -EIO)
                (void) creds_failure_set(&failure, AWS_TRANSIENT, "%s: %s", f->recipe.source, strerror(-r));
        fetch_end(f, &failure);
}

static void fetch_take(CredsFetch *f, AwsCreds *take_creds) {
        aws_creds_done(&f->current);
        f->current = *take_creds;
        *take_creds = (AwsCreds){ 0 };
        fetch_go_on(f);
}

static void on_part(AwsCreds *take_creds, const CredsFailure *failure, void *userdata) {
        CredsFetch *f = userdata;
        CredsFailure words;

        f->process = NULL;
        f->metadata = NULL;
        if (!failure) {
                fetch_take(f, take_creds);
                return;
        }
        words = *failure;
        /* Nobody chose it: what was meant to be asked instead is what people look for. */
        if (f->recipe.origin == CREDS_IMDS && f->recipe.n_roles == 0)
                creds_explain_resort(f->creds, &words);
        fetch_end(f, &words);
}

/* When STS refuses the daemon's own set: one fresh one, one retry. */
static bool fetch_retry(CredsFetch *f, const CredsFailure *failure) {
        int r;

        if (!f->is_role || failure->fault != AWS_EXPIRED || f->has_refreshed)
                return false;
        f->has_refreshed = true;
        f->refusal = *failure;
        creds_set_distrust(f->creds->own, f->current.access_key);
        r = fetch_get_own(f, f->is_rollback);
        /* At a rollback's pace, but not with what was refused: that is given out while another is fetched.
         */
        if (r > 0 && f->is_rollback)
                r = fetch_get_own(f, false);
        if (r > 0)
                fetch_go_on(f);
        return r >= 0;
}

static void on_sts(AwsCreds *take_creds, const CredsFailure *failure, void *userdata) {
        CredsFetch *f = userdata;

        f->sts = NULL;
        if (!failure) {
                f->i_role++;
                fetch_take(f, take_creds);
        } else if (!fetch_retry(f, failure))
                fetch_end(f, failure);
}

static void on_own(const AwsCreds *creds, AwsFault fault, const char *error, void *userdata) {
        CredsFetch *f = userdata;
        CredsFailure failure = { 0 };

        f->wait = NULL;
        if (creds) {
                (void) aws_creds_copy(&f->current, creds);
                fetch_go_on(f);
                return;
        }
        if (f->has_refreshed)
                failure = f->refusal; /* says more than that there are no others */
        else
                (void) creds_failure_set(&failure, fault, "role %s cannot be assumed: %s",
                                f->recipe.roles[0].arn, error);
        fetch_end(f, &failure);
}

static int fetch_begin(CredsFetch *f, CredsFailure *failure) {
        const CredsRecipe *recipe = &f->recipe;

        switch (recipe->origin) {
        case CREDS_STATIC:
                (void) aws_creds_copy(&f->current, &recipe->keys);
                assert(recipe->n_roles > 0); /* else there is nothing to be fetched */
                return fetch_assume(f, NULL, failure);
        case CREDS_PROCESS:
                return creds_process_start(f->creds->event, recipe->argv, recipe->source, on_part, f,
                                &f->process, failure);
        case CREDS_WEB_IDENTITY:
                return fetch_assume(f, recipe->token_file, failure);
        case CREDS_CONTAINER:
                return creds_metadata_start(f->creds->metadata, METADATA_CONTAINER, recipe->source, on_part,
                                f, &f->metadata, failure);
        case CREDS_IMDS:
                return creds_metadata_start(f->creds->metadata, METADATA_IMDS, recipe->source, on_part, f,
                                &f->metadata, failure);
        }
        ASSERT_NEVER();
        return -EINVAL;
}

static CredsFetch *fetch_new(Creds *c, bool is_rollback, CredsPartDone done, void *userdata) {
        CredsFetch *f = alloc_one(CredsFetch);

        if (!f)
                return NULL;
        f->creds = c;
        f->is_rollback = is_rollback;
        f->done = done;
        f->userdata = userdata;
        return f;
}

int creds_fetch_own(Creds *c, CredsRecipe *take_recipe, bool is_rollback, CredsPartDone done, void *userdata,
                CredsFetch **ret, CredsFailure *failure) {
        CredsFetch *f = fetch_new(c, is_rollback, done, userdata);
        int r;

        if (!f)
                return -ENOMEM;
        f->recipe = *take_recipe;
        r = fetch_begin(f, failure);
        if (r < 0) {
                f->recipe = (CredsRecipe){ 0 };
                (void) creds_fetch_free(f);
                return r;
        }
        *take_recipe = (CredsRecipe){ 0 };
        *ret = f;
        return 0;
}

static int fetch_copy_key(CredsFetch *f, const CredsKey *key) {
        CredsRole *role = &f->recipe.roles[0];

        f->recipe.n_roles = 1;
        f->recipe.source = alloc_printf("role %s", key->role_arn);
        role->arn = alloc_copy_string(key->role_arn);
        if (!f->recipe.source || !role->arn)
                return -ENOMEM;
        if (!key->external_id)
                return 0;
        role->external_id = alloc_copy_string(key->external_id);
        return role->external_id ? 0 : -ENOMEM;
}

int creds_fetch_role(Creds *c, const CredsKey *key, bool is_rollback, CredsPartDone done, void *userdata,
                CredsFetch **ret, CredsFailure *failure) {
        _cleanup_(creds_fetch_freep) CredsFetch *f = fetch_new(c, is_rollback, done, userdata);
        int r;

        if (!f)
                return -ENOMEM;
        f->is_role = true;
        r = fetch_copy_key(f, key);
        if (r < 0)
                return r;
        r = fetch_get_own(f, is_rollback);
        if (r > 0)
                r = fetch_assume(f, NULL, failure);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(f);
        return 0;
}

void creds_fetch_hurry(CredsFetch *f) {
        f->is_rollback = true;
        if (f->sts)
                creds_sts_hurry(f->sts);
        if (!f->wait)
                return;
        creds_set_hurry(f->creds->own);
        /* But for another set than that which STS refused. */
        if (!f->has_refreshed)
                creds_wait_hurry(f->wait);
}
