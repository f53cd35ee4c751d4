#include "core/trace.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"

static const char *const phase_names[PHASE_COUNT] = {
        [PHASE_QUEUED] = "queued",
        [PHASE_PREFLIGHT] = "preflight",
        [PHASE_PUBLISHING] = "publishing",
        [PHASE_SHIFTING] = "shifting",
        [PHASE_PROMOTING] = "promoting",
        [PHASE_BAKING] = "baking",
        [PHASE_ROLLING_BACK] = "rolling-back",
        [PHASE_RESTORING] = "restoring",
        [PHASE_SUCCEEDED] = "succeeded",
        [PHASE_ROLLED_BACK] = "rolled-back",
        [PHASE_REJECTED] = "rejected",
        [PHASE_RELEASED] = "released",
};

static const char *const stage_names[STAGE_COUNT] = {
        [STAGE_IDLE] = "idle",
        [STAGE_READ_ALIAS] = "read-alias",
        [STAGE_READ_OLD] = "read-old",
        [STAGE_READ_NEW] = "read-new",
        [STAGE_READ_ALARMS] = "read-alarms",
        [STAGE_READ_CONCURRENCY] = "read-concurrency",
        [STAGE_READ_LATEST] = "read-latest",
        [STAGE_READ_CODE] = "read-code",
        [STAGE_READ_HISTORY] = "read-history",
        [STAGE_WRITE] = "write",
        [STAGE_RESOLVE] = "resolve",
        [STAGE_VERIFY] = "verify",
        [STAGE_RELEASED] = "released",
        [STAGE_LATEST] = "latest",
        [STAGE_UPDATE] = "update",
        [STAGE_UPDATED] = "updated",
        [STAGE_PUBLISH] = "publish",
        [STAGE_ACTIVATE] = "activate",
        [STAGE_CREATE] = "create",
        [STAGE_CREATED] = "created",
        [STAGE_RESTORE_OLD] = "restore-old",
        [STAGE_RESTORE_NEW] = "restore-new",
};

static const char *const verdict_names[VERDICT_COUNT] = {
        [VERDICT_UNKNOWN] = "unknown",
        [VERDICT_HEALTHY] = "healthy",
        [VERDICT_BREACH] = "breach",
};

static const char *const cause_names[CAUSE_COUNT] = {
        [CAUSE_NONE] = "none",
        [CAUSE_NOT_READ] = "not-read",
        [CAUSE_NO_DATA] = "no-data",
        [CAUSE_FEW_SAMPLES] = "few-samples",
        [CAUSE_UNSETTLED] = "unsettled",
        [CAUSE_THROTTLED] = "throttled",
        [CAUSE_API_ERROR] = "api-error",
        [CAUSE_CREDENTIALS] = "credentials",
        [CAUSE_DENIED] = "denied",
        [CAUSE_CLOCK] = "clock",
        [CAUSE_REFUSED] = "refused",
        [CAUSE_ALARM_INSUFFICIENT] = "alarm-insufficient",
        [CAUSE_ALARM_MISSING] = "alarm-missing",
};

static const char *const fault_names[FAULT_COUNT] = {
        [FAULT_NONE] = "none",
        [FAULT_THROTTLED] = "throttled",
        [FAULT_TRANSIENT] = "transient",
        [FAULT_UNREACHABLE] = "unreachable",
        [FAULT_CREDENTIALS] = "credentials",
        [FAULT_CLOCK] = "clock",
        [FAULT_DENIED] = "denied",
        [FAULT_CONFLICT] = "conflict",
        [FAULT_PRECONDITION] = "precondition",
        [FAULT_MISSING] = "missing",
        [FAULT_INVALID] = "invalid",
        [FAULT_PERMANENT] = "permanent",
        [FAULT_STORE] = "store",
};

static const char *const reason_names[REASON_COUNT] = {
        [REASON_NONE] = "none",
        [REASON_BREACH] = "breach",
        [REASON_BLIND] = "blind",
        [REASON_DEADLINE] = "deadline",
        [REASON_FOREIGN] = "foreign",
        [REASON_REFUSED] = "refused",
        [REASON_CANNOT_WRITE] = "cannot-write",
        [REASON_ALIAS_MISSING] = "alias-missing",
        [REASON_VERSION_MISSING] = "version-missing",
        [REASON_VERSION_STATE] = "version-state",
        [REASON_ALIAS_ELSEWHERE] = "alias-elsewhere",
        [REASON_ALIAS_SPLIT] = "alias-split",
        [REASON_ALREADY_THERE] = "already-there",
        [REASON_ROLE_DIFFERS] = "role-differs",
        [REASON_DEAD_LETTER_DIFFERS] = "dead-letter-differs",
        [REASON_DENIED] = "denied",
        [REASON_INVALID] = "invalid",
        [REASON_ALARM_MISSING] = "alarm-missing",
        [REASON_ALARM_RINGING] = "alarm-ringing",
        [REASON_NOTHING_NEW] = "nothing-new",
        [REASON_CODE_FOREIGN] = "code-foreign",
        [REASON_CODE_DIFFERS] = "code-differs",
        [REASON_CODE_REFUSED] = "code-refused",
        [REASON_UPDATE_FAILED] = "update-failed",
        [REASON_VERSION_FAILED] = "version-failed",
        [REASON_CODE_STUCK] = "code-stuck",
        [REASON_CANNOT_DEPLOY] = "cannot-deploy",
        [REASON_PACKAGE_DIFFERS] = "package-differs",
        [REASON_ALIAS_REFUSED] = "alias-refused",
        [REASON_PROVISIONING] = "provisioning",
        [REASON_WINDOW] = "window",
        [REASON_SUPERSEDED] = "superseded",
        [REASON_QUERY_REFUSED] = "query-refused",
};

static const char *const gated_names[GATED_COUNT] = {
        [GATED_NOT] = "not",
        [GATED_READ_AGAIN] = "read-again",
        [GATED_TOLD] = "told",
};

static const char *const event_names[EVENT_KIND_COUNT] = {
        [EVENT_START] = "start",
        [EVENT_RESUME] = "resume",
        [EVENT_TICK] = "tick",
        [EVENT_ALIAS_READ] = "alias-read",
        [EVENT_VERSION_READ] = "version-read",
        [EVENT_ALIAS_WRITTEN] = "alias-written",
        [EVENT_METRICS_READ] = "metrics-read",
        [EVENT_ALARMS_READ] = "alarms-read",
        [EVENT_FUNCTION_READ] = "function-read",
        [EVENT_CODE_UPDATED] = "code-updated",
        [EVENT_VERSION_PUBLISHED] = "version-published",
        [EVENT_CONCURRENCY_READ] = "concurrency-read",
        [EVENT_CODE_READ] = "code-read",
        [EVENT_SUPERSEDE] = "supersede",
};

static const char *const action_names[ACTION_KIND_COUNT] = {
        [ACTION_PERSIST] = "persist",
        [ACTION_REPORT] = "report",
        [ACTION_READ_ALIAS] = "read-alias",
        [ACTION_READ_VERSION] = "read-version",
        [ACTION_WRITE_ALIAS] = "write-alias",
        [ACTION_READ_METRICS] = "read-metrics",
        [ACTION_READ_ALARMS] = "read-alarms",
        [ACTION_READ_FUNCTION] = "read-function",
        [ACTION_UPDATE_CODE] = "update-code",
        [ACTION_PUBLISH_VERSION] = "publish-version",
        [ACTION_CREATE_ALIAS] = "create-alias",
        [ACTION_READ_CONCURRENCY] = "read-concurrency",
        [ACTION_READ_CODE] = "read-code",
        [ACTION_CANCEL] = "cancel",
};

static const char *const report_names[REPORT_KIND_COUNT] = {
        [REPORT_STARTED] = "started",
        [REPORT_PREFLIGHT_PASSED] = "preflight-passed",
        [REPORT_REJECTED] = "rejected",
        [REPORT_WEIGHT_INTENT] = "weight-intent",
        [REPORT_WEIGHT_SET] = "weight-set",
        [REPORT_STEP_PASSED] = "step-passed",
        [REPORT_HOLDING] = "holding",
        [REPORT_PROMOTED] = "promoted",
        [REPORT_BAKING] = "baking",
        [REPORT_SUCCEEDED] = "succeeded",
        [REPORT_BREACH] = "breach",
        [REPORT_ROLLBACK_STARTED] = "rollback-started",
        [REPORT_ROLLED_BACK] = "rolled-back",
        [REPORT_ROLLBACK_FAILING] = "rollback-failing",
        [REPORT_FOREIGN] = "foreign",
        [REPORT_RELEASED] = "released",
        [REPORT_REVISION_ADOPTED] = "revision-adopted",
        [REPORT_BLIND] = "blind",
        [REPORT_SEEING] = "seeing",
        [REPORT_RETRYING] = "retrying",
        [REPORT_RESUMED] = "resumed",
        [REPORT_PUBLISHING] = "publishing",
        [REPORT_PUBLISHED] = "published",
        [REPORT_ALIAS_CREATED] = "alias-created",
        [REPORT_CONCURRENCY] = "concurrency",
        [REPORT_PROVISIONING] = "provisioning",
        [REPORT_RESTORING] = "restoring",
        [REPORT_RESTORED] = "restored",
        [REPORT_RESTORE_SKIPPED] = "restore-skipped",
        [REPORT_RESTORE_FAILED] = "restore-failed",
        [REPORT_WAVE_BEGUN] = "wave-begun",
        [REPORT_WAVE_BAKED] = "wave-baked",
        [REPORT_WAITING] = "waiting",
        [REPORT_FINDING] = "finding",
};

static const char *const check_kind_names[CHECK_KIND_COUNT] = {
        [CHECK_ERROR_RATE] = "error_rate",
        [CHECK_ERRORS] = "errors",
        [CHECK_DURATION] = "duration",
        [CHECK_ALARM] = "alarm",
};

static const char *name_of(const char *const *names, size_t n, unsigned value) {
        return value < n ? names[value] : "?";
}

static int value_of(const char *const *names, size_t n, const char *s) {
        for (size_t i = 0; i < n; i++)
                if (strcmp(names[i], s) == 0)
                        return (int) i;
        return -EINVAL;
}

#define DEFINE_TO_STRING(noun, type, table)                                 \
        const char *noun##_to_string(type value) {                          \
                return name_of(table, ELEMENTSOF(table), (unsigned) value); \
        }
#define DEFINE_BOTH_WAYS(noun, type, table)                   \
        DEFINE_TO_STRING(noun, type, table)                   \
        int noun##_from_string(const char *s) {               \
                return value_of(table, ELEMENTSOF(table), s); \
        }

DEFINE_BOTH_WAYS(phase, Phase, phase_names)
DEFINE_BOTH_WAYS(stage, Stage, stage_names)
DEFINE_BOTH_WAYS(verdict, Verdict, verdict_names)
DEFINE_BOTH_WAYS(cause, Cause, cause_names)
DEFINE_BOTH_WAYS(fault, Fault, fault_names)
DEFINE_BOTH_WAYS(reason, Reason, reason_names)
DEFINE_BOTH_WAYS(report_kind, ReportKind, report_names)
DEFINE_BOTH_WAYS(check_kind, CheckKind, check_kind_names)
DEFINE_BOTH_WAYS(gated, Gated, gated_names)
DEFINE_TO_STRING(event_kind, EventKind, event_names)
DEFINE_TO_STRING(action_kind, ActionKind, action_names)

void weight_format(uint32_t weight, char ret[static 16]) {
        if (weight % WEIGHT_PERCENT == 0)
                (void) snprintf(ret, 16, "%u %%", weight / WEIGHT_PERCENT);
        else if (weight % 10 == 0)
                (void) snprintf(ret, 16, "%u.%u %%", weight / WEIGHT_PERCENT, weight / 10 % 10);
        else
                (void) snprintf(ret, 16, "%u.%02u %%", weight / WEIGHT_PERCENT, weight % WEIGHT_PERCENT);
}

void check_value_format(const PlanCheck *check, double value, char ret[static 32]) {
        switch (check->kind) {
        case CHECK_ERROR_RATE:
                (void) snprintf(ret, 32, "%.4g %%", value * 100);
                return;
        case CHECK_ERRORS:
                (void) snprintf(ret, 32, "%.6g", value);
                return;
        case CHECK_DURATION:
                (void) snprintf(ret, 32, "%.6g ms", value);
                return;
        case CHECK_ALARM:
                break; /* it rings or not */
        }
        ret[0] = '\0';
}

void trace_event_format(const Event *e, char ret[static TRACE_TEXT_MAX]) {
        int n = snprintf(ret, TRACE_TEXT_MAX, "%s", event_kind_to_string(e->kind));
        size_t used = n > 0 ? (size_t) n : 0;

        if (e->op_id == 0)
                return;
        n = snprintf(ret + used, TRACE_TEXT_MAX - used, " target=%u op=%llu fault=%s", e->target,
                        (unsigned long long) e->op_id, fault_to_string(e->fault));
        used += n > 0 ? (size_t) n : 0;
        if (e->fault != FAULT_NONE)
                return;
        if (e->kind == EVENT_ALIAS_READ || e->kind == EVENT_ALIAS_WRITTEN)
                (void) snprintf(ret + used, TRACE_TEXT_MAX - used, " route=%llu/%llu@%u revision=%s",
                                (unsigned long long) e->route.primary, (unsigned long long) e->route.extra,
                                e->route.weight, e->revision ? e->revision : "");
        else if (e->kind == EVENT_METRICS_READ)
                (void) snprintf(ret + used, TRACE_TEXT_MAX - used, " rows=%zu values=%zu check-faults=%zu",
                                e->n_rows, e->n_values, e->n_check_faults);
        else if (e->kind == EVENT_ALARMS_READ)
                (void) snprintf(ret + used, TRACE_TEXT_MAX - used, " alarms=%zu", e->n_alarms);
        else if (e->kind == EVENT_FUNCTION_READ || e->kind == EVENT_CODE_UPDATED ||
                        e->kind == EVENT_CODE_READ)
                (void) snprintf(ret + used, TRACE_TEXT_MAX - used, " state=%u update=%u sha=%s revision=%s",
                                (unsigned) e->state, (unsigned) e->update, e->code_sha ? e->code_sha : "",
                                e->revision ? e->revision : "");
        else if (e->kind == EVENT_VERSION_PUBLISHED)
                (void) snprintf(ret + used, TRACE_TEXT_MAX - used, " version=%llu",
                                (unsigned long long) e->version);
        else if (e->kind == EVENT_CONCURRENCY_READ)
                (void) snprintf(ret + used, TRACE_TEXT_MAX - used, " concurrency=%u", e->concurrency);
}

void trace_action_format(const Action *a, const Plan *plan, char ret[static TRACE_TEXT_MAX]) {
        const char *name = action_kind_to_string(a->kind);
        unsigned long long op = a->op_id;
        char text[TRACE_TEXT_MAX];

        switch (a->kind) {
        case ACTION_PERSIST:
                (void) snprintf(ret, TRACE_TEXT_MAX, "%s", name);
                return;
        case ACTION_REPORT:
                report_format(&a->report, plan, text);
                (void) snprintf(ret, TRACE_TEXT_MAX, "report %llu %s: %.400s",
                                (unsigned long long) a->report.seq, report_kind_to_string(a->report.kind),
                                text);
                return;
        case ACTION_READ_ALIAS:
        case ACTION_READ_ALARMS:
        case ACTION_READ_CONCURRENCY:
        case ACTION_READ_CODE:
        case ACTION_CANCEL:
                (void) snprintf(ret, TRACE_TEXT_MAX, "%s target=%u op=%llu", name, a->target, op);
                return;
        case ACTION_READ_VERSION:
        case ACTION_READ_FUNCTION:
        case ACTION_CREATE_ALIAS:
                (void) snprintf(ret, TRACE_TEXT_MAX, "%s target=%u op=%llu version=%llu", name, a->target,
                                op, (unsigned long long) a->version);
                return;
        case ACTION_WRITE_ALIAS:
                (void) snprintf(ret, TRACE_TEXT_MAX, "%s target=%u op=%llu route=%llu/%llu@%u revision=%s%s",
                                name, a->target, op, (unsigned long long) a->write.route.primary,
                                (unsigned long long) a->write.route.extra, a->write.route.weight,
                                a->write.revision, a->lane == LANE_ROLLBACK ? " rollback" : "");
                return;
        case ACTION_UPDATE_CODE:
                (void) snprintf(ret, TRACE_TEXT_MAX, "%s target=%u op=%llu version=%llu revision=%s", name,
                                a->target, op, (unsigned long long) a->update.version, a->update.revision);
                return;
        case ACTION_PUBLISH_VERSION:
                (void) snprintf(ret, TRACE_TEXT_MAX, "%s target=%u op=%llu sha=%s revision=%s", name,
                                a->target, op, a->publish.code_sha, a->publish.revision);
                return;
        case ACTION_READ_METRICS:
                (void) snprintf(ret, TRACE_TEXT_MAX, "%s target=%u op=%llu from=%llu until=%llu", name,
                                a->target, op, (unsigned long long) a->metrics.from,
                                (unsigned long long) a->metrics.until);
                return;
        }
        ret[0] = '\0';
}
