#pragma once

/* The daemon's configuration file, for the verbs that do without the daemon. */

#include "codec/conf.h"
#include "daemon/ctl/verb.h"

/* 0, or an exit status after a message. When no file was named and there is none where the daemon looks, the
 * defaults hold. */
int daemon_conf_read(const Ctl *ctl, Conf **ret);
