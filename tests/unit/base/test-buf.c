#include "base/buf.h"

#include <wchar.h>

#include "base/alloc.h"
#include "lib/fault.h"
#include "lib/test.h"

/* free() as the linker sees it: whatever is given back while "needle" is set must not hold it. */
static const char *needle;
static size_t needle_room;
static unsigned n_freed;

void __real_free(void *p);
void __wrap_free(void *p);

void __wrap_free(void *p) {
        if (needle && p) {
                EXPECT(!memmem(p, needle_room, needle, strlen(needle)));
                n_freed++;
        }
        __real_free(p);
}

TEST(secrets_are_wiped_wherever_they_were) {
        Buf b = BUF_SECRET_INIT(4000);
        char *text = NULL;

        needle = "hunter2";
        needle_room = 64; /* the least that is ever allocated */
        EXPECT_OK(buf_puts(&b, "hunter2"));
        for (unsigned i = 0; i < 3000; i++)
                EXPECT_OK(buf_putc(&b, 'x'));
        EXPECT(n_freed >= 5);
        EXPECT_INT(memcmp(buf_text(&b), "hunter2xx", 9), 0);
        buf_done(&b);
        EXPECT(b.is_secret && b.max == 4000);
        EXPECT_OK(buf_puts(&b, "hunter2"));
        buf_clear(&b);
        EXPECT(!memmem(b.data, b.allocated, "hunter2", 7));
        EXPECT_OK(buf_puts(&b, "hunter2"));
        EXPECT_OK(buf_take(&b, &text));
        needle = NULL;
        EXPECT_STR(text, "hunter2");
        EXPECT(b.is_secret);
        free(text);
}

TEST(empty) {
        _cleanup_(buf_done) Buf b = BUF_INIT(10);
        _cleanup_(freep) char *text = NULL;

        EXPECT_STR(buf_text(&b), "");
        EXPECT_OK(buf_take(&b, &text));
        EXPECT_STR(text, "");
}

TEST(appends_of_every_kind) {
        _cleanup_(buf_done) Buf b = BUF_INIT(1000);

        EXPECT_OK(buf_puts(&b, "one "));
        EXPECT_OK(buf_append(&b, "two and", 4));
        EXPECT_OK(buf_putc(&b, '3'));
        EXPECT_OK(buf_printf(&b, " %s %d", "four", 5));
        EXPECT_OK(buf_append(&b, NULL, 0));
        EXPECT_STR(buf_text(&b), "one two 3 four 5");
        EXPECT_INT(b.size, strlen("one two 3 four 5"));
}

TEST(zero_bytes_are_bytes) {
        _cleanup_(buf_done) Buf b = BUF_INIT(10);

        EXPECT_OK(buf_append(&b, "a\0b", 3));
        EXPECT_OK(buf_putc(&b, '\0'));
        EXPECT_INT(b.size, 4);
        EXPECT_INT(memcmp(b.data, "a\0b\0", 5), 0);
}

TEST(full_to_the_byte) {
        _cleanup_(buf_done) Buf b = BUF_INIT(5);

        EXPECT_OK(buf_puts(&b, "12345"));
        EXPECT_OK(buf_puts(&b, ""));
        EXPECT_STR(buf_text(&b), "12345");
        EXPECT_INT(buf_putc(&b, '6'), -ENOBUFS);
        EXPECT_STR(buf_text(&b), "12345");
}

TEST(printf_to_the_limit_and_one_over) {
        _cleanup_(buf_done) Buf b = BUF_INIT(8), c = BUF_INIT(8);

        EXPECT_OK(buf_printf(&b, "%08d", 1));
        EXPECT_INT(buf_printf(&c, "%09d", 1), -ENOBUFS);
        EXPECT_STR(buf_text(&c), "");
}

TEST(one_append_beyond_any_limit) {
        _cleanup_(buf_done) Buf b = BUF_INIT(8);
        volatile size_t huge = SIZE_MAX;

        EXPECT_OK(buf_putc(&b, 'x'));
        EXPECT_INT(buf_append(&b, "", huge), -ENOBUFS);
}

TEST(a_failure_sticks) {
        _cleanup_(buf_done) Buf b = BUF_INIT(3);
        char *text = NULL;

        EXPECT_INT(buf_puts(&b, "1234"), -ENOBUFS);
        EXPECT_INT(buf_putc(&b, '1'), -ENOBUFS);
        EXPECT_INT(buf_printf(&b, "1"), -ENOBUFS);
        EXPECT_INT(buf_take(&b, &text), -ENOBUFS);
        EXPECT(!text);
        buf_clear(&b);
        EXPECT_OK(buf_puts(&b, "123"));
        EXPECT_STR(buf_text(&b), "123");
}

TEST(clear_keeps_the_memory) {
        _cleanup_(buf_done) Buf b = BUF_INIT(100);
        const char *before;

        buf_clear(&b);
        EXPECT_OK(buf_puts(&b, "text"));
        before = b.data;
        buf_clear(&b);
        EXPECT_STR(buf_text(&b), "");
        EXPECT(b.data == before);
}

TEST(take_leaves_a_usable_buffer) {
        _cleanup_(buf_done) Buf b = BUF_INIT(4);
        _cleanup_(freep) char *first = NULL;
        _cleanup_(freep) char *second = NULL;

        EXPECT_OK(buf_puts(&b, "1234"));
        EXPECT_OK(buf_take(&b, &first));
        EXPECT_OK(buf_puts(&b, "abcd"));
        EXPECT_OK(buf_take(&b, &second));
        EXPECT_STR(first, "1234");
        EXPECT_STR(second, "abcd");
}

TEST(done_resets) {
        Buf b = BUF_INIT(4);

        EXPECT_INT(buf_puts(&b, "12345"), -ENOBUFS);
        buf_done(&b);
        EXPECT_OK(buf_puts(&b, "1234"));
        buf_done(&b);
        buf_done(&b);
        EXPECT(!b.data);
        EXPECT_INT(b.max, 4);
}

TEST(grows_past_many_sizes) {
        _cleanup_(buf_done) Buf b = BUF_INIT(100000);

        for (unsigned i = 0; i < 100000; i++)
                EXPECT_OK(buf_putc(&b, (char) ('a' + i % 26)));
        EXPECT(b.allocated <= 100001);
        for (unsigned i = 0; i < 100000; i++)
                EXPECT_INT(b.data[i], 'a' + i % 26);
        EXPECT_INT(buf_putc(&b, 'x'), -ENOBUFS);
}

TEST(what_cannot_be_encoded) {
        _cleanup_(buf_done) Buf b = BUF_INIT(100);

        EXPECT_INT(buf_printf(&b, "%lc", (wint_t) 0x10ffff), -EINVAL);
        EXPECT(b.failed);
}

TEST(out_of_memory) {
        int r = 0;

        FAULT_LOOP {
                _cleanup_(buf_done) Buf b = BUF_INIT(1000);
                _cleanup_(freep) char *text = NULL;

                r = buf_printf(&b, "%60d", 1);
                for (unsigned i = 0; i < 10 && r >= 0; i++)
                        r = buf_puts(&b, "twenty bytes of text");
                if (!fault_struck())
                        break;
                EXPECT_INT(r, -ENOMEM);
                EXPECT(b.failed);
                EXPECT(buf_take(&b, &text) < 0);
                EXPECT(!text);
        }
        EXPECT_OK(r);
}

TEST(out_of_memory_for_the_empty_text) {
        Buf b = BUF_INIT(1000);
        char *text = NULL;

        fault_arm(1);
        EXPECT_INT(buf_take(&b, &text), -ENOMEM);
        EXPECT(fault_struck() && !text);
}
