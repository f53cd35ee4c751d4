#include "daemon/creds.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/str.h"
#include "daemon/clock.h"
#include "daemon/creds-internal.h"

/* Sets of roles that are kept while nobody waits for them: more accounts than anybody rolls out to at a
 * time. With fewer, polls that go round all roles would find each one just dropped, and ask STS every time.
 */
#define ROLES_MAX 1024

void creds_look_at_files(Creds *c, usec_t now_mono) {
        int r = creds_files_look(c->files, now_mono);

        if (r > 0)
                c->files_seen++;
        c->files_unread = r < 0;
}

/* Then no file is needed, and none that cannot be read stands in the way. */
static bool keys_are_in_environment(const Creds *c) {
        return c->env->access_key_id && c->env->secret_access_key && !c->env->credentials_directory &&
                        !c->settings->profile_is_explicit;
}

/* Container and IMDS are what is left when nothing else was found: not good enough when somebody named a
 * file that should have been there. */
int creds_make_recipe(const Creds *c, CredsRecipe *ret, CredsFailure *failure) {
        const char *problem = creds_files_problem(c->files);
        _cleanup_(creds_recipe_done) CredsRecipe recipe = { 0 };
        char error[DIAG_MESSAGE_MAX] = "";
        CredsTexts texts;
        int r;

        if (c->files_unread)
                return -ENOMEM;
        r = creds_files_texts(c->files, &texts, error);
        if (r == -EINVAL && keys_are_in_environment(c)) {
                texts = (CredsTexts){ 0 };
                r = 0;
        }
        if (r >= 0)
                r = creds_recipe_make(&texts, c->env, c->settings->profile, c->settings->profile_is_explicit,
                                &recipe, error);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                return creds_failure_set(failure, AWS_EXPIRED, "no AWS credentials: %s%s%s",
                                problem ? problem : "", problem ? "; " : "", error);
        if (problem && recipe.n_roles == 0 &&
                        (recipe.origin == CREDS_CONTAINER || recipe.origin == CREDS_IMDS))
                return creds_failure_set(failure, AWS_EXPIRED, "no AWS credentials: %s", problem);
        *ret = recipe;
        recipe = (CredsRecipe){ 0 };
        return 0;
}

void creds_explain_resort(const Creds *c, CredsFailure *failure) {
        char files[CREDS_MESSAGE_MAX / 2];
        size_t used = strlen(failure->message);

        /* Most hosts that end up here are no instances: what they want is credentials, not a network. */
        if (failure->fault == AWS_UNREACHABLE)
                failure->fault = AWS_EXPIRED;
        creds_files_explain(c->files, c->settings->profile, files, sizeof(files));
        (void) snprintf(failure->message + used, sizeof(failure->message) - used,
                        "; it was asked because nothing else has keys: %s; %s%sno container",
                        c->settings->profile_is_explicit ? "the environment does not count beside a profile"
                                                         : "AWS_ACCESS_KEY_ID is not set",
                        files, files[0] != '\0' ? "; " : "");
}

int creds_new(sd_event *event, Http *http, const CredsConfig *config, Creds **ret,
                char reterr[static DIAG_MESSAGE_MAX]) {
        _cleanup_(creds_freep) Creds *c = alloc_one(Creds);
        Now now;
        int r;

        (void) str_copy(reterr, DIAG_MESSAGE_MAX, "out of memory");
        if (!c)
                return -ENOMEM;
        clock_read(&now);
        c->event = sd_event_ref(event);
        c->env = config->env;
        c->settings = config->settings;
        c->prng.state = now.wall ^ now.mono ^ (uint64_t) getpid() << 32;
        r = creds_files_new(config->env, config->config_path, config->credentials_path, &c->files);
        if (r < 0)
                return r;
        r = creds_metadata_new(event, http, config->env, config->allows_imds_v1,
                        config->settings->corrects_skew, &c->metadata, reterr);
        if (r < 0)
                return r;
        r = creds_sts_new(event, http, config->settings, &c->sts);
        if (r < 0)
                return r;
        r = creds_set_new(c, &(const CredsKey){ 0 }, &c->own);
        if (r < 0)
                return r;
        reterr[0] = '\0';
        *ret = TAKE_PTR(c);
        return 0;
}

Creds *creds_free(Creds *c) {
        if (!c)
                return NULL;
        /* They wait for the daemon's own. */
        while (c->n_roles > 0)
                (void) creds_set_free(c->roles[--c->n_roles]);
        free(c->roles);
        (void) creds_set_free(c->own);
        (void) creds_sts_free(c->sts);
        (void) creds_metadata_free(c->metadata);
        (void) creds_files_free(c->files);
        (void) sd_event_unref(c->event);
        free(c);
        return NULL;
}

static void drop_role(Creds *c, size_t i) {
        (void) creds_set_free(c->roles[i]);
        c->n_roles--;
        memmove(c->roles + i, c->roles + i + 1, (c->n_roles - i) * sizeof(c->roles[0]));
}

/* Makes place by dropping those that were not used for longest. Those that somebody waits for stay: there
 * are never more of them than calls under way. */
static void trim_roles(Creds *c) {
        for (size_t i = 0; i < c->n_roles && c->n_roles >= ROLES_MAX;)
                if (creds_set_is_idle(c->roles[i]))
                        drop_role(c, i);
                else
                        i++;
}

static int add_role(Creds *c, const CredsKey *key) {
        CredsSet **roles;
        int r;

        trim_roles(c);
        roles = alloc_resize(c->roles, c->n_roles + 1, sizeof(c->roles[0]));
        if (!roles)
                return -ENOMEM;
        c->roles = roles;
        r = creds_set_new(c, key, &roles[c->n_roles]);
        if (r >= 0)
                c->n_roles++;
        return r;
}

static CredsSet *find_set(Creds *c, const CredsKey *key, size_t *ret_i) {
        if (!key->role_arn)
                return c->own;
        for (size_t i = 0; i < c->n_roles; i++)
                if (creds_set_is_for(c->roles[i], key)) {
                        *ret_i = i;
                        return c->roles[i];
                }
        return NULL;
}

int creds_get(Creds *c, const CredsKey *key, bool is_rollback, AwsCreds *ret, CredsDone done, void *userdata,
                CredsWait **ret_wait) {
        size_t i = 0;
        CredsSet *s = find_set(c, key, &i);

        if (!s) {
                int r = add_role(c, key);

                if (r < 0)
                        return r;
                s = c->roles[c->n_roles - 1];
        } else if (key->role_arn) {
                memmove(c->roles + i, c->roles + i + 1, (c->n_roles - 1 - i) * sizeof(c->roles[0]));
                c->roles[c->n_roles - 1] = s;
        }
        return creds_set_get(s, is_rollback, ret, done, userdata, ret_wait);
}

void creds_distrust(Creds *c, const CredsKey *key, const char *access_key) {
        size_t i = 0;
        CredsSet *s = find_set(c, key, &i);

        if (s)
                creds_set_distrust(s, access_key);
}
