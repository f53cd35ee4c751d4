#include "base/alloc.h"
#include "base/str.h"
#include "lib/test.h"
#include "unit/daemon/http-fixture.h"

/* What goes out, what comes back, and whether a failed request can have reached the server. */

#define IMPATIENT ((HttpLimits){ 200 * USEC_PER_MSEC, 200 * USEC_PER_MSEC, 65536 })

typedef struct Script {
        const char *text; /* sent as it is */
        PeerEnd end;
} Script;

/* The last request. */
static struct {
        char head[4096];
        char body[256];
} sent;

static PeerEnd answer(const PeerRequest *request, Buf *out, void *userdata) {
        const Script *script = userdata;

        EXPECT_OK(str_copy(sent.head, sizeof(sent.head), request->head));
        EXPECT(request->body_size < sizeof(sent.body));
        memcpy(sent.body, request->body, request->body_size);
        sent.body[request->body_size] = '\0';
        EXPECT_OK(buf_puts(out, script->text));
        return script->end;
}

static void run_one(Script *script, const HttpLimits *limits, Result *ret) {
        HttpRequest request;
        Fixture *f;

        f = fixture_new(answer, script);
        fixture_request(f, HTTP_GET, "/a", &request);
        fixture_start(f, 0, &request, HTTP_LANE_NORMAL, limits);
        EXPECT_INT(f->n_done, 0);
        peer_run(f->event, &f->n_done, 1);
        peer_settle(f->event);
        EXPECT_INT(f->n_done, 1);
        EXPECT_INT(peer_requests(f->peer), 1);
        *ret = f->results[0];
        f->results[0].body = NULL;
        fixture_free(f);
}

static void expect_fault(Script *script, const HttpLimits *limits, AwsFault fault, const char *words) {
        Result result;

        run_one(script, limits, &result);
        EXPECT_STR(aws_fault_to_string(result.fault), aws_fault_to_string(fault));
        EXPECT_CONTAINS(result.message, words);
        EXPECT_INT(result.status, 0);
        EXPECT(!result.body);
}

TEST(reply_is_taken_apart) {
        Script script = { .text = "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n"
                                  "X-Amzn-RequestId:   abc-1 \r\n\r\nhello" };
        Result result;

        run_one(&script, NULL, &result);
        EXPECT_INT(result.fault, AWS_OK);
        EXPECT_STR(result.message, "");
        EXPECT_INT(result.status, 404);
        EXPECT_STR(result.body, "hello");
        EXPECT_INT(result.body_size, 5);
        EXPECT_STR(result.request_id, "abc-1");
        EXPECT(result.elapsed > 0 && result.elapsed < 5 * USEC_PER_SEC);
        free(result.body);
}

TEST(chunked_and_empty_bodies) {
        Script chunked = { .text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                                   "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n" };
        Script empty = { .text = "HTTP/1.1 204 No Content\r\n\r\n" };
        Result result;

        run_one(&chunked, NULL, &result);
        EXPECT_STR(result.body, "abcde");
        free(result.body);
        run_one(&empty, NULL, &result);
        EXPECT_INT(result.fault, AWS_OK);
        EXPECT_INT(result.status, 204);
        EXPECT_STR(result.body, "");
        free(result.body);
}

TEST(interim_reply_is_forgotten) {
        Script script = {
                .text = "HTTP/1.1 100 Continue\r\nx-amzn-requestid: first\r\n\r\n"
                        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nx-amz-request-id: second\r\n\r\n"
        };
        Result result;

        run_one(&script, NULL, &result);
        EXPECT_INT(result.status, 200);
        EXPECT_STR(result.request_id, "second");
        free(result.body);
}

TEST(redirect_is_not_followed) {
        Script script = { .text = "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/elsewhere\r\n"
                                  "Content-Length: 0\r\n\r\n" };
        Result result;

        run_one(&script, NULL, &result);
        EXPECT_INT(result.fault, AWS_OK);
        EXPECT_INT(result.status, 302);
        free(result.body);
}

TEST(broken_replies_may_have_arrived) {
        expect_fault(&(Script){ .text = "", .end = PEER_RESET }, NULL, AWS_TRANSIENT, "127.0.0.1:");
        expect_fault(&(Script){ .text = "", .end = PEER_CLOSE }, NULL, AWS_TRANSIENT, "Empty reply");
        expect_fault(&(Script){ .text = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
                                     .end = PEER_CLOSE },
                        NULL, AWS_TRANSIENT, "bytes remaining");
        expect_fault(&(Script){ .text = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
                                     .end = PEER_RESET },
                        NULL, AWS_TRANSIENT, "reset");
        expect_fault(&(Script){ .text = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
                                     .end = PEER_CLOSE },
                        NULL, AWS_TRANSIENT, "127.0.0.1:");
        expect_fault(&(Script){ .text = "SSH-2.0-OpenSSH\r\n\r\n", .end = PEER_CLOSE }, NULL, AWS_TRANSIENT,
                        "HTTP/0.9");
        expect_fault(&(Script){ .text = "HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", .end = PEER_CLOSE },
                        NULL, AWS_TRANSIENT, "no HTTP status");
}

TEST(silence_ends_at_the_time_limit) {
        Result result;

        run_one(&(Script){ .text = "", .end = PEER_HANG }, &IMPATIENT, &result);
        EXPECT_INT(result.fault, AWS_TRANSIENT);
        EXPECT_CONTAINS(result.message, "timed out");
        EXPECT(result.elapsed >= 190 * USEC_PER_MSEC && result.elapsed < 3 * USEC_PER_SEC);
        expect_fault(&(Script){ .text = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
                                     .end = PEER_HANG },
                        &IMPATIENT, AWS_TRANSIENT, "timed out");
}

TEST(body_limit_holds) {
        Script at = { .text = "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n12345678" };
        Script over = { .text = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n123456789" };
        HttpLimits limits = { USEC_PER_SEC, USEC_PER_SEC, 8 };
        Result result;

        run_one(&at, &limits, &result);
        EXPECT_INT(result.fault, AWS_OK);
        EXPECT_STR(result.body, "12345678");
        free(result.body);
        expect_fault(&over, &limits, AWS_TRANSIENT, "larger than 8 bytes");
}

/* Few headers interest us, but what is read of them has its limit: ours for all together, libcurl's 100 KiB
 * for a single one. */
TEST(header_limits_hold) {
        static const struct {
                unsigned n, size;
                AwsFault fault;
                const char *words;
        } cases[] = {
                { 1000, 200, AWS_OK, "" },
                { 1400, 200, AWS_TRANSIENT, "headers of the reply are larger than 262144 bytes" },
                { 1, 90 * 1024, AWS_OK, "" },
                { 1, 110 * 1024, AWS_TRANSIENT, "" },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(buf_done) Buf b = BUF_INIT(1024u * 1024);
                Result result;

                EXPECT_OK(buf_puts(&b, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n"));
                for (unsigned j = 0; j < cases[i].n; j++)
                        EXPECT_OK(buf_printf(&b, "x-%0*u: a\r\n", (int) cases[i].size, j));
                EXPECT_OK(buf_puts(&b, "\r\n"));
                run_one(&(Script){ .text = b.data, .end = PEER_CLOSE }, NULL, &result);
                EXPECT_STR(aws_fault_to_string(result.fault), aws_fault_to_string(cases[i].fault));
                EXPECT_CONTAINS(result.message, cases[i].words);
                free(result.body);
        }
}

TEST(ipv6_literal) {
        Script script = { .text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok" };
        Fixture *f = fixture_new(answer, &script);
        Peer *peer = peer_new_ipv6(f->event, answer, &script);
        HttpRequest request;

        if (!peer) {
                fixture_free(f);
                test_skip("there is no ::1 here");
        }
        request = (HttpRequest){ .host = alloc_copy_string(peer_host(peer)),
                .path = alloc_copy_string("/a") };
        fixture_start(f, 0, &request, HTTP_LANE_NORMAL, NULL);
        peer_run(f->event, &f->n_done, 1);
        EXPECT_STR(f->results[0].message, "");
        EXPECT_STR(f->results[0].body, "ok");
        EXPECT_CONTAINS(sent.head, "\r\nHost: [::1]:");
        f->http = http_free(f->http);
        (void) peer_free(peer);
        fixture_free(f);
}

/* One call to a host of its own, none of which can be reached. */
static void expect_unreachable(const char *host, bool tls, const char *words) {
        HttpRequest request = {
                .tls = tls, .host = alloc_copy_string(host), .path = alloc_copy_string("/")
        };
        Script script = { .text = "" };
        Fixture *f;

        f = fixture_new(answer, &script);
        if (streq(host, "PEER")) {
                free(request.host);
                request.host = alloc_copy_string(peer_host(f->peer));
        }
        fixture_start(f, 0, &request, HTTP_LANE_NORMAL, NULL);
        peer_run(f->event, &f->n_done, 1);
        EXPECT_STR(aws_fault_to_string(f->results[0].fault), aws_fault_to_string(AWS_UNREACHABLE));
        EXPECT_CONTAINS(f->results[0].message, words);
        EXPECT_INT(peer_requests(f->peer), 0);
        fixture_free(f);
}

TEST(what_cannot_have_left_is_unreachable) {
        char closed[32];
        Fixture *f;

        f = fixture_new(answer, NULL);
        (void) snprintf(closed, sizeof(closed), "%s", peer_host(f->peer));
        fixture_free(f);
        expect_unreachable(closed, false, "connect");
        expect_unreachable(closed, true, "connect");
        expect_unreachable("PEER", true, "SSL"); /* hangs up on the greeting */
        /* A label longer than the name system allows: refused without asking anybody. */
        expect_unreachable(
                        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.com",
                        false, "resolve");
}

TEST(goes_out_as_it_was_signed) {
        Script script = { .text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" };
        HttpRequest request;
        Fixture *f;

        f = fixture_new(answer, &script);
        fixture_request(f, HTTP_PUT, "/2015-03-31/functions/arn%3Aaws/../aliases/./live", &request);
        request.query = alloc_copy_string("b=2&a=%20x&c");
        request.body = alloc_copy_string("{\"a\":1}");
        request.body_size = 7;
        EXPECT_OK(http_request_add_header(&request, "Content-Type", "application/json"));
        EXPECT_OK(http_request_add_header(&request, "X-Amz-Date", "20260115T123456Z"));
        EXPECT_OK(http_request_add_header(&request, "X-Empty", ""));
        fixture_start(f, 0, &request, HTTP_LANE_NORMAL, NULL);
        peer_run(f->event, &f->n_done, 1);
        EXPECT(str_after(sent.head,
                        "PUT /2015-03-31/functions/arn%3Aaws/../aliases/./live?b=2&a=%20x&c HTTP/1.1\r\n"));
        EXPECT_CONTAINS(sent.head, "\r\ncontent-type: application/json\r\n");
        EXPECT_CONTAINS(sent.head, "\r\nx-amz-date: 20260115T123456Z\r\n");
        EXPECT_CONTAINS(sent.head, "\r\nx-empty:\r\n");
        EXPECT_CONTAINS(sent.head, "\r\nContent-Length: 7\r\n");
        EXPECT_CONTAINS(sent.head, "\r\nHost: 127.0.0.1:");
        EXPECT(!strcasestr(sent.head, "\r\naccept"));
        EXPECT(!strcasestr(sent.head, "\r\nexpect"));
        EXPECT_STR(sent.body, "{\"a\":1}");
        fixture_free(f);
}

TEST(methods_and_bodies) {
        static const struct {
                HttpMethod method;
                const char *body, *line, *length;
        } cases[] = {
                { HTTP_GET, NULL, "GET / HTTP/1.1", NULL },
                { HTTP_POST, "x", "POST / HTTP/1.1", "\r\nContent-Length: 1\r\n" },
                { HTTP_POST, NULL, "POST / HTTP/1.1", "\r\nContent-Length: 0\r\n" },
                { HTTP_PUT, NULL, "PUT / HTTP/1.1", "\r\nContent-Length: 0\r\n" },
                { HTTP_DELETE, NULL, "DELETE / HTTP/1.1", NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Script script = { .text = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n" };
                HttpRequest request;
                Fixture *f;

                f = fixture_new(answer, &script);
                fixture_request(f, cases[i].method, "/", &request);
                if (cases[i].body) {
                        request.body = alloc_copy_string(cases[i].body);
                        request.body_size = strlen(cases[i].body);
                }
                fixture_start(f, 0, &request, HTTP_LANE_NORMAL, NULL);
                peer_run(f->event, &f->n_done, 1);
                EXPECT_INT(f->results[0].fault, AWS_OK);
                EXPECT(str_after(sent.head, cases[i].line));
                EXPECT(!strcasestr(sent.head, "\r\ncontent-type:"));
                if (cases[i].length)
                        EXPECT_CONTAINS(sent.head, cases[i].length);
                else
                        EXPECT(!strcasestr(sent.head, "\r\ncontent-length:"));
                fixture_free(f);
        }
}

TEST(messages_hold_no_secret) {
        Script script = { .text = "", .end = PEER_RESET };
        HttpRequest request;
        Fixture *f;

        f = fixture_new(answer, &script);
        fixture_request(f, HTTP_POST, "/secret-path", &request);
        EXPECT_OK(http_request_add_header(&request, "authorization", "secret-signature"));
        EXPECT_OK(http_request_add_header(&request, "x-amz-security-token", "secret-token"));
        request.body = alloc_copy_string("secret-body");
        request.body_size = strlen(request.body);
        fixture_start(f, 0, &request, HTTP_LANE_NORMAL, NULL);
        peer_run(f->event, &f->n_done, 1);
        EXPECT_INT(f->results[0].fault, AWS_TRANSIENT);
        EXPECT(!strstr(f->results[0].message, "secret"));
        fixture_free(f);
}
