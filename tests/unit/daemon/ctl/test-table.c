#include "daemon/ctl/table.h"

#include "base/alloc.h"
#include "lib/fault.h"
#include "lib/test.h"

static const TableColumn columns[] = {
        { "ID", 0, 0 },
        { "WHERE", 1, 0 },
        { "WHO", 2, 0 },
        { "WHY", 0, 8 },
};

static int draw(const Style *style, const char *why, Buf *out) {
        _cleanup_(table_freep) Table *t = NULL;
        int r;

        if ((r = table_new(columns, ELEMENTSOF(columns), style, &t)) < 0)
                return r;
        table_add(t, TONE_PLAIN, "a@1");
        table_add(t, TONE_PLAIN, "eu-west-1");
        table_add(t, TONE_BAD, "me");
        table_add(t, TONE_PLAIN, why);
        table_add(t, TONE_PLAIN, "long-name@22");
        table_add(t, TONE_PLAIN, "x");
        table_add(t, TONE_PLAIN, "someone");
        table_add(t, TONE_PLAIN, "");
        return table_render(t, out);
}

static void expect_table(const Style *style, const char *expected) {
        _cleanup_(buf_done) Buf out = BUF_INIT(4096);

        EXPECT_OK(draw(style, "because of it all", &out));
        EXPECT_STR(buf_text(&out), expected);
}

TEST(all_of_it) {
        expect_table(&(Style){ 0 },
                        "ID            WHERE      WHO      WHY\n"
                        "a@1           eu-west-1  me       because of it all\n"
                        "long-name@22  x          someone\n");
        expect_table(&(Style){ .width = 50 },
                        "ID            WHERE      WHO      WHY\n"
                        "a@1           eu-west-1  me       because of it...\n"
                        "long-name@22  x          someone\n");
}

TEST(what_can_shrink_shrinks_first) {
        expect_table(&(Style){ .width = 42 },
                        "ID            WHERE      WHO      WHY\n"
                        "a@1           eu-west-1  me       becau...\n"
                        "long-name@22  x          someone\n");
        expect_table(&(Style){ .width = 42, .utf8 = true },
                        "ID            WHERE      WHO      WHY\n"
                        "a@1           eu-west-1  me       because\xe2\x80\xa6\n"
                        "long-name@22  x          someone\n");
}

TEST(then_the_most_dispensable_go) {
        expect_table(&(Style){ .width = 41 },
                        "ID            WHERE      WHY\n"
                        "a@1           eu-west-1  because of it...\n"
                        "long-name@22  x\n");
        expect_table(&(Style){ .width = 32 },
                        "ID            WHY\n"
                        "a@1           because of it all\n"
                        "long-name@22\n");
        expect_table(&(Style){ .width = 5 },
                        "ID            WHY\n"
                        "a@1           becau...\n"
                        "long-name@22\n");
}

TEST(colours_do_not_count) {
        expect_table(&(Style){ .width = 51, .color = true },
                        "\x1b[1mID\x1b[0m            \x1b[1mWHERE\x1b[0m      \x1b[1mWHO\x1b[0m      \x1b[1mWHY\x1b[0m\n"
                        "a@1           eu-west-1  \x1b[1;31mme\x1b[0m       because of it all\n"
                        "long-name@22  x          someone\n");
}

TEST(hostile_cells) {
        _cleanup_(buf_done) Buf out = BUF_INIT(4096);

        EXPECT_OK(draw(&(Style){ 0 }, "\x1b]0;x\a\n", &out));
        EXPECT_CONTAINS(buf_text(&out), "me       \\x1b]0;x\\x07 \n");
}

TEST(out_of_memory) {
        FAULT_LOOP {
                _cleanup_(buf_done) Buf out = BUF_INIT(4096);
                int r = draw(&(Style){ 0 }, "x", &out);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
        }
}
