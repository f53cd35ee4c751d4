#pragma once

/* Shared by bus.c and bus-*.c. */

#include <systemd/sd-bus.h>

#include "daemon/manager.h"

/* Puts org.canaryd1.Manager on a connection; it goes with the connection. */
int bus_manager_attach(sd_bus *connection, Manager *manager);
