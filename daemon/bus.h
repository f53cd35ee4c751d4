#pragma once

/* The D-Bus interface on a private socket in the run directory: works on hosts (and in tests) without a bus.
 */

#include <systemd/sd-event.h>

#include "daemon/bus-names.h"
#include "daemon/manager.h"

typedef struct Bus Bus;

/* More peers than this push out the one that has been silent for longest. */
#define BUS_CONNECTIONS_MAX 64u

/* Listens on RUN/canaryd.sock (0660). A stale socket of a dead daemon is replaced, a live one is an error.
 */
int bus_new(sd_event *event, Manager *manager, const char *run_directory, Bus **ret,
                char reterr[static 320]);
Bus *bus_free(Bus *b);
DEFINE_TRIVIAL_CLEANUP(Bus *, bus_free);
