#include "base/map.h"

#include "base/alloc.h"
#include "base/str.h"

typedef struct Entry {
        char *key; /* owned; NULL: removed */
        void *value;
        uint64_t hash;
} Entry;

/* "entries" in insertion order; "slots" is an open-addressed index of entry number + 1, a power of two in
 * size. */
struct Map {
        Entry *entries;
        size_t n_entries, n_removed, room;
        uint32_t *slots;
        size_t n_slots;
};

Map *map_new(void) {
        return alloc_one(Map);
}

Map *map_free(Map *m) {
        if (!m)
                return NULL;
        for (size_t i = 0; i < m->n_entries; i++)
                free(m->entries[i].key);
        free(m->entries);
        free(m->slots);
        free(m);
        return NULL;
}

static Entry *map_find(const Map *m, const char *key, uint64_t hash) {
        if (m->n_slots == 0)
                return NULL;
        for (size_t i = hash & (m->n_slots - 1);; i = (i + 1) & (m->n_slots - 1)) {
                Entry *e;

                if (m->slots[i] == 0)
                        return NULL;
                e = &m->entries[m->slots[i] - 1];
                if (e->key && e->hash == hash && streq(e->key, key))
                        return e;
        }
}

static void map_index(Map *m, size_t entry) {
        size_t i = m->entries[entry].hash & (m->n_slots - 1);

        while (m->slots[i] != 0)
                i = (i + 1) & (m->n_slots - 1);
        m->slots[i] = (uint32_t) (entry + 1);
}

/* Drops removed entries and makes room for one more. */
static int map_rebuild(Map *m) {
        size_t live = m->n_entries - m->n_removed, room = MAX((size_t) 8, live * 2), n_slots = 16;
        uint32_t *slots;
        Entry *entries;
        size_t n = 0;

        while (n_slots < room * 2)
                n_slots *= 2;
        entries = alloc_array(room, sizeof(Entry));
        slots = alloc_array(n_slots, sizeof(uint32_t));
        if (!entries || !slots || room > UINT32_MAX / 2) {
                free(entries);
                free(slots);
                return -ENOMEM;
        }
        for (size_t i = 0; i < m->n_entries; i++)
                if (m->entries[i].key)
                        entries[n++] = m->entries[i];
        free(m->entries);
        free(m->slots);
        m->entries = entries;
        m->n_entries = n;
        m->n_removed = 0;
        m->room = room;
        m->slots = slots;
        m->n_slots = n_slots;
        for (size_t i = 0; i < n; i++)
                map_index(m, i);
        return 0;
}

int map_put(Map *m, const char *key, void *value) {
        uint64_t hash = str_fingerprint(key, strlen(key));
        char *copy;

        if (map_find(m, key, hash))
                return -EEXIST;
        copy = alloc_copy_string(key);
        if (!copy)
                return -ENOMEM;
        if (m->n_entries == m->room && map_rebuild(m) < 0) {
                free(copy);
                return -ENOMEM;
        }
        m->entries[m->n_entries] = (Entry){ .key = copy, .value = value, .hash = hash };
        map_index(m, m->n_entries++);
        return 0;
}

void *map_get(const Map *m, const char *key) {
        Entry *e = map_find(m, key, str_fingerprint(key, strlen(key)));

        return e ? e->value : NULL;
}

void *map_remove(Map *m, const char *key) {
        Entry *e = map_find(m, key, str_fingerprint(key, strlen(key)));

        if (!e)
                return NULL;
        free(e->key);
        e->key = NULL;
        m->n_removed++;
        return e->value;
}

size_t map_size(const Map *m) {
        return m->n_entries - m->n_removed;
}

bool map_next(const Map *m, size_t *cursor, const char **ret_key, void **ret_value) {
        while (*cursor < m->n_entries) {
                const Entry *e = &m->entries[(*cursor)++];

                if (!e->key)
                        continue;
                if (ret_key)
                        *ret_key = e->key;
                if (ret_value)
                        *ret_value = e->value;
                return true;
        }
        return false;
}
