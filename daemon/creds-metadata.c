#include "daemon/creds-metadata.h"

#include <stdlib.h>
#include <string.h>

#include "aws/creds-json.h"
#include "base/alloc.h"
#include "base/str.h"
#include "base/usec.h"
#include "daemon/clock.h"

#define CONNECT_TIMEOUT USEC_PER_SEC
#define CONTAINER_TIMEOUT (2 * USEC_PER_SEC)
#define CONTAINER_ATTEMPTS 3
#define RETRY_AFTER_FAILURE USEC_PER_SEC
/* A token is not used in its last minute: it would expire on the way. */
#define TOKEN_LIFE ((IMDS_TOKEN_TTL_SECONDS - 60) * USEC_PER_SEC)

/* What is asked for, in this order. */
typedef enum MetadataStep {
        STEP_CONTAINER,
        STEP_TOKEN,
        STEP_ROLE,
        STEP_KEYS,
} MetadataStep;

struct CredsMetadata {
        sd_event *event;
        Http *http;
        const AwsEnv *env;
        bool corrects_skew;
        ImdsConfig imds;
        char token[IMDS_TOKEN_MAX]; /* "": none */
        usec_t token_until;         /* mono */
        Skew skews[METADATA_IMDS + 1];
};

struct MetadataCall {
        CredsMetadata *metadata;
        MetadataService service;
        char *source;
        CredsPartDone done;
        void *userdata;

        MetadataStep step;
        unsigned attempts; /* made at this step */
        bool is_v1;        /* no token to be had, and that is allowed */
        bool has_renewed;  /* a token was refused once already */
        char role[IMDS_ROLE_MAX];
        HttpCall *http;
        sd_event_source *timer; /* between two attempts */
};

int creds_metadata_new(sd_event *event, Http *http, const AwsEnv *env, bool allows_v1, bool corrects_skew,
                CredsMetadata **ret, char reterr[static DIAG_MESSAGE_MAX]) {
        _cleanup_(creds_metadata_freep) CredsMetadata *m = alloc_one(CredsMetadata);
        int r;

        if (!m)
                return -ENOMEM;
        m->event = sd_event_ref(event);
        m->http = http;
        m->env = env;
        m->corrects_skew = corrects_skew;
        r = imds_config_from_env(env, allows_v1, &m->imds, reterr);
        if (r < 0)
                return r;
        *ret = TAKE_PTR(m);
        return 0;
}

static void forget_token(CredsMetadata *m) {
        explicit_bzero(m->token, sizeof(m->token));
}

CredsMetadata *creds_metadata_free(CredsMetadata *m) {
        if (!m)
                return NULL;
        imds_config_done(&m->imds);
        forget_token(m);
        (void) sd_event_unref(m->event);
        free(m);
        return NULL;
}

MetadataCall *creds_metadata_cancel(MetadataCall *call) {
        if (!call)
                return NULL;
        http_cancel(call->http);
        (void) sd_event_source_disable_unref(call->timer);
        free(call->source);
        free(call);
        return NULL;
}

/* The last act of a callback. */
static void call_end(MetadataCall *take_call, AwsCreds *creds, const CredsFailure *failure) {
        MetadataCall *call = take_call;
        CredsPartDone done = call->done;
        void *userdata = call->userdata;

        (void) creds_metadata_cancel(call);
        done(creds, failure, userdata);
}

/* The token file is read for every request: it is rotated. */
static int build_container(MetadataCall *call, HttpRequest *ret, CredsFailure *failure) {
        _cleanup_(secret_erase_stringp) char *text = NULL;
        const AwsEnv *env = call->metadata->env;
        char error[DIAG_MESSAGE_MAX] = "";
        const char *token = env->container_token;
        size_t size = token ? strlen(token) : 0;
        int r;

        if (env->container_token_file) {
                r = creds_read_token(env->container_token_file, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                                &text, &size, failure);
                if (r < 0)
                        return r;
                token = text;
        }
        r = container_request(env, token, size, ret, error);
        if (r < 0 && r != -ENOMEM)
                return creds_failure_set(failure, AWS_EXPIRED, "%s: %s", call->source, error);
        return r;
}

static int call_build(MetadataCall *call, HttpRequest *ret, CredsFailure *failure) {
        CredsMetadata *m = call->metadata;
        const char *token = call->is_v1 ? NULL : m->token;
        int r = 0;

        switch (call->step) {
        case STEP_CONTAINER:
                return build_container(call, ret, failure);
        case STEP_TOKEN:
                r = imds_token_request(&m->imds, ret);
                break;
        case STEP_ROLE:
                r = imds_role_request(&m->imds, token, ret);
                break;
        case STEP_KEYS:
                r = imds_creds_request(&m->imds, token, call->role, ret);
                break;
        }
        if (r < 0 && r != -ENOMEM)
                return creds_failure_set(failure, AWS_EXPIRED, "%s: nothing that could be asked: %s",
                                call->source, strerror(-r));
        return r;
}

static void on_http_done(const HttpOutcome *outcome, void *userdata);

static int call_send(MetadataCall *call, CredsFailure *failure) {
        _cleanup_(http_request_done) HttpRequest request = { 0 };
        CredsMetadata *m = call->metadata;
        const HttpLimits limits = {
                .connect_timeout = CONNECT_TIMEOUT,
                .total_timeout = call->step == STEP_CONTAINER ? CONTAINER_TIMEOUT : m->imds.timeout,
                .body_max = CREDS_JSON_MAX,
        };
        int r;

        r = call_build(call, &request, failure);
        if (r < 0)
                return r;
        call->attempts++;
        return http_start(m->http, &request, HTTP_LANE_NORMAL, &limits, on_http_done, call, &call->http);
}

/* In a callback: a call that cannot go on ends. */
static void call_go_on(MetadataCall *call) {
        CredsFailure failure = { 0 };
        int r = call_send(call, &failure);

        if (r >= 0)
                return;
        if (r != -EIO)
                (void) creds_failure_set(&failure, AWS_TRANSIENT, "%s: %s", call->source, strerror(-r));
        call_end(call, NULL, &failure);
}

static void call_enter(MetadataCall *call, MetadataStep step) {
        call->step = step;
        call->attempts = 0;
        call_go_on(call);
}

static int on_timer(sd_event_source *source, uint64_t usec, void *userdata) {
        call_go_on(userdata);
        return 0;
}

static bool call_retry(MetadataCall *call) {
        unsigned max = call->step == STEP_CONTAINER ? CONTAINER_ATTEMPTS : call->metadata->imds.attempts;

        if (call->attempts >= max)
                return false;
        if (sd_event_source_set_time_relative(call->timer, RETRY_AFTER_FAILURE) < 0)
                return false;
        return sd_event_source_set_enabled(call->timer, SD_EVENT_ONESHOT) >= 0;
}

/* Version 1 has no tokens. Whether it is refused, or the reply never comes because it may not cross the
 * network bridge of a container: without one, this is how it goes on. */
static bool call_fall_back(MetadataCall *call, const HttpOutcome *outcome) {
        unsigned status = outcome->fault == AWS_OK ? outcome->response.status : 0;

        if (call->step != STEP_TOKEN || !call->metadata->imds.allows_v1 ||
                        (status != 0 && status != 403 && status != 404 && status != 405))
                return false;
        call->is_v1 = true;
        call_enter(call, STEP_ROLE);
        return true;
}

static const char *advice(const MetadataCall *call, AwsFault fault) {
        if (call->step == STEP_TOKEN && fault == AWS_TRANSIENT)
                return "; in a container, the instance's metadata hop limit must be 2 or more";
        return "";
}

static AwsFault fault_of_status(AwsFault fault) {
        return fault == AWS_THROTTLED || fault == AWS_TRANSIENT ? fault : AWS_EXPIRED;
}

/* No reply, or one that is no success. */
static void call_refused(MetadataCall *call, const HttpOutcome *outcome) {
        CredsFailure failure;
        AwsError error = { .fault = outcome->fault };

        if (outcome->fault == AWS_OK)
                aws_error_from_response(&outcome->response, &error);
        if ((error.fault == AWS_TRANSIENT || error.fault == AWS_UNREACHABLE ||
                            error.fault == AWS_THROTTLED) &&
                        call_retry(call))
                return;
        if (call_fall_back(call, outcome))
                return;
        if (outcome->fault != AWS_OK)
                (void) creds_failure_set(&failure, outcome->fault, "%s: %s%s", call->source,
                                outcome->message, advice(call, outcome->fault));
        else if (call->step == STEP_ROLE && outcome->response.status == 404)
                (void) creds_failure_set(&failure, AWS_EXPIRED, "%s: no role is attached to this instance",
                                call->source);
        else
                (void) creds_failure_set(&failure, fault_of_status(error.fault), "%s: status %u: %s%s%s",
                                call->source, outcome->response.status, error.code,
                                error.code[0] != '\0' ? ": " : "", error.message);
        call_end(call, NULL, &failure);
}

static void call_take_keys(MetadataCall *call, const HttpResponse *response) {
        CredsJson kind = call->step == STEP_CONTAINER ? CREDS_JSON_CONTAINER : CREDS_JSON_IMDS;
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
        char error[DIAG_MESSAGE_MAX] = "";
        CredsFailure failure;
        int r = creds_json_parse(response->body, response->body_size, kind, &creds, error);

        if (r >= 0) {
                creds.expires = creds_local_time(&call->metadata->skews[call->service], creds.expires);
                call_end(call, &creds, NULL);
                return;
        }
        if (r != -ENODATA && call_retry(call))
                return;
        (void) creds_failure_set(&failure, r == -ENODATA ? AWS_EXPIRED : AWS_TRANSIENT, "%s: %s",
                        call->source, r == -ENOMEM ? "out of memory" : error);
        call_end(call, NULL, &failure);
}

static int call_take_token(MetadataCall *call, const HttpResponse *response) {
        CredsMetadata *m = call->metadata;
        Now now;
        int r = imds_parse_token(response, m->token);

        if (r < 0)
                return r;
        clock_read(&now);
        m->token_until = usec_add(now.mono, TOKEN_LIFE);
        return 0;
}

static void call_take(MetadataCall *call, const HttpResponse *response) {
        CredsFailure failure;
        int r = 0;

        switch (call->step) {
        case STEP_CONTAINER:
        case STEP_KEYS:
                call_take_keys(call, response);
                return;
        case STEP_TOKEN:
                r = call_take_token(call, response);
                break;
        case STEP_ROLE:
                r = imds_parse_role(response, call->role);
                break;
        }
        if (r >= 0) {
                call_enter(call, call->step == STEP_TOKEN ? STEP_ROLE : STEP_KEYS);
                return;
        }
        (void) creds_failure_set(&failure, AWS_TRANSIENT, "%s: the answer is no %s", call->source,
                        call->step == STEP_TOKEN ? "token" : "name of a role");
        call_end(call, NULL, &failure);
}

static void on_http_done(const HttpOutcome *outcome, void *userdata) {
        MetadataCall *call = userdata;
        CredsMetadata *m = call->metadata;
        const HttpResponse *response = &outcome->response;
        bool has_token = call->step == STEP_ROLE || call->step == STEP_KEYS;
        Now now;

        call->http = NULL;
        clock_read(&now);
        if (outcome->fault == AWS_OK && m->corrects_skew)
                (void) skew_learn(&m->skews[call->service], response->date, response->has_age, now.wall,
                                outcome->elapsed);
        if (outcome->fault == AWS_OK && response->status == 401 && has_token && !call->has_renewed) {
                call->has_renewed = true;
                call->is_v1 = false;
                forget_token(m);
                call_enter(call, STEP_TOKEN);
        } else if (outcome->fault == AWS_OK && response->status >= 200 && response->status < 300)
                call_take(call, response);
        else
                call_refused(call, outcome);
        if (response->body)
                explicit_bzero(response->body, response->body_size);
}

int creds_metadata_start(CredsMetadata *m, MetadataService service, const char *source, CredsPartDone done,
                void *userdata, MetadataCall **ret, CredsFailure *failure) {
        _cleanup_(creds_metadata_cancelp) MetadataCall *call = alloc_one(MetadataCall);
        Now now;
        int r;

        if (!call)
                return -ENOMEM;
        clock_read(&now);
        if (now.mono >= m->token_until)
                forget_token(m);
        call->metadata = m;
        call->service = service;
        if (service == METADATA_CONTAINER)
                call->step = STEP_CONTAINER;
        else
                call->step = m->token[0] == '\0' ? STEP_TOKEN : STEP_ROLE;
        call->source = alloc_copy_string(source);
        if (!call->source)
                return -ENOMEM;
        r = sd_event_add_time_relative(
                        m->event, &call->timer, CLOCK_BOOTTIME, 0, USEC_PER_MSEC, on_timer, call);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(call->timer, "creds-metadata-retry");
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
