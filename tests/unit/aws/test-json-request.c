#include "aws/json-request.h"

#include "lib/test.h"

TEST(a_body_of_every_kind) {
        _cleanup_(json_request_done) JsonRequest j = { 0 };
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        struct json_object *list;

        json_request_init(&j);
        json_request_string(&j, j.root, "text", "a/\"b\"\n\xc3\xa9");
        list = json_request_array(&j, j.root, "list");
        json_request_integer(&j, list, NULL, -7);
        json_request_boolean(&j, list, NULL, true);
        json_request_decimal(&j, json_request_object(&j, list, NULL), "w", 0.05, "0.05");
        EXPECT_OK(json_request_finish(&j, "application/json", &request));
        EXPECT_STR(request.body, "{\"text\":\"a/\\\"b\\\"\\n\xc3\xa9\",\"list\":[-7,true,{\"w\":0.05}]}");
        EXPECT_INT(request.body_size, strlen(request.body));
        EXPECT_STR(http_request_header(&request, "content-type"), "application/json");
}

TEST(a_failure_sticks) {
        _cleanup_(json_request_done) JsonRequest j = { 0 };
        _cleanup_(http_request_done) HttpRequest request = { 0 };

        json_request_init(&j);
        EXPECT(!json_request_object(&j, NULL, "lost"));
        EXPECT(j.failed);
        EXPECT(!json_request_array(&j, j.root, "late"));
        EXPECT_INT(json_request_finish(&j, "application/json", &request), -ENOMEM);
        EXPECT(!request.body);
        EXPECT_INT(request.n_headers, 0);
}
