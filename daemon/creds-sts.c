#include "daemon/creds-sts.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/retry.h"
#include "aws/sigv4.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"
#include "daemon/clock.h"

#define PEERS_MAX 16
#define DEFAULT_REGION "us-east-1"
#define SESSION_NAME_MAX 64

static const HttpLimits limits = { 3 * USEC_PER_SEC, 10 * USEC_PER_SEC, 256 * 1024 };

/* What was learnt about one endpoint. */
typedef struct StsPeer {
        char *host;
        Skew skew;
        RetryQuota quota;
} StsPeer;

struct CredsSts {
        sd_event *event;
        Http *http;
        const AwsSettings *settings;
        Prng prng;
        char session_name[SESSION_NAME_MAX + 1];
        StsPeer peers[PEERS_MAX]; /* the last one is shared by all that find no place */
        size_t n_peers;
};

struct StsCall {
        CredsSts *sts;
        CredsPartDone done;
        void *userdata;

        char *arn, *session_name, *external_id, *region, *token_file;
        unsigned duration_seconds;
        AwsCreds signer;
        bool is_rollback;

        AwsEndpoint endpoint;
        StsPeer *peer;
        Skew signed_with; /* what was known of the peer's clock when the last attempt was signed */
        Retry retry;
        HttpCall *http;
        sd_event_source *timer; /* between two attempts */
};

/* "canaryd-HOST", as far as STS takes the characters: what CloudTrail shows. */
static void make_session_name(char ret[static SESSION_NAME_MAX + 1]) {
        char host[SESSION_NAME_MAX + 1 - sizeof("canaryd-")] = "";
        size_t n = strlen("canaryd-");

        if (gethostname(host, sizeof(host)) < 0 || host[0] == '\0')
                (void) str_copy(host, sizeof(host), "host");
        memcpy(ret, "canaryd-", n);
        for (size_t i = 0; i < sizeof(host) && host[i] != '\0'; i++) {
                char c = host[i];
                bool is_fit = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                                strchr("_+=,.@-", c);

                ret[n++] = is_fit ? c : '-';
        }
        ret[n] = '\0';
}

int creds_sts_new(sd_event *event, Http *http, const AwsSettings *settings, CredsSts **ret) {
        CredsSts *s = alloc_one(CredsSts);
        Now now;

        if (!s)
                return -ENOMEM;
        clock_read(&now);
        s->event = sd_event_ref(event);
        s->http = http;
        s->settings = settings;
        s->prng.state = now.wall ^ (uint64_t) getpid() << 32;
        make_session_name(s->session_name);
        *ret = s;
        return 0;
}

CredsSts *creds_sts_free(CredsSts *s) {
        if (!s)
                return NULL;
        for (size_t i = 0; i < s->n_peers; i++)
                free(s->peers[i].host);
        (void) sd_event_unref(s->event);
        free(s);
        return NULL;
}

static StsPeer *sts_peer(CredsSts *s, const char *host) {
        StsPeer *peer;

        for (size_t i = 0; i < s->n_peers; i++)
                if (streq(s->peers[i].host, host))
                        return &s->peers[i];
        if (s->n_peers == PEERS_MAX)
                return &s->peers[PEERS_MAX - 1];
        peer = &s->peers[s->n_peers];
        peer->host = alloc_copy_string(host);
        if (!peer->host)
                return NULL;
        retry_quota_init(&peer->quota);
        s->n_peers++;
        return peer;
}

StsCall *creds_sts_cancel(StsCall *call) {
        if (!call)
                return NULL;
        http_cancel(call->http);
        (void) sd_event_source_disable_unref(call->timer);
        aws_creds_done(&call->signer);
        aws_endpoint_done(&call->endpoint);
        free(call->arn);
        free(call->session_name);
        free(call->external_id);
        free(call->region);
        free(call->token_file);
        free(call);
        return NULL;
}

/* The last act of a callback. */
static void call_end(StsCall *take_call, AwsCreds *creds, const CredsFailure *failure) {
        StsCall *call = take_call;
        CredsPartDone done = call->done;
        void *userdata = call->userdata;

        (void) creds_sts_cancel(call);
        done(creds, failure, userdata);
}

static int call_build(const StsCall *call, HttpRequest *ret, CredsFailure *failure) {
        _cleanup_(secret_erase_stringp) char *token = NULL;
        const StsRole role = {
                .arn = call->arn,
                .session_name = call->session_name,
                .external_id = call->external_id,
                .duration_seconds = call->duration_seconds,
        };
        size_t size = 0;
        int r;

        if (!call->token_file)
                r = sts_assume_role(&call->endpoint, &role, ret);
        else {
                r = creds_read_token(call->token_file, "web identity token", &token, &size, failure);
                if (r < 0)
                        return r;
                r = sts_assume_role_with_web_identity(&call->endpoint, &role, token, size, ret);
        }
        if (r == -EINVAL && token)
                return creds_failure_set(failure, AWS_EXPIRED,
                                "role %s cannot be assumed: the web identity token file %s is empty, cut off or "
                                "holds no token; or the role's ARN or session name is none",
                                call->arn, call->token_file);
        if (r == -EINVAL)
                return creds_failure_set(failure, AWS_INVALID,
                                "role %s cannot be assumed: its ARN, session name, external id or duration is "
                                "none that STS takes",
                                call->arn);
        return r;
}

static int call_sign(StsCall *call, HttpRequest *request) {
        Now now;

        call->signed_with = call->peer->skew;
        if (call->token_file)
                return 0;
        clock_read(&now);
        return sigv4_sign(request, &call->signer,
                        &(const SigV4Scope){
                                        .region = call->region,
                                        .service = aws_service_signing_name(AWS_STS),
                                        .time = skew_apply(&call->signed_with, now.wall),
                        });
}

static void on_http_done(const HttpOutcome *outcome, void *userdata);

static int call_send(StsCall *call, CredsFailure *failure) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        int r;

        r = call_build(call, &request, failure);
        if (r < 0)
                return r;
        r = call_sign(call, &request);
        if (r < 0)
                return r;
        return http_start(call->sts->http, &request,
                        call->is_rollback ? HTTP_LANE_ROLLBACK : HTTP_LANE_NORMAL, &limits, on_http_done,
                        call, &call->http);
}

/* In a callback: a call that cannot go on ends. */
static void call_go_on(StsCall *call) {
        CredsFailure failure = { 0 };
        int r = call_send(call, &failure);

        if (r >= 0)
                return;
        if (r != -EIO)
                (void) creds_failure_set(&failure, AWS_TRANSIENT, "role %s cannot be assumed: %s", call->arn,
                                strerror(-r));
        call_end(call, NULL, &failure);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        call_go_on(userdata);
        return 0;
}

/* The call stands behind others: out of that queue, and into the other. */
void creds_sts_hurry(StsCall *call) {
        if (call->is_rollback)
                return;
        call->is_rollback = true;
        if (!call->http || !http_call_is_waiting(call->http))
                return;
        http_cancel(call->http);
        call->http = NULL;
        /* From the loop, where an end can be told. */
        (void) sd_event_source_set_time_relative(call->timer, 0);
        (void) sd_event_source_set_enabled(call->timer, SD_EVENT_ONESHOT);
}

static bool call_clock_moved(const StsCall *call) {
        int64_t by = call->peer->skew.offset - call->signed_with.offset;

        return by >= (int64_t) USEC_PER_MINUTE || by <= -(int64_t) USEC_PER_MINUTE;
}

static bool call_retry(StsCall *call, AwsFault fault, usec_t retry_after) {
        usec_t delay = 0;

        switch (retry_decide(&call->retry, &call->peer->quota, fault, true, call_clock_moved(call),
                        retry_after, &call->sts->prng, &delay)) {
        case RETRY_NO:
        case RETRY_WITH_FRESH_CREDS: /* whoever asked knows where to get them */
                return false;
        case RETRY_AFTER:
        case RETRY_WITH_CLOCK:
                break;
        }
        if (sd_event_source_set_time_relative(call->timer, delay) < 0)
                return false;
        return sd_event_source_set_enabled(call->timer, SD_EVENT_ONESHOT) >= 0;
}

static void call_refused(StsCall *call, const HttpOutcome *outcome) {
        AwsError error = { .fault = outcome->fault };
        CredsFailure failure;

        if (outcome->fault == AWS_OK)
                aws_error_from_response(&outcome->response, &error);
        if (call_retry(call, error.fault, outcome->response.retry_after))
                return;
        if (outcome->fault != AWS_OK)
                (void) creds_failure_set(&failure, outcome->fault, "role %s cannot be assumed: %s",
                                call->arn, outcome->message);
        else
                (void) creds_failure_set(&failure, error.fault, "role %s cannot be assumed: %s%s%s",
                                call->arn, error.code, error.code[0] != '\0' ? ": " : "", error.message);
        call_end(call, NULL, &failure);
}

static void call_take(StsCall *call, const HttpResponse *response) {
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
        CredsFailure failure;
        char error[160] = "";
        int r = sts_parse_credentials(response, &creds, error);

        if (r >= 0) {
                retry_succeeded(&call->retry, &call->peer->quota);
                creds.expires = creds_local_time(&call->peer->skew, creds.expires);
                call_end(call, &creds, NULL);
                return;
        }
        if (call_retry(call, AWS_TRANSIENT, 0))
                return;
        (void) creds_failure_set(&failure, AWS_TRANSIENT, "role %s cannot be assumed: %s", call->arn,
                        r == -ENOMEM ? "out of memory" : error);
        call_end(call, NULL, &failure);
}

static void on_http_done(const HttpOutcome *outcome, void *userdata) {
        StsCall *call = userdata;
        const HttpResponse *response = &outcome->response;
        Now now;

        call->http = NULL;
        clock_read(&now);
        if (outcome->fault == AWS_OK && call->sts->settings->corrects_skew)
                (void) skew_learn(&call->peer->skew, response->date, response->has_age, now.wall,
                                outcome->elapsed);
        if (outcome->fault == AWS_OK && response->status >= 200 && response->status < 300)
                call_take(call, response);
        else
                call_refused(call, outcome);
        if (response->body)
                explicit_bzero(response->body, response->body_size);
}

/* *ret stays NULL for NULL. */
static int call_copy(StsCall *call, const StsAsk *ask) {
        const char *session_name = ask->role.session_name ? ask->role.session_name : call->sts->session_name;
        int r;

        r = alloc_copy_optional(ask->role.arn, &call->arn);
        if (r >= 0)
                r = alloc_copy_optional(session_name, &call->session_name);
        if (r >= 0)
                r = alloc_copy_optional(ask->role.external_id, &call->external_id);
        if (r >= 0)
                r = alloc_copy_optional(ask->token_file, &call->token_file);
        if (r >= 0 && ask->signer)
                r = aws_creds_copy(&call->signer, ask->signer);
        call->duration_seconds = ask->role.duration_seconds;
        call->is_rollback = ask->is_rollback;
        return r;
}

/* Without any region, that of the global endpoint does for the partition that has one. */
static const char *find_region(const CredsSts *s, const StsAsk *ask) {
        if (!str_is_empty(ask->region))
                return ask->region;
        if (!str_is_empty(s->settings->region))
                return s->settings->region;
        return str_after(ask->role.arn, "arn:aws:") || s->settings->endpoint_urls[AWS_STS] ? DEFAULT_REGION
                                                                                           : NULL;
}

static int call_find_endpoint(StsCall *call, const StsAsk *ask, CredsFailure *failure) {
        const char *region = find_region(call->sts, ask);
        int r;

        if (!region)
                return creds_failure_set(failure, AWS_INVALID,
                                "role %s cannot be assumed: no region for STS, neither the configuration nor "
                                "the profile names one",
                                ask->role.arn);
        r = aws_settings_endpoint(call->sts->settings, AWS_STS, region, &call->endpoint);
        if (r < 0 && r != -ENOMEM)
                return creds_failure_set(failure, AWS_INVALID,
                                "role %s cannot be assumed: \"%s\" is not the name of a region",
                                ask->role.arn, region);
        if (r < 0)
                return r;
        r = alloc_copy_optional(
                        aws_settings_signing_region(call->sts->settings, AWS_STS, region), &call->region);
        if (r < 0)
                return r;
        call->peer = sts_peer(call->sts, call->endpoint.host);
        return call->peer ? 0 : -ENOMEM;
}

int creds_sts_start(CredsSts *s, const StsAsk *ask, CredsPartDone done, void *userdata, StsCall **ret,
                CredsFailure *failure) {
        _cleanup_(creds_sts_cancelp) StsCall *call = alloc_one(StsCall);
        int r;

        if (!call)
                return -ENOMEM;
        call->sts = s;
        r = call_copy(call, ask);
        if (r < 0)
                return r;
        r = call_find_endpoint(call, ask, failure);
        if (r < 0)
                return r;
        r = sd_event_add_time_relative(
                        s->event, &call->timer, CLOCK_BOOTTIME, 0, USEC_PER_MSEC, on_timer, call);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(call->timer, "creds-sts-retry");
        r = sd_event_source_set_enabled(call->timer, SD_EVENT_OFF);
        if (r < 0)
                return r;
        r = call_send(call, failure);
        if (r < 0)
                return r;
        call->done = done;
        call->userdata = userdata;
        *ret = TAKE_PTR(call);
        return 0;
}
