#include "codec/finding-json.h"

#include "base/usec.h"
#include "codec/json-write.h"

static void put_seconds(Buf *out, const char *key, usec_t span) {
        if (span != 0 && span != USEC_INFINITY)
                json_write_number(out, key, (double) span / (double) USEC_PER_SEC);
}

static void put_evidence(Buf *out, const Finding *f, const Plan *plan) {
        if (f->level == FINDING_OK || f->step >= plan->n_steps)
                return;
        json_write_u64(out, "step", (uint64_t) f->step + 1);
        json_write_number(out, "weight", (double) plan->steps[f->step].weight / WEIGHT_PERCENT);
        json_write_number(out, "hold_seconds", (double) plan->steps[f->step].hold / (double) USEC_PER_SEC);
        put_seconds(out, "need_seconds", f->need);
        if (f->more > 0)
                json_write_u64(out, "more_steps", f->more);
}

static void put_threshold(Buf *out, const Finding *f, const Plan *plan) {
        if (f->check < plan->n_checks)
                json_write_number(out, "limit", plan->checks[f->check].max);
        json_write_number(out, "value", f->value);
        json_write_u64(out, "buckets", f->buckets);
        json_write_u64(out, "buckets_crossed", f->crossed);
}

void finding_write_json(Buf *out, const Finding *f, const Plan *plan) {
        bool has_check = f->kind == FINDING_THRESHOLD ||
                        ((f->kind == FINDING_METRICS || f->kind == FINDING_ALARMS) &&
                                        f->level != FINDING_OK);

        json_write_text(out, "level", finding_level_to_string((FindingLevel) f->level));
        json_write_text(out, "finding", finding_kind_to_string((FindingKind) f->kind));
        if (has_check && f->check < plan->n_checks)
                json_write_text(out, "check", plan->checks[f->check].name);
        if (f->rate > 0)
                json_write_number(out, "requests_per_minute", f->rate);
        if (f->kind == FINDING_EVIDENCE)
                put_evidence(out, f, plan);
        if (f->kind == FINDING_THRESHOLD)
                put_threshold(out, f, plan);
        put_seconds(out, "span_seconds", f->span);
}
