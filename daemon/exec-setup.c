#include <stdio.h>

#include "base/alloc.h"
#include "base/str.h"
#include "daemon/aws-config.h"
#include "daemon/exec-internal.h"
#include "daemon/log.h"

#define SAY_MAX DIAG_MESSAGE_MAX

static int cannot(char reterr[static SAY_MAX], const char *what, int error) {
        (void) snprintf(reterr, SAY_MAX, "%s: %s", what, strerror(-error));
        return error;
}

static int resolve_settings(Exec *e, const Conf *conf, const AwsEnv *env, char reterr[static SAY_MAX]) {
        char broken[DIAG_MESSAGE_MAX] = "";
        int r;

        r = aws_config_resolve(conf, env, &e->settings, broken, reterr);
        /* A file that cannot be used must not keep a daemon down that may have something to roll back: what
         * is not in it goes on, and whoever needs it says so. */
        if (broken[0] != '\0')
                log_message(LOG_ERR, "%s", broken);
        return r;
}

static int make_http(Exec *e, char reterr[static SAY_MAX]) {
        int r = http_new(e->event, e->settings.ca_bundle, &e->http);

        if (r == -EOPNOTSUPP)
                (void) str_copy(reterr, SAY_MAX,
                                "cannot set up HTTP: libcurl comes without TLS or asynchronous name resolution");
        else if (r < 0)
                return cannot(reterr, "cannot set up HTTP", r);
        return r;
}

static int make_parts(Exec *e, const Conf *conf, const AwsEnv *env, char reterr[static SAY_MAX]) {
        const double rates[GATE_FAMILY_COUNT] = {
                [GATE_LAMBDA] = conf->aws_lambda_rate,
                [GATE_METRICS] = conf->aws_metrics_rate,
                [GATE_ALARMS] = conf->aws_alarms_rate,
        };
        const CredsConfig creds = {
                .env = env,
                .settings = &e->settings,
                .config_path = conf->aws_config_file,
                .credentials_path = conf->aws_shared_credentials_file,
                .allows_imds_v1 = conf->aws_imds_v1,
        };
        int r;

        r = make_http(e, reterr);
        if (r < 0)
                return r;
        r = creds_new(e->event, e->http, &creds, &e->creds, reterr);
        if (r < 0)
                return r;
        r = gate_new(e->event, rates, &e->gate);
        if (r >= 0)
                r = aws_caller_new(e->event,
                                &(const AwsCallerConfig){
                                                .http = e->http,
                                                .creds = e->creds,
                                                .gate = e->gate,
                                                .settings = &e->settings,
                                                .clock = &e->clock,
                                },
                                &e->caller);
        if (r >= 0)
                r = exec_batcher_new(e->event, e, &e->batcher);
        if (r >= 0)
                r = exec_alarmer_new(e->event, e, &e->alarmer);
        return r;
}

static int make_source(Exec *e) {
        int r;

        r = sd_event_add_defer(e->event, &e->deliver, exec_deliver_one, e);
        if (r < 0)
                return r;
        (void) sd_event_source_set_description(e->deliver, "exec-done");
        return sd_event_source_set_enabled(e->deliver, SD_EVENT_OFF);
}

int exec_new(sd_event *event, const Conf *conf, const AwsEnv *env, Exec **ret, char reterr[static SAY_MAX]) {
        _cleanup_(exec_freep) Exec *e = alloc_one(Exec);
        int r;

        (void) str_copy(reterr, SAY_MAX, "out of memory");
        if (!e)
                return -ENOMEM;
        e->event = sd_event_ref(event);
        e->without_json = map_new();
        if (!e->without_json ||
                        alloc_copy_optional(conf->state ? conf->state : ".", &e->state_directory) < 0)
                return -ENOMEM;
        r = make_source(e);
        if (r >= 0)
                r = resolve_settings(e, conf, env, reterr);
        if (r >= 0)
                r = make_parts(e, conf, env, reterr);
        if (r < 0)
                return r;
        reterr[0] = '\0';
        *ret = TAKE_PTR(e);
        return 0;
}

Exec *exec_free(Exec *e) {
        if (!e)
                return NULL;
        while (e->running.first)
                exec_cancel(e->running.first);
        while (e->ended.first)
                exec_cancel(e->ended.first);
        (void) exec_batcher_free(e->batcher);
        (void) exec_alarmer_free(e->alarmer);
        (void) aws_caller_free(e->caller);
        (void) gate_free(e->gate);
        (void) creds_free(e->creds);
        (void) http_free(e->http);
        (void) map_free(e->without_json);
        aws_settings_done(&e->settings);
        free(e->state_directory);
        (void) sd_event_source_disable_unref(e->deliver);
        (void) sd_event_unref(e->event);
        free(e);
        return NULL;
}
