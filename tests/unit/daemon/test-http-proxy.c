#include <stdlib.h>

#include "base/alloc.h"
#include "base/str.h"
#include "lib/test.h"
#include "unit/daemon/h2-peer.h"
#include "unit/daemon/http-fixture.h"

/* Proxies that the environment names. */

/* Refused by any resolver without asking anybody: who reaches it went through the proxy. */
#define NOWHERE "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example.com"
#define NAME "lambda.example.com"

static char last_head[1024];
static const char *reply;

static PeerEnd answer(const PeerRequest *request, Buf *out, void *userdata) {
        EXPECT_OK(str_copy(last_head, sizeof(last_head), request->head));
        EXPECT_OK(buf_puts(out, reply));
        return PEER_CLOSE;
}

static Fixture *fixture_with(const char *text) {
        reply = text;
        return fixture_new(answer, NULL);
}

static const char *const variables[] = { "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY",
        "all_proxy", "ALL_PROXY", "no_proxy", "NO_PROXY" };

/* The environment as it would be with nothing but this. */
static void set_only(const char *name, const char *value) {
        for (size_t i = 0; i < ELEMENTSOF(variables); i++)
                EXPECT_OK(unsetenv(variables[i]));
        if (name)
                EXPECT_OK(setenv(name, value, 1));
        last_head[0] = '\0';
}

static void set_to_peer(const char *name, const Fixture *f) {
        _cleanup_(freep) char *url = alloc_printf("http://user:pass-secret@%s", peer_host(f->peer));

        EXPECT(url);
        set_only(name, url);
}

static void call(Fixture *f, size_t i, const char *host, bool tls) {
        HttpRequest request = {
                .tls = tls,
                .host = alloc_copy_string(host),
                .path = alloc_copy_string("/a"),
        };

        EXPECT_OK(http_request_add_header(&request, "authorization", "signature-secret"));
        fixture_start(f, i, &request, HTTP_LANE_NORMAL, NULL);
        peer_run(f->event, &f->n_done, f->n_done + 1);
        EXPECT(!strstr(f->results[i].message, "secret"));
}

static void expect_refused(const char *refusal, bool tls, const char *words) {
        Fixture *f = fixture_with(refusal);

        set_to_peer(tls ? "https_proxy" : "http_proxy", f);
        call(f, 0, NOWHERE, tls);
        EXPECT_STR(aws_fault_to_string(f->results[0].fault), aws_fault_to_string(AWS_UNREACHABLE));
        EXPECT_CONTAINS(f->results[0].message, NOWHERE ": proxy at 127.0.0.1 port ");
        EXPECT_CONTAINS(f->results[0].message, words);
        EXPECT_INT(f->results[0].status, 0);
        EXPECT_INT(peer_requests(f->peer), 1);
        if (tls) {
                EXPECT(str_after(last_head, "CONNECT " NOWHERE ":443 "));
                EXPECT(!strstr(last_head, "signature-secret"));
        }
        fixture_free(f);
}

TEST(refusals_name_the_proxy) {
        expect_refused("HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n", true, "407");
        expect_refused("HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n", false, "407");
        expect_refused("HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n", true, "403");
        expect_refused("HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", true, "502");
}

TEST(tunnel_that_never_comes) {
        Fixture *f = fixture_with("");

        set_to_peer("https_proxy", f);
        call(f, 0, NOWHERE, true);
        EXPECT_STR(aws_fault_to_string(f->results[0].fault), aws_fault_to_string(AWS_UNREACHABLE));
        EXPECT_CONTAINS(f->results[0].message, "roxy");
        fixture_free(f);
}

TEST(proxy_that_is_not_there) {
        Fixture *f = fixture_with("");

        set_to_peer("https_proxy", f);
        f->peer = peer_free(f->peer);
        call(f, 0, NOWHERE, true);
        EXPECT_STR(aws_fault_to_string(f->results[0].fault), aws_fault_to_string(AWS_UNREACHABLE));
        EXPECT_CONTAINS(f->results[0].message, "127.0.0.1 port ");
        fixture_free(f);
}

TEST(which_variables_count) {
        static const struct {
                const char *name;
                bool tls, counts;
        } cases[] = {
                { "http_proxy", false, true },
                { "HTTP_PROXY", false, false }, /* a CGI's request header */
                { "https_proxy", true, true },
                { "HTTPS_PROXY", true, true },
                { "all_proxy", true, true },
                { "ALL_PROXY", false, true },
                { "http_proxy", true, false },
                { "https_proxy", false, false },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                Fixture *f = fixture_with("HTTP/1.1 407 Who\r\nContent-Length: 0\r\n\r\n");

                set_to_peer(cases[i].name, f);
                call(f, 0, NOWHERE, cases[i].tls);
                EXPECT_INT(f->results[0].fault, AWS_UNREACHABLE);
                EXPECT_INT(peer_requests(f->peer), cases[i].counts);
                if (!cases[i].counts)
                        EXPECT_CONTAINS(f->results[0].message, "resolve host");
                fixture_free(f);
        }
}

TEST(exceptions) {
        Fixture *f = fixture_with("HTTP/1.1 204 OK\r\n\r\n");

        set_to_peer("all_proxy", f);
        EXPECT_OK(setenv("no_proxy", "other.example.com,.example.com", 1));
        call(f, 0, NOWHERE, false);
        EXPECT_INT(f->results[0].fault, AWS_UNREACHABLE);
        EXPECT_INT(peer_requests(f->peer), 0);
        /* Loopback is never asked of a proxy. */
        EXPECT_OK(unsetenv("no_proxy"));
        call(f, 1, peer_host(f->peer), false);
        EXPECT_INT(f->results[1].status, 204);
        EXPECT(str_after(last_head, "GET /a HTTP/1.1"));
        fixture_free(f);
}

TEST(plain_requests_go_to_it_whole) {
        Fixture *f = fixture_with("HTTP/1.1 204 OK\r\n\r\n");

        set_to_peer("http_proxy", f);
        call(f, 0, NAME, false);
        EXPECT_INT(f->results[0].status, 204);
        EXPECT(str_after(last_head, "GET http://" NAME "/a HTTP/1.1\r\n"));
        EXPECT_CONTAINS(last_head, "signature-secret");
        fixture_free(f);
}

/* Through the tunnel: verified TLS to the server itself, HTTP/2, one connection. */
TEST(tunnel) {
        _cleanup_(h2_peer_freep) H2Peer *peer = h2_peer_new("DNS:" NAME);
        _cleanup_(freep) char *proxy = alloc_printf("http://127.0.0.1:%u", h2_peer_proxy_port(peer));
        Fixture *f = fixture_new(answer, NULL);

        f->http = http_free(f->http);
        EXPECT_OK(http_new(f->event, h2_peer_bundle(peer), &f->http));
        set_only("https_proxy", proxy);
        for (size_t i = 0; i < 3; i++)
                call(f, i, NAME, true);
        EXPECT_STR(f->results[0].message, "");
        EXPECT_STR(f->results[0].body, "0 0");
        EXPECT_STR(f->results[2].body, "0 2");
        call(f, 3, "cloudwatch.example.com", true);
        EXPECT_STR(aws_fault_to_string(f->results[3].fault), aws_fault_to_string(AWS_UNREACHABLE));
        EXPECT_CONTAINS(f->results[3].message, "certificate");
        fixture_free(f);
}
