#include "aws/form-request.h"

#include "base/str.h"
#include "lib/test.h"

TEST(bodies_on_the_wire) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        _cleanup_(form_request_done) FormRequest f = { 0 };

        form_request_init(&f, 4096, false);
        form_request_string(&f, "Action", "AssumeRole");
        form_request_string(&f, "Empty", "");
        form_request_string(&f, "Text", "a b+c&d=e/f:g~h-i.j_k%\xc3\xa9");
        form_request_integer(&f, "Number", UINT64_MAX);
        form_request_add(&f, "xyz", 2, "List.member.%d.%s", 3, "Name");
        EXPECT_OK(form_request_finish(&f, &request));
        EXPECT_STR(http_request_header(&request, "content-type"),
                        "application/x-www-form-urlencoded; charset=utf-8");
        EXPECT_STR(request.body,
                        "Action=AssumeRole&Empty=&Text=a%20b%2Bc%26d%3De%2Ff%3Ag~h-i.j_k%25%C3%A9"
                        "&Number=18446744073709551615&List.member.3.Name=xy");
        EXPECT_INT(request.body_size, strlen(request.body));
        EXPECT(!f.body.data);
}

TEST(bodies_are_limited) {
        for (unsigned secret = 0; secret < 2; secret++) {
                _cleanup_(http_request_done) HttpRequest fits = { 0 }, request = { 0 };
                _cleanup_(form_request_done) FormRequest a = { 0 }, b = { 0 };

                form_request_init(&a, 7, secret);
                form_request_string(&a, "abc", "def");
                EXPECT_OK(form_request_finish(&a, &fits));
                EXPECT_STR(fits.body, "abc=def");
                form_request_init(&b, 7, secret);
                form_request_string(&b, "abc", "de ");
                EXPECT_INT(form_request_finish(&b, &request), -ENOBUFS);
                EXPECT(!request.body && request.n_headers == 0);
        }
}

/* Growing would leave copies behind. */
TEST(secrets_do_not_move) {
        _cleanup_(form_request_done) FormRequest f = { 0 };
        const char *data;

        form_request_init(&f, 4096, true);
        data = f.body.data;
        EXPECT(data);
        for (unsigned i = 0; i < 400; i++)
                form_request_string(&f, "a", "secret");
        EXPECT(!f.body.failed && f.body.size > 3500);
        EXPECT(f.body.data == data);
}
