#include "unit/daemon/http-fixture.h"

#include "base/alloc.h"
#include "base/str.h"
#include "lib/test.h"

static void on_done(const HttpOutcome *outcome, void *userdata) {
        Result *result = userdata;

        EXPECT_INT(result->is_done, 0);
        result->call = NULL;
        result->fault = outcome->fault;
        result->status = outcome->response.status;
        result->elapsed = outcome->elapsed;
        memcpy(result->message, outcome->message, sizeof(result->message));
        if (outcome->response.body) {
                result->body = alloc_copy_bytes(outcome->response.body, outcome->response.body_size);
                result->body_size = outcome->response.body_size;
        }
        if (outcome->response.request_id)
                (void) str_copy(result->request_id, sizeof(result->request_id),
                                outcome->response.request_id);
        result->order = result->fixture->n_done++;
        result->is_done = 1;
        if (result->on_done)
                result->on_done(result);
}

Fixture *fixture_new(PeerAnswer answer, void *userdata) {
        Fixture *f = alloc_one(Fixture);

        EXPECT(f);
        for (size_t i = 0; i < ELEMENTSOF(f->results); i++)
                f->results[i].fixture = f;
        EXPECT_OK(sd_event_new(&f->event));
        f->peer = peer_new(f->event, answer, userdata);
        EXPECT_OK(http_new(f->event, NULL, &f->http));
        return f;
}

Fixture *fixture_free(Fixture *f) {
        if (!f)
                return NULL;
        f->http = http_free(f->http);
        f->peer = peer_free(f->peer);
        for (size_t i = 0; i < ELEMENTSOF(f->results); i++)
                free(f->results[i].body);
        (void) sd_event_unref(f->event);
        free(f);
        return NULL;
}

void fixture_request(const Fixture *f, HttpMethod method, const char *path, HttpRequest *ret) {
        *ret = (HttpRequest){
                .method = method,
                .host = alloc_copy_string(peer_host(f->peer)),
                .path = alloc_copy_string(path),
        };
        EXPECT(ret->host && ret->path);
}

void fixture_start(
                Fixture *f, size_t i, HttpRequest *take_request, HttpLane lane, const HttpLimits *limits) {
        static const HttpLimits patient = { 5 * USEC_PER_SEC, 9 * USEC_PER_SEC, 65536 };
        Result *result = &f->results[i];

        EXPECT_OK(http_start(f->http, take_request, lane, limits ? limits : &patient, on_done, result,
                        &result->call));
        EXPECT(!take_request->host && take_request->n_headers == 0);
}

void fixture_get(Fixture *f, size_t i, const char *path) {
        HttpRequest request;

        fixture_request(f, HTTP_GET, path, &request);
        fixture_start(f, i, &request, HTTP_LANE_NORMAL, NULL);
}
