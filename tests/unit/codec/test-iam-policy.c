#include "codec/iam-policy.h"

#include <stdlib.h>
#include <string.h>

#include "lib/fault.h"
#include "lib/test.h"

#define ROLE "arn:aws:iam::123456789012:role/x"

static char text[32 * 1024];

static const char *policy_of(const Plan *plan, const char *principal, unsigned *ret_notes) {
        Buf out = BUF_INIT(sizeof(text) - 1);
        unsigned notes = 0;

        iam_policy_write(&out, NULL, plan, principal, &notes);
        EXPECT(!out.failed);
        (void) snprintf(text, sizeof(text), "%s", buf_text(&out));
        buf_done(&out);
        if (ret_notes)
                *ret_notes = notes;
        return text;
}

static const PlanCheck errors = { .name = "errors",
        .kind = CHECK_ERROR_RATE,
        .max = 0.05,
        .min_requests = 1 };
static const PlanCheck alarm_check = { .name = "alarm", .kind = CHECK_ALARM, .alarm = "a" };

TEST(the_least_for_one_alias) {
        PlanTarget t = { .function = "checkout", .alias = "live", .region = "eu-west-1", .to = 42 };
        Plan plan = { .targets = &t, .n_targets = 1, .checks = &errors, .n_checks = 1 };
        unsigned notes;

        EXPECT_STR(policy_of(&plan, NULL, &notes),
                        "{\"Version\":\"2012-10-17\",\"Statement\":[{\"Sid\":\"Lambda1\",\"Effect\":\"Allow\",\"Action\":["
                        "\"lambda:GetAlias\",\"lambda:UpdateAlias\",\"lambda:GetFunctionConfiguration\","
                        "\"lambda:GetProvisionedConcurrencyConfig\"],\"Resource\":["
                        "\"arn:aws:lambda:eu-west-1:*:function:checkout\",\"arn:aws:lambda:eu-west-1:*:function:checkout:*\"]},"
                        "{\"Sid\":\"CloudWatch2\",\"Effect\":\"Allow\",\"Action\":[\"cloudwatch:GetMetricData\"],"
                        "\"Resource\":\"*\"}]}");
        EXPECT_INT(notes, IAM_NOTE_ACCOUNT);
}

TEST(what_is_read_decides_what_may_be_read) {
        PlanTarget t = { .function = "checkout", .alias = "live", .to = 42 };
        Plan plan = { .targets = &t, .n_targets = 1, .checks = &alarm_check, .n_checks = 1 };
        unsigned notes;

        EXPECT_CONTAINS(policy_of(&plan, NULL, &notes), "\"Action\":[\"cloudwatch:DescribeAlarms\"]");
        EXPECT_INT(notes, IAM_NOTE_ACCOUNT | IAM_NOTE_REGION | IAM_NOTE_PARTITION);
        EXPECT_CONTAINS(text, "arn:aws:lambda:*:*:function:checkout\"");
        plan.n_checks = 0;
        EXPECT(!strstr(policy_of(&plan, NULL, NULL), "cloudwatch"));
}

TEST(what_is_deployed_decides_what_may_be_changed) {
        PlanTarget t = { .function = "arn:aws-cn:lambda:cn-north-1:123456789012:function:checkout",
                .alias = "live",
                .region = "cn-north-1",
                .publish = { .kind = PUBLISH_LATEST } };
        Plan plan = { .targets = &t, .n_targets = 1, .checks_none = true };
        unsigned notes;

        EXPECT_CONTAINS(policy_of(&plan, NULL, &notes), "Config\",\"lambda:PublishVersion\"]");
        EXPECT_INT(notes, 0);
        EXPECT_CONTAINS(text, "\"arn:aws-cn:lambda:cn-north-1:123456789012:function:checkout:*\"");
        t.publish.kind = PUBLISH_ZIP;
        EXPECT_CONTAINS(policy_of(&plan, NULL, NULL),
                        "\"lambda:PublishVersion\",\"lambda:UpdateFunctionCode\"]");
        t.create_alias = true;
        EXPECT_CONTAINS(policy_of(&plan, NULL, NULL),
                        "Config\",\"lambda:CreateAlias\",\"lambda:PublishVersion\"");
        t.publish = (PlanPublish){ .kind = PUBLISH_IMAGE,
                .image = "123456789012.dkr.ecr.cn-north-1.example.com/a" };
        (void) policy_of(&plan, NULL, &notes);
        EXPECT_INT(notes, IAM_NOTE_IMAGE);
        t = (PlanTarget){ .function = "checkout", .alias = "live", .to = 42 };
        plan.restore_code = true;
        EXPECT_CONTAINS(policy_of(&plan, NULL, NULL),
                        "\"lambda:UpdateFunctionCode\",\"lambda:GetFunction\"]");
}

TEST(an_object_is_named_letter_by_letter) {
        PlanTarget t = { .function = "checkout",
                .alias = "live",
                .region = "us-gov-west-1",
                .publish = { .kind = PUBLISH_S3, .bucket = "artifacts", .key = "a*b?$c.zip" } };
        Plan plan = { .targets = &t, .n_targets = 1, .checks_none = true };
        unsigned notes;

        EXPECT_CONTAINS(policy_of(&plan, NULL, &notes),
                        "\"Action\":\"s3:GetObject\",\"Resource\":\"arn:aws-us-gov:s3:::artifacts/a${*}b${?}${$}c.zip\"");
        EXPECT_INT(notes, IAM_NOTE_ACCOUNT | IAM_NOTE_KEY);
        t.publish.object_version = "v1";
        EXPECT_CONTAINS(policy_of(&plan, NULL, NULL), "\"s3:GetObjectVersion\"");
}

#define IMAGE ".dkr.ecr.eu-west-1.amazonaws.com/shop/checkout@sha256:1"

TEST(an_image_of_another_account_is_pulled_in_the_name_of_the_caller) {
        PlanTarget t = { .function = "checkout",
                .alias = "live",
                .region = "eu-west-1",
                .role_arn = ROLE,
                .publish = { .kind = PUBLISH_IMAGE, .image = "4242" IMAGE } };
        Plan plan = { .targets = &t, .n_targets = 1, .checks_none = true };
        static const char *const others[] = { "123456789012" IMAGE, "example.com/checkout:1", IMAGE,
                "4242.dkr.ecr.eu-west-1.amazonaws.com", "4242.dkr.ecr./checkout" };

        EXPECT_CONTAINS(policy_of(&plan, ROLE, NULL),
                        "\"Action\":[\"ecr:BatchGetImage\",\"ecr:GetDownloadUrlForLayer\"],"
                        "\"Resource\":\"arn:aws:ecr:eu-west-1:4242:repository/shop/checkout\"");
        EXPECT(!strstr(policy_of(&plan, NULL, NULL), "ecr:"));
        for (size_t i = 0; i < ELEMENTSOF(others); i++) {
                t.publish.image = others[i];
                EXPECT(!strstr(policy_of(&plan, ROLE, NULL), "ecr:"));
        }
}

TEST(each_principal_has_its_own) {
        const char *principals[IAM_PRINCIPALS_MAX];
        PlanTarget t[] = {
                { .function = "a", .alias = "live", .region = "eu-west-1", .role_arn = ROLE, .to = 1 },
                { .function = "b", .alias = "live", .region = "eu-west-1", .to = 1 },
                { .function = "a", .alias = "beta", .region = "eu-west-1", .role_arn = ROLE, .to = 1 },
        };
        Plan plan = { .targets = t, .n_targets = 3, .checks_none = true };

        EXPECT_INT(iam_policy_principals(&plan, principals), 2);
        EXPECT_STR(principals[0], ROLE);
        EXPECT(!principals[1]);
        EXPECT_CONTAINS(policy_of(&plan, ROLE, NULL),
                        "\"Resource\":[\"arn:aws:lambda:eu-west-1:123456789012:function:a\","
                        "\"arn:aws:lambda:eu-west-1:123456789012:function:a:*\"]");
        EXPECT(!strstr(text, "sts:"));
        EXPECT_CONTAINS(policy_of(&plan, NULL, NULL), ":function:b\"");
        EXPECT(!strstr(text, ":function:a"));
        EXPECT_CONTAINS(text, "\"Action\":\"sts:AssumeRole\",\"Resource\":[\"" ROLE "\"]");
        /* All of them by a role: the daemon's own principal may just assume it. */
        t[1].role_arn = ROLE;
        EXPECT_CONTAINS(policy_of(&plan, NULL, NULL), "\"Statement\":[{\"Sid\":\"Roles1\"");
}

TEST(functions_with_the_same_needs_share_a_statement) {
        PlanTarget t[] = {
                { .function = "a", .alias = "live", .to = 1 },
                { .function = "b", .alias = "live", .publish = { .kind = PUBLISH_LATEST } },
                { .function = "c", .alias = "live", .to = 1 },
        };
        Plan plan = { .targets = t, .n_targets = 3, .checks_none = true };

        (void) policy_of(&plan, NULL, NULL);
        EXPECT_CONTAINS(text, ":function:a:*\",\"arn:aws:lambda:*:*:function:c\"");
        EXPECT_CONTAINS(text, "\"Lambda2\"");
        EXPECT(!strstr(text, "\"Lambda3\""));
}

TEST(every_note_says_something) {
        for (unsigned note = IAM_NOTE_ACCOUNT; note <= IAM_NOTE_LAST; note <<= 1)
                EXPECT(iam_note_text((IamNote) note)[0] != '\0');
}

TEST(out_of_memory_shows) {
        PlanTarget t = { .function = "checkout", .alias = "live", .to = 42 };
        Plan plan = { .targets = &t, .n_targets = 1, .checks = &errors, .n_checks = 1 };

        FAULT_LOOP {
                Buf out = BUF_INIT(8192);
                unsigned notes = 0;
                bool struck;

                iam_policy_write(&out, NULL, &plan, NULL, &notes);
                struck = fault_struck();
                EXPECT(struck == out.failed);
                buf_done(&out);
                if (!struck)
                        break;
        }
}
