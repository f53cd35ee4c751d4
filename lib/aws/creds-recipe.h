#pragma once

/* How a set of credentials is to be had, as a value: found out from the environment and the profile without
 * asking anybody. The order of sources and the rules for profiles are the AWS CLI's, with systemd's
 * credentials in front. */

#include "aws/creds.h"
#include "aws/env.h"
#include "aws/ini.h"

#define CREDS_CHAIN_MAX 8  /* roles assumed one after the other */
#define CREDS_ARGV_MAX 64  /* words of a credential_process */
#define CREDS_TTL_MIN 900u /* seconds; AssumeRole's DurationSeconds */
#define CREDS_TTL_MAX 43200u

typedef enum CredsOrigin {
        CREDS_STATIC,       /* keys are in the recipe */
        CREDS_PROCESS,      /* run argv, read JSON */
        CREDS_WEB_IDENTITY, /* the first role is assumed with the token in token_file, unsigned */
        CREDS_CONTAINER,    /* ECS, EKS Pod Identity */
        CREDS_IMDS,
} CredsOrigin;

typedef struct CredsRole {
        char *arn;
        char *external_id;         /* NULL: none */
        char *session_name;        /* NULL: ours */
        unsigned duration_seconds; /* 0: AWS's default */
} CredsRole;

typedef struct CredsRecipe {
        CredsOrigin origin;
        char *source;     /* for people: "profile \"prod\" of /etc/canaryd/config"; never a secret */
        AwsCreds keys;    /* CREDS_STATIC */
        char **argv;      /* CREDS_PROCESS; NULL-terminated */
        char *token_file; /* CREDS_WEB_IDENTITY */
        CredsRole roles[CREDS_CHAIN_MAX]; /* assumed in this order */
        size_t n_roles;
        char *region; /* of the profile, for STS; NULL: the daemon's */
} CredsRecipe;

void creds_recipe_done(CredsRecipe *r);

/* The texts a recipe is made from; each may be NULL. "systemd": the file "aws" in $CREDENTIALS_DIRECTORY, in
 * the format of the shared credentials file; keys in it come before all else: those of [profile], or of
 * [default] when the other files do not know the profile. A source_profile finds its keys there, too. When
 * it has sections but none of use, container and IMDS are not asked instead.
 * The *_path are for messages. */
typedef struct CredsTexts {
        const Ini *systemd, *config, *credentials;
        const char *systemd_path, *config_path, *credentials_path;
} CredsTexts;

/* 0: there is a recipe (of last resort: container, then IMDS, unless these are switched off). -ENOKEY:
 * nothing can work; reterr says where was looked, what was found and what to do (SSO and "aws login"
 * profiles: names credential_process as the way; mfa_serial: a daemon cannot be asked; cycles; half a pair;
 * ...). is_explicit: the profile was named by the daemon's own configuration. */
int creds_recipe_make(const CredsTexts *texts, const AwsEnv *env, const char *profile, bool is_explicit,
                CredsRecipe *ret, char reterr[static DIAG_MESSAGE_MAX]);

/* Splits as Python's shlex and so the AWS CLI does: as a POSIX shell (blanks, '...', "...", \), with nothing
 * expanded. -EINVAL: open quote, empty, or too many words. */
int creds_split_command(const char *command, char ***ret);
void creds_free_argv(char **argv);
