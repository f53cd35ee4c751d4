#include "base/alloc.h"
#include "base/str.h"
#include "daemon/http-internal.h"
#include "lib/fault.h"
#include "lib/test.h"
#include "unit/daemon/http-fixture.h"

/* Connections that are kept open for calls to come. */

#define SHORT (20 * USEC_PER_MSEC)
#define TURNS_MAX 100000
#define TURNS_OF_A_CALL 40

static char last_head[1024];

static PeerEnd answer_forbidden(const PeerRequest *request, Buf *out, void *userdata) {
        EXPECT_OK(str_copy(last_head, sizeof(last_head), request->head));
        peer_reply(out, "403 Forbidden", "", "{\"message\":\"Missing Authentication Token\"}");
        return PEER_KEEP;
}

static PeerEnd answer_reset_first(const PeerRequest *request, Buf *out, void *userdata) {
        return request->number == 0 ? PEER_RESET : answer_forbidden(request, out, userdata);
}

static PeerEnd answer_and_close(const PeerRequest *request, Buf *out, void *userdata) {
        (void) answer_forbidden(request, out, userdata);
        return PEER_CLOSE;
}

static HttpWarm *keep_warm(Fixture *f) {
        AwsEndpoint e = { .host = alloc_copy_string(peer_host(f->peer)),
                .base_path = alloc_copy_string("/base") };
        HttpWarm *w = NULL;

        EXPECT(e.host && e.base_path);
        EXPECT_OK(http_keep_warm(f->http, &e, &w));
        aws_endpoint_done(&e);
        return w;
}

static void run_until_requests(const Fixture *f, unsigned n) {
        for (unsigned turn = 0; peer_requests(f->peer) < n; turn++) {
                EXPECT(turn < TURNS_MAX);
                EXPECT(sd_event_run(f->event, 5 * USEC_PER_SEC) > 0);
        }
        peer_settle(f->event);
}

TEST(rollback_rides_on_the_open_connection) {
        Fixture *f = fixture_new(answer_forbidden, NULL);
        HttpWarm *w = keep_warm(f);
        HttpRequest request;

        run_until_requests(f, 1);
        EXPECT(str_after(last_head, "GET / HTTP/1.1\r\n"));
        EXPECT(!strcasestr(last_head, "authorization"));
        EXPECT_INT(peer_open(f->peer), 1);
        fixture_request(f, HTTP_PUT, "/rollback", &request);
        fixture_start(f, 0, &request, HTTP_LANE_ROLLBACK, NULL);
        EXPECT(http_call_is_waiting(f->results[0].call));
        peer_run(f->event, &f->n_done, 1);
        EXPECT_INT(f->results[0].fault, AWS_OK);
        EXPECT_INT(peer_requests(f->peer), 2);
        EXPECT_INT(peer_connections(f->peer), 1);
        w = http_warm_free(w);
        fixture_free(f);
}

TEST(asked_again_when_idle) {
        Fixture *f = fixture_new(answer_forbidden, NULL);
        HttpWarm *w;

        http_warm_list(f->http)->idle = SHORT;
        w = keep_warm(f);
        run_until_requests(f, 5);
        EXPECT_INT(peer_connections(f->peer), 1);
        EXPECT_INT(f->n_done, 0);
        w = http_warm_free(w);
        fixture_free(f);
}

TEST(connection_that_was_closed_is_opened_again) {
        Fixture *f = fixture_new(answer_and_close, NULL);
        HttpWarm *w;

        http_warm_list(f->http)->idle = SHORT;
        w = keep_warm(f);
        run_until_requests(f, 3);
        EXPECT_INT(peer_connections(f->peer), 3);
        w = http_warm_free(w);
        fixture_free(f);
}

TEST(other_calls_keep_it_warm_too) {
        Fixture *f = fixture_new(answer_forbidden, NULL);
        usec_t idle = 300 * USEC_PER_MSEC;
        HttpWarm *w;

        http_warm_list(f->http)->idle = idle;
        w = keep_warm(f);
        run_until_requests(f, 1);
        for (size_t i = 0; i < 100; i++) {
                fixture_get(f, i, "/");
                peer_run(f->event, &f->n_done, i + 1);
                EXPECT_OK(sd_event_run(f->event, 5 * USEC_PER_MSEC));
        }
        /* The calls, and at most one more before the first of them. */
        EXPECT(peer_requests(f->peer) <= 102);
        w = http_warm_free(w);
        fixture_free(f);
}

TEST(failing_is_silent_and_tried_again) {
        Fixture *f = fixture_new(answer_reset_first, NULL);
        HttpWarm *w = keep_warm(f);

        run_until_requests(f, 2);
        EXPECT_INT(peer_connections(f->peer), 2);
        EXPECT_INT(peer_open(f->peer), 1);
        w = http_warm_free(w);
        fixture_free(f);
}

static PeerEnd answer_reset_others(const PeerRequest *request, Buf *out, void *userdata) {
        return strstr(request->head, "/other") ? PEER_RESET : answer_forbidden(request, out, userdata);
}

TEST(failures_of_others_do_not_put_it_off) {
        Fixture *f = fixture_new(answer_reset_others, NULL);
        HttpWarm *w = keep_warm(f);

        run_until_requests(f, 1);
        for (size_t i = 0; i < 6; i++) {
                fixture_get(f, i, "/other");
                peer_run(f->event, &f->n_done, i + 1);
                EXPECT(f->results[i].fault != AWS_OK);
        }
        /* A second later, not half a minute. */
        run_until_requests(f, 8);
        EXPECT_INT(peer_open(f->peer), 1);
        w = http_warm_free(w);
        fixture_free(f);
}

TEST(shared_by_all_who_want_it) {
        Fixture *f = fixture_new(answer_forbidden, NULL);
        HttpWarm *first, *second;

        http_warm_list(f->http)->idle = SHORT;
        first = keep_warm(f);
        second = keep_warm(f);
        EXPECT(first == second);
        run_until_requests(f, 1);
        first = http_warm_free(first);
        run_until_requests(f, 3);
        EXPECT_INT(peer_connections(f->peer), 1);
        second = http_warm_free(second);
        peer_settle(f->event);
        /* Nobody is left to wake the loop. */
        EXPECT_INT(sd_event_run(f->event, 3 * SHORT), 0);
        fixture_free(f);
}

TEST(freed_at_any_moment) {
        for (unsigned turns = 0; turns < TURNS_OF_A_CALL; turns++) {
                Fixture *f = fixture_new(answer_forbidden, NULL);
                HttpWarm *w = keep_warm(f);

                for (unsigned i = 0; i < turns; i++)
                        EXPECT_OK(sd_event_run(f->event, 0));
                if (turns % 2)
                        f->http = http_free(f->http);
                w = http_warm_free(w);
                peer_settle(f->event);
                fixture_free(f);
        }
}

TEST(out_of_memory) {
        Fixture *f = fixture_new(answer_forbidden, NULL);
        AwsEndpoint e = { .host = alloc_copy_string(peer_host(f->peer)),
                .base_path = alloc_copy_string("") };

        FAULT_LOOP {
                HttpWarm *w = NULL;
                int r = http_keep_warm(f->http, &e, &w);

                if (!fault_struck()) {
                        EXPECT_OK(r);
                        EXPECT(_fault > 3);
                        w = http_warm_free(w);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT(!w);
        }
        aws_endpoint_done(&e);
        fixture_free(f);
}
