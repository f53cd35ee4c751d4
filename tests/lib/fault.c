#include "lib/fault.h"

#include <errno.h>

static unsigned countdown;
static bool struck;
static size_t tally_n, tally_bytes;

void *__real_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t size);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t size);

void fault_arm(unsigned n) {
        countdown = n;
        struck = false;
}

bool fault_struck(void) {
        countdown = 0;
        return struck;
}

void fault_tally(size_t *ret_n, size_t *ret_bytes) {
        *ret_n = tally_n;
        *ret_bytes = tally_bytes;
        tally_n = tally_bytes = 0;
}

static bool is_next_to_fail(size_t size) {
        tally_n++;
        tally_bytes += size;
        if (countdown == 0 || --countdown > 0)
                return false;
        struck = true;
        errno = ENOMEM;
        return true;
}

void *__wrap_malloc(size_t size) {
        return is_next_to_fail(size) ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size) {
        return is_next_to_fail(n * size) ? NULL : __real_calloc(n, size);
}

void *__wrap_realloc(void *p, size_t size) {
        return is_next_to_fail(size) ? NULL : __real_realloc(p, size);
}
