#include <string.h>

#include "core/trace.h"
#include "lib/test.h"

static const PlanTarget targets[] = {
        { .function = "checkout",
                        .alias = "live",
                        .from = 41,
                        .publish = { .kind = PUBLISH_ZIP, .path = "/srv/checkout.zip" } },
};
static const Plan plan = { .name = "checkout", .targets = targets, .n_targets = 1 };

static void expect_sentence(ReportKind kind, Reason reason, const char *expected) {
        Report r = { .kind = kind,
                .reason = reason,
                .version_old = 41,
                .version_new = 43,
                .version_made = 44,
                .concurrency = 100,
                .found = { .primary = 43, .extra = 41, .weight = WEIGHT_FULL },
                .error = "AWS's words" };
        char text[TRACE_TEXT_MAX];

        report_format(&r, &plan, text);
        EXPECT_STR(text, expected);
}

TEST(what_is_deployed) {
        expect_sentence(REPORT_PUBLISHING, REASON_NONE, "checkout:live about to publish /srv/checkout.zip");
        expect_sentence(REPORT_PUBLISHED, REASON_NONE,
                        "checkout:live has version 43 published; waiting for it to be Active");
        expect_sentence(REPORT_ALIAS_CREATED, REASON_NONE,
                        "checkout:live created, all traffic on version 41");
}

TEST(artifacts_by_their_names) {
        PlanTarget target = targets[0];
        Plan p = { .targets = &target, .n_targets = 1 };
        Report r = { .kind = REPORT_PUBLISHING };
        char text[TRACE_TEXT_MAX];

        target.publish = (PlanPublish){
                .kind = PUBLISH_S3, .bucket = "b", .key = "k", .object_version = "7"
        };
        report_format(&r, &p, text);
        EXPECT_STR(text, "checkout:live about to publish s3://b/k (version 7)");
        target.publish = (PlanPublish){ .kind = PUBLISH_IMAGE, .image = "registry.example.com/checkout:7" };
        report_format(&r, &p, text);
        EXPECT_STR(text, "checkout:live about to publish registry.example.com/checkout:7");
        target.publish = (PlanPublish){ .kind = PUBLISH_LATEST };
        report_format(&r, &p, text);
        EXPECT_STR(text, "checkout:live about to publish $LATEST as it is");
}

TEST(what_lambda_does_by_itself) {
        expect_sentence(REPORT_CONCURRENCY, REASON_NONE,
                        "checkout:live has provisioned concurrency (100): at 100 % Lambda moves the traffic itself, which takes minutes");
        expect_sentence(REPORT_PROVISIONING, REASON_NONE,
                        "checkout:live waits for Lambda, which itself moves the traffic as it provisions concurrency; now: version 43 with 100 % on version 41");
}

TEST(what_is_restored) {
        expect_sentence(REPORT_RESTORING, REASON_BREACH,
                        "checkout:live about to put the code of version 41 back into $LATEST");
        expect_sentence(REPORT_RESTORED, REASON_BREACH,
                        "checkout:live: the code of version 41 is in $LATEST again, and published as version 44");
        expect_sentence(REPORT_RESTORE_SKIPPED, REASON_NOTHING_NEW,
                        "checkout:live: nothing to restore, $LATEST does not have the new code");
        expect_sentence(REPORT_RESTORE_SKIPPED, REASON_CODE_FOREIGN,
                        "checkout:live: $LATEST has somebody else's code by now and stays as it is");
        expect_sentence(REPORT_RESTORE_FAILED, REASON_CODE_REFUSED,
                        "checkout:live: $LATEST does NOT have the code of version 41 again (the alias is back): the code is refused (AWS's words); publish that code yourself");
}

TEST(code_that_is_back_but_not_published) {
        Report r = { .kind = REPORT_RESTORE_FAILED,
                .reason = REASON_DENIED,
                .version_old = 41,
                .found_version = 41,
                .error = "not authorized to perform: lambda:PublishVersion on it" };
        char text[TRACE_TEXT_MAX];

        report_format(&r, &plan, text);
        EXPECT_CONTAINS(text,
                        "checkout:live: $LATEST has the code of version 41 again, but it is NOT published: AWS denies it");
        EXPECT_CONTAINS(text, "; publish $LATEST yourself");
}

TEST(why_it_was_not_deployed) {
        expect_sentence(REPORT_REJECTED, REASON_NOTHING_NEW,
                        "checkout:live rejected, nothing was shifted: nothing changed: $LATEST is version 41 already; correct publish:, or leave it");
        expect_sentence(REPORT_REJECTED, REASON_PACKAGE_DIFFERS,
                        "checkout:live rejected, nothing was touched: the function is made of images, the plan says publish: zip: or s3:");
        for (Reason reason = REASON_NOTHING_NEW; reason <= REASON_PROVISIONING; reason++) {
                Report r = { .kind = REPORT_REJECTED, .reason = reason, .error = "AWS's words" };
                char text[TRACE_TEXT_MAX];

                report_format(&r, &plan, text);
                EXPECT(strlen(text) > 60);
                EXPECT(!strstr(text, reason_to_string(reason)));
        }
}
