#include "base/secret.h"

#include <string.h>

#include "base/alloc.h"

struct Secret {
        unsigned refs;
        size_t size;
        char bytes[];
};

Secret *secret_new(const char *bytes, size_t n) {
        Secret *s;

        if (n > SIZE_MAX - sizeof(Secret) - 1)
                return NULL;
        s = alloc_zero(sizeof(Secret) + n + 1);
        if (!s)
                return NULL;
        s->refs = 1;
        s->size = n;
        if (n > 0)
                memcpy(s->bytes, bytes, n);
        return s;
}

Secret *secret_ref(Secret *s) {
        assert(s->refs > 0 && s->refs < UINT32_MAX);
        s->refs++;
        return s;
}

Secret *secret_unref(Secret *s) {
        if (!s)
                return NULL;
        assert(s->refs > 0);
        if (--s->refs > 0)
                return NULL;
        explicit_bzero(s->bytes, s->size);
        free(s);
        return NULL;
}

const char *secret_text(const Secret *s) {
        return s->bytes;
}

size_t secret_size(const Secret *s) {
        return s->size;
}

char *secret_erase_string(char *s) {
        if (s) {
                explicit_bzero(s, strlen(s));
                free(s);
        }
        return NULL;
}
