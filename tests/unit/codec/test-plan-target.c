#include "golden.h"

#include "base/alloc.h"

static void expect(const char *function, const char *region, const char *words) {
        _cleanup_(freep) char *text =
                        alloc_printf("format: 1\nfunction: %s\n%s%s\nalias: live\nto: 42\n"
                                     "steps: [{weight: 1%%, hold: 1m}]\nhealth: {checks: none}\n",
                                        function, region ? "region: " : "", region ? region : "");
        _cleanup_(freep) char *found = golden_plan(text, strlen(text), "x.yaml");

        EXPECT_CONTAINS(found, words);
}

#define F64 "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
#define ARN "arn:aws:lambda:eu-west-1:123456789012:function:"

TEST(functions) {
        expect("f", NULL, "target f live region (the daemon's)");
        expect(F64, NULL, "target " F64 " live");
        expect(F64 "f", NULL, "at most 64");
        expect(ARN F64, NULL, "target " ARN F64 " live region eu-west-1");
        expect(ARN F64 "f", NULL, "a function's ARN reads");
        expect(ARN "f:live", NULL, "must not end in a version or alias");
        expect(ARN "f:live:2", NULL, "a function's ARN reads");
        expect("f:7", NULL, "under \"alias\"");
        expect("arn:aws:lambda:eu-west-1:123456789012:layer:f", NULL, "a function's ARN reads");
        expect("arn:aws:lambda::123456789012:function:f", NULL, "no region");
        expect("arn:aws:lambda:eu-west-1::function:f", NULL, "no account number");
        expect("arn:AWS:lambda:eu-west-1:123456789012:function:f", NULL, "a function's ARN reads");
        expect("'arn:'", NULL, "a function's ARN reads");
        expect("''", NULL, "letters, digits");
}

TEST(an_arn_knows_its_region) {
        expect(ARN "f", "eu-west-1", "region eu-west-1 from 0 to 42");
        expect(ARN "f", "eu-west-2", "the ARN is of region eu-west-1, but \"region\" says eu-west-2");
        expect("arn:aws-us-gov:lambda:us-gov-west-1:123456789012:function:f", NULL, "region us-gov-west-1");
}

TEST(regions) {
        expect("f", "ap-southeast-2", "region ap-southeast-2");
        expect("f", "us-east-1b", "availability zone");
        expect("f", "US-east-1", "small letters");
        expect("f", "useast", "read like");
        expect("f", "us-east-", "small letters");
        expect("f", "''", "small letters");
        expect("f", "a-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "such a long name");
}

static void expect_alias(const char *alias, const char *words) {
        _cleanup_(freep) char *text =
                        alloc_printf("format: 1\nfunction: f\nalias: %s\nfrom: 7\nto: 42\n"
                                     "steps: [{weight: 1%%, hold: 1m}]\nhealth: {checks: none}\n",
                                        alias);
        _cleanup_(freep) char *found = golden_plan(text, strlen(text), "x.yaml");

        EXPECT_CONTAINS(found, words);
}

TEST(aliases) {
        expect_alias("live", "target f live region (the daemon's) from 7 to 42");
        expect_alias("2024-01-02", "target f 2024-01-02");
        expect_alias(F64 F64, "target f " F64 F64 " region");
        expect_alias(F64 F64 "f", "at most 128");
        expect_alias("42", "a number is a version");
        expect_alias("$LATEST", "$LATEST is no alias");
        expect_alias("'a b'", "letters, digits");
        expect_alias("[live]", "found a list");
}
