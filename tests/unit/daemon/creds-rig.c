#include "unit/daemon/creds-rig.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "daemon/clock.h"
#include "daemon/log.h"
#include "lib/test.h"

#define TIMERS_MAX 4096
#define PATIENCE 500
#define TURNS_MAX 200000

void __wrap_clock_read(Now *ret);
void __real_clock_read(Now *ret);
int __wrap_sd_event_source_set_time_relative(sd_event_source *source, uint64_t usec);
int __real_sd_event_source_set_time_relative(sd_event_source *source, uint64_t usec);
int __wrap_sd_event_add_time_relative(sd_event *event, sd_event_source **ret, clockid_t clock, uint64_t usec,
                uint64_t accuracy, sd_event_time_handler_t callback, void *userdata);
int __real_sd_event_add_time_relative(sd_event *event, sd_event_source **ret, clockid_t clock, uint64_t usec,
                uint64_t accuracy, sd_event_time_handler_t callback, void *userdata);

/* Time stands still unless the test moves it. */
static usec_t passed;
static int64_t stepped; /* of the wall clock alone */

static struct {
        sd_event_source *source; /* a reference of ours */
        usec_t due;
} timers[TIMERS_MAX];
static size_t n_timers;

void __wrap_clock_read(Now *ret) {
        *ret = (Now){
                .wall = UINT64_C(1750000000) * USEC_PER_SEC + passed + (usec_t) stepped,
                .mono = 1000 * USEC_PER_SEC + passed,
        };
}

/* Those on the clock that only credentials use. */
int __wrap_sd_event_add_time_relative(sd_event *event, sd_event_source **ret, clockid_t clock, uint64_t usec,
                uint64_t accuracy, sd_event_time_handler_t callback, void *userdata) {
        int r = __real_sd_event_add_time_relative(event, ret, clock,
                        clock == CLOCK_BOOTTIME ? 1000 * USEC_PER_HOUR : usec, accuracy, callback, userdata);

        if (r < 0 || clock != CLOCK_BOOTTIME)
                return r;
        EXPECT(n_timers < TIMERS_MAX);
        timers[n_timers].source = sd_event_source_ref(*ret);
        timers[n_timers++].due = usec_add(passed, usec);
        return r;
}

int __wrap_sd_event_source_set_time_relative(sd_event_source *source, uint64_t usec) {
        for (size_t i = 0; i < n_timers; i++)
                if (timers[i].source == source) {
                        timers[i].due = usec_add(passed, usec);
                        return __real_sd_event_source_set_time_relative(
                                        source, usec == 0 ? 0 : 1000 * USEC_PER_HOUR);
                }
        return __real_sd_event_source_set_time_relative(source, usec);
}

static bool timer_is_on(size_t i) {
        int enabled = SD_EVENT_OFF;

        return sd_event_source_get_enabled(timers[i].source, &enabled) >= 0 && enabled != SD_EVENT_OFF;
}

static bool timer_ends_with(size_t i, const char *suffix) {
        const char *description = NULL;

        return sd_event_source_get_description(timers[i].source, &description) >= 0 &&
                        str_ends_with(description, suffix);
}

usec_t creds_rig_timer(const char *description) {
        usec_t span = USEC_INFINITY;

        for (size_t i = 0; i < n_timers; i++)
                if (timer_is_on(i) && timer_ends_with(i, description))
                        span = usec_min(span, usec_sub(timers[i].due, passed));
        return span;
}

void creds_rig_advance(usec_t span) {
        passed += span;
        for (size_t i = 0; i < n_timers; i++)
                if (timer_is_on(i) && timers[i].due <= passed)
                        EXPECT_OK(__real_sd_event_source_set_time_relative(timers[i].source, 0));
}

void creds_rig_step(CredsRig *g, int64_t by) {
        stepped += by;
        g->peer_ahead -= by;
}

usec_t creds_rig_wall(void) {
        Now now;

        __wrap_clock_read(&now);
        return now.wall;
}

static Asked asked_for(const PeerRequest *request) {
        static const struct {
                const char *prefix;
                Asked asked;
        } prefixes[] = {
                { "PUT /latest/api/token ", ASKED_TOKEN },
                { "GET /latest/meta-data/iam/security-credentials/ ", ASKED_ROLE },
                { "GET /latest/meta-data/iam/security-credentials/", ASKED_KEYS },
                { "GET /container", ASKED_CONTAINER },
        };

        for (size_t i = 0; i < ELEMENTSOF(prefixes); i++)
                if (str_after(request->head, prefixes[i].prefix))
                        return prefixes[i].asked;
        EXPECT(str_after(request->head, "POST /sts/ "));
        return strstr(request->body, "AssumeRoleWithWebIdentity") ? ASKED_WEB : ASKED_STS;
}

static void date_header(const CredsRig *g, char *ret, size_t size) {
        char text[TIME_TEXT_MAX];
        usec_t now = creds_rig_wall() + (usec_t) g->peer_ahead;
        time_t seconds = (time_t) (now / USEC_PER_SEC);
        struct tm tm;

        EXPECT(gmtime_r(&seconds, &tm));
        EXPECT(strftime(text, sizeof(text), "%a, %d %b %Y %H:%M:%S GMT", &tm) > 0);
        (void) snprintf(ret, size, "Date: %s\r\n", text);
}

void creds_rig_sts_reply(CredsRig *g, Asked asked, const char *access_key, Buf *out) {
        const char *action = asked == ASKED_WEB ? "AssumeRoleWithWebIdentity" : "AssumeRole";
        char end[TIME_TEXT_MAX], date[64], body[2048];

        date_header(g, date, sizeof(date));
        time_format_rfc3339(creds_rig_wall() + (usec_t) g->peer_ahead + g->life, end);
        (void) snprintf(body, sizeof(body),
                        "<%sResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><%sResult>"
                        "<Credentials><AccessKeyId>%s</AccessKeyId><SecretAccessKey>secret/of/%s"
                        "</SecretAccessKey><SessionToken>token/of/%s</SessionToken><Expiration>%s"
                        "</Expiration></Credentials></%sResult></%sResponse>",
                        action, action, access_key, access_key, access_key, end, action, action);
        peer_reply(out, "200 OK", date, body);
}

void creds_rig_sts_error(CredsRig *g, Buf *out, const char *status, const char *code, const char *message) {
        char date[64], body[2048];

        date_header(g, date, sizeof(date));
        (void) snprintf(body, sizeof(body),
                        "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error>"
                        "<Type>Sender</Type><Code>%s</Code><Message>%s</Message></Error>"
                        "<RequestId>1</RequestId></ErrorResponse>",
                        code, message);
        peer_reply(out, status, date, body);
}

void creds_rig_json(CredsRig *g, const char *access_key, usec_t expires, Buf *out) {
        char end[TIME_TEXT_MAX], date[64], body[1024];

        date_header(g, date, sizeof(date));
        time_format_rfc3339(expires, end);
        (void) snprintf(body, sizeof(body),
                        "{\"Code\":\"Success\",\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"secret/of/%s\","
                        "\"Token\":\"token/of/%s\",\"Expiration\":\"%s\"}",
                        access_key, access_key, access_key, end);
        peer_reply(out, "200 OK", date, body);
}

static void keep(char *dst, size_t size, const char *text, size_t n) {
        n = MIN(n, size - 1);
        memcpy(dst, text, n);
        dst[n] = '\0';
}

static PeerEnd answer(const PeerRequest *request, Buf *out, void *userdata) {
        static const char letters[] = "SWTRKC";
        Asked asked = asked_for(request);
        PeerEnd end = PEER_KEEP;
        CredsRig *g = userdata;
        unsigned n = g->counts[asked]++;
        size_t length = strlen(g->log);
        char key[32];

        if (length < sizeof(g->log) - 1)
                g->log[length] = letters[asked];
        keep(g->head[asked], sizeof(g->head[asked]), request->head, strlen(request->head));
        keep(g->body[asked], sizeof(g->body[asked]), request->body, request->body_size);
        if (g->hook && g->hook(g, asked, n, request, out, &end))
                return end;
        (void) snprintf(key, sizeof(key), "ASIA%c%011u", letters[asked], n);
        switch (asked) {
        case ASKED_STS:
        case ASKED_WEB:
                creds_rig_sts_reply(g, asked, key, out);
                break;
        case ASKED_TOKEN:
                peer_reply(out, "200 OK", "", "imds-token==");
                break;
        case ASKED_ROLE:
                peer_reply(out, "200 OK", "", "app\n");
                break;
        case ASKED_KEYS:
        case ASKED_CONTAINER:
                creds_rig_json(g, key, creds_rig_wall() + g->life, out);
                break;
        }
        return end;
}

CredsRig *creds_rig_new(void) {
        CredsRig *g = alloc_one(CredsRig);
        const char *base = getenv("TMPDIR");

        EXPECT(g);
        stepped = 0;
        for (size_t i = 0; i < GOTS_MAX; i++)
                g->gots[i].rig = g;
        (void) snprintf(g->directory, sizeof(g->directory), "%.40s/canaryd-XXXXXX", base ? base : "/tmp");
        EXPECT(mkdtemp(g->directory));
        log_open(LOG_ERR, NULL);
        g->life = RIG_LIFE;
        EXPECT_OK(sd_event_new(&g->event));
        g->peer = peer_new(g->event, answer, g);
        EXPECT_OK(http_new(g->event, NULL, &g->http));
        (void) snprintf(g->peer_url, sizeof(g->peer_url), "http://%s", peer_host(g->peer));
        g->env.home = g->directory;
        g->env.region = "eu-west-1";
        g->env.ec2_metadata_endpoint = g->peer_url;
        g->env.ec2_metadata_disabled = "true";
        return g;
}

void creds_rig_start(CredsRig *g) {
        char error[DIAG_MESSAGE_MAX] = "", url[96];
        AwsOverrides overrides = { 0 };
        CredsConfig config;

        (void) snprintf(url, sizeof(url), "%s/sts", g->peer_url);
        overrides.endpoint_urls[AWS_STS] = url;
        EXPECT_OK(aws_settings_resolve(&overrides, &g->env, NULL, NULL, &g->settings, error));
        config = (CredsConfig){
                .env = &g->env,
                .settings = &g->settings,
                .config_path = g->config_path,
                .credentials_path = g->credentials_path,
                .allows_imds_v1 = g->allows_v1,
        };
        if (creds_new(g->event, g->http, &config, &g->creds, error) < 0)
                FAIL("%s", error);
}

static void forget_timers(void) {
        while (n_timers > 0)
                (void) sd_event_source_unref(timers[--n_timers].source);
}

CredsRig *creds_rig_free(CredsRig *g) {
        static const char *const names[] = { "aws", ".aws/config", ".aws/credentials", "config",
                "credentials", "token", "out", "pid" };

        if (!g)
                return NULL;
        for (size_t i = 0; i < GOTS_MAX; i++)
                creds_cancel(g->gots[i].wait);
        (void) creds_free(g->creds);
        aws_settings_done(&g->settings);
        (void) http_free(g->http);
        (void) peer_free(g->peer);
        forget_timers();
        (void) sd_event_unref(g->event);
        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                creds_rig_remove(g, names[i]);
        creds_rig_remove(g, ".aws");
        EXPECT_OK(rmdir(g->directory));
        free(g);
        return NULL;
}

void creds_rig_write(const CredsRig *g, const char *name, const char *text) {
        _cleanup_(freep) char *folder = NULL;
        const char *slash = strrchr(name, '/');
        int fd;

        folder = alloc_printf("%s/%.*s", g->directory, slash ? (int) (slash - name) : 0, name);
        EXPECT(folder);
        EXPECT_OK(fs_make_directory(folder, 0700));
        fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        EXPECT_OK(fd);
        EXPECT_OK(fs_replace(fd, slash ? slash + 1 : name, text, strlen(text), 0600));
        EXPECT_OK(close(fd));
}

void creds_rig_remove(const CredsRig *g, const char *name) {
        _cleanup_(freep) char *path = alloc_printf("%s/%s", g->directory, name);

        EXPECT(path);
        if (unlink(path) < 0)
                (void) rmdir(path);
}

static void on_done(const AwsCreds *creds, AwsFault fault, const char *error, void *userdata) {
        Got *got = userdata;
        CredsRig *g = got->rig;

        EXPECT_INT(got->is_done, 0);
        EXPECT(!got->was_at_once || !got->wait);
        got->wait = NULL;
        got->fault = fault;
        if (creds) {
                EXPECT(creds->secret_key);
                EXPECT_OK(str_copy(got->access_key, sizeof(got->access_key), creds->access_key));
                got->expires = creds->expires;
        } else {
                EXPECT(fault != AWS_OK);
                EXPECT_OK(str_copy(got->error, sizeof(got->error), error));
                EXPECT(!strstr(error, "secret/"));
                EXPECT(!strstr(error, "token/of"));
        }
        got->is_done = 1;
        g->n_done++;
        if (got->on_done)
                got->on_done(got);
}

static void get(CredsRig *g, size_t i, const char *role, bool is_rollback) {
        const char *external_id = role ? strchr(role, '?') : NULL;
        _cleanup_(aws_creds_done) AwsCreds creds = { 0 };
        _cleanup_(freep) char *arn = NULL;
        Got *got = &g->gots[i];
        CredsKey key = { 0 };
        int r;

        if (role) {
                arn = alloc_copy_bytes(role, external_id ? (size_t) (external_id - role) : strlen(role));
                key = (CredsKey){ arn, external_id ? external_id + 1 : NULL };
        }

        *got = (Got){ .rig = g, .on_done = got->on_done };
        r = creds_get(g->creds, &key, is_rollback, &creds, on_done, got, &got->wait);
        EXPECT_OK(r);
        EXPECT_INT(got->is_done, 0);
        if (r > 0) {
                EXPECT(!got->wait);
                on_done(&creds, AWS_OK, NULL, got);
                got->was_at_once = true;
        } else
                EXPECT(got->wait);
}

void creds_rig_get(CredsRig *g, size_t i, const char *role) {
        get(g, i, role, false);
}

void creds_rig_get_for_rollback(CredsRig *g, size_t i, const char *role) {
        get(g, i, role, true);
}

const Got *creds_rig_await(CredsRig *g, size_t i, const char *role) {
        get(g, i, role, false);
        if (g->gots[i].is_done == 0)
                creds_rig_run(g, g->n_done + 1);
        return &g->gots[i];
}

void creds_rig_run(CredsRig *g, size_t n_done) {
        unsigned quiet = 0;

        for (unsigned turn = 0; g->n_done < n_done; turn++) {
                int r = sd_event_run(g->event, 20 * USEC_PER_MSEC);
                usec_t span;

                EXPECT_OK(r);
                if (turn == TURNS_MAX || quiet == PATIENCE)
                        FAIL("waited for %zu, there are only %zu; asked: %s", n_done, g->n_done, g->log);
                if (r > 0)
                        continue;
                quiet++;
                span = creds_rig_timer("-retry");
                if (span != USEC_INFINITY && !g->is_frozen)
                        creds_rig_advance(span);
        }
}

void creds_rig_settle(CredsRig *g) {
        /* What comes over a socket may need a moment, even on loopback. */
        for (unsigned turn = 0, quiet = 0; quiet < 3; turn++) {
                int r = sd_event_run(g->event, 5 * USEC_PER_MSEC);

                EXPECT_OK(r);
                quiet = r > 0 ? 0 : quiet + 1;
                if (turn == TURNS_MAX)
                        FAIL("the loop never comes to rest");
        }
}
