#include "daemon/ctl/view-list.h"

#include "lib/fault.h"
#include "lib/test.h"
#include "unit/daemon/ctl/sample.h"

static const Style wide = { 0 }, terminal = { .width = 80 };

static void expect_list(RolloutInfo *rollouts, size_t n, const RefusalInfo *refusals, size_t n_refusals,
                const Style *style, const char *expected) {
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);

        EXPECT_OK(view_list(rollouts, n, refusals, n_refusals, style, &out));
        EXPECT_STR(buf_text(&out), expected);
        for (const char *p = buf_text(&out); *p; p += strcspn(p, "\n") + 1)
                EXPECT(style->width == 0 || strcspn(p, "\n") <= style->width);
}

TEST(nothing_there) {
        expect_list(NULL, 0, NULL, 0, &terminal, "no rollouts\n");
}

TEST(whole_lines_for_a_pipe) {
        RolloutInfo rollouts[] = { sample_rolled_back(), sample_shifting() };

        expect_list(rollouts, 2, NULL, 0, &wide,
                        "ID           FUNCTION:ALIAS  REGION     VERSIONS  STEP  WEIGHT  STATE        ERRORS new|old   "
                        "LEFT  REASON\n"
                        "checkout@42  checkout:live   eu-west-1  7->8      2/3   25 %    shifting     2.44 % | 1.01 %  "
                        "34m   holds 25 % for 4m10s more\n"
                        "mailer@17    mailer:live     eu-west-1  3->4      1/3   0 %     rolled-back  31 % | 1.01 %    "
                        "-     errors is 31 %, limit 5 % (29 requests, 12:10:00-12:11:00 UTC)\n");
}

TEST(a_group_says_how_many_it_has) {
        RolloutInfo info = sample_shifting();
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);

        info.target_count = 8;
        EXPECT_OK(view_list(&info, 1, NULL, 0, &wide, &out));
        EXPECT_CONTAINS(buf_text(&out), " checkout:live +7 ");
}

TEST(eighty_cells) {
        RolloutInfo rollouts[] = { sample_rolled_back(), sample_shifting() };

        expect_list(rollouts, 2, NULL, 0, &terminal,
                        "ID           STEP  WEIGHT  STATE        ERRORS new|old   LEFT  REASON\n"
                        "checkout@42  2/3   25 %    shifting     2.44 % | 1.01 %  34m   holds 25 % for...\n"
                        "mailer@17    1/3   0 %     rolled-back  31 % | 1.01 %    -     errors is 31 %...\n");
}

TEST(refused_plans) {
        FindingInfo findings[] = {
                { "error", "unknown key \"wieght\", expected one of: weight, hold; did you mean \"weight\"?",
                                12, 9 },
                { "warning", "b", 0, 0 },
                { "error", "c", 14, 1 },
                { "error", "d", 15, 1 },
                { "error", "e", 16, 1 },
        };
        RefusalInfo refusals[] = {
                { .path = "/p/bad.yaml", .message = "unused", .n_findings = 5, .findings = findings },
                { .path = "/p/no.yaml", .message = "cannot read: \x1b[31mPermission denied" },
        };

        expect_list(NULL, 0, refusals, 2, &terminal,
                        "no rollouts\n"
                        "\n"
                        "REFUSED PLANS\n"
                        "/p/bad.yaml:12:9: error: unknown key \"wieght\", expected one of: weight, hold;\n"
                        "    did you mean \"weight\"?\n"
                        "/p/bad.yaml: warning: b\n"
                        "/p/bad.yaml:14:1: error: c\n"
                        "    and 2 more, see: canaryctl validate /p/bad.yaml\n"
                        "/p/no.yaml: cannot read: \\x1b[31mPermission denied\n");
}

TEST(the_worst_first) {
        static const struct {
                const char *id, *phase, *wait_kind;
                usec_t ended;
        } order[] = {
                { "1", "a phase of next year", "nothing", 0 },
                { "1a", "queued", "frozen", 0 },
                { "2", "rolling-back", "aws", 0 },
                { "3", "baking", "sight", 0 },
                { "4", "shifting", "retry", 0 },
                { "5", "shifting", "evidence", 0 },
                { "6", "shifting", "requests", 0 },
                { "7", "promoting", "aws", 0 },
                { "8", "preflight", "aws", 0 },
                { "9", "queued", "turn", 0 },
                { "A", "rejected", "nothing", SAMPLE_NOON + 3 },
                { "B", "rolled-back", "nothing", SAMPLE_NOON + 2 },
                { "C", "released", "nothing", SAMPLE_NOON + 1 },
                { "D", "succeeded", "nothing", SAMPLE_NOON + 9 },
                { "E", "succeeded", "nothing", SAMPLE_NOON + 8 },
        };
        RolloutInfo rollouts[ELEMENTSOF(order)];
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);

        for (size_t i = 0; i < ELEMENTSOF(order); i++) {
                RolloutInfo *info = &rollouts[ELEMENTSOF(order) - 1 - i];

                *info = sample_shifting();
                info->id = order[i].id;
                info->phase = order[i].phase;
                info->wait_kind = order[i].wait_kind;
                info->ended = order[i].ended;
        }
        EXPECT_OK(view_list(rollouts, ELEMENTSOF(order), NULL, 0, &wide, &out));
        for (size_t i = 0; i < ELEMENTSOF(order); i++)
                EXPECT_STR(rollouts[i].id, order[i].id);
}

TEST(a_weight_on_its_way_shows_both) {
        RolloutInfo info = sample_shifting();
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);

        info.weight_actual = 5;
        info.region = "";
        EXPECT_OK(view_list(&info, 1, NULL, 0, &wide, &out));
        EXPECT_CONTAINS(buf_text(&out), "  5->25 %  ");
        EXPECT_CONTAINS(buf_text(&out), "checkout:live   -       7->8");
}

TEST(a_group_says_how_many_more_there_are) {
        RolloutInfo info = sample_shifting();
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);

        info.target_count = 8;
        EXPECT_OK(view_list(&info, 1, NULL, 0, &wide, &out));
        EXPECT_CONTAINS(buf_text(&out), "  checkout:live +7  eu-west-1  ");
}

TEST(out_of_memory) {
        FindingInfo finding = { "error", "bad", 1, 1 };
        RefusalInfo refusal = {
                .path = "/p/bad.yaml", .message = "bad", .n_findings = 1, .findings = &finding
        };

        FAULT_LOOP {
                RolloutInfo info = sample_shifting();
                _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);
                int r = view_list(&info, 1, &refusal, 1, &terminal, &out);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
        }
}
