#include <curl/curl.h>

#include "base/alloc.h"
#include "base/str.h"
#include "lib/fault.h"
#include "lib/test.h"
#include "unit/daemon/http-fixture.h"

/* Queues, lanes, reuse of connections, cancelling, and a libcurl that gives up. */

#define OK_REPLY "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
#define TURNS_OF_A_CALL 40 /* more turns of the loop than a call takes */

static PeerEnd answer_ok(const PeerRequest *request, Buf *out, void *userdata) {
        EXPECT_OK(buf_puts(out, OK_REPLY));
        return PEER_KEEP;
}

static PeerEnd answer_never(const PeerRequest *request, Buf *out, void *userdata) {
        return PEER_HANG;
}

static void run_turns(sd_event *event, unsigned n) {
        for (unsigned i = 0; i < n; i++)
                EXPECT_OK(sd_event_run(event, 0));
}

TEST(connection_is_reused) {
        Fixture *f = fixture_new(answer_ok, NULL);

        for (size_t i = 0; i < 3; i++) {
                fixture_get(f, i, "/");
                peer_run(f->event, &f->n_done, i + 1);
                EXPECT_INT(f->results[i].fault, AWS_OK);
                EXPECT_STR(f->results[i].body, "ok");
        }
        EXPECT_INT(peer_requests(f->peer), 3);
        EXPECT_INT(peer_connections(f->peer), 1);
        fixture_free(f);
}

static PeerEnd answer_first_only(const PeerRequest *request, Buf *out, void *userdata) {
        if (request->number != 1)
                return answer_ok(request, out, userdata);
        return *(const PeerEnd *) userdata;
}

/* libcurl would send the second request again by itself; it may have been a write. */
TEST(request_on_a_reused_connection_is_not_repeated) {
        static const PeerEnd ends[] = { PEER_RESET, PEER_CLOSE };

        for (size_t i = 0; i < ELEMENTSOF(ends); i++) {
                PeerEnd end = ends[i];
                Fixture *f = fixture_new(answer_first_only, &end);

                for (size_t j = 0; j < 3; j++) {
                        fixture_get(f, j, "/");
                        peer_run(f->event, &f->n_done, j + 1);
                }
                EXPECT_INT(f->results[0].fault, AWS_OK);
                EXPECT_STR(aws_fault_to_string(f->results[1].fault), aws_fault_to_string(AWS_TRANSIENT));
                EXPECT_CONTAINS(f->results[1].message, "connection was lost");
                EXPECT_INT(f->results[2].fault, AWS_OK);
                EXPECT_INT(peer_requests(f->peer), 3);
                fixture_free(f);
        }
}

static PeerEnd answer_once(const PeerRequest *request, Buf *out, void *userdata) {
        EXPECT_OK(buf_puts(out, OK_REPLY)); /* without "Connection: close", as servers do when idle */
        return PEER_CLOSE;
}

TEST(connection_closed_while_idle_is_noticed) {
        Fixture *f = fixture_new(answer_once, NULL);

        for (size_t i = 0; i < 3; i++) {
                fixture_get(f, i, "/");
                peer_run(f->event, &f->n_done, i + 1);
                peer_settle(f->event);
                EXPECT_INT(f->results[i].fault, AWS_OK);
        }
        EXPECT_INT(peer_requests(f->peer), 3);
        fixture_free(f);
}

TEST(hundred_calls_at_once) {
        Fixture *f = fixture_new(answer_ok, NULL);

        for (size_t i = 0; i < 100; i++)
                fixture_get(f, i, "/");
        EXPECT_INT(f->n_done, 0);
        peer_run(f->event, &f->n_done, 100);
        for (size_t i = 0; i < 100; i++)
                EXPECT_INT(f->results[i].fault, AWS_OK);
        EXPECT_INT(peer_requests(f->peer), 100);
        EXPECT(peer_connections(f->peer) <= 16);
        fixture_free(f);
}

static void get_from(Fixture *f, size_t i, const Peer *peer, HttpLane lane) {
        HttpRequest request = { .host = alloc_copy_string(peer_host(peer)), .path = alloc_copy_string("/") };

        fixture_start(f, i, &request, lane, NULL);
}

TEST(flight_limits_and_the_rollback_lane) {
        Fixture *f = fixture_new(answer_never, NULL);
        Peer *peers[6] = { NULL };
        unsigned n_requests = 0;
        size_t n = 0;

        for (size_t i = 0; i < 17; i++)
                get_from(f, n++, f->peer, HTTP_LANE_NORMAL);
        peer_settle(f->event);
        EXPECT_INT(peer_requests(f->peer), 16);
        for (size_t i = 0; i < ELEMENTSOF(peers); i++) {
                peers[i] = peer_new(f->event, answer_never, NULL);
                for (size_t j = 0; j < 20; j++)
                        get_from(f, n++, peers[i], HTTP_LANE_NORMAL);
        }
        peer_settle(f->event);
        for (size_t i = 0; i < ELEMENTSOF(peers); i++) {
                EXPECT(peer_requests(peers[i]) >= 6); /* each has its turns */
                n_requests += peer_requests(peers[i]);
        }
        EXPECT_INT(n_requests, 64 - 16);
        /* A full host and a full house do not stop a rollback. */
        get_from(f, n++, f->peer, HTTP_LANE_ROLLBACK);
        peer_settle(f->event);
        EXPECT_INT(peer_requests(f->peer), 17);
        /* With it there are 65; so one place more has to become free before the next one may start. */
        http_cancel(TAKE_PTR(f->results[0].call));
        peer_settle(f->event);
        EXPECT_INT(peer_requests(f->peer), 17);
        http_cancel(TAKE_PTR(f->results[1].call));
        peer_settle(f->event);
        n_requests = peer_requests(f->peer);
        for (size_t i = 0; i < ELEMENTSOF(peers); i++)
                n_requests += peer_requests(peers[i]);
        EXPECT_INT(n_requests, 66);
        EXPECT_INT(f->n_done, 0);
        f->http = http_free(f->http);
        for (size_t i = 0; i < ELEMENTSOF(peers); i++)
                (void) peer_free(peers[i]);
        fixture_free(f);
}

/* Even the rollback lane has an end. */
TEST(rollback_lane_is_bounded) {
        Fixture *f = fixture_new(answer_never, NULL);

        for (size_t i = 0; i < 260; i++)
                get_from(f, i, f->peer, HTTP_LANE_ROLLBACK);
        peer_settle(f->event);
        EXPECT_INT(peer_requests(f->peer), 256);
        http_cancel(TAKE_PTR(f->results[0].call));
        peer_settle(f->event);
        EXPECT_INT(peer_requests(f->peer), 257);
        fixture_free(f);
}

/* A region that does not answer must not keep the rollbacks of the others waiting for good. */
TEST(hosts_take_turns_in_the_rollback_lane) {
        Fixture *f = fixture_new(answer_never, NULL);
        Peer *other = peer_new(f->event, answer_ok, NULL);

        for (size_t i = 0; i < 270; i++)
                get_from(f, i, f->peer, HTTP_LANE_ROLLBACK);
        peer_settle(f->event);
        get_from(f, 270, other, HTTP_LANE_ROLLBACK);
        for (size_t i = 0; i < 2; i++) {
                http_cancel(TAKE_PTR(f->results[i].call));
                peer_settle(f->event);
        }
        EXPECT_INT(peer_requests(other), 1);
        EXPECT_INT(f->results[270].is_done, 1);
        f->http = http_free(f->http);
        (void) peer_free(other);
        fixture_free(f);
}

/* Cancels one of three calls after each number of turns that a call can take. */
TEST(cancel_at_any_moment) {
        unsigned n_cancelled = 0, n_late = 0;

        for (unsigned turns = 0; turns < TURNS_OF_A_CALL; turns++) {
                Fixture *f = fixture_new(answer_ok, NULL);

                for (size_t i = 0; i < 3; i++)
                        fixture_get(f, i, "/");
                run_turns(f->event, turns);
                if (f->results[1].is_done)
                        n_late++;
                else {
                        http_cancel(TAKE_PTR(f->results[1].call));
                        n_cancelled++;
                        f->n_done++;
                }
                peer_run(f->event, &f->n_done, 3);
                peer_settle(f->event);
                EXPECT_INT(f->n_done, 3);
                EXPECT_INT(f->results[0].fault, AWS_OK);
                EXPECT_INT(f->results[2].fault, AWS_OK);
                EXPECT(f->results[0].is_done && f->results[2].is_done);
                fixture_free(f);
        }
        /* Otherwise not every moment was there. */
        EXPECT(n_cancelled > 5 && n_late > 0);
}

TEST(free_at_any_moment) {
        for (unsigned turns = 0; turns < TURNS_OF_A_CALL; turns++) {
                Fixture *f = fixture_new(answer_ok, NULL);
                size_t n_done;

                for (size_t i = 0; i < 20; i++)
                        fixture_get(f, i, "/");
                run_turns(f->event, turns);
                n_done = f->n_done;
                f->http = http_free(f->http);
                peer_settle(f->event);
                EXPECT_INT(f->n_done, n_done);
                EXPECT_INT(peer_open(f->peer), 0);
                fixture_free(f);
        }
}

static HttpCall *own_call;

static void cancel_self_and_others(Result *result) {
        Result *results = result->fixture->results;

        http_cancel(own_call); /* of the call whose "done" runs */
        for (size_t i = 0; i < 5; i++) {
                if (results[i].is_done)
                        continue;
                http_cancel(TAKE_PTR(results[i].call));
                results[i].is_done = 1;
        }
}

TEST(cancel_inside_done) {
        Fixture *f = fixture_new(answer_ok, NULL);

        for (size_t i = 0; i < 5; i++)
                fixture_get(f, i, "/");
        for (size_t i = 0; i < 5; i++)
                f->results[i].on_done = cancel_self_and_others;
        /* The calls to one host start, and here also end, in order. */
        own_call = f->results[0].call;
        while (f->n_done == 0)
                EXPECT(sd_event_run(f->event, 5 * USEC_PER_SEC) > 0);
        peer_settle(f->event);
        EXPECT_INT(f->n_done, 1);
        EXPECT_INT(peer_open(f->peer), f->results[0].order == 0 ? 1 : 0);
        fixture_free(f);
}

static void free_all(Result *result) {
        result->fixture->http = http_free(result->fixture->http);
}

TEST(free_inside_done) {
        Fixture *f = fixture_new(answer_ok, NULL);

        for (size_t i = 0; i < 40; i++) {
                fixture_get(f, i, "/");
                f->results[i].on_done = free_all;
        }
        peer_run(f->event, &f->n_done, 1);
        peer_settle(f->event);
        EXPECT_INT(f->n_done, 1);
        EXPECT_INT(peer_open(f->peer), 0);
        fixture_free(f);
}

static void start_next(Result *result) {
        Fixture *f = result->fixture;

        if (f->n_done == 10)
                return;
        f->results[f->n_done].on_done = start_next;
        fixture_get(f, f->n_done, "/");
        EXPECT(!f->results[f->n_done].is_done);
}

TEST(start_inside_done) {
        Fixture *f = fixture_new(answer_ok, NULL);

        f->results[0].on_done = start_next;
        fixture_get(f, 0, "/");
        peer_run(f->event, &f->n_done, 10);
        EXPECT_INT(peer_requests(f->peer), 10);
        EXPECT_INT(peer_connections(f->peer), 1);
        fixture_free(f);
}

/* libcurl fails at the n-th call of these from now; 0: not. */
static unsigned fail_action, fail_add;

CURLMcode __real_curl_multi_socket_action(CURLM *multi, curl_socket_t fd, int what, int *n_running);
CURLMcode __wrap_curl_multi_socket_action(CURLM *multi, curl_socket_t fd, int what, int *n_running);
CURLMcode __real_curl_multi_add_handle(CURLM *multi, CURL *easy);
CURLMcode __wrap_curl_multi_add_handle(CURLM *multi, CURL *easy);

CURLMcode __wrap_curl_multi_socket_action(CURLM *multi, curl_socket_t fd, int what, int *n_running) {
        if (fail_action > 0 && --fail_action == 0)
                return CURLM_INTERNAL_ERROR;
        return __real_curl_multi_socket_action(multi, fd, what, n_running);
}

CURLMcode __wrap_curl_multi_add_handle(CURLM *multi, CURL *easy) {
        if (fail_add > 0 && --fail_add == 0)
                return CURLM_ABORTED_BY_CALLBACK;
        return __real_curl_multi_add_handle(multi, easy);
}

TEST(multi_handle_that_fails_is_replaced) {
        unsigned n_unreachable = 0, n_transient = 0;

        for (unsigned n = 1; n < TURNS_OF_A_CALL; n++) {
                Fixture *f = fixture_new(answer_ok, NULL);

                fail_action = n;
                for (size_t i = 0; i < 3; i++)
                        fixture_get(f, i, "/");
                peer_run(f->event, &f->n_done, 3);
                fail_action = 0;
                for (size_t i = 0; i < 3; i++) {
                        n_unreachable += f->results[i].fault == AWS_UNREACHABLE;
                        n_transient += f->results[i].fault == AWS_TRANSIENT;
                }
                EXPECT(peer_requests(f->peer) <= 3);
                fixture_get(f, 3, "/");
                peer_run(f->event, &f->n_done, 4);
                EXPECT_INT(f->results[3].fault, AWS_OK);
                fixture_free(f);
        }
        EXPECT(n_unreachable > 0 && n_transient > 0);
}

TEST(transfer_that_cannot_be_added) {
        Fixture *f = fixture_new(answer_ok, NULL);

        fail_add = 2;
        for (size_t i = 0; i < 3; i++)
                fixture_get(f, i, "/");
        peer_run(f->event, &f->n_done, 3);
        EXPECT_INT(fail_add, 0);
        EXPECT_STR(aws_fault_to_string(f->results[1].fault), aws_fault_to_string(AWS_UNREACHABLE));
        EXPECT(f->results[0].fault != AWS_OK); /* was on the handle that had to go */
        EXPECT_INT(f->results[2].fault, AWS_OK);
        fixture_free(f);
}

TEST(out_of_memory_while_starting) {
        Fixture *f = fixture_new(answer_ok, NULL);

        FAULT_LOOP {
                HttpRequest request;
                HttpCall *call = NULL;
                int r;

                (void) fault_struck();
                fixture_request(f, HTTP_GET, "/", &request);
                fault_arm(_fault);
                r = http_start(f->http, &request, HTTP_LANE_NORMAL,
                                &(const HttpLimits){ USEC_PER_SEC, USEC_PER_SEC, 100 }, NULL, NULL, &call);
                if (!fault_struck()) {
                        EXPECT_OK(r);
                        http_cancel(call);
                        EXPECT(_fault > 2);
                        break;
                }
                EXPECT_INT(r, -ENOMEM);
                EXPECT(request.host); /* still the caller's */
                http_request_done(&request);
        }
        fixture_free(f);
}

static PeerEnd answer_if_possible(const PeerRequest *request, Buf *out, void *userdata) {
        return buf_puts(out, OK_REPLY) < 0 ? PEER_RESET : PEER_KEEP;
}

/* Whatever is missing on the way, the call ends once, and not with a reply that is not one. */
TEST(out_of_memory_on_the_way) {
        for (unsigned n = 1; n < 200; n++) {
                Fixture *f = fixture_new(answer_if_possible, NULL);
                bool has_struck;

                fixture_get(f, 0, "/");
                fault_arm(n);
                while (f->n_done == 0)
                        EXPECT(sd_event_run(f->event, 5 * USEC_PER_SEC) > 0);
                has_struck = fault_struck();
                EXPECT(f->results[0].fault == AWS_OK ? f->results[0].body_size == 2
                                                     : f->results[0].status == 0);
                fixture_free(f);
                if (!has_struck) {
                        EXPECT(n > 3);
                        return;
                }
        }
        FAIL("never gets by without another allocation");
}
