#include "aws/http-value.h"

#include "base/alloc.h"
#include "base/usec.h"
#include "lib/test.h"

TEST(methods_have_names) {
        EXPECT_STR(http_method_to_string(HTTP_GET), "GET");
        EXPECT_STR(http_method_to_string(HTTP_POST), "POST");
        EXPECT_STR(http_method_to_string(HTTP_PUT), "PUT");
        EXPECT_STR(http_method_to_string(HTTP_DELETE), "DELETE");
}

TEST(headers_are_lower_cased_and_found_in_any_case) {
        _cleanup_(http_request_done) HttpRequest r = { 0 };

        EXPECT_OK(http_request_add_header(&r, "X-Amz-Target", "A.B"));
        EXPECT_STR(r.headers[0].name, "x-amz-target");
        EXPECT_STR(http_request_header(&r, "X-AMZ-TARGET"), "A.B");
        EXPECT(!http_request_header(&r, "x-amz-targe"));
}

TEST(headers_cannot_break_the_request) {
        static const char *const names[] = { "", "a b", "a:b", "a\rb", "a\nb", "a\tb", "\x7f", "\xc3\xa9",
                "a(b", ":authority" };
        static const char *const values[] = { "a\rb", "a\nb", "\r\nX-Evil: 1", "x\n" };
        _cleanup_(http_request_done) HttpRequest r = { 0 };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                EXPECT_INT(http_request_add_header(&r, names[i], "v"), -EINVAL);
        for (size_t i = 0; i < ELEMENTSOF(values); i++)
                EXPECT_INT(http_request_add_header(&r, "n", values[i]), -EINVAL);
        EXPECT_INT(r.n_headers, 0);
}

TEST(headers_have_a_maximum) {
        _cleanup_(http_request_done) HttpRequest r = { 0 };

        for (size_t i = 0; i < HTTP_HEADERS_MAX; i++)
                EXPECT_OK(http_request_add_header(&r, "n", "v"));
        EXPECT_INT(http_request_add_header(&r, "n", "v"), -ENOBUFS);
        EXPECT_INT(r.n_headers, HTTP_HEADERS_MAX);
}

TEST(drop_takes_every_header_of_a_name) {
        _cleanup_(http_request_done) HttpRequest r = { 0 };

        EXPECT_OK(http_request_add_header(&r, "a", "1"));
        EXPECT_OK(http_request_add_header(&r, "b", "2"));
        EXPECT_OK(http_request_add_header(&r, "a", "3"));
        EXPECT_OK(http_request_add_header(&r, "c", "4"));
        http_request_drop_header(&r, "A");
        EXPECT_INT(r.n_headers, 2);
        EXPECT_STR(r.headers[0].name, "b");
        EXPECT_STR(r.headers[1].value, "4");
        EXPECT(!r.headers[2].name && !r.headers[3].name);
        http_request_drop_header(&r, "none");
        EXPECT_INT(r.n_headers, 2);
}

TEST(url_is_put_together) {
        HttpRequest r = { .tls = true, .host = (char[]){ "example.com" }, .path = (char[]){ "/a%3Ab" } };
        _cleanup_(freep) char *plain = NULL, *empty = NULL, *query = NULL;

        EXPECT_OK(http_request_url(&r, &plain));
        EXPECT_STR(plain, "https://example.com/a%3Ab");
        r.tls = false;
        r.query = (char[]){ "" };
        EXPECT_OK(http_request_url(&r, &empty));
        EXPECT_STR(empty, "http://example.com/a%3Ab");
        r.query = (char[]){ "x=1&y" };
        EXPECT_OK(http_request_url(&r, &query));
        EXPECT_STR(query, "http://example.com/a%3Ab?x=1&y");
}

TEST(reply_headers_are_taken) {
        _cleanup_(http_response_done) HttpResponse r = { 0 };

        EXPECT_OK(http_response_take_header(&r, "X-Amzn-RequestId", " 12-34 \r\n"));
        EXPECT_OK(http_response_take_header(&r, "x-amzn-ErrorType", "A:http://example.com/"));
        EXPECT_OK(http_response_take_header(&r, "x-amzn-query-error", "B;Sender"));
        EXPECT_OK(http_response_take_header(&r, "DATE", "Thu, 15 Jan 2026 12:34:56 GMT"));
        EXPECT_OK(http_response_take_header(&r, "Retry-After", "7"));
        EXPECT_OK(http_response_take_header(&r, "Server", "x"));
        EXPECT_STR(r.request_id, "12-34");
        EXPECT_STR(r.error_type, "A:http://example.com/");
        EXPECT_STR(r.query_error, "B;Sender");
        EXPECT_INT(r.date, 1768480496 * USEC_PER_SEC);
        EXPECT_INT(r.retry_after, 7 * USEC_PER_SEC);

        EXPECT_OK(http_response_take_header(&r, "x-amz-request-id", "second"));
        EXPECT_STR(r.request_id, "second");
}

TEST(reply_headers_that_make_no_sense) {
        _cleanup_(http_response_done) HttpResponse r = { 0 };
        char value[4098];

        EXPECT_OK(http_response_take_header(&r, "date", "yesterday"));
        EXPECT_INT(r.date, 0);
        EXPECT_OK(http_response_take_header(&r, "retry-after", "-1"));
        EXPECT_INT(r.retry_after, 0);
        EXPECT_OK(http_response_take_header(&r, "retry-after", "Thu, 15 Jan 2026 12:34:56 GMT"));
        EXPECT_INT(r.retry_after, 0);
        EXPECT_OK(http_response_take_header(&r, "retry-after", "99999999999999999999999"));
        EXPECT_INT(r.retry_after, USEC_PER_DAY);
        EXPECT_OK(http_response_take_header(&r, "x-amzn-requestid", ""));
        EXPECT_STR(r.request_id, "");

        memset(value, 'x', sizeof(value));
        value[4096] = '\0';
        EXPECT_OK(http_response_take_header(&r, "x-amzn-requestid", value));
        EXPECT_INT(strlen(r.request_id), 4096);
        memcpy(value + 4096, "y", 2);
        EXPECT_OK(http_response_take_header(&r, "x-amzn-errortype", value));
        EXPECT(!r.error_type);
}

typedef struct Wait {
        const char *headers[6]; /* name, value, … */
        usec_t expected;
} Wait;

TEST(how_long_to_wait) {
        static const char date[] = "Thu, 15 Jan 2026 12:34:56 GMT",
                          later[] = "Thu, 15 Jan 2026 12:35:26 GMT",
                          next_year[] = "Fri, 15 Jan 2027 12:35:26 GMT";
        static const Wait rows[] = {
                { { "date", date }, 0 },
                { { "retry-after", "0" }, 0 },
                { { "retry-after", "3" }, 3 * USEC_PER_SEC },
                { { "retry-after", "86400" }, USEC_PER_DAY },
                { { "retry-after", "86401" }, USEC_PER_DAY },
                { { "retry-after", "1.5" }, 0 },
                { { "Retry-After", later }, 0 },
                { { "Retry-After", later, "Date", date }, 30 * USEC_PER_SEC },
                { { "Date", date, "Retry-After", later }, 30 * USEC_PER_SEC },
                { { "Date", later, "Retry-After", date }, 0 },
                { { "Date", date, "Retry-After", next_year }, USEC_PER_DAY },
                { { "Date", "nonsense", "Retry-After", later }, 0 },
                { { "Retry-After", later, "Retry-After", "3", "Date", date }, 3 * USEC_PER_SEC },
                { { "Retry-After", "3", "Retry-After", later, "Date", date }, 30 * USEC_PER_SEC },
                { { "x-amz-retry-after", "250" }, 250 * USEC_PER_MSEC },
                { { "X-Amz-Retry-After", "250", "Retry-After", "3" }, 250 * USEC_PER_MSEC },
                { { "Retry-After", "3", "X-Amz-Retry-After", "250" }, 250 * USEC_PER_MSEC },
                { { "Retry-After", later, "X-Amz-Retry-After", "250", "Date", date }, 250 * USEC_PER_MSEC },
                { { "X-Amz-Retry-After", "soon", "Retry-After", "3" }, 3 * USEC_PER_SEC },
                { { "Retry-After", "3", "X-Amz-Retry-After", "soon" }, 3 * USEC_PER_SEC },
                { { "X-Amz-Retry-After", "99999999999999999999" }, USEC_PER_DAY },
        };

        for (size_t i = 0; i < ELEMENTSOF(rows); i++) {
                _cleanup_(http_response_done) HttpResponse r = { 0 };

                printf("# row %zu\n", i);
                for (size_t j = 0; j < ELEMENTSOF(rows[i].headers) && rows[i].headers[j]; j += 2)
                        EXPECT_OK(http_response_take_header(&r, rows[i].headers[j], rows[i].headers[j + 1]));
                EXPECT_INT(r.retry_after, rows[i].expected);
        }
}

TEST(replies_from_a_cache) {
        _cleanup_(http_response_done) HttpResponse r = { 0 };

        EXPECT_OK(http_response_take_header(&r, "x-age", "7"));
        EXPECT(!r.has_age);
        EXPECT_OK(http_response_take_header(&r, "Age", "0"));
        EXPECT(r.has_age);
}
