#pragma once

/* One name in the watched directory: what it looked like, and what became of it. */

#include <sys/stat.h>

#include "base/macro.h"
#include "core/types.h"
#include "daemon/file-identity.h"

typedef struct WatchEntry {
        char *path;            /* owned */
        const char *name;      /* the part of path behind the directory */
        FileIdentity seen;     /* at the last scan */
        usec_t seen_since;     /* since when it looks like that, mono */
        FileIdentity answered; /* when it was last given out or refused */
        bool closed;           /* a writer closed it, or it was moved in, and nobody has written since */
        bool written;          /* somebody has it open and has written: it is read when that one closes it */
        bool taken;            /* "seen" was given out: nothing to do until it changes */
        bool has_content;      /* sha256 is what was given out last */
        bool was_refused;
        uint64_t scan; /* number of the last scan that met it */
        uint8_t sha256[PLAN_HASH_SIZE];
} WatchEntry;

WatchEntry *watch_entry_new(const char *directory, const char *name); /* NULL: out of memory */
WatchEntry *watch_entry_free(WatchEntry *e);
DEFINE_TRIVIAL_CLEANUP(WatchEntry *, watch_entry_free);

/* Which names are plans at all. */
bool watch_name_is_plan(const char *name);
/* Why such a file is not even read; NULL: it may be. "directory": where it lies. */
const char *watch_reason_not_to_read(const struct stat *st, const struct stat *directory);

/* An event of inotify about it. */
void watch_entry_note(WatchEntry *e, uint32_t mask);
/* What a scan sees of it. */
void watch_entry_look(WatchEntry *e, const struct stat *st, usec_t mono);
/* Whether it may be read: half a plan can be a valid plan. If not, *ret_wait is the span after which to look
 * again, USEC_INFINITY when an event will tell. */
bool watch_entry_is_complete(const WatchEntry *e, const Now *now, usec_t *ret_wait);

/* Somebody has put it there anew since it was given out or refused: another file or newly written, not just
 * chmod. Always true the first time. */
bool watch_entry_is_dropped(const WatchEntry *e);
/* It was given out or refused as it looks now. */
void watch_entry_answer(WatchEntry *e);

/* For qsort() of WatchEntry pointers: the oldest first. */
int watch_entry_compare_age(const void *a, const void *b);
