#include <stdlib.h>

#include "base/alloc.h"
#include "base/usec.h"
#include "daemon/log.h"
#include "lib/test.h"
#include "unit/daemon/journal-capture.h"
#include "unit/daemon/log-capture.h"

#define HASH "abcd000000000000000000000000000000000000000000000000000000000000"
#define NOON (UINT64_C(1768478400) * USEC_PER_SEC) /* 2026-01-15T12:00:00Z */

static const PlanTarget target = { .function = "checkout", .alias = "live", .region = "eu-west-1" };
static const PlanCheck check = { .name = "errors",
        .kind = CHECK_ERROR_RATE,
        .max = 0.05,
        .min_requests = 1 };
static const Plan plan = { .name = "checkout",
        .targets = &target,
        .n_targets = 1,
        .n_steps = 2,
        .steps = (const PlanStep[]){ { .weight = 500 }, { .weight = 2500 } },
        .n_checks = 1,
        .checks = &check,
        .sha256 = { 0xab, 0xcd } };

static Report sample(ReportKind kind) {
        return (Report){ .kind = kind,
                .seq = 12,
                .wall = NOON,
                .phase = PHASE_SHIFTING,
                .step = 1,
                .n_steps = 2,
                .weight_from = 500,
                .weight_to = 2500,
                .version_old = 41,
                .version_new = 42 };
}

static Report breach(void) {
        Report r = sample(REPORT_BREACH);

        r.verdict = VERDICT_BREACH;
        r.value = 0.0813;
        r.limit = 0.05;
        r.samples = 123;
        r.window_start = NOON;
        r.window_end = NOON + 2 * USEC_PER_MINUTE;
        (void) snprintf(r.request_id, sizeof(r.request_id), "req-1");
        return r;
}

TEST(every_kind_has_an_id_of_its_own_and_a_priority) {
        for (ReportKind kind = 0; kind < REPORT_KIND_COUNT; kind++) {
                const char *id = log_report_message_id(kind);

                EXPECT(id);
                EXPECT_INT(strlen(id), 32);
                EXPECT_INT(strspn(id, "0123456789abcdef"), 32);
                EXPECT(log_report_priority(kind) >= LOG_ALERT && log_report_priority(kind) <= LOG_INFO);
                for (ReportKind other = 0; other < kind; other++)
                        EXPECT(strcmp(id, log_report_message_id(other)) != 0);
        }
        EXPECT_INT(log_report_priority(REPORT_WEIGHT_SET), LOG_NOTICE);
        EXPECT_INT(log_report_priority(REPORT_HOLDING), LOG_WARNING);
        EXPECT_INT(log_report_priority(REPORT_BREACH), LOG_ERR);
        EXPECT_INT(log_report_priority(REPORT_ROLLBACK_FAILING), LOG_ALERT);
}

TEST(a_breach_in_the_journal_has_all_its_evidence) {
        static const char *const wanted[] = { "PRIORITY=3", "MESSAGE_ID=4f6de739b212c194854d89c76864c849",
                "SYSLOG_IDENTIFIER=canaryd", "CANARYD_ROLLOUT=checkout@7", "CANARYD_SEQ=12",
                "CANARYD_PLAN_PATH=/plans/checkout.yaml", "CANARYD_FUNCTION=checkout", "CANARYD_ALIAS=live",
                "CANARYD_REGION=eu-west-1", "CANARYD_OLD_VERSION=41", "CANARYD_NEW_VERSION=42",
                "CANARYD_PHASE=shifting", "CANARYD_STEP=2", "CANARYD_WEIGHT=25", "CANARYD_CHECK=errors",
                "CANARYD_VERDICT=breach", "CANARYD_VALUE=0.0813", "CANARYD_LIMIT=0.05",
                "CANARYD_SAMPLES=123", "CANARYD_WINDOW=2026-01-15T12:00:00Z/2026-01-15T12:02:00Z",
                "CANARYD_ACTOR=auto", "CANARYD_AWS_REQUEST_ID=req-1" };
        Report r = breach();

        journal_reset(0);
        journal_claim();
        log_report("checkout@7", "/plans/checkout.yaml", &r, &plan);
        EXPECT(strncmp(journal_text(), "MESSAGE=checkout@7: checkout:live ", 34) == 0);
        for (size_t i = 0; i < ELEMENTSOF(wanted); i++) {
                char line[128];

                (void) snprintf(line, sizeof(line), "\n%.100s\n", wanted[i]);
                EXPECT_CONTAINS(journal_text(), line);
        }
        EXPECT_CONTAINS(journal_text(), "\nCANARYD_PLAN_SHA256=" HASH "\n");
}

TEST(a_finding_is_as_loud_as_it_is_bad) {
        static const struct {
                FindingLevel level;
                const char *expected;
        } cases[] = { { FINDING_OK, " info checkout@7: checkout:live: 12 requests/min" },
                { FINDING_WARN, " warning checkout@7: checkout:live: no traffic" } };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_(freep) char *text = NULL;
                Report r = { .kind = REPORT_FINDING,
                        .seq = 3,
                        .finding = { .level = cases[i].level, .kind = FINDING_TRAFFIC, .rate = 12 } };

                log_open(LOG_INFO, NULL);
                capture_begin();
                log_report("checkout@7", "/plans/checkout.yaml", &r, &plan);
                text = capture_end();
                EXPECT_CONTAINS(text, cases[i].expected);
        }
}

TEST(a_breach_on_stderr_ends_in_pairs) {
        _cleanup_(freep) char *text = NULL;
        Report r = breach();

        log_open(LOG_INFO, NULL);
        capture_begin();
        log_report("checkout@7", "/plans/checkout.yaml", &r, &plan);
        text = capture_end();
        EXPECT_CONTAINS(text, "Z err checkout@7: checkout:live ");
        EXPECT_CONTAINS(text,
                        " [event=breach seq=12 function=checkout alias=live old_version=41 new_version=42 "
                        "weight=25 check=errors verdict=breach value=0.0813 limit=0.05 samples=123 "
                        "window=2026-01-15T12:00:00Z/2026-01-15T12:02:00Z aws_request_id=req-1 "
                        "plan_sha256=" HASH "]\n");
}

TEST(what_follows_a_breach_names_its_check_and_its_reason) {
        _cleanup_(freep) char *text = NULL;
        Report r = sample(REPORT_ROLLED_BACK);

        r.reason = REASON_BREACH;
        r.weight_to = 0;
        log_open(LOG_INFO, NULL);
        capture_begin();
        log_report("checkout@7", "/plans/checkout.yaml", &r, &plan);
        text = capture_end();
        EXPECT_CONTAINS(text,
                        " [event=rolled-back seq=12 function=checkout alias=live old_version=41 "
                        "new_version=42 weight=0 check=errors reason=breach plan_sha256=" HASH "]\n");
}

TEST(a_move_is_one_plain_line) {
        _cleanup_(freep) char *text = NULL;
        Report r = sample(REPORT_WEIGHT_SET);

        log_open(LOG_INFO, NULL);
        capture_begin();
        log_report("checkout@7", "/plans/checkout.yaml", &r, &plan);
        text = capture_end();
        EXPECT_CONTAINS(text, "Z notice checkout@7: checkout:live ");
        EXPECT(!strchr(text, '['));
        EXPECT(strchr(text, '\n') == text + strlen(text) - 1);
}

TEST(every_kind_can_be_said_with_nothing_known) {
        _cleanup_(freep) char *text = NULL;
        size_t lines = 0;

        log_open(LOG_DEBUG, NULL);
        capture_begin();
        for (ReportKind kind = 0; kind < REPORT_KIND_COUNT; kind++) {
                Report r = { .kind = kind };

                log_report("checkout@7", "", &r, &plan);
        }
        text = capture_end();
        for (const char *c = text; *c; c++)
                lines += *c == '\n';
        EXPECT_INT(lines, REPORT_KIND_COUNT);
}

TEST(an_alarm_is_named_and_has_no_value) {
        static const PlanCheck alarm = { .name = "burning", .kind = CHECK_ALARM, .alarm = "checkout-5xx" };
        _cleanup_(freep) char *text = NULL;
        Report r = breach();
        Plan by_alarm = plan;

        by_alarm.checks = &alarm;
        by_alarm.n_checks = 1;
        log_open(LOG_INFO, NULL);
        capture_begin();
        log_report("checkout@7", "/plans/checkout.yaml", &r, &by_alarm);
        text = capture_end();
        EXPECT_CONTAINS(text,
                        " check=burning alarm=checkout-5xx alarm_since=2026-01-15T12:00:00Z verdict=breach ");
        EXPECT(!strstr(text, "value=") && !strstr(text, "limit=") && !strstr(text, "window="));
}

TEST(blindness_of_one_check_names_it) {
        _cleanup_(freep) char *text = NULL;
        Report r = sample(REPORT_BLIND);

        r.cause = CAUSE_REFUSED;
        r.check = 0;
        journal_reset(0);
        journal_claim();
        log_report("checkout@7", "/plans/checkout.yaml", &r, &plan);
        EXPECT_CONTAINS(journal_text(), "\nCANARYD_CHECK=errors\n");
        EXPECT_CONTAINS(journal_text(), "\nCANARYD_CAUSE=refused\n");
}
