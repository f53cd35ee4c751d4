#include "daemon/aws-call.h"

#include <stdio.h>

#include "aws/sigv4-payload.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"
#include "daemon/aws-host.h"
#include "daemon/aws-limits.h"
#include "daemon/clock.h"

struct AwsCaller {
        sd_event *event;
        AwsCallerConfig config;
        AwsHosts *hosts;
        Prng prng;
};

/* Waits for exactly one of gate, creds, http, pause and end. */
struct AwsCall {
        AwsCaller *caller; /* NULL while "done" runs: nothing is left to cancel */
        AwsService service;
        GateFamily family;
        Lane lane;
        bool is_repeatable;
        bool is_slow;
        bool is_recalled;
        const AwsCallBody *body;
        char *account, *region, *role_arn, *external_id;
        AwsEndpoint endpoint;
        AwsHost *host;
        AwsCallBuild build;
        AwsCallDone done;
        void *userdata;

        Retry retry;
        AwsCreds creds_held; /* of a body that waits to be signed; else empty */
        /* Of the last try: the set it was signed with, and the clock. */
        char access_key[AWS_ACCESS_KEY_MAX];
        int64_t offset;

        GateWait *gate;
        CredsWait *creds;
        HttpCall *http;
        sd_event_source *pause;
        sd_event_source *end;

        AwsError error;
        bool is_off_clock; /* the last reply */
};

static RateLane rate_lane_of(Lane lane) {
        switch (lane) {
        case LANE_ROLLBACK:
                return RATE_ROLLBACK;
        case LANE_PROMOTE:
                return RATE_PROMOTE;
        case LANE_STEP:
                return RATE_STEP;
        case LANE_POLL:
                return RATE_POLL;
        case LANE_PREFLIGHT:
                return RATE_PREFLIGHT;
        }
        ASSERT_NEVER();
        return RATE_PREFLIGHT;
}

static GateKey gate_key_of(const AwsCall *call) {
        return (GateKey){ .account = call->account, .region = call->region, .family = call->family };
}

static CredsKey creds_key_of(const AwsCall *call) {
        return (CredsKey){ .role_arn = call->role_arn, .external_id = call->external_id };
}

static AwsCall *call_free(AwsCall *call) {
        if (!call)
                return NULL;
        gate_cancel(call->gate);
        creds_cancel(call->creds);
        http_cancel(call->http);
        (void) sd_event_source_disable_unref(call->pause);
        (void) sd_event_source_disable_unref(call->end);
        aws_creds_done(&call->creds_held);
        aws_endpoint_done(&call->endpoint);
        free(call->account);
        free(call->region);
        free(call->role_arn);
        free(call->external_id);
        free(call);
        return NULL;
}
DEFINE_TRIVIAL_CLEANUP(AwsCall *, call_free);

/* The last act of a callback: "done" may free everything. */
static void call_deliver(AwsCall *take_call, const HttpResponse *response) {
        _cleanup_(call_freep) AwsCall *call = take_call;
        AwsCallOutcome outcome = {
                .error = call->error, .response = response, .is_off_clock = call->is_off_clock
        };

        call->caller = NULL;
        call->done(&outcome, call->userdata);
}

static int on_end(sd_event_source *source, void *userdata) {
        call_deliver(userdata, NULL);
        return 0;
}

/* Ends the call by way of the loop. Without memory for that, "done" comes from where we are: all callers but
 * aws_call_start() are callbacks themselves. */
static int call_end(AwsCall *call, AwsFault fault, const char *message) {
        int r;

        call->error = (AwsError){ .fault = fault };
        (void) snprintf(call->error.message, sizeof(call->error.message), "%s", message);
        r = sd_event_add_defer(call->caller->event, &call->end, on_end, call);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(call->end, "aws-call-end");
        return 0;
}

static void call_fail(AwsCall *call, int error, const char *what) {
        char text[AWS_ERROR_MESSAGE_MAX];

        (void) snprintf(text, sizeof(text), "%s: %s", what, strerror(-error));
        if (call_end(call, AWS_UNREACHABLE, text) < 0)
                call_deliver(call, NULL);
}

static int call_enter(AwsCall *call);
static void on_http_done(const HttpOutcome *outcome, void *userdata);

static int on_pause(sd_event_source *source, uint64_t usec, void *userdata) {
        AwsCall *call = userdata;
        int r;

        call->pause = sd_event_source_disable_unref(call->pause);
        r = call_enter(call);
        if (r < 0)
                call_fail(call, r, "cannot try again");
        return 0;
}

static int call_pause(AwsCall *call, usec_t delay) {
        int r;

        r = sd_event_add_time_relative(call->caller->event, &call->pause, CLOCK_BOOTTIME, delay,
                        USEC_PER_MSEC, on_pause, call);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(call->pause, "aws-call-pause");
        return 0;
}

static HttpLane http_lane_of(Lane lane) {
        return lane == LANE_ROLLBACK ? HTTP_LANE_ROLLBACK : HTTP_LANE_NORMAL;
}

static int sign(AwsCall *call, HttpRequest *request, const AwsCreds *creds) {
        const char *region = aws_settings_signing_region(
                        call->caller->config.settings, call->service, call->region);
        SigV4Scope scope;
        Now now;

        clock_read(&now);
        call->offset = call->host->skew.offset;
        (void) str_copy(call->access_key, sizeof(call->access_key), creds->access_key);
        scope = (SigV4Scope){
                .region = region,
                .service = aws_service_signing_name(call->service),
                .time = skew_apply(&call->host->skew, now.wall),
        };
        return call->body ? sigv4_sign_payload(request, call->body->sha256, creds, &scope)
                          : sigv4_sign(request, creds, &scope);
}

/* Others may have been sending their megabytes for longer than a signature is good for. */
static int sign_leaving(void *userdata, HttpRequest *request) {
        AwsCall *call = userdata;

        return sign(call, request, &call->creds_held);
}

static int start_transfer(AwsCall *call, HttpRequest *request, const AwsCreds *creds) {
        HttpLimits limits = aws_limits_transfer(call->body->stream.upload_size);
        HttpStream stream = call->body->stream;

        aws_creds_done(&call->creds_held);
        if (aws_creds_copy(&call->creds_held, creds) < 0)
                return -ENOMEM;
        stream.leave = sign_leaving;
        stream.leave_userdata = call;
        return http_start_stream(call->caller->config.http, request, &stream, &limits, on_http_done, call,
                        &call->http);
}

static int call_start_http(AwsCall *call, HttpRequest *request, const AwsCreds *creds) {
        HttpLimits limits = aws_limits(call->service, call->is_slow);
        int r;

        if (call->body)
                return start_transfer(call, request, creds);
        r = sign(call, request, creds);
        if (r < 0)
                return r;
        return http_start(call->caller->config.http, request, http_lane_of(call->lane), &limits,
                        on_http_done, call, &call->http);
}

/* 0: under way, or ended in words. <0: nothing happened. */
static int call_send(AwsCall *call, const AwsCreds *creds) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        char text[AWS_ERROR_MESSAGE_MAX];
        int r;

        r = call->build(&call->endpoint, &request, call->userdata);
        if (r == -EINVAL) {
                (void) snprintf(text, sizeof(text), "nothing that AWS could be asked: %s", strerror(-r));
                return call_end(call, AWS_INVALID, text);
        }
        if (r < 0)
                return r;
        return call_start_http(call, &request, creds);
}

/* The turn at the gate was not used. */
static void call_give_back(AwsCall *call) {
        GateKey key = gate_key_of(call);

        gate_give_back(call->caller->config.gate, &key);
}

/* What kept the credentials away, in the eyes of a call that never left. */
static AwsFault fault_without_creds(AwsFault fault) {
        switch (fault) {
        case AWS_THROTTLED:
        case AWS_CLOCK:
        case AWS_DENIED: /* to assume the role: nothing that waiting cures */
        case AWS_UNREACHABLE:
                return fault;
        case AWS_TRANSIENT:
                return AWS_UNREACHABLE;
        case AWS_OK:
        case AWS_EXPIRED:
        case AWS_CONFLICT:
        case AWS_PRECONDITION:
        case AWS_MISSING:
        case AWS_INVALID:
        case AWS_PERMANENT:
                return AWS_EXPIRED;
        }
        ASSERT_NEVER();
        return AWS_EXPIRED;
}

static void on_creds(const AwsCreds *creds, AwsFault fault, const char *error, void *userdata) {
        AwsCall *call = userdata;
        int r;

        call->creds = NULL;
        if (!creds) {
                call_give_back(call);
                if (call_end(call, fault_without_creds(fault), error) < 0)
                        call_deliver(call, NULL);
                return;
        }
        r = call_send(call, creds);
        if (r >= 0)
                return;
        call_give_back(call);
        call_fail(call, r, "cannot be sent");
}

/* Its turn has come. */
static int call_authorize(AwsCall *call) {
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
        CredsKey key = creds_key_of(call);
        int r;

        r = creds_get(call->caller->config.creds, &key, call->lane == LANE_ROLLBACK, &creds, on_creds, call,
                        &call->creds);
        if (r > 0)
                r = call_send(call, &creds);
        if (r < 0)
                call_give_back(call);
        return r;
}

static void on_turn(void *userdata) {
        AwsCall *call = userdata;
        int r;

        call->gate = NULL;
        r = call_authorize(call);
        if (r < 0)
                call_fail(call, r, "cannot be sent");
}

static int call_enter(AwsCall *call) {
        GateKey key = gate_key_of(call);
        int r;

        r = gate_enter(call->caller->config.gate, &key, rate_lane_of(call->lane), on_turn, call,
                        &call->gate);
        return r > 0 ? call_authorize(call) : r;
}

static void learn(AwsCall *call, const HttpOutcome *outcome) {
        const HttpResponse *response = &outcome->response;
        GateKey key = gate_key_of(call);
        Now now;

        call->error = (AwsError){ .fault = outcome->fault };
        (void) str_copy(call->error.message, sizeof(call->error.message), outcome->message);
        if (outcome->fault != AWS_OK)
                return;
        aws_error_from_response(response, &call->error);
        gate_note(call->caller->config.gate, &key, call->error.fault == AWS_THROTTLED);
        if (call->caller->config.clock && call->error.fault == AWS_OK)
                call->is_off_clock = !aws_clock_hear(call->caller->config.clock,
                                &(AwsClockWord){ .date = response->date,
                                                .has_age = response->has_age,
                                                .is_metrics = call->service == AWS_CLOUDWATCH,
                                                .elapsed = outcome->elapsed,
                                                .host = call->endpoint.host });
        if (!call->caller->config.settings->corrects_skew)
                return;
        clock_read(&now);
        (void) skew_learn(&call->host->skew, response->date, response->has_age, now.wall, outcome->elapsed);
}

/* The endpoint's clock is known to be elsewhere than when this was signed. */
static bool clock_has_moved(const AwsCall *call) {
        int64_t moved = call->host->skew.offset - call->offset;

        return moved >= (int64_t) USEC_PER_MINUTE || moved <= -(int64_t) USEC_PER_MINUTE;
}

static RetryVerdict decide(AwsCall *call, const HttpResponse *response, usec_t *ret_delay) {
        AwsCaller *c = call->caller;

        if (call->is_recalled)
                return RETRY_NO;
        /* A rollback's tries are the brain's to space: it tells people of each. */
        return retry_decide(&call->retry, &call->host->quota, call->error.fault,
                        call->is_repeatable && call->lane != LANE_ROLLBACK, clock_has_moved(call),
                        response->retry_after, &c->prng, ret_delay);
}

/* 1: under way again. 0: that was the last try. */
static int call_try_again(AwsCall *call, const HttpResponse *response) {
        CredsKey key = creds_key_of(call);
        usec_t delay = 0;
        int r = 0;

        if (call->error.fault == AWS_EXPIRED)
                creds_distrust(call->caller->config.creds, &key, call->access_key);
        switch (decide(call, response, &delay)) {
        case RETRY_NO:
                return 0;
        case RETRY_AFTER:
                r = call_pause(call, delay);
                break;
        case RETRY_WITH_FRESH_CREDS:
        case RETRY_WITH_CLOCK:
                r = call_enter(call);
                break;
        }
        return r < 0 ? 0 : 1;
}

static void on_http_done(const HttpOutcome *outcome, void *userdata) {
        AwsCall *call = userdata;

        call->http = NULL;
        learn(call, outcome);
        if (call->error.fault == AWS_OK)
                retry_succeeded(&call->retry, &call->host->quota);
        else if (call_try_again(call, &outcome->response) > 0)
                return;
        call_deliver(call, outcome->fault == AWS_OK ? &outcome->response : NULL);
}

static int call_new(const AwsCallSpec *spec, AwsCall **ret) {
        _cleanup_(call_freep) AwsCall *call = alloc_one(AwsCall);

        if (!call)
                return -ENOMEM;
        call->service = spec->service;
        call->family = spec->family;
        call->lane = spec->lane;
        call->is_repeatable = spec->is_repeatable;
        call->is_slow = spec->is_slow;
        call->body = spec->body;
        if (alloc_copy_optional(spec->account, &call->account) < 0 ||
                        alloc_copy_optional(spec->region, &call->region) < 0 ||
                        alloc_copy_optional(spec->key.role_arn, &call->role_arn) < 0 ||
                        alloc_copy_optional(spec->key.external_id, &call->external_id) < 0)
                return -ENOMEM;
        *ret = TAKE_PTR(call);
        return 0;
}

/* 1: it knows where to go. 0: it cannot, and is about to end. */
static int call_find_host(AwsCall *call) {
        char text[AWS_ERROR_MESSAGE_MAX];
        int r;

        r = aws_settings_endpoint(
                        call->caller->config.settings, call->service, call->region, &call->endpoint);
        if (r == -EINVAL) {
                (void) snprintf(text, sizeof(text), "\"%.64s\" is not the name of a region", call->region);
                return call_end(call, AWS_INVALID, text);
        }
        if (r < 0)
                return r;
        call->host = aws_hosts_get(call->caller->hosts, call->endpoint.host);
        return call->host ? 1 : -ENOMEM;
}

int aws_call_start(AwsCaller *c, const AwsCallSpec *spec, AwsCallBuild build, AwsCallDone done,
                void *userdata, AwsCall **ret) {
        _cleanup_(call_freep) AwsCall *call = NULL;
        int r;

        r = call_new(spec, &call);
        if (r < 0)
                return r;
        call->caller = c;
        call->build = build;
        call->done = done;
        call->userdata = userdata;
        r = call_find_host(call);
        if (r > 0)
                r = call_enter(call);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(call);
        return 0;
}

void aws_call_cancel(AwsCall *call) {
        if (!call || !call->caller)
                return;
        /* A turn that was not used is somebody else's. */
        if (call->creds || (call->http && http_call_is_waiting(call->http)))
                call_give_back(call);
        (void) call_free(call);
}

bool aws_call_recall(AwsCall *call) {
        if (!call->caller)
                return false;
        if (call->http && !http_call_is_waiting(call->http) && !http_call_is_partial(call->http)) {
                call->is_recalled = true;
                return false;
        }
        aws_call_cancel(call);
        return true;
}

const char *aws_call_waits_for(const AwsCall *call) {
        if (call->creds)
                return "credentials";
        if (call->gate)
                return "its turn (API pacing)";
        return call->http && http_call_is_waiting(call->http) ? "a connection to AWS" : NULL;
}

int aws_caller_new(sd_event *event, const AwsCallerConfig *config, AwsCaller **ret) {
        _cleanup_(aws_caller_freep) AwsCaller *c = alloc_one(AwsCaller);
        Now now;

        if (!c)
                return -ENOMEM;
        clock_read(&now);
        c->event = sd_event_ref(event);
        c->config = *config;
        c->prng.state = now.wall ^ now.mono ^ now.boot;
        c->hosts = aws_hosts_new();
        if (!c->hosts)
                return -ENOMEM;
        *ret = TAKE_PTR(c);
        return 0;
}

AwsCaller *aws_caller_free(AwsCaller *c) {
        if (!c)
                return NULL;
        (void) aws_hosts_free(c->hosts);
        (void) sd_event_unref(c->event);
        free(c);
        return NULL;
}
