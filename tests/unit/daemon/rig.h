#pragma once

/* A directory and an event loop of a test's own. */

#include <systemd/sd-event.h>

#include "base/macro.h"
#include "base/usec.h"

typedef struct Rig {
        sd_event *event;
        char directory[64];
        char *plans, *state, *run; /* below it; created by whoever uses them */
} Rig;

Rig *rig_new(void);
Rig *rig_free(Rig *g); /* with everything in the directory */
DEFINE_TRIVIAL_CLEANUP(Rig *, rig_free);

/* DIRECTORY/NAME, owned by the caller. */
char *rig_path(const Rig *g, const char *name);
/* Writes DIRECTORY/NAME with mode 0644: opened, written, closed. */
void rig_write(const Rig *g, const char *name, const char *text);

typedef bool (*RigCondition)(void *userdata);

/* Turns the loop until the condition holds; fails the test after ten seconds. */
void rig_run_until(Rig *g, RigCondition condition, void *userdata);
/* Turns the loop until nothing is pending at once, a bounded number of times. */
void rig_settle(Rig *g);
/* Turns the loop for that long. */
void rig_run_for(Rig *g, usec_t span);

usec_t rig_now(void);
