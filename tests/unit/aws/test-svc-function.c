#include "aws/svc-function.h"

#include "base/alloc.h"
#include "lib/fault.h"
#include "lib/test.h"

#define REVISION "9e5f0f2c-5d2b-4b67-9d0f-0d1f6f1f5f0a"
#define SHA "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="
#define CHECKOUT "/2015-03-31/functions/checkout"

static const AwsEndpoint endpoint = { .tls = true,
        .host = (char[]){ "lambda.example.com" },
        .base_path = (char[]){ "" } };

static void expect(const HttpRequest *request, HttpMethod method, const char *path, const char *body) {
        EXPECT_INT(request->method, method);
        EXPECT_STR(request->path, path);
        EXPECT_STR(request->body, body);
        EXPECT_INT(request->body_size, strlen(body));
        EXPECT_STR(http_request_header(request, "content-type"), "application/json");
}

TEST(get_function) {
        _cleanup_(http_request_done) HttpRequest version = { 0 }, latest = { 0 };

        EXPECT_OK(lambda_get_function(&endpoint, "checkout", 41, &version));
        EXPECT_INT(version.method, HTTP_GET);
        EXPECT_STR(version.path, CHECKOUT);
        EXPECT_STR(version.query, "Qualifier=41");
        EXPECT(!version.body);
        EXPECT_OK(lambda_get_function(&endpoint, "checkout", 0, &latest));
        EXPECT_STR(latest.query, "Qualifier=%24LATEST");
}

TEST(update_code) {
        _cleanup_(http_request_done) HttpRequest zip = { 0 }, object = { 0 }, version = { 0 }, image = { 0 };

        EXPECT_OK(lambda_update_code_zip(&endpoint, "checkout", &zip));
        EXPECT_INT(zip.method, HTTP_PUT);
        EXPECT_STR(zip.path, CHECKOUT "/code");
        EXPECT_STR(http_request_header(&zip, "content-type"), "application/json");
        EXPECT(!zip.body);
        EXPECT_OK(lambda_update_code_s3(&endpoint, "checkout", "b", "a/k.zip", NULL, REVISION, &object));
        expect(&object, HTTP_PUT, CHECKOUT "/code",
                        "{\"S3Bucket\":\"b\",\"S3Key\":\"a/k.zip\",\"RevisionId\":\"" REVISION
                        "\",\"Publish\":false}");
        EXPECT_OK(lambda_update_code_s3(&endpoint, "checkout", "b", "k", "v1", "", &version));
        expect(&version, HTTP_PUT, CHECKOUT "/code",
                        "{\"S3Bucket\":\"b\",\"S3Key\":\"k\",\"S3ObjectVersion\":\"v1\",\"Publish\":false}");
        EXPECT_OK(lambda_update_code_image(
                        &endpoint, "checkout", "r.example.com/a@sha256:00", REVISION, &image));
        expect(&image, HTTP_PUT, CHECKOUT "/code",
                        "{\"ImageUri\":\"r.example.com/a@sha256:00\",\"RevisionId\":\"" REVISION
                        "\",\"Publish\":false}");
}

TEST(publish_version) {
        _cleanup_(http_request_done) HttpRequest full = { 0 }, bare = { 0 };

        EXPECT_OK(lambda_publish_version(&endpoint, "checkout", SHA, REVISION, "canaryd checkout@7", &full));
        expect(&full, HTTP_POST, CHECKOUT "/versions",
                        "{\"CodeSha256\":\"" SHA "\",\"RevisionId\":\"" REVISION
                        "\",\"Description\":\"canaryd checkout@7\"}");
        EXPECT_OK(lambda_publish_version(&endpoint, "checkout", NULL, "", NULL, &bare));
        expect(&bare, HTTP_POST, CHECKOUT "/versions", "{}");
}

TEST(create_alias) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };

        EXPECT_OK(lambda_create_alias(&endpoint, "checkout", "live", 41, &request));
        expect(&request, HTTP_POST, CHECKOUT "/aliases", "{\"Name\":\"live\",\"FunctionVersion\":\"41\"}");
}

TEST(get_provisioned) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };

        EXPECT_OK(lambda_get_provisioned(&endpoint, "checkout", "li&ve", &request));
        EXPECT_STR(request.path, "/2019-09-30/functions/checkout/provisioned-concurrency");
        EXPECT_STR(request.query, "Qualifier=li%26ve");
}

TEST(none_is_not_missing) {
        const AwsError none = { .fault = AWS_MISSING,
                .code = "ProvisionedConcurrencyConfigNotFoundException" };
        const AwsError missing = { .fault = AWS_MISSING, .code = "ResourceNotFoundException" };
        const AwsError odd = { .fault = AWS_TRANSIENT,
                .code = "ProvisionedConcurrencyConfigNotFoundException" };

        EXPECT(lambda_provisioned_is_none(&none));
        EXPECT(!lambda_provisioned_is_none(&missing));
        EXPECT(!lambda_provisioned_is_none(&odd));
}

TEST(refuses_what_aws_could_not_be_asked) {
        char long_name[2050];
        HttpRequest request = { 0 };

        memset(long_name, 'a', sizeof(long_name) - 1);
        long_name[sizeof(long_name) - 1] = '\0';
        EXPECT_INT(lambda_get_function(&endpoint, "..", 1, &request), -EINVAL);
        EXPECT_INT(lambda_get_function(&endpoint, "", 1, &request), -EINVAL);
        EXPECT_INT(lambda_update_code_zip(&endpoint, long_name, &request), -EINVAL);
        EXPECT_INT(lambda_update_code_s3(&endpoint, "f", "", "k", NULL, "r", &request), -EINVAL);
        EXPECT_INT(lambda_update_code_s3(&endpoint, "f", "b", long_name, NULL, "r", &request), -EINVAL);
        EXPECT_INT(lambda_update_code_s3(&endpoint, "f", "b", "k", "", "r", &request), -EINVAL);
        EXPECT_INT(lambda_update_code_image(&endpoint, "f", NULL, "r", &request), -EINVAL);
        EXPECT_INT(lambda_create_alias(&endpoint, "f", "live", 0, &request), -EINVAL);
        EXPECT_INT(lambda_create_alias(&endpoint, "f", "", 1, &request), -EINVAL);
        EXPECT_INT(lambda_get_provisioned(&endpoint, "f", "", &request), -EINVAL);
        long_name[257] = '\0';
        EXPECT_INT(lambda_publish_version(&endpoint, "f", SHA, "r", long_name, &request), -EINVAL);
        long_name[129] = '\0';
        EXPECT_INT(lambda_create_alias(&endpoint, "f", long_name, 1, &request), -EINVAL);
        EXPECT_INT(lambda_get_provisioned(&endpoint, "f", long_name, &request), -EINVAL);
        EXPECT(!request.path);
}

static int ask(unsigned what, HttpRequest *ret) {
        switch (what) {
        case 0:
                return lambda_get_function(&endpoint, "f", 1, ret);
        case 1:
                return lambda_update_code_zip(&endpoint, "f", ret);
        case 2:
                return lambda_update_code_s3(&endpoint, "f", "b", "k", "v", "r", ret);
        case 3:
                return lambda_publish_version(&endpoint, "f", SHA, "r", "d", ret);
        case 4:
                return lambda_create_alias(&endpoint, "f", "live", 1, ret);
        default:
                return lambda_get_provisioned(&endpoint, "f", "live", ret);
        }
}

TEST(without_memory) {
        for (unsigned what = 0; what < 6; what++)
                FAULT_LOOP {
                        HttpRequest request = { 0 };
                        int r = ask(what, &request);

                        if (!fault_struck()) {
                                EXPECT_OK(r);
                                http_request_done(&request);
                                break;
                        }
                        EXPECT(r == -ENOMEM || r == -ENOBUFS);
                        EXPECT(!request.path);
                }
}
