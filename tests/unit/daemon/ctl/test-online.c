#include "daemon/ctl/online.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include <systemd/sd-event.h>

#include "base/alloc.h"
#include "base/str.h"
#include "daemon/clock.h"
#include "daemon/exec.h"
#include "lib/test.h"

/* Stands in for daemon/exec.c: each call is answered in the next turn of the loop, as this says. */
static struct {
        const char *region;
        Route route;
        Fault fault;     /* of every call */
        double requests; /* a minute */
        bool is_silent;  /* no answer ever comes */
        bool is_interrupted;
        unsigned n_calls, n_writes;
        sd_event *event;
        Action action[8];
        ExecDone done;
        void *userdata;
        size_t n_waiting;
        sd_event_source *source;
} fake;

static EventKind kind_of(ActionKind kind) {
        return kind == ACTION_READ_ALIAS                  ? EVENT_ALIAS_READ
                        : kind == ACTION_READ_VERSION     ? EVENT_VERSION_READ
                        : kind == ACTION_READ_CONCURRENCY ? EVENT_CONCURRENCY_READ
                                                          : EVENT_METRICS_READ;
}

static int answer(sd_event_source *source, void *userdata) {
        Action a = fake.action[0];
        MetricRow row = { .start = a.metrics.until - USEC_PER_MINUTE,
                .old_version = { .invocations = fake.requests } };
        Event e = { .kind = kind_of(a.kind),
                .target = a.target,
                .op_id = a.op_id,
                .fault = fake.fault,
                .error = fake.fault != FAULT_NONE ? "AWS's words" : NULL,
                .route = fake.route,
                .revision = "r-1",
                .version_active = true,
                .rows = &row,
                .n_rows = a.kind == ACTION_READ_METRICS && fake.requests > 0 };

        memmove(&fake.action[0], &fake.action[1], sizeof(fake.action) - sizeof(fake.action[0]));
        if (--fake.n_waiting > 0)
                EXPECT_OK(sd_event_source_set_enabled(source, SD_EVENT_ONESHOT));
        if (fake.is_interrupted)
                EXPECT_INT(raise(SIGINT), 0);
        else
                fake.done(&e, fake.userdata);
        return 0;
}

int exec_new(sd_event *event, const Conf *conf, const AwsEnv *env, Exec **ret, char reterr[static 320]) {
        EXPECT_OK(sd_event_add_defer(event, &fake.source, answer, NULL));
        EXPECT_OK(sd_event_source_set_enabled(fake.source, SD_EVENT_OFF));
        *ret = (Exec *) (void *) &fake;
        return 0;
}

Exec *exec_free(Exec *e) {
        if (e)
                fake.source = sd_event_source_disable_unref(fake.source);
        return NULL;
}

const char *exec_region(const Exec *e) {
        return fake.region;
}

void exec_clock_read(const Exec *e, Now *ret) {
        clock_read(ret);
}

int exec_start(Exec *e, const char *rollout, const Plan *plan, const Action *action, ExecDone done,
                void *userdata, ExecOp **ret) {
        fake.n_calls++;
        fake.n_writes += kind_of(action->kind) == EVENT_METRICS_READ && action->kind != ACTION_READ_METRICS;
        fake.done = done;
        fake.userdata = userdata;
        EXPECT(fake.n_waiting < ELEMENTSOF(fake.action));
        fake.action[fake.n_waiting++] = *action;
        return fake.is_silent ? 0 : sd_event_source_set_enabled(fake.source, SD_EVENT_ONESHOT);
}

static PlanDoc *parse(const char *more) {
        _cleanup_(freep) char *text =
                        alloc_printf("format: 1\nfunction: checkout\nalias: live\nto: 42\n%s"
                                     "steps:\n  - {weight: 5%%, hold: 10m}\nhealth:\n  checks:\n"
                                     "    - {name: errors, metric: error_rate, max: 5%%}\n",
                                        more);
        static DiagList diags;
        uint8_t hash[PLAN_HASH_SIZE] = { 1 };
        PlanDoc *doc = NULL;

        EXPECT(text);
        EXPECT_OK(plan_parse(text, strlen(text), "checkout", hash, USEC_PER_DAY, &diags, &doc));
        return doc;
}

static Conf *conf_of_defaults(void) {
        static DiagList diags;
        Conf *conf = NULL;

        EXPECT_OK(conf_parse("", 0, &diags, &conf));
        return conf;
}

/* What comes of it, findings as "LEVEL KIND, ". */
static int check(const char *more, usec_t timeout, char ret[static 512],
                char reterr[static ONLINE_ERROR_MAX]) {
        _cleanup_(plan_doc_freep) PlanDoc *doc = parse(more);
        _cleanup_(conf_freep) Conf *conf = conf_of_defaults();
        _cleanup_(online_findings_done) OnlineFindings f = { 0 };
        int r;

        ret[0] = reterr[0] = '\0';
        r = online_check(doc, conf, timeout, &f, reterr);
        for (size_t i = 0, used = 0; i < f.n; i++)
                used += (size_t) snprintf(ret + used, 512 - used, "%s %s, ",
                                finding_level_to_string((FindingLevel) f.items[i].finding.level),
                                finding_kind_to_string((FindingKind) f.items[i].finding.kind));
        EXPECT_INT(fake.n_writes, 0);
        return r;
}

static void set_up(void) {
        memset(&fake, 0, sizeof(fake));
        fake.region = "eu-west-1";
        fake.route.primary = 41;
        fake.requests = 1000;
}

TEST(the_whole_of_preflight_and_nothing_behind_it) {
        char found[512], error[ONLINE_ERROR_MAX];

        set_up();
        EXPECT_INT(check("", USEC_PER_MINUTE, found, error), 0);
        EXPECT_STR(found, "ok alias, ok concurrency, ok versions, ok metrics, ok traffic, ok evidence, ");
        EXPECT_INT(fake.n_calls, 5);
}

TEST(warnings_refuse_nothing) {
        char found[512], error[ONLINE_ERROR_MAX];

        set_up();
        fake.requests = 0;
        EXPECT_INT(check("", USEC_PER_MINUTE, found, error), 0);
        EXPECT_STR(found, "ok alias, ok concurrency, ok versions, ok metrics, warn traffic, ");
}

TEST(a_refusal_ends_it) {
        char found[512], error[ONLINE_ERROR_MAX];

        set_up();
        fake.route = (Route){ .primary = 41, .extra = 42, .weight = 500 };
        EXPECT_INT(check("", USEC_PER_MINUTE, found, error), 0);
        EXPECT_STR(found, "refuse alias, ");
        EXPECT_INT(fake.n_calls, 1);
        set_up();
        fake.fault = FAULT_DENIED;
        EXPECT_INT(check("", USEC_PER_MINUTE, found, error), 0);
        EXPECT_STR(found, "refuse access, ");
}

TEST(a_plan_that_would_wait_is_looked_at_now) {
        char found[512], error[ONLINE_ERROR_MAX];

        set_up();
        EXPECT_INT(check("not_before: 2999-01-01T00:00:00Z\n", USEC_PER_MINUTE, found, error), 0);
        EXPECT(str_after(found, "ok alias, "));
}

TEST(nobody_answers) {
        char found[512], error[ONLINE_ERROR_MAX];

        set_up();
        fake.is_silent = true;
        EXPECT_INT(check("", 30 * USEC_PER_MSEC, found, error), EXIT_UNREACHABLE);
        EXPECT_CONTAINS(error, "preflight is not over after");
        EXPECT_CONTAINS(error, "--timeout");
        set_up();
        fake.fault = FAULT_UNREACHABLE;
        EXPECT_INT(check("", 50 * USEC_PER_MSEC, found, error), EXIT_UNREACHABLE);
        EXPECT_CONTAINS(error, "unreachable: AWS's words");
        EXPECT_STR(found, "");
}

TEST(without_credentials_there_is_nothing_to_wait_for) {
        char found[512], error[ONLINE_ERROR_MAX];

        set_up();
        fake.fault = FAULT_CREDENTIALS;
        (void) alarm(20);
        EXPECT_INT(check("", USEC_PER_HOUR, found, error), EXIT_BAD);
        (void) alarm(0);
        EXPECT_STR(error, "credentials: AWS's words");
        EXPECT_INT(fake.n_calls, 1);
}

TEST(an_impatient_operator) {
        char found[512], error[ONLINE_ERROR_MAX];

        set_up();
        fake.is_interrupted = true;
        EXPECT_INT(check("", USEC_PER_MINUTE, found, error), EXIT_INTERRUPTED);
        EXPECT_CONTAINS(error, "interrupted");
}

TEST(no_region) {
        char found[512], error[ONLINE_ERROR_MAX];

        set_up();
        fake.region = NULL;
        EXPECT_INT(check("", USEC_PER_MINUTE, found, error), EXIT_BAD);
        EXPECT_CONTAINS(error, "no region is known for function \"checkout\"");
        EXPECT_INT(check("region: eu-west-1\n", USEC_PER_MINUTE, found, error), 0);
}
