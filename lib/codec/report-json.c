#include "codec/report-json.h"

#include <stdio.h>

#include "base/buf.h"
#include "base/timefmt.h"
#include "base/usec.h"
#include "codec/finding-json.h"
#include "codec/json-write.h"
#include "core/trace.h"

#define REPORT_JSON_MAX (16u * 1024)

/* What a report tells beside who, where and when. */
enum {
        TELLS_STEP = 1u << 0,
        TELLS_WEIGHT = 1u << 1,   /* weight_from, weight_to */
        TELLS_CHECK = 1u << 2,    /* check, metric, value, limit, samples */
        TELLS_VERDICT = 1u << 3,  /* verdict, cause */
        TELLS_WINDOW = 1u << 4,   /* window_start, window_end */
        TELLS_EVIDENCE = 1u << 5, /* counts of both versions */
        TELLS_REASON = 1u << 6,
        TELLS_FAULT = 1u << 7, /* fault, error */
        TELLS_CALL = 1u << 8,  /* revision, aws_request_id */
        TELLS_NEXT = 1u << 9,
        TELLS_FOUND = 1u << 10, /* what the alias has now */
        TELLS_CAUSE = 1u << 11, /* cause alone */
        TELLS_MADE = 1u << 13,  /* version_made */
        TELLS_CONCURRENCY = 1u << 14,
        TELLS_OPENS = 1u << 15, /* when traffic may move again */
        TELLS_FINDING = 1u << 16,
        TELLS_BLIND = 1u << 12, /* the check that cannot be read, unless it is all metrics */
};

static const unsigned kind_tells[REPORT_KIND_COUNT] = {
        [REPORT_STARTED] = 0,
        [REPORT_PREFLIGHT_PASSED] = TELLS_CALL,
        [REPORT_REJECTED] = TELLS_REASON | TELLS_FAULT | TELLS_CALL,
        [REPORT_WEIGHT_INTENT] = TELLS_STEP | TELLS_WEIGHT | TELLS_CALL,
        [REPORT_WEIGHT_SET] = TELLS_STEP | TELLS_WEIGHT | TELLS_CALL | TELLS_NEXT,
        [REPORT_STEP_PASSED] = TELLS_STEP | TELLS_WEIGHT | TELLS_EVIDENCE,
        [REPORT_HOLDING] = TELLS_STEP | TELLS_CHECK | TELLS_VERDICT | TELLS_EVIDENCE,
        [REPORT_PROMOTED] = TELLS_STEP | TELLS_WEIGHT | TELLS_CALL,
        [REPORT_BAKING] = TELLS_STEP | TELLS_NEXT,
        [REPORT_SUCCEEDED] = TELLS_EVIDENCE,
        [REPORT_BREACH] = TELLS_STEP | TELLS_WEIGHT | TELLS_CHECK | TELLS_VERDICT | TELLS_WINDOW |
                        TELLS_EVIDENCE | TELLS_CALL,
        [REPORT_ROLLBACK_STARTED] = TELLS_STEP | TELLS_WEIGHT | TELLS_REASON | TELLS_CAUSE,
        [REPORT_ROLLED_BACK] = TELLS_WEIGHT | TELLS_REASON | TELLS_EVIDENCE | TELLS_CALL,
        [REPORT_ROLLBACK_FAILING] = TELLS_STEP | TELLS_WEIGHT | TELLS_FAULT | TELLS_CALL | TELLS_NEXT,
        [REPORT_RETRYING] = TELLS_STEP | TELLS_WEIGHT | TELLS_FAULT | TELLS_CALL | TELLS_NEXT,
        [REPORT_FOREIGN] = TELLS_STEP | TELLS_WEIGHT | TELLS_FOUND | TELLS_FAULT | TELLS_CALL,
        [REPORT_RELEASED] = TELLS_REASON,
        [REPORT_REVISION_ADOPTED] = TELLS_STEP | TELLS_WEIGHT | TELLS_CALL,
        [REPORT_BLIND] = TELLS_STEP | TELLS_BLIND | TELLS_CAUSE | TELLS_FAULT | TELLS_CALL | TELLS_NEXT,
        [REPORT_SEEING] = TELLS_STEP | TELLS_EVIDENCE,
        [REPORT_PUBLISHING] = TELLS_CALL,
        [REPORT_PUBLISHED] = TELLS_CALL,
        [REPORT_ALIAS_CREATED] = TELLS_CALL,
        [REPORT_RESTORING] = TELLS_CALL,
        [REPORT_CONCURRENCY] = TELLS_CONCURRENCY,
        [REPORT_PROVISIONING] = TELLS_STEP | TELLS_FOUND | TELLS_CALL,
        [REPORT_RESTORED] = TELLS_MADE | TELLS_CALL,
        [REPORT_RESTORE_SKIPPED] = TELLS_REASON | TELLS_FAULT | TELLS_CALL,
        [REPORT_RESTORE_FAILED] = TELLS_REASON | TELLS_FAULT | TELLS_CALL,
        [REPORT_RESUMED] = TELLS_STEP | TELLS_WEIGHT | TELLS_REASON,
        [REPORT_WAVE_BEGUN] = 0,
        [REPORT_WAVE_BAKED] = 0,
        [REPORT_FINDING] = TELLS_FINDING | TELLS_FAULT,
        [REPORT_WAITING] = TELLS_STEP | TELLS_WEIGHT | TELLS_OPENS | TELLS_NEXT,
};

static void put_time(Buf *out, const char *key, usec_t wall) {
        char text[TIME_TEXT_MAX];

        if (wall == 0)
                return;
        time_format_rfc3339(wall, text);
        json_write_text(out, key, text);
}

/* Most texts are "" where there is nothing to say. */
static void put_text(Buf *out, const char *key, const char *text) {
        if (text && text[0] != '\0')
                json_write_text(out, key, text);
}

static void put_version(Buf *out, const char *key, uint64_t version) {
        if (version != 0)
                json_write_u64(out, key, version);
}

static void put_percent(Buf *out, const char *key, uint32_t weight) {
        json_write_number(out, key, (double) weight / WEIGHT_PERCENT);
}

static void put_hash(Buf *out, const uint8_t sha256[static PLAN_HASH_SIZE]) {
        char text[2 * PLAN_HASH_SIZE + 1];

        for (size_t i = 0; i < PLAN_HASH_SIZE; i++)
                (void) snprintf(text + 2 * i, 3, "%02x", sha256[i]);
        json_write_text(out, "plan_sha256", text);
}

static void put_counts(Buf *out, const char *key, const Counts *counts) {
        json_write_open(out, key, '{');
        json_write_number(out, "invocations", counts->invocations);
        json_write_number(out, "errors", counts->errors);
        json_write_close(out, '}');
}

/* An alarm has neither value nor limit: it says why it rings. */
static void put_alarm(Buf *out, const Report *r, const PlanCheck *check) {
        json_write_text(out, "alarm", check->alarm);
        put_time(out, "alarm_since", r->window_start);
        put_text(out, "alarm_reason", r->error);
}

/* An index beyond the checks stands for the step's own wish, "min_requests". */
static void put_check(Buf *out, const Report *r, const Plan *plan) {
        if (r->check < plan->n_checks) {
                const PlanCheck *check = &plan->checks[r->check];

                json_write_text(out, "check", check->name);
                json_write_text(out, "metric", check_kind_to_string(check->kind));
                if (check->kind == CHECK_ALARM) {
                        put_alarm(out, r, check);
                        return;
                }
                put_text(out, "stat", check->stat);
                json_write_number(out, "value", r->value);
                json_write_number(out, "limit", r->limit);
        } else if (r->step < plan->n_steps)
                json_write_u64(out, "min_requests", plan->steps[r->step].min_requests);
        json_write_number(out, "samples", r->samples);
}

static bool is_alarm(const Report *r, const Plan *plan) {
        return r->check < plan->n_checks && plan->checks[r->check].kind == CHECK_ALARM;
}

/* Where the report's check means something. */
static bool reason_has_check(Reason reason) {
        return reason == REASON_BREACH || reason == REASON_BLIND || reason == REASON_ALARM_MISSING ||
                        reason == REASON_ALARM_RINGING || reason == REASON_QUERY_REFUSED;
}

static void put_reason(Buf *out, const Report *r, const Plan *plan) {
        if (r->reason == REASON_NONE)
                return;
        json_write_text(out, "reason", reason_to_string((Reason) r->reason));
        if (reason_has_check((Reason) r->reason) && r->check < plan->n_checks)
                json_write_text(out, "check", plan->checks[r->check].name);
        if (r->kind == REPORT_REJECTED && is_alarm(r, plan) && reason_has_check((Reason) r->reason))
                put_alarm(out, r, &plan->checks[r->check]);
        put_version(out, "found_version", r->found_version);
        if (r->reason == REASON_SUPERSEDED)
                put_text(out, "newer_rollout", r->error);
}

/* Which of how many; and on the way back those that stay where they are. */
static void put_wave(Buf *out, const Report *r, const Plan *plan) {
        bool ends = r->kind == REPORT_ROLLED_BACK || r->kind == REPORT_RELEASED;

        if (plan->n_waves == 0 || r->wave >= plan->n_waves)
                return;
        put_text(out, "wave", plan->waves[r->wave].name);
        json_write_u64(out, "wave_number", (uint64_t) r->wave + 1);
        json_write_u64(out, "waves", plan->n_waves);
        if (!ends || plan->wave_failure_all || r->wave == 0)
                return;
        json_write_open(out, "waves_staying", '[');
        for (uint32_t i = 0; i < r->wave; i++)
                json_write_text(out, NULL, plan->waves[i].name ? plan->waves[i].name : "");
        json_write_close(out, ']');
}

/* "revision" is that of what was found. */
static void put_found(Buf *out, const Report *r) {
        const Route *found = &r->found, *ours = &r->ours;

        put_version(out, "found_version", found->primary);
        put_version(out, "found_extra_version", found->extra);
        if (found->extra != 0)
                put_percent(out, "found_extra_weight", found->weight);
        if (found->is_odd)
                json_write_bool(out, "found_other_routing", true);
        put_version(out, "last_version", ours->primary);
        put_version(out, "last_extra_version", ours->extra);
        if (ours->extra != 0)
                put_percent(out, "last_extra_weight", ours->weight);
        put_text(out, "last_revision", r->ours_revision);
        put_time(out, "last_seen", r->seen_wall);
}

static void put_head(Buf *out, const Report *r, const Plan *plan) {
        const PlanTarget *target = &plan->targets[r->target < plan->n_targets ? r->target : 0];

        json_write_text(out, "kind", report_kind_to_string(r->kind));
        json_write_u64(out, "seq", r->seq);
        put_time(out, "time", r->wall);
        json_write_text(out, "phase", phase_to_string((Phase) r->phase));
        put_hash(out, plan->sha256);
        json_write_text(out, "function", target->function);
        json_write_text(out, "alias", target->alias);
        put_text(out, "region", target->region);
        put_version(out, "old_version", r->version_old);
        put_version(out, "new_version", r->version_new);
        put_wave(out, r, plan);
}

static void put_progress(Buf *out, const Report *r, unsigned tells) {
        /* The 100 % is the last step. */
        if (tells & TELLS_STEP) {
                json_write_u64(out, "step", (uint64_t) MIN(r->step, r->n_steps) + 1);
                json_write_u64(out, "steps", (uint64_t) r->n_steps + 1);
        }
        if (tells & TELLS_WEIGHT) {
                put_percent(out, "weight_from", r->weight_from);
                put_percent(out, "weight_to", r->weight_to);
        }
}

static void put_judgement(Buf *out, const Report *r, const Plan *plan, unsigned tells) {
        if (tells & TELLS_CHECK)
                put_check(out, r, plan);
        if (tells & TELLS_VERDICT)
                json_write_text(out, "verdict", verdict_to_string((Verdict) r->verdict));
        if ((tells & (TELLS_VERDICT | TELLS_CAUSE)) && r->cause != CAUSE_NONE)
                json_write_text(out, "cause", cause_to_string((Cause) r->cause));
        if ((tells & TELLS_BLIND) && r->check < plan->n_checks)
                json_write_text(out, "check", plan->checks[r->check].name);
        if ((tells & TELLS_WINDOW) && !is_alarm(r, plan)) {
                put_time(out, "window_start", r->window_start);
                put_time(out, "window_end", r->window_end);
        }
        if ((tells & TELLS_EVIDENCE) && plan_reads_metrics(plan)) {
                put_counts(out, "new", &r->new_version);
                put_counts(out, "old", &r->old_version);
        }
}

static void put_tail(Buf *out, const Report *r, const Plan *plan, unsigned tells) {
        if (tells & TELLS_REASON)
                put_reason(out, r, plan);
        if ((tells & TELLS_OPENS) && r->opens != USEC_INFINITY)
                put_time(out, "opens", r->opens);
        if (tells & TELLS_FOUND)
                put_found(out, r);
        if ((tells & TELLS_FAULT) && r->fault != FAULT_NONE) {
                json_write_text(out, "fault", fault_to_string((Fault) r->fault));
                put_text(out, "error", r->error);
        }
        if (tells & TELLS_FINDING)
                finding_write_json(out, &r->finding, plan);
        if (tells & TELLS_MADE)
                put_version(out, "restored_version", r->version_made);
        if (tells & TELLS_CONCURRENCY)
                json_write_u64(out, "provisioned_concurrency", r->concurrency);
        if ((tells & TELLS_NEXT) && r->next != 0)
                json_write_number(out, "next_seconds", (double) r->next / (double) USEC_PER_SEC);
        if (tells & TELLS_CALL) {
                put_text(out, "revision", r->revision);
                put_text(out, "aws_request_id", r->request_id);
        }
}

int report_encode(const Report *report, const Plan *plan, char **ret) {
        _cleanup_(buf_done) Buf out = BUF_INIT(REPORT_JSON_MAX);
        unsigned tells = kind_tells[report->kind];
        int r;

        json_write_open(&out, NULL, '{');
        put_head(&out, report, plan);
        put_progress(&out, report, tells);
        put_judgement(&out, report, plan, tells);
        put_tail(&out, report, plan, tells);
        json_write_close(&out, '}');
        r = buf_take(&out, ret);
        return r < 0 ? -ENOMEM : 0;
}
