#pragma once

/* The files that credentials and AWS settings come from: systemd's credential "aws", the config file and the
 * shared credentials file. Read when they change. */

#include "aws/creds-recipe.h"
#include "base/macro.h"

typedef struct CredsFiles CredsFiles;

/* The paths as configured; NULL: where AWS's tools look ($AWS_CONFIG_FILE, ~/.aws/config, ...). "~/" is the
 * home directory. Nothing is read yet. */
int creds_files_new(
                const AwsEnv *env, const char *config_path, const char *credentials_path, CredsFiles **ret);
CredsFiles *creds_files_free(CredsFiles *f);
DEFINE_TRIVIAL_CLEANUP(CredsFiles *, creds_files_free);

/* Reads what has changed, looking at most once a second. A file that is gone or empty must be so at two
 * looks to count as that. 1: something did (the first look counts as that). -ENOMEM: look again. */
int creds_files_look(CredsFiles *f, usec_t now_mono);

/* Borrowed until the next look. A file that is not there is NULL. -EINVAL: one is there but cannot be used;
 * reterr says which and why. */
int creds_files_texts(const CredsFiles *f, CredsTexts *ret, char reterr[static DIAG_MESSAGE_MAX]);

/* A file that somebody named and that cannot be read: a reason to doubt what is found without it. NULL:
 * there is none. */
const char *creds_files_problem(const CredsFiles *f);

/* Why none of the files gave keys for a profile, for people: "FILE: No such file or directory; ...". Cut
 * when long. */
void creds_files_explain(const CredsFiles *f, const char *profile, char *ret, size_t size);
