#include "core/sentence-internal.h"

#include "base/usec.h"
#include "core/rollout-internal.h"
#include "unit/core/drive.h"

#define NOON (1767960000 * USEC_PER_SEC) /* 2026-01-09T12:00:00Z */

static const char *sentence(const Drive *d, const Report *r) {
        static char text[TRACE_TEXT_MAX];

        report_format(r, &d->plan, text);
        return text;
}

static Drive *drive_with_alarm(void) {
        Drive *d = drive_new();

        d->checks[1] = (PlanCheck){ .name = "burning", .kind = CHECK_ALARM, .alarm = "checkout-5xx" };
        d->plan.n_checks = 2;
        return d;
}

TEST(an_alarm_that_rings) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm();
        Report r = { .kind = REPORT_BREACH,
                .check = 1,
                .weight_from = 500,
                .window_start = NOON,
                .error = "Threshold Crossed: 1 datapoint" };

        EXPECT_STR(sentence(d, &r),
                        "checkout:live breach at 5 %: alarm \"checkout-5xx\" is in ALARM since 2026-01-09T12:00:00Z "
                        "(Threshold Crossed: 1 datapoint)");
        r = (Report){ .kind = REPORT_REJECTED, .reason = REASON_ALARM_RINGING, .check = 1 };
        EXPECT_STR(sentence(d, &r),
                        "checkout:live rejected, nothing was touched: alarm \"checkout-5xx\" is in ALARM; start again "
                        "when it is OK");
}

TEST(an_alarm_that_is_missing) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm();
        Report r = { .kind = REPORT_REJECTED, .reason = REASON_ALARM_MISSING, .check = 1 };

        EXPECT_CONTAINS(sentence(d, &r), "there is no alarm \"checkout-5xx\"; create it or correct alarm:");
        d->target.region = "eu-west-1";
        EXPECT_CONTAINS(sentence(d, &r), "there is no alarm \"checkout-5xx\" in eu-west-1; create it");
        EXPECT_CONTAINS(sentence(d, &r), "composite alarm");
        EXPECT_CONTAINS(sentence(d, &r), "cloudwatch:DescribeAlarms is allowed on *");
}

TEST(what_to_allow_depends_on_what_is_read) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm();
        Report r = { .kind = REPORT_REJECTED, .reason = REASON_DENIED };

        EXPECT_CONTAINS(sentence(d, &r), "cloudwatch:DescribeAlarms");
        EXPECT_CONTAINS(sentence(d, &r), "cloudwatch:GetMetricData for the checks");
        d->plan.n_checks = 1;
        EXPECT(!strstr(sentence(d, &r), "DescribeAlarms"));
        d->plan.n_checks = 0;
        EXPECT(!strstr(sentence(d, &r), "cloudwatch"));
}

TEST(a_query_that_cloudwatch_refuses) {
        _cleanup_(drive_freep) Drive *d = drive_new();
        Report r = { .kind = REPORT_REJECTED, .reason = REASON_QUERY_REFUSED, .error = "no such statistic" };
        char text[TRACE_TEXT_MAX];

        report_reason_format(&r, &d->plan, text);
        EXPECT_STR(text, "CloudWatch does not accept the query of check errors (no such statistic)");
}

/* Which call it was, and who asked, is in AWS's words only. */
TEST(a_refusal_repeats_what_aws_says) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm();
        Report r = { .kind = REPORT_REJECTED, .reason = REASON_DENIED, .error = "not authorized" };

        EXPECT_CONTAINS(sentence(d, &r), "AWS denies access (not authorized); allow lambda:GetAlias");
        step_copy_text(r.error, sizeof(r.error),
                        "User: x is not authorized to perform: lambda:UpdateAlias on resource: y");
        EXPECT_CONTAINS(sentence(d, &r), "on resource: y); allow lambda:UpdateAlias");
        EXPECT(!strstr(sentence(d, &r), "lambda:GetAlias"));
        step_copy_text(r.error, sizeof(r.error), "not authorized");
        d->target.role_arn = "arn:aws:iam::123456789012:role/x";
        EXPECT_CONTAINS(sentence(d, &r), "sts:AssumeRole for role_arn:");
        r.reason = REASON_INVALID;
        EXPECT_CONTAINS(sentence(d, &r), "the names in the plan (not authorized)");
}

TEST(blindness_names_what_cannot_be_seen) {
        _cleanup_(drive_freep) Drive *d = drive_with_alarm();
        Report r = { .kind = REPORT_ROLLBACK_STARTED,
                .version_old = 41,
                .reason = REASON_BLIND,
                .check = 0,
                .cause = CAUSE_REFUSED };

        EXPECT_STR(sentence(d, &r),
                        "checkout:live rolling back to version 41: check errors could not be read for 10m (max_blind): "
                        "CloudWatch refuses the query");
        r.check = 2;
        r.cause = CAUSE_NONE;
        EXPECT_STR(sentence(d, &r),
                        "checkout:live rolling back to version 41: nothing could be seen for 10m (max_blind)");
        r = (Report){ .kind = REPORT_BLIND,
                .check = 0,
                .cause = CAUSE_REFUSED,
                .error = "ValidationError: no such stat" };
        EXPECT_STR(sentence(d, &r),
                        "checkout:live check errors cannot be seen: CloudWatch refuses the query (ValidationError: no such "
                        "stat); holding, rolls back after 10m");
}

TEST(every_cause_has_words) {
        for (int a = 0; a < CAUSE_COUNT; a++)
                for (int b = 0; b < a; b++)
                        EXPECT(strcmp(cause_words((Cause) a), cause_words((Cause) b)) != 0);
        EXPECT_STR(cause_words((Cause) CAUSE_COUNT), "?");
}

TEST(dates) {
        static const struct {
                usec_t seconds;
                const char *text;
        } cases[] = {
                { 0, "1970-01-01T00:00:00Z" },
                { 951782399, "2000-02-28T23:59:59Z" },
                { 951782400, "2000-02-29T00:00:00Z" },
                { 951868800, "2000-03-01T00:00:00Z" },
                { 1767225599, "2025-12-31T23:59:59Z" },
                { 1767225600, "2026-01-01T00:00:00Z" },
                { 4107542400, "2100-03-01T00:00:00Z" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char text[TRACE_TEXT_MAX] = "";
                Line l = { .text = text };

                line_put_time(&l, cases[i].seconds * USEC_PER_SEC);
                EXPECT_STR(text, cases[i].text);
        }
}
