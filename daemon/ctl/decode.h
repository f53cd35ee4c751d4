#pragma once

/* D-Bus replies -> values. Members that are not known are skipped (a newer daemon), missing ones read as
 * nothing (an older one); a member of the wrong type is an error. */

#include <systemd/sd-bus.h>

#include "daemon/ctl/client.h"

/* Read aa{sv}, or a{sv} as the only item. The texts belong to the message. -EBADMSG, -ENXIO...: not what was
 * expected; -ENOMEM. *ret holds then what is to be freed with rollout_list_done(). */
int decode_rollouts(sd_bus_message *m, RolloutList *ret);
int decode_rollout(sd_bus_message *m, RolloutList *ret);
int decode_refusals(sd_bus_message *m, RefusalList *ret);
