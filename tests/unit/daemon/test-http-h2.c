#include "base/alloc.h"
#include "base/str.h"
#include "lib/test.h"
#include "unit/daemon/h2-peer.h"
#include "unit/daemon/http-fixture.h"

/* HTTP/2: shared connections, and streams that end badly. */

#define TURNS_OF_A_CALL 60
#define TURN_MAX (5 * USEC_PER_MSEC)

static PeerEnd no_answer(const PeerRequest *request, Buf *out, void *userdata) {
        return PEER_HANG;
}

static Fixture *fixture_for(const H2Peer *peer) {
        Fixture *f = fixture_new(no_answer, NULL);

        f->http = http_free(f->http);
        EXPECT_OK(http_new(f->event, h2_peer_bundle(peer), &f->http));
        return f;
}

/* "wish": see h2-peer.py; NULL: a plain GET. */
static void start(
                Fixture *f, const H2Peer *peer, size_t i, const char *wish, HttpLane lane, usec_t patience) {
        const HttpLimits limits = { 5 * USEC_PER_SEC, patience, 65536 };
        HttpRequest request = {
                .method = wish ? HTTP_POST : HTTP_GET,
                .tls = true,
                .host = alloc_printf("127.0.0.1:%u", h2_peer_port(peer)),
                .path = alloc_copy_string("/2015-03-31/functions/x"),
                .body = wish ? alloc_copy_string(wish) : NULL,
                .body_size = wish ? strlen(wish) : 0,
        };

        EXPECT(request.host && request.path);
        fixture_start(f, i, &request, lane, &limits);
}

static void call(Fixture *f, const H2Peer *peer, size_t i, const char *wish) {
        start(f, peer, i, wish, HTTP_LANE_NORMAL, 9 * USEC_PER_SEC);
        peer_run(f->event, &f->n_done, f->n_done + 1);
}

TEST(calls_share_one_connection) {
        _cleanup_(h2_peer_freep) H2Peer *peer = h2_peer_new(NULL);
        Fixture *f = fixture_for(peer);

        for (size_t i = 0; i < 100; i++)
                start(f, peer, i, NULL, HTTP_LANE_NORMAL, 9 * USEC_PER_SEC);
        peer_run(f->event, &f->n_done, 100);
        for (size_t i = 0; i < 100; i++) {
                EXPECT_STR(f->results[i].message, "");
                EXPECT_INT(f->results[i].status, 200);
                EXPECT(str_after(f->results[i].body, "0 "));
        }
        fixture_free(f);
}

/* Even while the others' replies are still to come, and more of them than may be in flight. */
TEST(rollback_shares_it_too) {
        _cleanup_(h2_peer_freep) H2Peer *peer = h2_peer_new(NULL);
        Fixture *f = fixture_for(peer);

        call(f, peer, 0, NULL);
        for (size_t i = 1; i <= 20; i++)
                start(f, peer, i, "hang", HTTP_LANE_NORMAL, 9 * USEC_PER_SEC);
        start(f, peer, 21, "rollback", HTTP_LANE_ROLLBACK, 9 * USEC_PER_SEC);
        peer_run(f->event, &f->results[21].is_done, 1);
        EXPECT(str_after(f->results[21].body, "0 "));
        fixture_free(f);
}

TEST(warm_connection) {
        _cleanup_(h2_peer_freep) H2Peer *peer = h2_peer_new(NULL);
        Fixture *f = fixture_for(peer);
        AwsEndpoint e = {
                .tls = true,
                .host = alloc_printf("127.0.0.1:%u", h2_peer_port(peer)),
                .base_path = alloc_copy_string(""),
        };
        HttpWarm *w = NULL;

        EXPECT_OK(http_keep_warm(f->http, &e, &w));
        aws_endpoint_done(&e);
        EXPECT_OK(sd_event_run(f->event, 0));
        start(f, peer, 0, "rollback", HTTP_LANE_NORMAL, 9 * USEC_PER_SEC);
        peer_run(f->event, &f->n_done, 1);
        EXPECT_STR(f->results[0].body, "0 1"); /* the second request, on the first connection */
        w = http_warm_free(w);
        fixture_free(f);
}

/* Whatever a broken stream would allow libcurl to try again: one call is one request at most. The ones that
 * follow are numbered by the server. */
TEST(nothing_is_sent_twice) {
        static const char *const wishes[] = { "refuse", "reset", "goaway", "close" };

        for (size_t i = 0; i < ELEMENTSOF(wishes); i++) {
                _cleanup_(h2_peer_freep) H2Peer *peer = h2_peer_new(NULL);
                Fixture *f = fixture_for(peer);

                call(f, peer, 0, NULL);
                EXPECT_STR(f->results[0].body, "0 0");
                call(f, peer, 1, wishes[i]);
                EXPECT_STR(aws_fault_to_string(f->results[1].fault), aws_fault_to_string(AWS_TRANSIENT));
                EXPECT(f->results[1].message[0] != '\0');
                EXPECT_INT(f->results[1].status, 0);
                call(f, peer, 2, NULL);
                EXPECT_STR(f->results[2].message, "");
                EXPECT_CONTAINS(f->results[2].body, " 2");
                fixture_free(f);
        }
}

TEST(server_that_says_goodbye_is_called_anew) {
        _cleanup_(h2_peer_freep) H2Peer *peer = h2_peer_new(NULL);
        Fixture *f = fixture_for(peer);

        call(f, peer, 0, "last");
        EXPECT_STR(f->results[0].body, "0 0");
        call(f, peer, 1, NULL);
        EXPECT_STR(f->results[1].message, "");
        EXPECT_CONTAINS(f->results[1].body, " 1");
        fixture_free(f);
}

/* A stream that ends badly is no trouble for the others. */
TEST(neighbours_are_left_alone) {
        _cleanup_(h2_peer_freep) H2Peer *peer = h2_peer_new(NULL);
        Fixture *f = fixture_for(peer);

        call(f, peer, 0, NULL);
        for (size_t i = 1; i <= 10; i++)
                start(f, peer, i, i == 5 ? "reset" : NULL, HTTP_LANE_NORMAL, 9 * USEC_PER_SEC);
        peer_run(f->event, &f->n_done, 11);
        for (size_t i = 1; i <= 10; i++)
                EXPECT_INT(f->results[i].fault, i == 5 ? AWS_TRANSIENT : AWS_OK);
        fixture_free(f);
}

TEST(silence_ends_at_the_time_limit) {
        _cleanup_(h2_peer_freep) H2Peer *peer = h2_peer_new(NULL);
        Fixture *f = fixture_for(peer);

        call(f, peer, 0, NULL);
        start(f, peer, 1, "hang", HTTP_LANE_NORMAL, 100 * USEC_PER_MSEC);
        EXPECT(http_call_is_waiting(f->results[1].call));
        peer_run(f->event, &f->n_done, 2);
        EXPECT_INT(f->results[1].fault, AWS_TRANSIENT);
        EXPECT_CONTAINS(f->results[1].message, "timed out");
        call(f, peer, 2, NULL);
        EXPECT_INT(f->results[2].fault, AWS_OK);
        fixture_free(f);
}

TEST(flood_of_headers) {
        _cleanup_(h2_peer_freep) H2Peer *peer = h2_peer_new(NULL);
        Fixture *f = fixture_for(peer);

        call(f, peer, 0, "headers");
        EXPECT_INT(f->results[0].fault, AWS_TRANSIENT);
        call(f, peer, 1, NULL);
        EXPECT_INT(f->results[1].fault, AWS_OK);
        fixture_free(f);
}

/* From the queue over the handshake to the reply: one of three is cancelled after each number of turns. */
TEST(cancel_at_any_moment) {
        _cleanup_(h2_peer_freep) H2Peer *peer = h2_peer_new(NULL);
        unsigned n_waiting = 0, n_sent = 0, n_late = 0;

        for (unsigned turns = 0; turns < TURNS_OF_A_CALL && n_late < 3; turns++) {
                Fixture *f = fixture_for(peer);

                for (size_t i = 0; i < 3; i++)
                        start(f, peer, i, i == 1 ? "x" : NULL, HTTP_LANE_NORMAL, 9 * USEC_PER_SEC);
                for (unsigned i = 0; i < turns; i++)
                        EXPECT_OK(sd_event_run(f->event, TURN_MAX));
                if (f->results[1].is_done)
                        n_late++;
                else {
                        *(http_call_is_waiting(f->results[1].call) ? &n_waiting : &n_sent) += 1;
                        http_cancel(TAKE_PTR(f->results[1].call));
                        f->n_done++;
                }
                peer_run(f->event, &f->n_done, 3);
                peer_settle(f->event);
                EXPECT_INT(f->results[0].fault, AWS_OK);
                EXPECT_INT(f->results[2].fault, AWS_OK);
                fixture_free(f);
        }
        /* Otherwise not every moment was there. */
        EXPECT(n_waiting > 3 && n_sent > 0 && n_late > 0);
}
