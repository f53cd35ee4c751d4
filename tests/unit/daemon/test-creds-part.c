#include "daemon/creds-part.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "lib/test.h"
#include "unit/daemon/creds-rig.h"

static void expect_quote(const char *text, size_t size, const char *quote) {
        char got[CREDS_QUOTE_MAX];

        creds_quote(text, size, got);
        EXPECT_STR(got, quote);
}

TEST(quotes_are_one_line_and_fit_to_print) {
        char many[1000];

        expect_quote("", 0, "");
        expect_quote("no token\nsecond line\n", 21, "no token");
        expect_quote("a\x1b[31mb\x07\tc", 10, "a [31mb  c");
        expect_quote("caf\xc3\xa9 \xff\xfe.", 9, "caf\xc3\xa9   .");
        expect_quote("cut\xc3", 4, "cut");
        expect_quote("a\0b", 3, "a");
        memset(many, 'x', sizeof(many));
        creds_quote(many, sizeof(many), many + 500);
        EXPECT_INT(strlen(many + 500), CREDS_QUOTE_MAX - 1);
}

TEST(failures_are_cut_not_lost) {
        CredsFailure f;
        char many[2000];

        memset(many, 'x', sizeof(many) - 1);
        many[sizeof(many) - 1] = '\0';
        EXPECT_INT(creds_failure_set(&f, AWS_DENIED, "role %s", many), -EIO);
        EXPECT_INT(f.fault, AWS_DENIED);
        EXPECT_INT(strlen(f.message), CREDS_MESSAGE_MAX - 1);
}

TEST(token_files) {
        _cleanup_(creds_rig_freep) CredsRig *g = creds_rig_new();
        _cleanup_(freep) char *path = alloc_printf("%s/token", g->directory), *text = NULL;
        _cleanup_(freep) char *big = alloc_zero(70000);
        CredsFailure f;
        size_t size = 0;

        EXPECT_INT(creds_read_token(path, "web identity token", &text, &size, &f), -EIO);
        EXPECT_CONTAINS(f.message, "web identity token ");
        EXPECT_CONTAINS(f.message, "/token cannot be read: No such file");
        creds_rig_write(g, "token", "abc\n");
        EXPECT_OK(creds_read_token(path, "web identity token", &text, &size, &f));
        EXPECT_INT(size, 4);
        memset(big, 'x', 65537);
        creds_rig_write(g, "token", big);
        EXPECT_INT(creds_read_token(path, "token", &text, &size, &f), -EIO);
        EXPECT_CONTAINS(f.message, "larger than 64 KiB");
        creds_rig_remove(g, "token");
        EXPECT_OK(mkfifo(path, 0600));
        EXPECT_INT(creds_read_token(path, "token", &text, &size, &f), -EIO); /* at once */
        EXPECT_CONTAINS(f.message, "cannot be read: not a regular file");
}

TEST(times_of_another_clock) {
        const Skew ahead = { 5 * (int64_t) USEC_PER_SEC }, behind = { -5 * (int64_t) USEC_PER_SEC };

        EXPECT_INT(creds_local_time(&ahead, 60 * USEC_PER_SEC), 55 * USEC_PER_SEC);
        EXPECT_INT(creds_local_time(&behind, 60 * USEC_PER_SEC), 65 * USEC_PER_SEC);
        EXPECT_INT(creds_local_time(&ahead, USEC_PER_SEC), 0);
        EXPECT(creds_local_time(&ahead, USEC_INFINITY) == USEC_INFINITY);
        EXPECT(creds_local_time(&behind, USEC_INFINITY - 1) == USEC_INFINITY);
}

TEST(the_same_keys) {
        _cleanup_(aws_creds_done) AwsCreds a = { 0 }, b = { 0 }, c = { 0 }, d = { 0 };
        char error[DIAG_MESSAGE_MAX];

        EXPECT_INT(aws_creds_from_values("AKIDEXAMPLE00001", "secret", "token", &a, error), 1);
        EXPECT_INT(aws_creds_from_values("AKIDEXAMPLE00001", "secret", "token", &b, error), 1);
        EXPECT_INT(aws_creds_from_values("AKIDEXAMPLE00001", "secret", NULL, &c, error), 1);
        EXPECT_INT(aws_creds_from_values("AKIDEXAMPLE00001", "Secret", "token", &d, error), 1);
        EXPECT(creds_is_same(&a, &b));
        EXPECT(!creds_is_same(&a, &c));
        EXPECT(!creds_is_same(&a, &d));
}
