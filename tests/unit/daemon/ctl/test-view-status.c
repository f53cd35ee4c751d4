#include "daemon/ctl/view-status.h"

#include <string.h>

#include "lib/fault.h"
#include "lib/test.h"
#include "unit/daemon/ctl/sample.h"

static const Style terminal = { .width = 80 };

static StepInfo ladder[] = {
        { .weight = 5, .hold = 10 * USEC_PER_MINUTE },
        { .weight = 25, .hold = 10 * USEC_PER_MINUTE },
        { .weight = 100, .hold = 30 * USEC_PER_MINUTE },
};
static CheckInfo checks[] = {
        { .name = "errors",
                        .kind = "error_rate",
                        .stat = "",
                        .verdict = "unknown",
                        .cause = "few-samples",
                        .value = 0.0244,
                        .limit = 0.05,
                        .samples = 41,
                        .window_start = SAMPLE_NOON + 60 * USEC_PER_SEC,
                        .window_end = SAMPLE_NOON + 240 * USEC_PER_SEC },
        { .name = "slow",
                        .kind = "duration",
                        .stat = "p99",
                        .verdict = "healthy",
                        .cause = "none",
                        .value = 212,
                        .limit = 800,
                        .samples = 41,
                        .window_start = SAMPLE_NOON + 60 * USEC_PER_SEC,
                        .window_end = SAMPLE_NOON + 240 * USEC_PER_SEC },
        { .name = "later",
                        .kind = "a kind of next year",
                        .stat = "",
                        .verdict = "unknown",
                        .cause = "not-read",
                        .limit = 0.5 },
};

static void expect_status(const RolloutInfo *info, const Style *style, const char *expected) {
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);

        EXPECT_OK(view_status(info, style, &out));
        EXPECT_STR(buf_text(&out), expected);
        for (const char *p = buf_text(&out); *p; p += strcspn(p, "\n") + 1)
                EXPECT(style->width == 0 || strcspn(p, "\n") <= style->width);
}

static RolloutInfo detailed(RolloutInfo info) {
        info.n_ladder = ELEMENTSOF(ladder);
        info.ladder = ladder;
        info.n_checks = ELEMENTSOF(checks);
        info.checks = checks;
        return info;
}

TEST(a_live_one_in_eighty_cells) {
        RolloutInfo info = detailed(sample_shifting());

        expect_status(&info, &terminal,
                        "checkout@42   checkout:live   eu-west-1   version 7->8\n"
                        "STATE    shifting, step 2 of 3 - holds 25 % for 4m10s more\n"
                        "WEIGHT   wanted 25 %   actual 25 %   traffic seen 9.4 % (41 of 436)\n"
                        "STEPS    [5 % ok] > [25 % 5m50s/10m] > 100 % bake 30m\n"
                        "TIME     started 2026-01-15T12:00:00Z   done in 34m at the earliest\n"
                        "\n"
                        "CHECK   VALUE   LIMIT      REQUESTS  VERDICT               WINDOW (UTC)\n"
                        "errors  2.44 %  <= 5 %     41        unknown: few-samples  12:01:00-12:04:00\n"
                        "slow    212 ms  <= 800 ms  41        healthy               12:01:00-12:04:00\n"
                        "later   -       <= 0.5     0         unknown: not-read     -\n"
                        "\n"
                        "ERRORS   new 1 of 41 (2.44 %)   old 4 of 395 (1.01 %)\n"
                        "PLAN     /etc/canaryd/plans/checkout.yaml @3fa9c1d2e4b5\n");
}

TEST(a_group_has_a_row_per_alias) {
        TargetInfo targets[] = {
                { .function = "checkout",
                                .alias = "live",
                                .region = "eu-west-1",
                                .wave = "canary",
                                .version_old = 7,
                                .version_new = 8,
                                .weight_wanted = 100,
                                .weight_actual = 100,
                                .verdict = "healthy",
                                .check = "",
                                .cause = "none",
                                .invocations_new = 41,
                                .error = "" },
                { .function = "checkout",
                                .alias = "live",
                                .region = "us-east-1",
                                .wave = "rest",
                                .version_old = 7,
                                .version_new = 8,
                                .weight_wanted = 25,
                                .verdict = "unknown",
                                .check = "errors",
                                .cause = "not-read",
                                .error = "Rate exceeded" },
        };
        RolloutInfo info = sample_shifting();
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);

        info.n_targets = ELEMENTSOF(targets);
        info.targets = targets;
        info.target_count = ELEMENTSOF(targets);
        info.wave = info.waves = 2;
        info.error = "Rate exceeded";
        EXPECT_OK(view_status(&info, &(Style){ 0 }, &out));
        EXPECT(!strstr(buf_text(&out), "ERRORS   new"));
        EXPECT(!strstr(buf_text(&out), "traffic seen"));
        EXPECT(!strstr(buf_text(&out), "\n\n\n"));
        EXPECT_CONTAINS(buf_text(&out), "TARGET");
        EXPECT_CONTAINS(buf_text(&out), "eu-west-1");
        EXPECT_CONTAINS(buf_text(&out), "canary");
        EXPECT_CONTAINS(buf_text(&out), "0 of 41");
        EXPECT_CONTAINS(buf_text(&out), "0 %, wanted 25 %");
        EXPECT_CONTAINS(buf_text(&out), "unknown: errors not-read");
        EXPECT_CONTAINS(buf_text(&out), "checkout@42   checkout:live +1   eu-west-1   version 7->8\n");
        EXPECT_CONTAINS(buf_text(&out), "shifting, wave 2 of 2, step 2 of 3 - ");
        EXPECT_CONTAINS(buf_text(&out), "AWS      checkout:live in us-east-1: Rate exceeded\n");
        EXPECT(!strstr(buf_text(&out), "AWS      Rate"));
}

TEST(a_finished_one) {
        RolloutInfo info = sample_rolled_back();

        info.n_ladder = ELEMENTSOF(ladder);
        info.ladder = ladder;
        expect_status(&info, &terminal,
                        "mailer@17   mailer:live   eu-west-1   version 3->4\n"
                        "STATE    rolled-back, step 1 of 3 - errors is 31 %, limit 5 % (29 requests,\n"
                        "         12:10:00-12:11:00 UTC)\n"
                        "WEIGHT   wanted 0 %   actual 0 %   traffic seen 6.84 % (29 of 424)\n"
                        "STEPS    [5 % 10m] > 25 % 10m > 100 % bake 30m\n"
                        "TIME     started 2026-01-15T12:00:00Z   ended 2026-01-15T12:12:00Z   took 12m\n"
                        "ERRORS   new 9 of 29 (31 %)   old 4 of 395 (1.01 %)\n"
                        "PLAN     /etc/canaryd/plans/checkout.yaml @3fa9c1d2e4b5\n");
}

TEST(the_second_line_says_what_it_waits_for) {
        RolloutInfo info = sample_shifting();
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);
        const char *second;

        info.wait = "errors is unknown: too few requests, 41 of 100";
        EXPECT_OK(view_status(&info, &terminal, &out));
        second = strchr(buf_text(&out), '\n') + 1;
        EXPECT(strncmp(second, "STATE ", 6) == 0);
        EXPECT_CONTAINS(second, "41 of 100\nWEIGHT");
}

TEST(on_its_way_back) {
        RolloutInfo info = sample_rolled_back();
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);

        info.phase = "rolling-back";
        info.ended = 0;
        info.total_left = USEC_INFINITY;
        info.wait = "throttled: tries again in 2s";
        info.wait_kind = "retry";
        info.weight_actual = 5;
        info.error = "Rate \x1b[2Jexceeded\n\xe2\x80\xae";
        EXPECT_OK(view_status(&info, &(Style){ .width = 80, .color = true, .utf8 = true }, &out));
        EXPECT_CONTAINS(buf_text(&out),
                        "\x1b[1;31mrolling-back\x1b[0m, step 1 of 3 - throttled: tries again in 2s\n");
        EXPECT_CONTAINS(buf_text(&out), "wanted 0 %   actual \x1b[1;31m5 %\x1b[0m");
        EXPECT_CONTAINS(buf_text(&out), "\x1b[1mREASON\x1b[0m   errors is 31 %, limit 5 %");
        EXPECT_CONTAINS(buf_text(&out), "\x1b[1mAWS\x1b[0m      Rate \\x1b[2Jexceeded \\u202e\n");
        EXPECT_CONTAINS(buf_text(&out), "\x1b[1mTIME\x1b[0m     started 2026-01-15T12:00:00Z\n");
}

TEST(many_steps_break_between_steps) {
        static StepInfo many[100];
        RolloutInfo info = sample_shifting();
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);

        for (size_t i = 0; i < ELEMENTSOF(many); i++)
                many[i] = (StepInfo){ .weight = (double) i + 1, .hold = 10 * USEC_PER_MINUTE };
        info.n_ladder = info.steps = ELEMENTSOF(many);
        info.ladder = many;
        EXPECT_OK(view_status(&info, &terminal, &out));
        for (const char *p = buf_text(&out); *p; p += strcspn(p, "\n") + 1)
                EXPECT(strcspn(p, "\n") <= 80);
        EXPECT_CONTAINS(buf_text(&out), "STEPS    [1 % ok] > [2 % 5m50s/10m] > 3 % 10m > 4 % 10m > ");
        EXPECT_CONTAINS(buf_text(&out), " >\n         ");
}

TEST(a_queued_one) {
        RolloutInfo info = sample_shifting();
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);

        info.phase = "queued";
        info.step = 0;
        info.started = 0;
        info.region = "";
        info.wait = "waits for its turn on the alias";
        info.invocations_new = info.invocations_old = 0;
        EXPECT_OK(view_status(&info, &terminal, &out));
        EXPECT_CONTAINS(buf_text(&out),
                        "checkout:live   default region   version 7->8\nSTATE    queued - waits for its turn");
        EXPECT_CONTAINS(buf_text(&out), "TIME     done in 34m at the earliest\n");
        EXPECT_CONTAINS(buf_text(&out), "actual 25 %\n");
        EXPECT(!strstr(buf_text(&out), "ERRORS"));
        buf_clear(&out);
        info.phase = "rejected";
        EXPECT_OK(view_status(&info, &terminal, &out));
        EXPECT_CONTAINS(buf_text(&out), "checkout:live   region unknown   version 7->8\n");
}

/* However long the names, the second line is the one that says what it waits for. */
TEST(long_names) {
        static char id[86];
        RolloutInfo info = sample_shifting();
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);

        (void) snprintf(id, sizeof(id), "%064d@18446744073709551615", 0);
        info.id = id;
        info.function = "arn:aws:lambda:eu-west-1:123456789012:function:checkout";
        EXPECT_OK(view_status(&info, &terminal, &out));
        EXPECT_CONTAINS(buf_text(&out), "@18446744073709551615\nSTATE    shifting");
        EXPECT_CONTAINS(buf_text(&out),
                        "\nTARGET   checkout:live   eu-west-1   version 7->8\n"
                        "FUNCTION arn:aws:lambda:eu-west-1:123456789012:function:checkout\n");
}

TEST(out_of_memory) {
        RolloutInfo info = detailed(sample_shifting());

        info.error = "Rate exceeded";
        FAULT_LOOP {
                _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);
                int r = view_status(&info, &terminal, &out);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
        }
}

TEST(alarms_ring_or_do_not) {
        static CheckInfo alarms[] = {
                { .name = "checkout-5xx",
                                .kind = "alarm",
                                .stat = "",
                                .verdict = "healthy",
                                .cause = "none",
                                .window_start = SAMPLE_NOON },
                { .name = "lag",
                                .kind = "alarm",
                                .stat = "",
                                .verdict = "unknown",
                                .cause = "alarm-missing" },
        };
        RolloutInfo info = detailed(sample_shifting());
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);

        info.checks = alarms;
        info.n_checks = ELEMENTSOF(alarms);
        EXPECT_OK(view_status(&info, &(Style){ .width = 120 }, &out));
        EXPECT_CONTAINS(buf_text(&out),
                        "CHECK         VALUE  LIMIT     REQUESTS  VERDICT                 WINDOW (UTC)\n"
                        "checkout-5xx  -      no ALARM  -         healthy                 since 12:00:00\n"
                        "lag           -      no ALARM  -         unknown: alarm-missing  -\n");
}

/* A step that never began has none. */
TEST(a_window_without_a_beginning_is_left_out) {
        static CheckInfo check = { .name = "errors",
                .kind = "error_rate",
                .stat = "",
                .verdict = "unknown",
                .cause = "no-data",
                .window_end = SAMPLE_NOON };
        RolloutInfo info = detailed(sample_shifting());
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);

        info.checks = &check;
        info.n_checks = 1;
        EXPECT_OK(view_status(&info, &(Style){ .width = 120 }, &out));
        EXPECT(!strstr(buf_text(&out), "00:00:00"));
}
