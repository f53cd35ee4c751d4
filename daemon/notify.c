#include "daemon/notify.h"

#include <systemd/sd-daemon.h>

/* A service manager that does not listen is not our trouble: there is nobody to tell. */
void notify_ready(const char *status) {
        (void) sd_notifyf(0, "READY=1\nSTATUS=%s", status);
}

void notify_status(const char *status) {
        (void) sd_notifyf(0, "STATUS=%s", status);
}

void notify_stopping(void) {
        (void) sd_notify(0, "STOPPING=1\nSTATUS=stopping; rollouts go on at the next start");
}
