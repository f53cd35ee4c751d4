#include "codec/aws-name.h"

#include "lib/test.h"

static void expect(const char *(*fault)(const char *s), const char *const *good, const char *const *bad) {
        for (size_t i = 0; good[i]; i++)
                if (fault(good[i]))
                        FAIL("%s is refused: %s", good[i], fault(good[i]));
        for (size_t i = 0; bad[i]; i++)
                if (!fault(bad[i]))
                        FAIL("%s is accepted", bad[i]);
}

TEST(regions) {
        expect(aws_region_fault,
                        (const char *const[]){ "eu-west-1", "us-gov-west-1", "eusc-de-east-1", NULL },
                        (const char *const[]){
                                        "", "Ireland", "eu west", "-eu-west", "eu-", "EU-WEST-1", NULL });
}

TEST(roles) {
        expect(aws_role_fault,
                        (const char *const[]){ "arn:aws:iam::123456789012:role/canaryd",
                                        "arn:aws-us-gov:iam::123456789012:role/path/to/canaryd", NULL },
                        (const char *const[]){ "", "canaryd", "arn:aws:iam::123:role/x",
                                        "arn::iam::123456789012:role/x", "arn:aws:iam::123456789012:user/x",
                                        "arn:aws:iam::123456789012:role/",
                                        "arn:aws:sts::123456789012:role/x", NULL });
}

TEST(external_ids) {
        char long_one[1226];

        memset(long_one, 'x', sizeof(long_one));
        long_one[1225] = '\0';
        EXPECT(aws_external_id_fault(long_one));
        long_one[1224] = '\0';
        EXPECT(!aws_external_id_fault(long_one));
        expect(aws_external_id_fault, (const char *const[]){ "ab", "a+b=c,d.e@f:g/h-i_j", NULL },
                        (const char *const[]){ "", "a", "a b", "a%b", NULL });
}

TEST(aliases) {
        expect(aws_alias_fault, (const char *const[]){ "live", "2024-01-02", "a_b", NULL },
                        (const char *const[]){ "", "$LATEST", "42", "a.b", NULL });
}

TEST(functions) {
        const char *region = NULL;
        size_t n = 0;

        EXPECT(!aws_function_fault("checkout", &region, &n));
        EXPECT(!region);
        EXPECT(!aws_function_fault("arn:aws:lambda:eu-west-1:123456789012:function:checkout", &region, &n));
        EXPECT(n == 9 && strncmp(region, "eu-west-1", n) == 0);
        EXPECT_CONTAINS(aws_function_fault("checkout:live", &region, &n), "under \"alias\"");
        EXPECT_CONTAINS(aws_function_fault("arn:aws:lambda:eu-west-1:12:function:checkout", &region, &n),
                        "12 digits");
}

TEST(buckets) {
        expect(aws_bucket_fault,
                        (const char *const[]){ "abc", "my.artifacts-1",
                                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                        NULL },
                        (const char *const[]){ "", "ab", "abc.", "a b", "s3://abc", "arn:aws:s3:::abc",
                                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                        NULL });
}

TEST(keys_of_objects) {
        char text[1026];

        memset(text, 'k', sizeof(text));
        text[1025] = '\0';
        EXPECT(aws_object_key_fault(text));
        text[1024] = '\0';
        EXPECT(!aws_object_key_fault(text));
        expect(aws_object_key_fault, (const char *const[]){ "k", "a/b c/\xc3\xa4.zip", NULL },
                        (const char *const[]){ "", "a\nb", "a\x7f", "s3://abc/k", NULL });
}

#define ECR "123456789012.dkr.ecr.eu-west-1.amazonaws.com"
#define DIGEST "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"

TEST(images) {
        expect(aws_image_fault,
                        (const char *const[]){ ECR "/a:1", ECR "/a/b_c.d-e:latest", ECR "/a@sha256:" DIGEST,
                                        "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com/a:1", NULL },
                        (const char *const[]){ "", "a", "a:1", "/a:1", ECR, ECR "/", ECR "/a",
                                        ECR "/a:", ECR "/:1", ECR "/A:1", ECR "/a b:1",
                                        ECR "/a@sha256:", ECR "/a@sha256:" DIGEST "0", ECR "/a@md5:0",
                                        "https://" ECR "/a:1", "example.com/a:1",
                                        "1234.dkr.ecr.eu-west-1.amazonaws.com/a:1", NULL });
}
