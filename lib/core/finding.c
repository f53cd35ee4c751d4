#include "core/finding.h"

#include "base/macro.h"
#include "base/usec.h"
#include "core/sentence-internal.h"

STATIC_ASSERT(FINDING_TEXT_MAX == TRACE_TEXT_MAX);

/* A reading of 64 aliases shall fit into one call, and what CloudWatch gives of buckets below a minute is
 * three hours from now. */
#define WINDOW_SPAN (3 * USEC_PER_HOUR)
#define WINDOW_BUCKETS_MAX 240u

void finding_window(const Plan *plan, usec_t wall, usec_t *ret_from, usec_t *ret_until) {
        usec_t span = usec_max(usec_min(WINDOW_SPAN, WINDOW_BUCKETS_MAX * plan->period) / plan->period, 1);
        usec_t until = usec_floor(usec_sub(wall, plan->settled_after), plan->period);

        span *= plan->period;
        until = usec_max(until, span);
        *ret_from = until - span;
        *ret_until = until;
}

usec_t finding_need(const Plan *plan, uint32_t weight, double rate) {
        double requests = FINDING_REQUESTS, minutes;

        for (uint32_t i = 0; i < plan->n_checks; i++)
                if (plan->checks[i].kind != CHECK_ALARM)
                        requests = MAX(requests, (double) plan->checks[i].min_requests);
        if (weight == 0 || !(rate > 0))
                return USEC_INFINITY;
        minutes = requests * WEIGHT_FULL / (rate * weight);
        /* Whatever is beyond a century is never. */
        return minutes < 100.0 * 365 * 24 * 60 ? (usec_t) (minutes * (double) USEC_PER_MINUTE)
                                               : USEC_INFINITY;
}

static uint32_t count_checks(const Plan *plan, bool alarms) {
        uint32_t n = 0;

        for (uint32_t i = 0; i < plan->n_checks; i++)
                n += (plan->checks[i].kind == CHECK_ALARM) == alarms;
        return n;
}

/* The order of preflight's reads; a stage that is none of them is behind all. */
static unsigned stage_rank(Stage stage) {
        static const Stage order[] = { STAGE_READ_ALIAS, STAGE_READ_CONCURRENCY, STAGE_READ_OLD,
                STAGE_READ_NEW, STAGE_READ_LATEST, STAGE_READ_CODE, STAGE_READ_ALARMS, STAGE_READ_HISTORY };
        unsigned rank = 0;

        while (rank < ELEMENTSOF(order) && order[rank] != stage)
                rank++;
        return rank;
}

size_t finding_passed(const RolloutState *st, const Plan *plan, uint32_t target, Stage reached,
                Finding ret[static FINDINGS_PASSED_MAX]) {
        const TargetState *t = &st->targets[target];
        unsigned rank = stage_rank(reached);
        uint32_t n_alarms = count_checks(plan, true), n_metrics = count_checks(plan, false);
        Finding f = { .version_old = t->version_old, .version_new = t->version_new };
        size_t n = 0;

        if (rank <= stage_rank(STAGE_READ_ALIAS))
                return 0;
        f.count = t->code.missing;
        f.kind = FINDING_ALIAS;
        ret[n++] = f;
        if (rank > stage_rank(STAGE_READ_CONCURRENCY) && t->concurrency != 0) {
                f.kind = FINDING_CONCURRENCY;
                f.count = t->concurrency - 1;
                ret[n++] = f;
        }
        if (rank > stage_rank(STAGE_READ_LATEST)) {
                f.kind = FINDING_VERSIONS;
                ret[n++] = f;
        }
        if (rank > stage_rank(STAGE_READ_CODE) && plan->targets[target].publish.kind != PUBLISH_NOTHING) {
                f.kind = FINDING_CODE;
                f.count = (uint32_t) plan->targets[target].publish.kind;
                ret[n++] = f;
        }
        if (rank > stage_rank(STAGE_READ_ALARMS) && n_alarms > 0) {
                f.kind = FINDING_ALARMS;
                f.count = n_alarms;
                ret[n++] = f;
        }
        if (rank > stage_rank(STAGE_READ_HISTORY) && n_metrics > 0) {
                f.kind = FINDING_METRICS;
                f.count = n_metrics;
                f.check = plan->n_checks;
                ret[n++] = f;
        }
        return n;
}

FindingKind finding_kind_of(Reason reason) {
        static const struct {
                Reason reason;
                FindingKind kind;
        } kinds[] = {
                { REASON_ALIAS_MISSING, FINDING_ALIAS },
                { REASON_ALIAS_ELSEWHERE, FINDING_ALIAS },
                { REASON_ALIAS_SPLIT, FINDING_ALIAS },
                { REASON_ALREADY_THERE, FINDING_ALIAS },
                { REASON_VERSION_MISSING, FINDING_VERSIONS },
                { REASON_VERSION_STATE, FINDING_VERSIONS },
                { REASON_VERSION_FAILED, FINDING_VERSIONS },
                { REASON_ROLE_DIFFERS, FINDING_VERSIONS },
                { REASON_DEAD_LETTER_DIFFERS, FINDING_VERSIONS },
                { REASON_PACKAGE_DIFFERS, FINDING_VERSIONS },
                { REASON_CODE_DIFFERS, FINDING_CODE },
                { REASON_CODE_REFUSED, FINDING_CODE },
                { REASON_ALARM_MISSING, FINDING_ALARMS },
                { REASON_ALARM_RINGING, FINDING_ALARMS },
                { REASON_QUERY_REFUSED, FINDING_METRICS },
        };

        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                if (kinds[i].reason == reason)
                        return kinds[i].kind;
        return FINDING_ACCESS;
}

static const char *const level_names[FINDING_LEVEL_COUNT] = {
        [FINDING_OK] = "ok",
        [FINDING_WARN] = "warn",
        [FINDING_REFUSE] = "refuse",
};

static const char *const kind_names[FINDING_KIND_COUNT] = {
        [FINDING_ALIAS] = "alias",
        [FINDING_VERSIONS] = "versions",
        [FINDING_CODE] = "code",
        [FINDING_CONCURRENCY] = "concurrency",
        [FINDING_ALARMS] = "alarms",
        [FINDING_METRICS] = "metrics",
        [FINDING_TRAFFIC] = "traffic",
        [FINDING_EVIDENCE] = "evidence",
        [FINDING_THRESHOLD] = "threshold",
        [FINDING_ACCESS] = "access",
};

const char *finding_level_to_string(FindingLevel value) {
        return (unsigned) value < FINDING_LEVEL_COUNT ? level_names[value] : "?";
}

const char *finding_kind_to_string(FindingKind value) {
        return (unsigned) value < FINDING_KIND_COUNT ? kind_names[value] : "?";
}

/* "90 s", "41 min", "2.5 h": to be read, not to be reckoned with. */
static void put_amount(Line *l, usec_t span) {
        double seconds = (double) span / (double) USEC_PER_SEC;

        if (span > 365 * USEC_PER_DAY)
                line_put(l, "more than a year");
        else if (seconds < 9.5)
                line_put(l, "%.2g s", seconds);
        else if (seconds < 119.5)
                line_put(l, "%.0f s", seconds);
        else if (seconds < 179.5 * 60 && seconds >= 600)
                line_put(l, "%.0f min", seconds / 60);
        else if (seconds < 600)
                line_put(l, "%.2g min", seconds / 60);
        else if (seconds < 47.5 * 3600)
                line_put(l, "%.3g h", seconds / 3600);
        else
                line_put(l, "%.3g days", seconds / 86400);
}

static void put_rate(Line *l, double rate) {
        if (rate >= 100)
                line_put(l, "%.0f requests/min", rate);
        else
                line_put(l, "%.3g requests/min", rate);
}

static void put_versions(Line *l, const Finding *f) {
        unsigned long long old = (unsigned long long) f->version_old,
                           new = (unsigned long long) f->version_new;

        if (new != 0)
                line_put(l, "versions %llu and %llu are Active, with the same role and dead-letter target",
                                old, new);
        else
                line_put(l, "version %llu is Active, $LATEST has its role and dead-letter target", old);
}

static void put_code(Line *l, PublishKind kind) {
        switch (kind) {
        case PUBLISH_NOTHING:
                return;
        case PUBLISH_ZIP:
                line_put(l, "the zip can be read, and stays known by its SHA-256");
                return;
        case PUBLISH_S3:
                line_put(l, "the S3 object is not looked at before Lambda fetches it");
                return;
        case PUBLISH_IMAGE:
                line_put(l, "the image is not looked at before Lambda fetches it");
                return;
        case PUBLISH_LATEST:
                line_put(l, "$LATEST is published as it is then");
                return;
        }
}

static void put_concurrency(Line *l, const Finding *f, const char *error) {
        if (f->level != FINDING_OK) {
                line_put(l, "what is provisioned could not be read");
                if (error[0] != '\0')
                        line_put(l, " (%s)", error);
                line_put(l, ": whether Lambda moves the traffic at its own pace is not known");
        } else if (f->count > 0) {
                line_put(l, "%u provisioned: Lambda moves the traffic at its own pace", f->count);
        } else {
                line_put(l, "none provisioned");
        }
}

static void put_alarms(Line *l, const Finding *f, const Plan *plan, const char *error) {
        if (f->level == FINDING_OK) {
                line_put(l, "%u alarm%s, none in ALARM", f->count, f->count == 1 ? "" : "s");
                return;
        }
        if (f->check >= plan->n_checks || !plan->checks[f->check].alarm)
                return;
        if (f->count > 0)
                line_put(l, "alarm \"%.255s\" is in ALARM", plan->checks[f->check].alarm);
        else
                line_put(l, "there is no alarm \"%.255s\"", plan->checks[f->check].alarm);
        if (error[0] != '\0')
                line_put(l, " (%s)", error);
}

static void put_metrics(Line *l, const Finding *f, const Plan *plan, const char *error) {
        if (f->level == FINDING_OK) {
                line_put(l, "CloudWatch takes the queries of %u check%s", f->count,
                                f->count == 1 ? "" : "s");
                return;
        }
        if (f->check < plan->n_checks)
                line_put(l, "the query of check %s could not be tried", plan->checks[f->check].name);
        else
                line_put(l, "the queries of the checks could not be tried");
        if (error[0] != '\0')
                line_put(l, " (%s)", error);
        line_put(l, ": whether the checks can tell is not known");
}

static void put_traffic(Line *l, const Finding *f) {
        if (f->level == FINDING_OK) {
                put_rate(l, f->rate);
                line_put(l, " in the last ");
                put_amount(l, f->span);
                return;
        }
        line_put(l, "no traffic seen in the last ");
        put_amount(l, f->span);
        line_put(l, ": checks will not be able to tell; the step will hold");
}

static void put_evidence(Line *l, const Finding *f, const Plan *plan) {
        char weight[16];

        if (f->level == FINDING_OK) {
                line_put(l, "each step is long enough to show a %u %% error rate", FINDING_ERROR_PERCENT);
                return;
        }
        if (f->step >= plan->n_steps)
                return;
        weight_format(plan->steps[f->step].weight, weight);
        line_put(l, "at ");
        put_rate(l, f->rate);
        line_put(l, " a %s step needs about ", weight);
        put_amount(l, f->need);
        line_put(l, " to show a %u %% error rate; the plan holds ", FINDING_ERROR_PERCENT);
        put_amount(l, plan->steps[f->step].hold);
        if (f->more > 0)
                line_put(l, "; %u more step%s too short, too", f->more, f->more == 1 ? " is" : "s are");
}

static void put_threshold(Line *l, const Finding *f, const Plan *plan) {
        char value[32], limit[32];

        if (f->check >= plan->n_checks)
                return;
        check_value_format(&plan->checks[f->check], f->value, value);
        check_value_format(&plan->checks[f->check], plan->checks[f->check].max, limit);
        line_put(l, "version %llu itself crosses %s: %s > %s at worst, in %u of %u buckets of the last ",
                        (unsigned long long) f->version_old, plan->checks[f->check].name, value, limit,
                        f->crossed, f->buckets);
        put_amount(l, f->span);
        line_put(l, "; the new version would be rolled back for that");
}

void finding_format(
                const Finding *f, const Plan *plan, const char *error, char ret[static FINDING_TEXT_MAX]) {
        Line l = { .text = ret };

        ret[0] = '\0';
        switch ((FindingKind) f->kind) {
        case FINDING_ALIAS:
                if (f->count != 0)
                        line_put(&l, "is missing, to be created on version %llu",
                                        (unsigned long long) f->version_old);
                else
                        line_put(&l, "points to version %llu and is not split",
                                        (unsigned long long) f->version_old);
                return;
        case FINDING_VERSIONS:
                put_versions(&l, f);
                return;
        case FINDING_CODE:
                put_code(&l, (PublishKind) f->count);
                return;
        case FINDING_CONCURRENCY:
                put_concurrency(&l, f, error);
                return;
        case FINDING_ALARMS:
                put_alarms(&l, f, plan, error);
                return;
        case FINDING_METRICS:
                put_metrics(&l, f, plan, error);
                return;
        case FINDING_TRAFFIC:
                put_traffic(&l, f);
                return;
        case FINDING_EVIDENCE:
                put_evidence(&l, f, plan);
                return;
        case FINDING_THRESHOLD:
                put_threshold(&l, f, plan);
                return;
        case FINDING_ACCESS:
                return;
        }
}
