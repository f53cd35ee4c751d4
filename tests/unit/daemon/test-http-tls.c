#include <arpa/inet.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/fd.h"
#include "lib/test.h"
#include "unit/daemon/http-fixture.h"
#include "unit/daemon/tls-peer.h"

/* Whom we believe. */

#define HOUR 3600L

static PeerEnd no_answer(const PeerRequest *request, Buf *out, void *userdata) {
        return PEER_HANG;
}

/* One call to the TLS peer, trusting "bundle" (NULL: the system's authorities). */
static void run(const TlsPeer *peer, const char *bundle, AwsFault fault, const char *words) {
        HttpRequest request = {
                .tls = true,
                .host = alloc_copy_string(tls_peer_host(peer)),
                .path = alloc_copy_string("/"),
        };
        Fixture *f = fixture_new(no_answer, NULL);

        f->http = http_free(f->http);
        EXPECT_OK(http_new(f->event, bundle, &f->http));
        fixture_start(f, 0, &request, HTTP_LANE_NORMAL, NULL);
        peer_run(f->event, &f->n_done, 1);
        EXPECT_STR(aws_fault_to_string(f->results[0].fault), aws_fault_to_string(fault));
        if (fault == AWS_OK)
                EXPECT_STR(f->results[0].body, words);
        else
                EXPECT_CONTAINS(f->results[0].message, words);
        fixture_free(f);
}

TEST(certificate_in_the_bundle) {
        TlsPeer *peer = tls_peer_new(NULL, HOUR, NULL);

        run(peer, tls_peer_bundle(peer), AWS_OK, "ok");
        tls_peer_free(peer);
}

TEST(certificate_nobody_vouches_for) {
        TlsPeer *peer = tls_peer_new(NULL, HOUR, NULL), *other = tls_peer_new(NULL, HOUR, NULL);

        run(peer, NULL, AWS_UNREACHABLE, "certificate");
        run(peer, tls_peer_bundle(other), AWS_UNREACHABLE, "certificate");
        /* Whoever chose what is believed is told where that was. */
        run(peer, tls_peer_bundle(other), AWS_UNREACHABLE, tls_peer_bundle(other));
        run(peer, tls_peer_bundle(other), AWS_UNREACHABLE, "(ca_bundle, AWS_CA_BUNDLE)");
        run(peer, "/nonexistent/bundle.pem", AWS_UNREACHABLE, "/nonexistent/bundle.pem");
        run(peer, "/nonexistent/bundle.pem", AWS_UNREACHABLE, "(ca_bundle, AWS_CA_BUNDLE)");
        tls_peer_free(other);
        tls_peer_free(peer);
}

TEST(certificate_for_another_name) {
        TlsPeer *peer = tls_peer_new("DNS:lambda.example.com", HOUR, NULL);

        run(peer, tls_peer_bundle(peer), AWS_UNREACHABLE, "127.0.0.1");
        tls_peer_free(peer);
}

TEST(certificate_that_has_expired) {
        TlsPeer *peer = tls_peer_new(NULL, -HOUR, NULL);

        run(peer, tls_peer_bundle(peer), AWS_UNREACHABLE, "expired");
        tls_peer_free(peer);
}

/* A server that knows HTTP/1.1 only: every call gets its turn all the same, though they waited to see
 * whether they could share a connection. */
TEST(many_calls_without_http2) {
        TlsPeer *peer = tls_peer_new(NULL, HOUR, NULL);
        Fixture *f = fixture_new(no_answer, NULL);

        f->http = http_free(f->http);
        EXPECT_OK(http_new(f->event, tls_peer_bundle(peer), &f->http));
        for (size_t i = 0; i < 50; i++) {
                HttpRequest request = {
                        .tls = true,
                        .host = alloc_copy_string(tls_peer_host(peer)),
                        .path = alloc_copy_string("/"),
                };

                fixture_start(f, i, &request, i % 10 ? HTTP_LANE_NORMAL : HTTP_LANE_ROLLBACK, NULL);
        }
        peer_run(f->event, &f->n_done, 50);
        for (size_t i = 0; i < 50; i++)
                EXPECT_STR(f->results[i].body, "ok");
        fixture_free(f);
        tls_peer_free(peer);
}

/* A server that takes connections and says nothing: those who wait for the first one's handshake, to share
 * its connection, are let go in time like all the others, and nothing was sent. */
TEST(handshake_that_never_ends) {
        const HttpLimits limits = { 100 * USEC_PER_MSEC, 250 * USEC_PER_MSEC, 100 };
        struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        _cleanup_(fd_closep) int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        Fixture *f = fixture_new(no_answer, NULL);
        socklen_t size = sizeof(address);

        EXPECT_OK(bind(fd, (const struct sockaddr *) &address, size));
        EXPECT_OK(listen(fd, 64));
        EXPECT_OK(getsockname(fd, (struct sockaddr *) &address, &size));
        for (size_t i = 0; i < 20; i++) {
                HttpRequest request = {
                        .tls = true,
                        .host = alloc_printf("127.0.0.1:%u", ntohs(address.sin_port)),
                        .path = alloc_copy_string("/"),
                };

                fixture_start(f, i, &request, i == 10 ? HTTP_LANE_ROLLBACK : HTTP_LANE_NORMAL, &limits);
        }
        peer_run(f->event, &f->n_done, 20);
        EXPECT(f->results[10].order <= 1); /* with the one that connects: waited for nobody */
        for (size_t i = 0; i < 20; i++) {
                EXPECT_STR(aws_fault_to_string(f->results[i].fault), aws_fault_to_string(AWS_UNREACHABLE));
                EXPECT(f->results[i].elapsed < 2 * USEC_PER_SEC);
        }
        fixture_free(f);
}

TEST(old_protocol_versions) {
        TlsPeer *old = tls_peer_new(NULL, HOUR, "NORMAL:-VERS-ALL:+VERS-TLS1.1");
        TlsPeer *good = tls_peer_new(NULL, HOUR, "NORMAL:-VERS-ALL:+VERS-TLS1.2");

        run(old, tls_peer_bundle(old), AWS_UNREACHABLE, "");
        run(good, tls_peer_bundle(good), AWS_OK, "ok");
        tls_peer_free(good);
        tls_peer_free(old);
}
