#pragma once

/* String-keyed hash map. Keys are copied; values are borrowed pointers, never freed here. */

#include "base/macro.h"

Map *map_new(void);
Map *map_free(Map *m);
DEFINE_TRIVIAL_CLEANUP(Map *, map_free);

/* -EEXIST: the key is there, nothing changed. -ENOMEM. */
int map_put(Map *m, const char *key, void *value);
void *map_get(const Map *m, const char *key); /* NULL: absent */
void *map_remove(Map *m, const char *key);    /* the value that was there, or NULL */
size_t map_size(const Map *m);

/* Walks in insertion order; start with *cursor = 0. False at the end. The entry just returned may be
 * removed, no other entry may be added or removed during a walk. */
bool map_next(const Map *m, size_t *cursor, const char **ret_key, void **ret_value);
