#include "aws/svc-function.h"

#include "base/alloc.h"
#include "lib/fault.h"
#include "lib/test.h"

#define SHA "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define REVISION "9e5f0f2c-5d2b-4b67-9d0f-0d1f6f1f5f0a"

/* What Lambda sends for a function of the usual kind. */
#define LATEST                                                                                                \
        "{\"FunctionName\":\"checkout\","                                                                     \
        "\"FunctionArn\":\"arn:aws:lambda:eu-west-1:123456789012:function:checkout\","                        \
        "\"Runtime\":\"python3.12\",\"Role\":\"arn:aws:iam::123456789012:role/checkout\","                    \
        "\"Handler\":\"app.handler\",\"CodeSize\":1024,\"Description\":\"\",\"Timeout\":30,"                  \
        "\"MemorySize\":128,\"LastModified\":\"2026-11-20T12:00:00.000+0000\",\"CodeSha256\":\"" SHA "\","    \
        "\"Version\":\"$LATEST\",\"Environment\":{\"Variables\":{\"KEY\":\"hush\"}},"                         \
        "\"TracingConfig\":{\"Mode\":\"PassThrough\"},\"RevisionId\":\"" REVISION "\",\"Layers\":[],"         \
        "\"State\":\"Active\",\"LastUpdateStatus\":\"InProgress\","                                           \
        "\"LastUpdateStatusReason\":\"The function is being created.\","                                      \
        "\"LastUpdateStatusReasonCode\":\"Creating\",\"PackageType\":\"Zip\",\"Architectures\":[\"x86_64\"]," \
        "\"DeadLetterConfig\":{\"TargetArn\":\"arn:aws:sqs:eu-west-1:123456789012:dlq\"}}"

#define LOCATION \
        "https://awslambda-eu-west-1-tasks.s3.eu-west-1.amazonaws.com/snapshots/123456789012/c?X-Amz-Date=1"

static HttpResponse reply(const char *text) {
        return (HttpResponse){ .status = 200, .body = (char *) (uintptr_t) text, .body_size = strlen(text) };
}

static int parse(const char *text, LambdaFunction *ret, char error[static 160]) {
        const HttpResponse response = reply(text);

        return lambda_parse_function(&response, ret, error);
}

TEST(function_of_the_usual_kind) {
        char error[160] = "";
        LambdaFunction f;

        EXPECT_OK(parse(LATEST, &f, error));
        EXPECT_INT(f.version, 0);
        EXPECT(f.has_state && !f.is_image);
        EXPECT_INT(f.state, LAMBDA_STATE_ACTIVE);
        EXPECT_INT(f.update, LAMBDA_UPDATE_IN_PROGRESS);
        EXPECT_STR(f.update_reason, "Creating: The function is being created.");
        EXPECT_STR(f.state_reason, "");
        EXPECT_STR(f.code_sha256, SHA);
        EXPECT_STR(f.revision, REVISION);
        EXPECT_INT(f.timeout_seconds, 30);
        EXPECT(f.role_fingerprint != 0 && f.dead_letter_fingerprint != 0);
}

TEST(states_and_updates) {
        static const struct {
                const char *text;
                LambdaState state;
                LambdaUpdate update;
        } cases[] = {
                { "{\"Version\":\"7\"}", LAMBDA_STATE_OTHER, LAMBDA_UPDATE_NONE },
                { "{\"Version\":\"7\",\"State\":\"Pending\",\"LastUpdateStatus\":null}",
                                LAMBDA_STATE_PENDING, LAMBDA_UPDATE_NONE },
                { "{\"Version\":\"7\",\"State\":\"Failed\",\"LastUpdateStatus\":\"Failed\"}",
                                LAMBDA_STATE_FAILED, LAMBDA_UPDATE_FAILED },
                { "{\"Version\":\"7\",\"State\":\"Inactive\",\"LastUpdateStatus\":\"Successful\"}",
                                LAMBDA_STATE_INACTIVE, LAMBDA_UPDATE_SUCCESSFUL },
                { "{\"Version\":\"7\",\"State\":\"Deleting\",\"LastUpdateStatus\":\"Later\"}",
                                LAMBDA_STATE_OTHER, LAMBDA_UPDATE_OTHER },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                char error[160] = "";
                LambdaFunction f;

                EXPECT_OK(parse(cases[i].text, &f, error));
                EXPECT_INT(f.version, 7);
                EXPECT_INT(f.state, cases[i].state);
                EXPECT_INT(f.update, cases[i].update);
                EXPECT_INT(f.has_state, i > 0);
        }
}

TEST(what_is_absent_or_empty) {
        static const char *const texts[] = { "{\"Version\":\"7\"}",
                "{\"Version\":\"7\",\"DeadLetterConfig\":{},\"Role\":\"\",\"Timeout\":null}" };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                char error[160] = "";
                LambdaFunction f;

                EXPECT_OK(parse(texts[i], &f, error));
                EXPECT(f.role_fingerprint == 0 && f.dead_letter_fingerprint == 0);
                EXPECT_INT(f.timeout_seconds, 0);
                EXPECT_STR(f.code_sha256, "");
                EXPECT_STR(f.revision, "");
        }
}

/* They are told apart by these. */
TEST(roles_have_fingerprints) {
        char error[160] = "";
        LambdaFunction a, b;

        EXPECT_OK(parse("{\"Version\":\"7\",\"Role\":\"arn:aws:iam::123456789012:role/a\"}", &a, error));
        EXPECT_OK(parse("{\"Version\":\"8\",\"Role\":\"arn:aws:iam::123456789012:role/b\"}", &b, error));
        EXPECT(a.role_fingerprint != 0 && b.role_fingerprint != 0);
        EXPECT(a.role_fingerprint != b.role_fingerprint);
        EXPECT_CONTAINS(a.role, "arn:aws:iam::");
        EXPECT(strcmp(a.role, b.role) != 0);
}

TEST(reasons_are_fit_to_print) {
        char error[160] = "";
        LambdaFunction f;

        EXPECT_OK(parse("{\"Version\":\"7\",\"State\":\"Failed\",\"StateReason\":\"a\\u001bb\","
                        "\"StateReasonCode\":\"FunctionError\"}",
                        &f, error));
        EXPECT_STR(f.state_reason, "FunctionError: a b");
        EXPECT_OK(parse("{\"Version\":\"7\",\"StateReasonCode\":\"Idle\"}", &f, error));
        EXPECT_STR(f.state_reason, "Idle");
}

TEST(image_function) {
        char error[160] = "";
        LambdaFunction f;

        EXPECT_OK(parse("{\"Version\":\"3\",\"PackageType\":\"Image\",\"CodeSha256\":\"" HEX "\"}", &f,
                        error));
        EXPECT(f.is_image);
        EXPECT_STR(f.code_sha256, HEX);
}

TEST(replies_that_make_no_sense) {
        static const struct {
                const char *text, *error;
        } cases[] = {
                { "", "not a JSON object" },
                { "[]", "not a JSON object" },
                { "{}", "no Version" },
                { "{\"Version\":7}", "no Version" },
                { "{\"Version\":\"$LATEST.PUBLISHED\"}", "neither a number nor $LATEST" },
                { "{\"Version\":\"07\"}", "neither a number nor $LATEST" },
                { "{\"Version\":\"7\",\"Timeout\":-1}", "Timeout" },
                { "{\"Version\":\"7\",\"Timeout\":\"3\"}", "Timeout" },
                { "{\"Version\":\"7\",\"Timeout\":1.5}", "Timeout" },
                { "{\"Version\":\"7\",\"Timeout\":2147483648}", "Timeout" },
                { "{\"Version\":\"7\",\"DeadLetterConfig\":1}", "DeadLetterConfig" },
                { "{\"Version\":\"7\",\"RevisionId\":\"a b\"}", "RevisionId" },
                { "{\"Version\":\"7\",\"CodeSha256\":\"" HEX HEX "\"}", "CodeSha256" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                LambdaFunction f = { .version = 99 };
                char error[160] = "";

                EXPECT_INT(parse(cases[i].text, &f, error), -EBADMSG);
                EXPECT_CONTAINS(error, cases[i].error);
                EXPECT_INT(f.version, 99);
        }
}

TEST(code_of_a_zip) {
        const HttpResponse response = reply(
                        "{\"Configuration\":" LATEST
                        ",\"Code\":{\"RepositoryType\":\"S3\",\"Location\":\"" LOCATION "\"},\"Tags\":{}}");
        _cleanup_(lambda_code_done) LambdaCode code = { 0 };
        char error[160] = "";
        LambdaFunction f;

        EXPECT_OK(lambda_parse_code(&response, &f, &code, error));
        EXPECT(!code.is_image);
        EXPECT_STR(code.location, LOCATION);
        EXPECT_STR(f.code_sha256, SHA);
}

TEST(code_of_an_image) {
        static const char *const texts[] = {
                "{\"Configuration\":{\"Version\":\"3\",\"PackageType\":\"Image\"},\"Code\":{\"RepositoryType\":"
                "\"ECR\",\"ImageUri\":\"r.example.com/a:1\",\"ResolvedImageUri\":\"r.example.com/a@sha256:1\"}}",
                "{\"Configuration\":{\"Version\":\"3\",\"PackageType\":\"Image\"},\"Code\":{\"RepositoryType\":"
                "\"ECR\",\"ImageUri\":\"r.example.com/a:1\"}}",
        };
        static const char *const images[] = { "r.example.com/a@sha256:1", "r.example.com/a:1" };

        for (size_t i = 0; i < ELEMENTSOF(texts); i++) {
                const HttpResponse response = reply(texts[i]);
                _cleanup_(lambda_code_done) LambdaCode code = { 0 };
                char error[160] = "";
                LambdaFunction f;

                EXPECT_OK(lambda_parse_code(&response, &f, &code, error));
                EXPECT(code.is_image && !code.location);
                EXPECT_STR(code.image, images[i]);
        }
}

TEST(code_that_is_nowhere) {
        static const struct {
                const char *text, *error;
        } cases[] = {
                { "{}", "no Configuration" },
                { "{\"Configuration\":{\"Version\":\"3\"}}", "no Code" },
                { "{\"Configuration\":{\"Version\":\"3\"},\"Code\":{}}", "no Location" },
                { "{\"Configuration\":{\"Version\":\"3\",\"PackageType\":\"Image\"},\"Code\":{}}",
                                "no ImageUri" },
                { "{\"Configuration\":{},\"Code\":{\"Location\":\"https://a/\"}}", "no Version" },
                { "{\"Configuration\":{\"Version\":\"3\"},\"Code\":{\"Error\":{\"ErrorCode\":\"X\","
                  "\"Message\":\"gone\"}}}",
                                "gone" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const HttpResponse response = reply(cases[i].text);
                LambdaCode code = { 0 };
                char error[160] = "";
                LambdaFunction f;

                EXPECT_INT(lambda_parse_code(&response, &f, &code, error), -EBADMSG);
                EXPECT_CONTAINS(error, cases[i].error);
                EXPECT(!code.location);
        }
}

TEST(provisioned) {
        const HttpResponse good = reply("{\"RequestedProvisionedConcurrentExecutions\":5,"
                                        "\"AvailableProvisionedConcurrentExecutions\":2,"
                                        "\"AllocatedProvisionedConcurrentExecutions\":3,"
                                        "\"Status\":\"IN_PROGRESS\",\"StatusReason\":\"soon\","
                                        "\"LastModified\":\"2026-11-20T12:00:00+0000\"}");
        const HttpResponse none = reply("{}");
        const HttpResponse negative =
                        reply("{\"Status\":\"READY\",\"RequestedProvisionedConcurrentExecutions\":-1}");
        LambdaProvisioned p;
        char error[160] = "";

        EXPECT_OK(lambda_parse_provisioned(&good, &p, error));
        EXPECT_INT(p.status, LAMBDA_PROVISIONED_IN_PROGRESS);
        EXPECT_INT(p.requested, 5);
        EXPECT_INT(p.available, 2);
        EXPECT_INT(p.allocated, 3);
        EXPECT_STR(p.reason, "soon");
        EXPECT_INT(lambda_parse_provisioned(&none, &p, error), -EBADMSG);
        EXPECT_CONTAINS(error, "no Status");
        EXPECT_INT(lambda_parse_provisioned(&negative, &p, error), -EBADMSG);
        EXPECT_CONTAINS(error, "RequestedProvisionedConcurrentExecutions");
}

TEST(replies_have_a_limit) {
        size_t size = 1024u * 1024 + 1;
        _cleanup_(freep) char *text = alloc_zero(size + 1);
        char error[160] = "";
        LambdaFunction f;

        memset(text, ' ', size);
        EXPECT_INT(parse(text, &f, error), -EBADMSG);
        EXPECT_CONTAINS(error, "larger than 1 MiB");
}

TEST(without_memory) {
        const HttpResponse response =
                        reply("{\"Configuration\":" LATEST ",\"Code\":{\"Location\":\"" LOCATION "\"}}");

        FAULT_LOOP {
                LambdaCode code = { 0 };
                char error[160] = "";
                LambdaFunction f;
                int r = lambda_parse_code(&response, &f, &code, error);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        EXPECT(_fault > 1);
                        lambda_code_done(&code);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT(!code.location);
        }
}
