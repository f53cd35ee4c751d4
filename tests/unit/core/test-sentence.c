#include "base/usec.h"
#include "unit/core/drive.h"

static const char *sentence(const Drive *d, const Report *r) {
        static char text[TRACE_TEXT_MAX];

        EXPECT(r);
        report_format(r, &d->plan, text);
        return text;
}

TEST(a_breach_names_value_limit_window_and_both_versions) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        drive_to_hold(d, 0);
        d->new_errors = 8;
        drive_wait(d, 2 * USEC_PER_MINUTE);
        drive_tick(d);
        drive_metrics(d);
        EXPECT_STR(sentence(d, drive_report(d, REPORT_BREACH)),
                        "checkout:live breach at 5 %: errors 8 % > 5 % over 100 requests, window 22:14:00-22:15:00; new 42 "
                        "failed 16 of 200 (8 %), old 41 failed 2 of 2000 (0.1 %)");
        EXPECT_STR(sentence(d, drive_report(d, REPORT_ROLLBACK_STARTED)),
                        "checkout:live rolling back to version 41: check errors was breached");
}

TEST(a_breach_whose_window_is_older_than_the_step_tells_no_counts_of_the_step) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Report r = { .kind = REPORT_BREACH, .samples = 105, .value = 0.2, .limit = 0.05 };

        EXPECT(!strstr(sentence(d, &r), "new "));
        r.new_version = (Counts){ .invocations = 105, .errors = 21 };
        EXPECT(strstr(sentence(d, &r), "failed 21 of 105"));
}

TEST(a_plan_that_reads_no_counts_tells_none) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Report r = { .kind = REPORT_STEP_PASSED, .version_new = 42, .version_old = 41, .weight_from = 500 };

        EXPECT_STR(sentence(d, &r), "checkout:live passed 5 %: new 42 failed 0 of 0, old 41 failed 0 of 0");
        d->checks[0].kind = CHECK_ALARM;
        EXPECT_STR(sentence(d, &r), "checkout:live passed 5 %");
}

TEST(a_rejection_says_what_was_found_and_expected) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        d->alias.route.primary = 40;
        drive_start(d);
        drive_reply(d);
        EXPECT_STR(sentence(d, drive_report(d, REPORT_REJECTED)),
                        "checkout:live rejected, nothing was touched: the alias points to version 40, the plan says from: "
                        "41");
}

TEST(every_kind_and_every_reason_has_words) {
        _cleanup_(drive_freep) Drive *d = drive_new();

        for (int kind = 0; kind < REPORT_KIND_COUNT; kind++) {
                for (int reason = 0; reason < REASON_COUNT; reason++) {
                        Report r = { .kind = (ReportKind) kind,
                                .reason = (uint32_t) reason,
                                .version_old = 41,
                                .version_new = 42,
                                .check = 99 };

                        EXPECT(strlen(sentence(d, &r)) > strlen("checkout:live") + 5);
                }
        }
}

TEST(an_arn_is_shortened_to_its_name) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Report r = { .kind = REPORT_SUCCEEDED, .version_new = 42 };

        d->target.function = "arn:aws:lambda:eu-west-1:123456789012:function:checkout";
        EXPECT_STR(sentence(d, &r), "checkout:live succeeded: version 42 has all the traffic");
}

TEST(the_longest_sentence_fits) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Report r = { .kind = REPORT_ROLLBACK_FAILING, .fault = FAULT_DENIED, .next = USEC_PER_SEC };
        char name[256];

        memset(name, 'n', sizeof(name) - 1);
        name[sizeof(name) - 1] = '\0';
        d->target.function = d->target.alias = name;
        memset(r.error, 'e', sizeof(r.error) - 1);
        EXPECT(strlen(sentence(d, &r)) < TRACE_TEXT_MAX);
}

TEST(the_first_failure_of_a_rollback_is_not_shouted) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Report r = { .kind = REPORT_RETRYING,
                .phase = PHASE_ROLLING_BACK,
                .version_old = 41,
                .fault = FAULT_TRANSIENT,
                .error = "503" };

        EXPECT_STR(sentence(d, &r),
                        "checkout:live could not be put back on version 41 at the first try: transient (503); "
                        "next try at once");
}

TEST(a_foreign_hand_can_be_looked_up) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Report r = { .kind = REPORT_FOREIGN,
                .wall = 1767960000 * USEC_PER_SEC,
                .seen_wall = 1767959940 * USEC_PER_SEC,
                .found = { .primary = 43 },
                .ours = { .primary = 41, .extra = 42, .weight = 500 },
                .revision = "r-9",
                .ours_revision = "r-2" };

        EXPECT_STR(sentence(d, &r),
                        "checkout:live was changed by somebody else to version 43, revision r-9, between "
                        "2026-01-09T11:59:00Z and 2026-01-09T12:00:00Z; canaryd had seen version 41 with 5 % on version 42, "
                        "revision r-2. Hands off, it is theirs now; CloudTrail says who it was");
        r.found = (Route){ 0 };
        r.revision[0] = '\0';
        EXPECT_CONTAINS(sentence(d, &r), "somebody else (it is gone), between");
        r.seen_wall = 0; /* nobody wrote it down */
        r.ours = (Route){ 0 };
        EXPECT_CONTAINS(sentence(d, &r), "somebody else (it is gone). Hands off");
}
