#include "daemon/ctl/view-online.h"

#include "lib/test.h"

static const PlanTarget targets[] = {
        { .function = "arn:aws:lambda:eu-west-1:123456789012:function:checkout",
                        .alias = "live",
                        .region = "eu-west-1" },
        { .function = "mailer", .alias = "live", .region = "eu-west-1" },
};
static const PlanCheck checks[] = { { .name = "errors", .kind = CHECK_ERROR_RATE, .max = 0.05 } };
static const Plan plan = { .targets = targets, .n_targets = 2, .checks = checks, .n_checks = 1 };

static char here[] = "points to version 41";
static char quiet[] = "no traffic seen in the last 3 h: checks will not be able to tell; the step will hold";
static char split[] = "the alias already splits its traffic";
static OnlineFinding items[] = {
        { .target = 0, .finding = { .kind = FINDING_ALIAS }, .text = here },
        { .target = 0, .finding = { .level = FINDING_WARN, .kind = FINDING_TRAFFIC }, .text = quiet },
        { .target = 1,
                        .finding = { .level = FINDING_REFUSE, .kind = FINDING_ALIAS },
                        .reason = REASON_ALIAS_SPLIT,
                        .text = split },
};

static void expect_text(const OnlineFindings *f, unsigned width, const char *expected) {
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);
        const Style style = { .width = width };

        view_online(f, &plan, &style, &out);
        EXPECT_STR(buf_text(&out), expected);
}

TEST(alias_by_alias) {
        const OnlineFindings f = { .n = ELEMENTSOF(items), .items = items, .is_refused = true };

        expect_text(&f, 80,
                        "\ncheckout:live in eu-west-1\n"
                        "  ok      alias        points to version 41\n"
                        "  warn    traffic      no traffic seen in the last 3 h: checks will not be able\n"
                        "                       to tell; the step will hold\n"
                        "\nmailer:live in eu-west-1\n"
                        "  refuse  alias        the alias already splits its traffic\n"
                        "\npreflight: would be refused, with 1 warning\n");
}

TEST(nothing_to_complain_about) {
        const OnlineFindings f = { .n = 1, .items = items };

        expect_text(&f, 0,
                        "\ncheckout:live in eu-west-1\n"
                        "  ok      alias        points to version 41\n"
                        "\npreflight: would start\n");
}

static void expect_json(const OnlineFindings *f, const char *expected) {
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);

        (void) buf_putc(&out, '{');
        view_online_json(f, &plan, &out);
        (void) buf_putc(&out, '}');
        EXPECT_STR(buf_text(&out), expected);
}

TEST(for_programs) {
        OnlineFindings f = { .n = 1, .items = &items[2], .is_refused = true };

        expect_json(&f,
                        "{\"preflight\":{\"level\":\"refuse\",\"findings\":[{\"function\":\"mailer\",\"alias\":\"live\","
                        "\"region\":\"eu-west-1\",\"level\":\"refuse\",\"finding\":\"alias\",\"reason\":\"alias-split\","
                        "\"message\":\"the alias already splits its traffic\"}]}}");
        f = (OnlineFindings){ 0 };
        expect_json(&f, "{\"preflight\":{\"level\":\"ok\",\"findings\":[]}}");
}
