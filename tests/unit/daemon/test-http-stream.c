#include "base/alloc.h"
#include "base/str.h"
#include "lib/test.h"
#include "unit/daemon/http-fixture.h"

/* Bodies that are not in memory: what goes out, what comes in, and what a broken one can have done. */

#define SIZE 150000u

typedef struct Stream {
        uint8_t data[SIZE];
        size_t fails_at; /* offset from which on nothing can be read or written; 0: never */
        size_t n_taken;
        uint8_t taken[SIZE];
} Stream;

static Stream stream;
static struct {
        size_t n, size;
        uint8_t data[SIZE];
        char head[2048];
        const char *reply;
        PeerEnd end;
} seen;

static void reset(const char *reply) {
        memset(&seen, 0, sizeof(seen));
        memset(&stream, 0, sizeof(stream));
        for (size_t i = 0; i < SIZE; i++)
                stream.data[i] = (uint8_t) (i * 31 + i / 251);
        seen.reply = reply;
}

static ssize_t on_read(void *userdata, uint64_t offset, void *dst, size_t size) {
        const Stream *s = userdata;
        size_t n = MIN(size, (size_t) 10007);

        if (s->fails_at > 0 && offset >= s->fails_at)
                return -EIO;
        n = MIN(n, SIZE - (size_t) offset);
        memcpy(dst, s->data + offset, n);
        return (ssize_t) n;
}

static int on_write(void *userdata, const void *data, size_t size) {
        Stream *s = userdata;

        EXPECT(s->n_taken + size <= SIZE);
        if (s->fails_at > 0 && s->n_taken + size > s->fails_at)
                return -ENOSPC;
        memcpy(s->taken + s->n_taken, data, size);
        s->n_taken += size;
        return 0;
}

static PeerEnd answer(const PeerRequest *request, Buf *out, void *userdata) {
        EXPECT(request->body_size <= SIZE);
        seen.n++;
        seen.size = request->body_size;
        memcpy(seen.data, request->body, request->body_size);
        EXPECT_OK(str_copy(seen.head, sizeof(seen.head), request->head));
        EXPECT_OK(buf_puts(out, seen.reply));
        return seen.end;
}

static bool was_too_large; /* the last one */

static void on_done(const HttpOutcome *outcome, void *userdata) {
        Result *r = userdata;

        was_too_large = outcome->is_too_large;
        r->fault = outcome->fault;
        r->status = outcome->response.status;
        (void) str_copy(r->message, sizeof(r->message), outcome->message);
        r->body = outcome->response.body ? alloc_copy_string(outcome->response.body) : NULL;
        r->is_done = 1;
        r->fixture->n_done++;
}

static void start(Fixture *f, size_t i, HttpMethod method, const HttpStream *s) {
        const HttpLimits limits = { 5 * USEC_PER_SEC, 9 * USEC_PER_SEC, 4096, 5 * USEC_PER_SEC };
        HttpRequest request;

        fixture_request(f, method, "/code", &request);
        f->results[i].fixture = f;
        EXPECT_OK(http_start_stream(
                        f->http, &request, s, &limits, on_done, &f->results[i], &f->results[i].call));
}

static void run_one(HttpMethod method, const HttpStream *s, Result *ret) {
        Fixture *f = fixture_new(answer, NULL);

        start(f, 0, method, s);
        peer_run(f->event, &f->n_done, 1);
        *ret = f->results[0];
        f->results[0].body = NULL;
        fixture_free(f);
}

static const HttpStream upload = { .upload_size = SIZE, .read = on_read, .userdata = &stream };
static const HttpStream download = { .download_max = SIZE, .write = on_write, .userdata = &stream };

TEST(upload_goes_out_whole) {
        _cleanup_(freep) char *body = NULL;
        Result r;

        reset("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        run_one(HTTP_PUT, &upload, &r);
        body = r.body;
        EXPECT_INT(r.fault, AWS_OK);
        EXPECT_STR(r.body, "{}");
        EXPECT(strncmp(seen.head, "PUT /code HTTP/1.1\r\n", 20) == 0);
        EXPECT_CONTAINS(seen.head, "Content-Length: 150000\r\n");
        EXPECT(!strcasestr(seen.head, "expect:") && !strcasestr(seen.head, "transfer-encoding"));
        EXPECT_INT(seen.size, SIZE);
        EXPECT(memcmp(seen.data, stream.data, SIZE) == 0);
}

/* The request is not whole, so it did nothing. */
TEST(upload_that_cannot_be_read) {
        Result r;

        reset("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        stream.fails_at = 90000;
        run_one(HTTP_PUT, &upload, &r);
        EXPECT_INT(r.fault, AWS_UNREACHABLE);
        EXPECT_CONTAINS(r.message, "could not be read");
        EXPECT_INT(seen.n, 0);
}

TEST(upload_without_an_answer) {
        Result r;

        reset("");
        seen.end = PEER_RESET;
        run_one(HTTP_PUT, &upload, &r);
        EXPECT_INT(r.fault, AWS_TRANSIENT);
        EXPECT_INT(seen.n, 1);
}

static void expect_download(const char *reply, AwsFault fault, const char *words) {
        Result r;

        reset(reply);
        run_one(HTTP_GET, &download, &r);
        free(r.body);
        EXPECT_STR(aws_fault_to_string(r.fault), aws_fault_to_string(fault));
        EXPECT_CONTAINS(r.message, words);
}

TEST(download_goes_to_its_place) {
        expect_download("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", AWS_OK, "");
        EXPECT_INT(stream.n_taken, 5);
        EXPECT(memcmp(stream.taken, "hello", 5) == 0);
}

/* The words of a refusal are no code, and a redirect is not followed. */
TEST(refusals_are_kept_apart) {
        static const char *const replies[] = {
                "HTTP/1.1 403 Forbidden\r\nContent-Length: 4\r\n\r\nnope",
                "HTTP/1.1 302 Found\r\nLocation: http://example.com/\r\nContent-Length: 4\r\n\r\nnope",
        };

        for (size_t i = 0; i < ELEMENTSOF(replies); i++) {
                _cleanup_(freep) char *body = NULL;
                Result r;

                reset(replies[i]);
                run_one(HTTP_GET, &download, &r);
                body = r.body;
                EXPECT_INT(r.fault, AWS_OK);
                EXPECT_INT(r.status, i == 0 ? 403 : 302);
                EXPECT_STR(r.body, "nope");
                EXPECT_INT(stream.n_taken, 0);
        }
}

TEST(download_that_is_cut_off) {
        expect_download("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", AWS_TRANSIENT, "");
}

TEST(download_that_does_not_fit) {
        _cleanup_(freep) char *reply = alloc_zero(SIZE + 200);
        HttpStream small = download;
        Result r;

        reset("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        small.download_max = 4;
        run_one(HTTP_GET, &small, &r);
        EXPECT_INT(r.fault, AWS_TRANSIENT);
        EXPECT(was_too_large);
        EXPECT_CONTAINS(r.message, "larger than 4 bytes");
        small.download_max = 5;
        run_one(HTTP_GET, &small, &r);
        EXPECT(!was_too_large);
        free(r.body);
        EXPECT_INT(r.fault, AWS_OK);

        reset("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello");
        stream.fails_at = 1;
        run_one(HTTP_GET, &download, &r);
        EXPECT_INT(r.fault, AWS_TRANSIENT);
        EXPECT_CONTAINS(r.message, "could not be read or written");
}

/* However many wait, few are under way, and a call of the other lanes is not behind them. */
TEST(transfers_are_in_nobodys_way) {
        Fixture *f = fixture_new(answer, NULL);
        size_t n = 40;

        reset("");
        seen.end = PEER_HANG;
        for (size_t i = 0; i < n; i++)
                start(f, i, HTTP_PUT, &upload);
        peer_run(f->event, &seen.n, 4);
        peer_settle(f->event);
        EXPECT_INT(peer_connections(f->peer), 4);
        seen.reply = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        seen.end = PEER_KEEP;
        fixture_get(f, n, "/a");
        peer_run(f->event, &f->results[n].is_done, 1);
        EXPECT_INT(f->results[n].status, 200);
        /* One that makes room lets the next one start. */
        http_cancel(f->results[0].call);
        peer_run(f->event, &f->n_done, 2);
        for (size_t i = 0; i < n; i++)
                if (f->results[i].is_done)
                        EXPECT_INT(f->results[i].status, 200);
        for (size_t i = 0; i < n; i++)
                free(TAKE_PTR(f->results[i].body));
        fixture_free(f);
}

/* While there is something left to send, taking it back has undone it all. */
TEST(upload_that_is_cancelled_half_way) {
        Fixture *f = fixture_new(answer, NULL);
        bool was_partial = false;

        reset("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        start(f, 0, HTTP_PUT, &upload);
        EXPECT(http_call_is_waiting(f->results[0].call));
        for (unsigned i = 0; i < 1000 && !was_partial && seen.n == 0; i++) {
                EXPECT_OK(sd_event_run(f->event, USEC_PER_MSEC));
                was_partial = !http_call_is_waiting(f->results[0].call) &&
                                http_call_is_partial(f->results[0].call);
        }
        EXPECT(was_partial);
        http_cancel(f->results[0].call);
        peer_settle(f->event);
        EXPECT_INT(seen.n, 0);
        EXPECT_INT(f->n_done, 0);
        fixture_free(f);
}

static size_t n_leaving;
static int leave_error;

static int on_leave(void *userdata, HttpRequest *request) {
        EXPECT(userdata == &n_leaving);
        EXPECT_OK(http_request_add_header(request, "x-turn", "come"));
        n_leaving++;
        return leave_error;
}

/* Who waits is asked when the waiting is over, not before. */
TEST(what_is_done_last) {
        Fixture *f = fixture_new(answer, NULL);
        HttpStream late = upload;

        late.leave = on_leave;
        late.leave_userdata = &n_leaving;
        n_leaving = 0;
        leave_error = 0;
        reset("");
        seen.end = PEER_HANG;
        for (size_t i = 0; i < 6; i++)
                start(f, i, HTTP_PUT, &late);
        peer_run(f->event, &seen.n, 4);
        peer_settle(f->event);
        EXPECT_INT(n_leaving, 4);
        EXPECT_CONTAINS(seen.head, "x-turn: come\r\n");
        http_cancel(f->results[0].call);
        peer_run(f->event, &seen.n, 5);
        EXPECT_INT(n_leaving, 5);
        leave_error = -ENOMEM;
        http_cancel(f->results[1].call);
        peer_run(f->event, &f->n_done, 1);
        EXPECT_INT(f->results[5].fault, AWS_UNREACHABLE);
        EXPECT_CONTAINS(f->results[5].message, "memory");
        EXPECT_INT(seen.n, 5);
        fixture_free(f);
}
