#include "base/usec.h"
#include "core/trace.h"
#include "lib/test.h"

static const PlanTarget targets[] = {
        { .function = "checkout", .alias = "live", .region = "eu-west-1", .from = 41, .to = 42 },
        { .function = "checkout", .alias = "live", .region = "us-east-1", .from = 41, .to = 42 },
        { .function = "checkout", .alias = "live", .region = "us-west-2", .from = 41, .to = 42 },
};
static const PlanWave waves[] = {
        { .name = "eu", .n_targets = 1 },
        { .name = "us", .first_target = 1, .n_targets = 2 },
};
static const Plan plan = { .name = "checkout",
        .targets = targets,
        .n_targets = 3,
        .waves = waves,
        .n_waves = 2 };

static const char *said(Report r, const Plan *p) {
        static char text[TRACE_TEXT_MAX];

        r.version_old = 41;
        r.version_new = 42;
        report_format(&r, p, text);
        return text;
}

TEST(waves_are_counted_and_named) {
        EXPECT_STR(said((Report){ .kind = REPORT_WAVE_BEGUN }, &plan),
                        "checkout:live in eu-west-1 begins wave eu (1 of 2, 1 alias)");
        EXPECT_STR(said((Report){ .kind = REPORT_WAVE_BAKED, .wave = 1, .target = 1 }, &plan),
                        "checkout:live in us-east-1 completes wave us (2 of 2, 2 aliases)");
}

TEST(a_rollback_says_what_stays) {
        Plan all = plan;
        Report r = { .kind = REPORT_ROLLED_BACK, .wave = 1, .target = 2, .reason = REASON_SUPERSEDED };

        EXPECT_STR(said(r, &plan),
                        "checkout:live in us-west-2 is back on version 41, read back and verified, and so "
                        "is the other alias: a newer plan for one of its aliases came (on_newer_plan: supersede); wave eu stays on its "
                        "new version");
        all.wave_failure_all = true;
        EXPECT(!strstr(said(r, &all), "stays"));
        r.wave = 0;
        EXPECT(!strstr(said(r, &plan), "stays"));
}

TEST(an_end_counts_the_others) {
        Plan all = plan, one = plan;
        Report r = { .kind = REPORT_ROLLED_BACK, .wave = 1, .target = 2, .reason = REASON_DEADLINE };

        all.wave_failure_all = true;
        EXPECT_CONTAINS(said(r, &all), "verified, and so are the other 2 aliases: ");
        r.wave = 0;
        EXPECT_CONTAINS(said(r, &plan), "verified: "); /* none of the second wave has moved */
        r.unshifted = 1;
        r.wave = 1;
        EXPECT_CONTAINS(said(r, &all), "was never moved away from version 41: ");
        EXPECT_STR(said((Report){ .kind = REPORT_SUCCEEDED, .wave = 1 }, &plan),
                        "checkout:live in eu-west-1 succeeded: version 42 has all the traffic, and so has that "
                        "of each of the other 2 aliases");
        one.n_targets = 1;
        one.n_waves = 0;
        EXPECT_STR(said((Report){ .kind = REPORT_SUCCEEDED }, &one),
                        "checkout:live succeeded: version 42 has all the traffic");
}

TEST(waiting_says_until_when) {
        Plan limited = plan;
        Report r = { .kind = REPORT_WAITING,
                .opens = 1700469000 * USEC_PER_SEC, /* Monday, 2023-11-20T08:30:00Z */
                .next = 90 * USEC_PER_MINUTE };

        EXPECT_STR(said(r, &plan),
                        "checkout:live in eu-west-1 waits until 2023-11-20T08:30:00Z (not_before)");
        limited.window = (PlanWindow){ .days = 1, .from = 570, .until = 600, .n_offsets = 1 };
        limited.window.offsets[0].seconds = 3600;
        EXPECT_STR(said(r, &limited),
                        "checkout:live in eu-west-1 waits for its window: opens Mon 09:30, in 1h30m");
        r.next = 10 * USEC_PER_DAY;
        EXPECT_CONTAINS(said(r, &limited), "opens 2023-11-20T08:30:00Z, Mon 09:30, in 240h");
        limited.window.zone = "Europe/Berlin";
        r.weight_from = 500;
        EXPECT_CONTAINS(said(r, &limited),
                        "stays at 5 % and waits for its window: opens 2023-11-20T08:30:00Z, Mon 09:30 Europe/Berlin, in 240h");
        r.weight_from = 0;
        r.opens = USEC_INFINITY;
        EXPECT_STR(said(r, &limited),
                        "checkout:live in eu-west-1 waits until its window opens, which is never");
}

TEST(the_window_that_closed_is_a_reason) {
        Report r = { .kind = REPORT_ROLLBACK_STARTED, .reason = REASON_WINDOW };

        EXPECT_CONTAINS(said(r, &plan), "its window closed before all the traffic was on the new version");
}

TEST(the_newer_rollout_is_named) {
        Report r = { .kind = REPORT_ROLLBACK_STARTED, .reason = REASON_SUPERSEDED };

        (void) snprintf(r.error, sizeof(r.error), "checkout@8");
        EXPECT_CONTAINS(said(r, &plan), "a newer plan for one of its aliases came (checkout@8)");
}
