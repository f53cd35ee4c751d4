#pragma once

/* The watched directory: which plan files there are, and what is in them. inotify is a hint, a rescan is the
 * truth. */

#include <systemd/sd-event.h>

#include "base/macro.h"
#include "core/types.h"

#define WATCH_FILES_MAX 20000 /* more entries than this are not looked at */

typedef struct Watch Watch;

typedef struct WatchFile {
        const char *path;
        const char *stem; /* the file's name without ".yaml" or ".yml" */
        const char *text;
        size_t size;
        uint8_t sha256[PLAN_HASH_SIZE];
        bool dropped; /* somebody has just put it there: it was not found at the start */
        bool again;   /* the very content that was given out last, put there once more */
} WatchFile;

/* All borrowed for the duration of the call; watch_again() is the only function of a Watch to be called from
 * inside. */
typedef struct WatchHandlers {
        void (*changed)(const WatchFile *file, void *userdata);
        /* Not read, and why. "dropped": put there anew, not just looked at once more. */
        void (*refused)(const char *path, const char *reason, bool dropped, void *userdata);
        void (*gone)(const char *path, void *userdata);
} WatchHandlers;

/* Creates the directory when it is missing and its parent is there; one that is missing nevertheless is
 * reported and waited for. The first scan runs on the loop. */
int watch_new(sd_event *event, const char *directory, const WatchHandlers *handlers, void *userdata,
                Watch **ret);
Watch *watch_free(Watch *w);
DEFINE_TRIVIAL_CLEANUP(Watch *, watch_free);

/* Forget what was seen of this file: the next regular rescan gives it out again, changed or not. */
void watch_again(Watch *w, const char *path);
