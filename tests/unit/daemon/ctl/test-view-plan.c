#include "daemon/ctl/view-plan.h"

#include <stdlib.h>
#include <string.h>

#include "base/usec.h"
#include "codec/json-write.h"
#include "lib/test.h"

#define NOON ((usec_t) 1768478400 * USEC_PER_SEC) /* 2026-01-15, a Thursday */

static char text[8192];

static const PlanStep steps[] = {
        { .weight = 500, .hold = 10 * USEC_PER_MINUTE },
        { .weight = 2500, .hold = 10 * USEC_PER_MINUTE, .min_requests = 500 },
};
static const PlanCheck checks[] = {
        { .name = "errors", .kind = CHECK_ERROR_RATE, .max = 0.05, .min_requests = 100 },
        { .name = "alarm", .kind = CHECK_ALARM, .alarm = "checkout-5xx" },
};
static const PlanTarget targets[] = {
        { .function = "checkout", .alias = "live", .region = "eu-west-1", .from = 41, .to = 42 },
        { .function = "mailer",
                        .alias = "live",
                        .publish = { .kind = PUBLISH_LATEST },
                        .create_alias = true },
};

static Plan sample(void) {
        return (Plan){
                .name = "checkout",
                .targets = targets,
                .n_targets = 1,
                .steps = steps,
                .n_steps = 2,
                .checks = checks,
                .n_checks = 2,
                .bake = 30 * USEC_PER_MINUTE,
                .every = 30 * USEC_PER_SEC,
                .deadline = 2 * USEC_PER_HOUR,
        };
}

static const char *shown(const Plan *plan, usec_t now) {
        Buf out = BUF_INIT(sizeof(text) - 1);

        view_plan(plan, &(Style){ .width = 80 }, now, &out);
        EXPECT(!out.failed);
        (void) snprintf(text, sizeof(text), "%s", buf_text(&out));
        buf_done(&out);
        return text;
}

TEST(steps_with_their_times) {
        Plan plan = sample();

        EXPECT_STR(shown(&plan, NOON),
                        "    checkout:live in eu-west-1: 41 -> 42\n"
                        "    12:00 UTC    5 %  hold 10m\n"
                        "    12:10 UTC   25 %  hold 10m and 500 requests\n"
                        "    12:20 UTC  100 %  bake 30m\n"
                        "  done between 12:50 and 14:00 UTC: 50m at the earliest, then the deadline\n"
                        "  checked every 30s\n"
                        "    errors: error_rate at most 5 %, from 100 requests on\n"
                        "    alarm checkout-5xx is not in ALARM\n");
}

TEST(another_day_is_named) {
        Plan plan = sample();

        (void) shown(&plan, NOON + 11 * USEC_PER_HOUR + 45 * USEC_PER_MINUTE);
        EXPECT_CONTAINS(text, "    23:45 UTC    5 %");
        EXPECT_CONTAINS(text, "    2026-01-16 00:05 UTC  100 %");
}

TEST(seconds_are_shown_where_they_matter) {
        Plan plan = sample();

        plan.bake = 90 * USEC_PER_SEC;
        EXPECT_CONTAINS(shown(&plan, NOON), "    12:20:00 UTC  100 %  bake 1m30s\n");
        EXPECT_CONTAINS(text, "done between 12:21:30 and 14:00:00 UTC");
}

TEST(waves_follow_each_other) {
        static const PlanWave waves[] = {
                { .name = "first", .first_target = 0, .n_targets = 1, .bake = 10 * USEC_PER_MINUTE },
                { .name = "second", .first_target = 1, .n_targets = 1, .bake = 20 * USEC_PER_MINUTE },
        };
        Plan plan = sample();

        plan.n_targets = 2;
        plan.waves = waves;
        plan.n_waves = 2;
        plan.bake = 90 * USEC_PER_SEC; /* of no wave */
        (void) shown(&plan, NOON);
        EXPECT_CONTAINS(text, "  wave 1 of 2: first\n    checkout:live");
        EXPECT_CONTAINS(text,
                        "  12:20 UTC  100 %  bake 10m\n  wave 2 of 2: second\n"
                        "    mailer:live in the daemon's region: what it has then -> what is published\n"
                        "        first, from $LATEST, the alias created if it is missing\n");
        EXPECT_CONTAINS(text, "    12:30 UTC    5 %");
        EXPECT_CONTAINS(text, "done between 13:10 and 14:00 UTC");
}

TEST(what_holds_it_up_or_takes_it_back_is_told) {
        Plan plan = sample();

        plan.window = (PlanWindow){
                .days = 0x1f, .from = 9 * 60, .until = 17 * 60, .n_offsets = 1, .zone = "Europe/Berlin"
        };
        plan.not_before = NOON + USEC_PER_HOUR;
        plan.wave_failure_all = plan.restore_code = true;
        plan.on_newer_plan = NEWER_SUPERSEDES;
        EXPECT_CONTAINS(shown(&plan, NOON),
                        "  not before 13:00:00 UTC\n"
                        "  window: mon, tue, wed, thu, fri 09:00-17:00 Europe/Berlin; when it closes, the\n"
                        "    rollout stays where it is\n"
                        "  a breach rolls back the waves before, too\n"
                        "  after a rollback the old version's code is published again\n"
                        "  a newer plan for one of its aliases rolls it back\n");
        plan.window.days = 0x7f;
        plan.window.at_end = WINDOW_ROLL_BACK;
        EXPECT_CONTAINS(shown(&plan, NOON),
                        "  window: any day 09:00-17:00 Europe/Berlin; when it closes, the rollout goes\n    back\n");
}

TEST(where_new_code_comes_from_is_told) {
        PlanTarget target = { .function = "f", .alias = "live" };
        Plan plan = sample();

        plan.targets = &target;
        target.publish = (PlanPublish){ .kind = PUBLISH_ZIP, .path = "/srv/f.zip" };
        EXPECT_CONTAINS(shown(&plan, NOON), "/srv/f.zip\n");
        target.publish = (PlanPublish){ .kind = PUBLISH_S3, .bucket = "artifacts", .key = "f.zip" };
        EXPECT_CONTAINS(shown(&plan, NOON), "s3://artifacts/f.zip\n");
        target.publish = (PlanPublish){ .kind = PUBLISH_IMAGE, .image = "example.com/f:1" };
        EXPECT_CONTAINS(shown(&plan, NOON), "example.com/f:1\n");
}

TEST(forward_moves_wait_for_the_window) {
        Plan plan = sample();

        plan.window = (PlanWindow){
                .days = 0x7f, .from = 13 * 60, .until = 13 * 60 + 15, .n_offsets = 1, .zone = "Europe/Berlin"
        };
        (void) shown(&plan, NOON);
        EXPECT_CONTAINS(text, "    13:00 UTC    5 %");
        EXPECT_CONTAINS(text, "    13:10 UTC   25 %");
        EXPECT_CONTAINS(text, "    2026-01-16 13:00 UTC  100 %");
        EXPECT_CONTAINS(text,
                        "done at 2026-01-16 13:30 UTC, but the deadline is 15:00: it would be rolled back\n");
}

TEST(the_deadline_waits_for_the_beginning) {
        Plan plan = sample();

        plan.not_before = NOON + 72 * USEC_PER_HOUR;
        (void) shown(&plan, NOON);
        EXPECT_CONTAINS(text, "    2026-01-18 12:00 UTC    5 %");
        EXPECT_CONTAINS(text, "  done between 2026-01-18 12:50 and 2026-01-18 14:00 UTC");
}

TEST(a_window_that_closes_too_early) {
        Plan plan = sample();
        Buf out = BUF_INIT(sizeof(text) - 1);

        plan.window = (PlanWindow){ .days = 0x7f,
                .from = 9 * 60,
                .until = 12 * 60 + 20,
                .at_end = WINDOW_ROLL_BACK,
                .n_offsets = 1,
                .zone = "Europe/Berlin" };
        (void) shown(&plan, NOON);
        EXPECT_CONTAINS(text,
                        "    12:10 UTC   25 %  hold 10m and 500 requests\n"
                        "  its window closes at 12:20 UTC with traffic split, and \"at_end\" is roll_back: it would be "
                        "rolled back\n");
        json_write_open(&out, NULL, '{');
        view_plan_json(&plan, NOON, &out);
        json_write_close(&out, '}');
        EXPECT_CONTAINS(buf_text(&out), "\"end_usec\":null,\"rolled_back_usec\":1768479600000000,");
        buf_done(&out);
        plan.window.until++;
        EXPECT_CONTAINS(shown(&plan, NOON), "    12:20 UTC  100 %");
        plan.window.until--;
        plan.window.at_end = WINDOW_HOLD;
        EXPECT_CONTAINS(shown(&plan, NOON), "    2026-01-16 09:00 UTC  100 %");
}

TEST(no_checks_are_said_to_be_none) {
        Plan plan = sample();

        plan.n_checks = 0;
        EXPECT_CONTAINS(shown(&plan, NOON), "  no checks: time alone decides\n");
}

TEST(as_json) {
        Plan plan = sample();
        Buf out = BUF_INIT(sizeof(text) - 1);

        json_write_open(&out, NULL, '{');
        view_plan_json(&plan, NOON, &out);
        json_write_close(&out, '}');
        EXPECT_CONTAINS(buf_text(&out),
                        "\"schedule\":[{\"wave\":1,\"weight\":5,\"hold_usec\":600000000,\"at_usec\":"
                        "1768478400000000}");
        EXPECT_CONTAINS(buf_text(&out), "\"end_usec\":1768481400000000,\"deadline_usec\":1768485600000000");
        EXPECT_CONTAINS(buf_text(&out),
                        "{\"name\":\"alarm\",\"kind\":\"alarm\",\"stat\":null,\"alarm\":"
                        "\"checkout-5xx\",\"max\":null}");
        buf_done(&out);
}
