#include "aws/presigned.h"

#include "base/alloc.h"
#include "lib/fault.h"
#include "lib/test.h"

#define SHAPED                                                                                 \
        "https://awslambda-eu-west-1-tasks.s3.eu-west-1.amazonaws.com/snapshots/123456789012/" \
        "checkout-9e5f0f2c?versionId=x.y_z&X-Amz-Security-Token=IQo%2Fb3%3D&X-Amz-Signature=0af0"

TEST(goes_out_as_it_came) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        _cleanup_(freep) char *url = NULL;

        EXPECT_OK(presigned_request(SHAPED, false, &request));
        EXPECT_INT(request.method, HTTP_GET);
        EXPECT(request.tls);
        EXPECT_STR(request.host, "awslambda-eu-west-1-tasks.s3.eu-west-1.amazonaws.com");
        EXPECT_STR(request.path, "/snapshots/123456789012/checkout-9e5f0f2c");
        EXPECT_INT(request.n_headers, 0);
        EXPECT_OK(http_request_url(&request, &url));
        EXPECT_STR(url, SHAPED);
}

TEST(plain_http_where_it_is_allowed) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };

        EXPECT_INT(presigned_request("http://127.0.0.1:81/code/a?t=1", false, &request), -EINVAL);
        EXPECT_OK(presigned_request("http://127.0.0.1:81/code/a?t=1", true, &request));
        EXPECT_STR(request.host, "127.0.0.1:81");
        EXPECT_STR(request.path, "/code/a");
        EXPECT_STR(request.query, "t=1");
}

TEST(refuses_other_addresses) {
        static const char *const bad[] = { "", "example.com/a", "file:///etc/passwd", "ftp://example.com/a",
                "https://", "https:///a", "https://example.com", "https://example.com?a=1",
                "https://user:word@example.com/a", "https://example.com:99999/a", "https://example.com/a b",
                "https://example.com/a\r\nX: y", "https://example.com/a#b", "https://exa mple.com/a" };
        HttpRequest request = { 0 };
        _cleanup_(freep) char *huge = alloc_zero(PRESIGNED_URL_MAX + 2);

        for (size_t i = 0; i < ELEMENTSOF(bad); i++)
                if (presigned_request(bad[i], true, &request) != -EINVAL)
                        FAIL("\"%s\" was taken", bad[i]);
        memset(huge, 'a', PRESIGNED_URL_MAX + 1);
        memcpy(huge, "https://a/", 10);
        EXPECT_INT(presigned_request(huge, true, &request), -EINVAL);
        huge[PRESIGNED_URL_MAX] = '\0';
        EXPECT_OK(presigned_request(huge, true, &request));
        http_request_done(&request);
}

TEST(without_memory) {
        FAULT_LOOP {
                HttpRequest request = { 0 };
                int r = presigned_request(SHAPED, false, &request);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        http_request_done(&request);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT(!request.host && !request.path && !request.query);
        }
}
