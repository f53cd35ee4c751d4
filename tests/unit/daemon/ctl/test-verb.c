#include "daemon/ctl/verb.h"

#include "lib/test.h"
#include "unit/daemon/ctl/capture.h"

TEST(failures_are_printable_and_keep_their_status) {
        Capture c;

        capture_begin(&c, "/run/x");
        EXPECT_INT(verb_fail(&c.ctl, EXIT_DENIED, "no \x1b[2J way"), EXIT_DENIED);
        capture_end(&c);
        EXPECT_STR(c.err, "canaryctl: no \\x1b[2J way\n");
        EXPECT_STR(c.out, "");
        capture_free(&c);
}

TEST(output_is_all_or_nothing) {
        _cleanup_(buf_done) Buf text = BUF_INIT(8);
        Capture c;

        capture_begin(&c, "/run/x");
        EXPECT_OK(buf_puts(&text, "fine\n"));
        EXPECT_INT(verb_finish(&c.ctl, &text, 7), 7);
        EXPECT_INT(buf_puts(&text, "too much"), -ENOBUFS);
        EXPECT_INT(verb_finish(&c.ctl, &text, 0), EXIT_BAD);
        capture_end(&c);
        EXPECT_STR(c.out, "fine\n");
        EXPECT_STR(c.err, "canaryctl: out of memory\n");
        capture_free(&c);
}

TEST(a_full_disk_is_noticed) {
        _cleanup_(buf_done) Buf text = BUF_INIT(8);
        FILE *full = fopen("/dev/full", "w");
        Capture c;
        Ctl ctl;

        EXPECT(full);
        capture_begin(&c, "/run/x");
        ctl = c.ctl;
        ctl.out = full;
        EXPECT_OK(buf_puts(&text, "fine\n"));
        EXPECT_INT(verb_finish(&ctl, &text, 0), EXIT_BAD);
        capture_end(&c);
        EXPECT_STR(c.err, "canaryctl: No space left on device\n");
        capture_free(&c);
        (void) fclose(full);
}
