#pragma once

/* How AWS is reached, from all that says so: the configuration, the environment, and the files that these
 * name. Known without the network. */

#include <stdio.h>

#include "aws/settings.h"
#include "base/diag.h"
#include "codec/conf.h"

/* -EINVAL: a value is no good, which a restart would not mend. -ENOKEY: neither is the CA bundle, which may
 * be there again a moment later. reterr says which, where and what is expected. Files with profiles that are
 * no use end nothing: a daemon may have something to roll back. retbroken says which of them is none; "":
 * all are fine, or absent. */
int aws_config_resolve(const Conf *conf, const AwsEnv *env, AwsSettings *ret,
                char retbroken[static DIAG_MESSAGE_MAX], char reterr[static DIAG_MESSAGE_MAX]);

/* For --check-config: all that can be found wrong, a line each on "err", as error or, where it may be meant
 * so, as warning. -EINVAL: there are errors. */
int aws_config_check(const Conf *conf, const AwsEnv *env, FILE *err);
