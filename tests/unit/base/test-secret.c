#include "base/secret.h"

#include "base/alloc.h"
#include "lib/fault.h"
#include "lib/test.h"

/* free() as the linker sees it: looks at what is given back before it goes. */
static const char *watched;
static size_t watched_size;
static bool was_wiped;

void __real_free(void *p);
void __wrap_free(void *p);

void __wrap_free(void *p) {
        const char *start = p;

        if (watched && start && start <= watched && watched - start < 64) {
                was_wiped = true;
                for (size_t i = 0; i < watched_size; i++)
                        was_wiped = was_wiped && watched[i] == '\0';
                watched = NULL;
        }
        __real_free(p);
}

static void watch(const char *bytes, size_t n) {
        watched = bytes;
        watched_size = n;
        was_wiped = false;
}

TEST(holds_a_copy) {
        char bytes[] = "key\0with zero";
        _cleanup_(secret_unrefp) Secret *s = secret_new(bytes, 13);

        EXPECT(s);
        memset(bytes, 'x', sizeof(bytes));
        EXPECT_INT(secret_size(s), 13);
        EXPECT_INT(memcmp(secret_text(s), "key\0with zero", 14), 0);
}

TEST(empty) {
        _cleanup_(secret_unrefp) Secret *s = secret_new(NULL, 0);

        EXPECT(s);
        EXPECT_INT(secret_size(s), 0);
        EXPECT_STR(secret_text(s), "");
}

TEST(lives_until_the_last_reference_and_is_wiped_then) {
        Secret *a = secret_new("hunter2", 7), *b;

        EXPECT(a);
        b = secret_ref(a);
        EXPECT(b == a);
        watch(secret_text(a), 7);
        EXPECT(!secret_unref(a));
        EXPECT(!was_wiped);
        EXPECT_STR(secret_text(b), "hunter2");
        EXPECT(!secret_unref(b));
        EXPECT(was_wiped);
}

TEST(nothing_is_fine) {
        EXPECT(!secret_unref(NULL));
        EXPECT(!secret_erase_string(NULL));
}

TEST(erases_strings) {
        char *s = alloc_copy_string("session token");

        EXPECT(s);
        watch(s, strlen(s));
        s = secret_erase_string(s);
        EXPECT(!s);
        EXPECT(was_wiped);
}

TEST(refuses_absurd_sizes) {
        volatile size_t huge = SIZE_MAX - 4;

        EXPECT(!secret_new("", huge));
}

TEST(out_of_memory) {
        fault_arm(1);
        EXPECT(!secret_new("x", 1));
        EXPECT(fault_struck());
}
