#include "base/alloc.h"

#include <wchar.h>

#include "lib/fault.h"
#include "lib/test.h"

TEST(memory_is_zeroed) {
        for (size_t size = 1; size < 5000; size *= 3) {
                _cleanup_(freep) unsigned char *p = alloc_zero(size);

                EXPECT(p);
                for (size_t i = 0; i < size; i++)
                        EXPECT_INT(p[i], 0);
        }
}

TEST(nothing_is_a_pointer_too) {
        _cleanup_(freep) void *a = alloc_zero(0);
        _cleanup_(freep) void *b = alloc_array(0, 8);
        _cleanup_(freep) void *c = alloc_array(8, 0);
        _cleanup_(freep) void *d = alloc_resize(NULL, 0, 8);

        EXPECT(a && b && c && d);
}

TEST(array_is_zeroed) {
        _cleanup_(freep) uint32_t *p = alloc_array(100, sizeof(uint32_t));

        EXPECT(p);
        for (size_t i = 0; i < 100; i++)
                EXPECT_INT(p[i], 0);
}

TEST(sizes_that_overflow_are_refused) {
        volatile size_t huge = SIZE_MAX / 2 + 2;
        _cleanup_(freep) char *p = alloc_copy_string("kept");

        EXPECT(p);
        EXPECT(!alloc_array(huge, 2));
        EXPECT(!alloc_resize(p, huge, 2));
        EXPECT_STR(p, "kept");
        huge = SIZE_MAX;
        EXPECT(!alloc_copy_bytes("", huge));
}

TEST(resize_keeps_content) {
        _cleanup_(freep) char *p = alloc_copy_string("content");
        char *q;

        EXPECT(p);
        q = alloc_resize(p, 10000, 1);
        EXPECT(q);
        p = q;
        EXPECT_STR(p, "content");
        q = alloc_resize(p, 4, 1);
        EXPECT(q);
        p = q;
        EXPECT_INT(memcmp(p, "cont", 4), 0);
}

TEST(copies) {
        _cleanup_(freep) char *s = alloc_copy_string("a string");
        _cleanup_(freep) char *empty = alloc_copy_string("");
        _cleanup_(freep) char *bytes = alloc_copy_bytes("a\0b and more", 3);
        _cleanup_(freep) char *none = alloc_copy_bytes(NULL, 0);

        EXPECT_STR(s, "a string");
        EXPECT_STR(empty, "");
        EXPECT_INT(memcmp(bytes, "a\0b", 4), 0);
        EXPECT_STR(none, "");
}

TEST(printf_of_any_length) {
        _cleanup_(freep) char *s = alloc_printf("%s-%d", "x", 42);
        _cleanup_(freep) char *wide = alloc_printf("%5000d", 7);

        EXPECT_STR(s, "x-42");
        EXPECT_INT(strlen(wide), 5000);
        EXPECT_INT(wide[4999], '7');
}

TEST(printf_refuses_what_cannot_be_encoded) {
        EXPECT(!alloc_printf("%lc", (wint_t) 0x10ffff));
}

TEST(every_failure_is_null) {
        _cleanup_(freep) char *p = alloc_copy_string("kept");

        EXPECT(p);
        fault_arm(1);
        EXPECT(!alloc_zero(8));
        fault_arm(1);
        EXPECT(!alloc_array(8, 8));
        fault_arm(1);
        EXPECT(!alloc_copy_string("x"));
        fault_arm(1);
        EXPECT(!alloc_printf("%d", 1));
        fault_arm(1);
        EXPECT(!alloc_resize(p, 100, 1));
        EXPECT(fault_struck());
        EXPECT_STR(p, "kept");
}

TEST(optional_copies) {
        char *copy = NULL;

        EXPECT_OK(alloc_copy_optional(NULL, &copy));
        EXPECT(!copy);
        EXPECT_OK(alloc_copy_optional("a", &copy));
        EXPECT_STR(copy, "a");
        free(copy);
}
