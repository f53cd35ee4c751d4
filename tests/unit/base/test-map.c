#include "base/map.h"

#include <stdio.h>

#include "base/prng.h"
#include "base/str.h"
#include "lib/fault.h"
#include "lib/test.h"

#define KEYS_MAX 200

static char values[KEYS_MAX];

static void key_of(unsigned i, char ret[static 16]) {
        (void) snprintf(ret, 16, "key-%u", i);
}

TEST(empty) {
        _cleanup_(map_freep) Map *m = map_new();
        size_t cursor = 0;

        EXPECT(m);
        EXPECT_INT(map_size(m), 0);
        EXPECT(!map_get(m, "x"));
        EXPECT(!map_remove(m, "x"));
        EXPECT(!map_next(m, &cursor, NULL, NULL));
        EXPECT(!map_free(NULL));
}

TEST(put_get_remove) {
        _cleanup_(map_freep) Map *m = map_new();
        char key[] = "key";

        EXPECT_OK(map_put(m, key, &values[1]));
        key[0] = 'x'; /* the map has its own copy */
        EXPECT(map_get(m, "key") == &values[1]);
        EXPECT_INT(map_put(m, "key", &values[2]), -EEXIST);
        EXPECT(map_get(m, "key") == &values[1]);
        EXPECT_INT(map_size(m), 1);
        EXPECT(map_remove(m, "key") == &values[1]);
        EXPECT(!map_get(m, "key"));
        EXPECT(!map_remove(m, "key"));
        EXPECT_INT(map_size(m), 0);
        EXPECT_OK(map_put(m, "key", &values[3]));
        EXPECT(map_get(m, "key") == &values[3]);
}

TEST(the_empty_key_is_a_key) {
        _cleanup_(map_freep) Map *m = map_new();

        EXPECT_OK(map_put(m, "", &values[0]));
        EXPECT(map_get(m, "") == &values[0]);
}

TEST(walks_in_insertion_order) {
        static const char *const names[] = { "zebra", "ant", "mole", "bee" };
        _cleanup_(map_freep) Map *m = map_new();
        const char *key = NULL;
        void *value = NULL;
        size_t cursor = 0;

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                EXPECT_OK(map_put(m, names[i], &values[i]));
        EXPECT(map_remove(m, "ant"));
        EXPECT(map_next(m, &cursor, &key, &value));
        EXPECT_STR(key, "zebra");
        EXPECT(value == &values[0]);
        EXPECT(map_next(m, &cursor, &key, NULL));
        EXPECT_STR(key, "mole");
        EXPECT(map_next(m, &cursor, NULL, &value));
        EXPECT(value == &values[3]);
        EXPECT(!map_next(m, &cursor, &key, &value));
        EXPECT_STR(key, "mole");
}

TEST(the_entry_at_hand_may_be_removed) {
        _cleanup_(map_freep) Map *m = map_new();
        const char *key;
        size_t cursor = 0, seen = 0;
        char name[16];

        for (unsigned i = 0; i < KEYS_MAX; i++) {
                key_of(i, name);
                EXPECT_OK(map_put(m, name, &values[i]));
        }
        while (map_next(m, &cursor, &key, NULL)) {
                EXPECT(map_remove(m, key));
                seen++;
        }
        EXPECT_INT(seen, KEYS_MAX);
        EXPECT_INT(map_size(m), 0);
}

/* Against a table that cannot be wrong. */
TEST(random_changes) {
        _cleanup_(map_freep) Map *m = map_new();
        Prng prng = { .state = 1 };
        void *model[KEYS_MAX] = { 0 };
        size_t n = 0;

        for (unsigned round = 0; round < 20000; round++) {
                unsigned i = (unsigned) prng_below(&prng, KEYS_MAX);
                char key[16];

                key_of(i, key);
                EXPECT(map_get(m, key) == model[i]);
                if (prng_below(&prng, 2) == 0) {
                        EXPECT_INT(map_put(m, key, &values[i]), model[i] ? -EEXIST : 0);
                        n += !model[i];
                        model[i] = &values[i];
                } else {
                        EXPECT(map_remove(m, key) == model[i]);
                        n -= model[i] != NULL;
                        model[i] = NULL;
                }
                EXPECT_INT(map_size(m), n);
        }
}

TEST(out_of_memory) {
        int r = 0;

        FAULT_LOOP {
                _cleanup_(map_freep) Map *m = map_new();
                size_t held = 0;
                char key[16];

                r = m ? 0 : -ENOMEM;
                for (unsigned i = 0; i < 40 && r >= 0; i++) {
                        key_of(i, key);
                        r = map_put(m, key, &values[i]);
                        held += r >= 0;
                }
                if (!fault_struck())
                        break;
                EXPECT_INT(r, -ENOMEM);
                if (!m)
                        continue;
                /* What was held is held still, and the failed entry may be put again. */
                EXPECT_INT(map_size(m), held);
                EXPECT_OK(map_put(m, key, &values[held]));
                for (unsigned i = 0; i <= held; i++) {
                        key_of(i, key);
                        EXPECT(map_get(m, key) == &values[i]);
                }
        }
        EXPECT_OK(r);
}
