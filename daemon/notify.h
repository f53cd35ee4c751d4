#pragma once

/* What systemd is told about us. Without a notification socket all of it does nothing. */

#include "base/forward.h"

void notify_ready(const char *status);
void notify_status(const char *status); /* one line, shown by systemctl status */
void notify_stopping(void);
