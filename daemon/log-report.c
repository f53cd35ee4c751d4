#include <stdio.h>

#include "aws/digest.h"
#include "base/timefmt.h"
#include "core/trace.h"
#include "daemon/log-internal.h"

/* The ids are for ever: the message catalog and people's filters are keyed by them. "shown": what matters is
 * repeated at the end of the line on stderr, where there are no fields. */
static const struct {
        const char *message_id;
        int priority;
        bool shown;
} kinds[REPORT_KIND_COUNT] = {
        [REPORT_STARTED] = { "49ae4c6d208a5d0142f33ed60a18589b", LOG_NOTICE, false },
        [REPORT_PREFLIGHT_PASSED] = { "8ef71756cc6d70bea2d8c97592aaa4d1", LOG_INFO, false },
        [REPORT_REJECTED] = { "7af6d45d4ea87d5bc14cf7237cf7e698", LOG_ERR, true },
        [REPORT_WEIGHT_INTENT] = { "aae4918713c9b487b14203cb6559d8b2", LOG_INFO, false },
        [REPORT_WEIGHT_SET] = { "d2947cdd7bc96b0c57776db6dce6640c", LOG_NOTICE, false },
        [REPORT_STEP_PASSED] = { "c8e847ac72ad1a5e53e3dc928fb999d8", LOG_INFO, false },
        [REPORT_HOLDING] = { "43d6a881ad685ba5412467be93d0a204", LOG_WARNING, true },
        [REPORT_PROMOTED] = { "28f1cd09ec6cc909b6a98f6cb859574d", LOG_NOTICE, false },
        [REPORT_BAKING] = { "90f6e84177be69f650ba2c3c431d270f", LOG_INFO, false },
        [REPORT_SUCCEEDED] = { "7a889cbdbf2cdd25673893d275f379a1", LOG_NOTICE, false },
        [REPORT_BREACH] = { "4f6de739b212c194854d89c76864c849", LOG_ERR, true },
        [REPORT_ROLLBACK_STARTED] = { "10f93456573954b91be72725903b929c", LOG_ERR, true },
        [REPORT_ROLLED_BACK] = { "14d52e44ebd38d2f705817b29abfaf04", LOG_NOTICE, true },
        [REPORT_ROLLBACK_FAILING] = { "e570a1fee83473b9462bac807273ad37", LOG_ALERT, true },
        [REPORT_FOREIGN] = { "100f75fc54f66b6f76073d376114274b", LOG_ERR, true },
        [REPORT_RELEASED] = { "37add3bbe90da641b83a37e18b8409fc", LOG_NOTICE, true },
        [REPORT_REVISION_ADOPTED] = { "dd6e150efb875a16183288286bb6bfa2", LOG_NOTICE, false },
        [REPORT_BLIND] = { "21b0b77a56faf0e0080308ac4fdf766d", LOG_WARNING, false },
        [REPORT_SEEING] = { "f96a38033c56a02e88ffaea25abb0379", LOG_NOTICE, false },
        [REPORT_RETRYING] = { "46577339bc1d0c5646e7ecf10b1f9a84", LOG_WARNING, false },
        [REPORT_RESUMED] = { "b0c6ff88a01f1b8169bd1db1657d2551", LOG_NOTICE, false },
        [REPORT_PUBLISHING] = { "eacd462d69ce45a4bb18bb9bf8c0677d", LOG_INFO, false },
        [REPORT_PUBLISHED] = { "3fee29b33c7746e79f40a470370c6461", LOG_NOTICE, false },
        [REPORT_ALIAS_CREATED] = { "8f17056822604b52ac0688326bc71070", LOG_NOTICE, false },
        [REPORT_CONCURRENCY] = { "061c178dfddf4a3e967abbbc2ac24769", LOG_INFO, false },
        [REPORT_PROVISIONING] = { "ee4e8372b8de40ce974319a88dcc64a9", LOG_NOTICE, false },
        [REPORT_RESTORING] = { "1b0b127b1b6548f3996bcc38ab00a3b6", LOG_INFO, false },
        [REPORT_RESTORED] = { "306002c1573647d181b6a2390c53aaeb", LOG_NOTICE, false },
        [REPORT_RESTORE_SKIPPED] = { "dd73452b5865429fb94a8851d0e4c288", LOG_WARNING, true },
        [REPORT_RESTORE_FAILED] = { "fbce300733dd41bebac23cb2a0328e83", LOG_ERR, true },
        [REPORT_WAVE_BEGUN] = { "d19fb7066be84eaaab2d8e5c85586a0c", LOG_NOTICE, false },
        [REPORT_WAVE_BAKED] = { "bf140f4865e64a44a489e1ae88e24ea8", LOG_NOTICE, false },
        [REPORT_FINDING] = { "bfab8569c98d48288f1378e12f3b4216", LOG_WARNING, false },
        [REPORT_WAITING] = { "d39d022ba0c9421384222d44ea52ed9a", LOG_NOTICE, false },
};

const char *log_report_message_id(ReportKind kind) {
        return kinds[kind].message_id;
}

int log_report_priority(ReportKind kind) {
        return kinds[kind].priority;
}

static void put_text(LogRecord *r, LogShow show, const char *name, const char *value) {
        if (value && value[0] != '\0')
                log_field(r, show, name, "%s", value);
}

static void put_version(LogRecord *r, LogShow show, const char *name, uint64_t version) {
        if (version != 0)
                log_field(r, show, name, "%ju", (uintmax_t) version);
}

static void put_window(LogRecord *r, LogShow show, const Report *report) {
        char start[TIME_TEXT_MAX], end[TIME_TEXT_MAX];

        if (report->window_start == 0 || report->window_end <= report->window_start)
                return;
        time_format_rfc3339(report->window_start, start);
        time_format_rfc3339(report->window_end, end);
        log_field(r, show, "WINDOW", "%s/%s", start, end);
}

/* Where the report's check means something, be it without a reading. */
static bool names_check(const Report *report) {
        return report->kind == REPORT_BLIND || report->reason == REASON_BREACH ||
                        report->reason == REASON_BLIND || report->reason == REASON_ALARM_MISSING ||
                        report->reason == REASON_ALARM_RINGING || report->reason == REASON_QUERY_REFUSED;
}

static void put_alarm(LogRecord *r, LogShow show, const Report *report, const PlanCheck *check) {
        char since[TIME_TEXT_MAX];

        put_text(r, show, "ALARM", check->alarm);
        if (report->window_start == 0)
                return;
        time_format_rfc3339(report->window_start, since);
        log_field(r, show, "ALARM_SINCE", "%s", since);
}

/* The evidence. Only a breach and a hold carry a reading; what follows a breach names its check. */
static void put_check(LogRecord *r, LogShow show, const Report *report, const Plan *plan) {
        bool has_reading = report->kind == REPORT_BREACH || report->kind == REPORT_HOLDING;
        const PlanCheck *check;

        if (report->check >= plan->n_checks || (!has_reading && !names_check(report)))
                return;
        check = &plan->checks[report->check];
        put_text(r, show, "CHECK", check->name);
        if (check->kind == CHECK_ALARM)
                put_alarm(r, show, report, check);
        if (report->kind == REPORT_BLIND && report->cause != CAUSE_NONE)
                put_text(r, show, "CAUSE", cause_to_string((Cause) report->cause));
        if (!has_reading)
                return;
        put_text(r, show, "VERDICT", verdict_to_string((Verdict) report->verdict));
        if (report->cause != CAUSE_NONE)
                put_text(r, show, "CAUSE", cause_to_string((Cause) report->cause));
        if (check->kind == CHECK_ALARM)
                return;
        if (report->samples > 0 || report->kind == REPORT_BREACH)
                log_field(r, show, "VALUE", "%.10g", report->value);
        log_field(r, show, "LIMIT", "%.10g", check->max);
        log_field(r, show, "SAMPLES", "%.10g", report->samples);
        put_window(r, show, report);
}

static void put_wave(LogRecord *r, const Report *report, const Plan *plan) {
        if (plan->n_waves > 0)
                put_text(r, LOG_JOURNAL_ONLY, "WAVE", plan_wave(plan, report->wave).name);
}

static void put_target(LogRecord *r, LogShow show, const Report *report, const Plan *plan) {
        if (report->target < plan->n_targets) {
                const PlanTarget *t = &plan->targets[report->target];

                put_text(r, show, "FUNCTION", t->function);
                put_text(r, show, "ALIAS", t->alias);
                put_text(r, LOG_JOURNAL_ONLY, "REGION", t->region);
        }
        put_version(r, show, "OLD_VERSION", report->version_old);
        put_version(r, show, "NEW_VERSION", report->version_new);
}

static void put_failure(LogRecord *r, LogShow show, const Report *report) {
        if (report->reason != REASON_NONE)
                put_text(r, show, "REASON", reason_to_string((Reason) report->reason));
        if (report->fault != FAULT_NONE)
                put_text(r, show, "FAULT", fault_to_string((Fault) report->fault));
        put_text(r, LOG_JOURNAL_ONLY, "AWS_ERROR", report->error);
        put_text(r, show, "AWS_REQUEST_ID", report->request_id);
}

/* What is fine is no warning; it is told, as the numbers of events have no gap. */
static int priority_of(const Report *report) {
        return report->kind == REPORT_FINDING && report->finding.level == FINDING_OK
                        ? LOG_INFO
                        : kinds[report->kind].priority;
}

void log_report(const char *rollout_id, const char *plan_path, const Report *report, const Plan *plan) {
        LogShow show = kinds[report->kind].shown ? LOG_SHOW : LOG_JOURNAL_ONLY;
        LogRecord r = log_record(priority_of(report), kinds[report->kind].message_id);
        char message[TRACE_TEXT_MAX], hex[DIGEST_HEX_MAX];

        if (!log_wants(r.priority))
                return;
        report_format(report, plan, message);
        digest_to_hex(plan->sha256, hex);
        put_text(&r, LOG_JOURNAL_ONLY, "ROLLOUT", rollout_id);
        put_text(&r, LOG_JOURNAL_ONLY, "PLAN_PATH", plan_path);
        put_text(&r, show, "EVENT", report_kind_to_string(report->kind));
        log_field(&r, show, "SEQ", "%ju", (uintmax_t) report->seq);
        put_text(&r, LOG_JOURNAL_ONLY, "PHASE", phase_to_string((Phase) report->phase));
        put_wave(&r, report, plan);
        log_field(&r, LOG_JOURNAL_ONLY, "STEP", "%u", report->step + 1);
        put_target(&r, show, report, plan);
        log_field(&r, show, "WEIGHT", "%.10g", (double) report->weight_to / WEIGHT_PERCENT);
        put_check(&r, show, report, plan);
        put_failure(&r, show, report);
        put_text(&r, LOG_JOURNAL_ONLY, "REVISION_ID", report->revision);
        put_text(&r, LOG_JOURNAL_ONLY, "ACTOR", "auto");
        put_text(&r, show, "PLAN_SHA256", hex);
        log_emit(&r, rollout_id, message);
        log_record_done(&r);
}
STATIC_ASSERT(DIGEST_SIZE == PLAN_HASH_SIZE);
