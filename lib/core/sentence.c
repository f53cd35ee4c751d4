#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "base/usec.h"
#include "core/sentence-internal.h"

void line_put(Line *l, const char *format, ...) {
        va_list args;
        int n;

        if (l->used >= TRACE_TEXT_MAX - 1)
                return;
        va_start(args, format);
        n = vsnprintf(l->text + l->used, TRACE_TEXT_MAX - l->used, format, args);
        va_end(args);
        if (n > 0)
                l->used = MIN(l->used + (size_t) n, (size_t) TRACE_TEXT_MAX - 1);
}

void line_put_span(Line *l, usec_t span) {
        unsigned long long s = (unsigned long long) ((span + USEC_PER_SEC / 2) / USEC_PER_SEC);

        if (span < USEC_PER_SEC)
                line_put(l, "%llums", (unsigned long long) (span / USEC_PER_MSEC));
        else if (s < 60)
                line_put(l, "%llus", s);
        else if (s < 3600)
                line_put(l, s % 60 ? "%llum%llus" : "%llum", s / 60, s % 60);
        else
                line_put(l, s % 3600 >= 60 ? "%lluh%llum" : "%lluh", s / 3600, s % 3600 / 60);
}

/* Days since the epoch as a date of the Gregorian calendar, which repeats itself every 400 years. */
static void put_date(Line *l, unsigned long long days) {
        unsigned long long shifted = days + 719468, era = shifted / 146097, day = shifted % 146097;
        unsigned long long year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
        unsigned long long of_year = day - (365 * year + year / 4 - year / 100); /* from March on */
        unsigned long long month = (5 * of_year + 2) / 153;

        line_put(l, "%04llu-%02llu-%02llu", year + era * 400 + (month >= 10),
                        month >= 10 ? month - 9 : month + 3, of_year - (153 * month + 2) / 5 + 1);
}

/* Time of day, UTC; windows are minutes apart, so the date would only be noise. */
static void put_clock(Line *l, usec_t wall) {
        unsigned long long s = (unsigned long long) (wall / USEC_PER_SEC % 86400);

        line_put(l, "%02llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
}

void line_put_time(Line *l, usec_t wall) {
        put_date(l, wall / USEC_PER_DAY);
        line_put(l, "T");
        put_clock(l, wall);
        line_put(l, "Z");
}

static void put_target(Line *l, const Plan *plan, uint32_t target) {
        const PlanTarget *t = &plan->targets[target < plan->n_targets ? target : 0];
        const char *colon = strrchr(t->function, ':');

        line_put(l, "%s:%s", colon ? colon + 1 : t->function, t->alias);
        if (plan->n_targets > 1 && t->region)
                line_put(l, " in %s", t->region);
}

static void put_weight(Line *l, uint32_t weight) {
        char text[16];

        weight_format(weight, text);
        line_put(l, "%s", text);
}

static void put_counts(Line *l, const char *who, uint64_t version, const Counts *c) {
        line_put(l, "%s %llu failed %.0f of %.0f", who, (unsigned long long) version, c->errors,
                        c->invocations);
        if (c->invocations > 0)
                line_put(l, " (%.3g %%)", 100 * c->errors / c->invocations);
}

static void put_evidence(Line *l, const Report *r) {
        put_counts(l, "new", r->version_new, &r->new_version);
        line_put(l, ", ");
        put_counts(l, "old", r->version_old, &r->old_version);
}

static void put_fault(Line *l, const Report *r) {
        line_put(l, "%s", fault_to_string((Fault) r->fault));
        if (r->error[0] != '\0')
                line_put(l, " (%s)", r->error);
        if (r->next == 0) {
                line_put(l, "; next try at once");
                return;
        }
        line_put(l, "; next try in ");
        line_put_span(l, r->next);
}

static void put_breach(Line *l, const Report *r, const Plan *plan) {
        const PlanCheck *check;
        char value[32], limit[32];

        line_put(l, " breach at ");
        put_weight(l, r->weight_from);
        if (r->check >= plan->n_checks)
                return;
        check = &plan->checks[r->check];
        if (check->kind == CHECK_ALARM) {
                line_put(l, ": ");
                line_put_ringing(l, r, plan);
                return;
        }
        check_value_format(check, r->value, value);
        check_value_format(check, r->limit, limit);
        line_put(l, ": %s %s > %s over %.0f requests, window ", check->name, value, limit, r->samples);
        put_clock(l, r->window_start);
        line_put(l, "-");
        put_clock(l, r->window_end);
        if (r->new_version.invocations < r->samples)
                return; /* the window began before the step whose counts these are */
        line_put(l, "; ");
        put_evidence(l, r);
}

static void put_holding(Line *l, const Report *r, const Plan *plan) {
        line_put(l, " stays at ");
        put_weight(l, r->weight_from);
        if (r->check >= plan->n_checks) {
                line_put(l, ": the step wants more requests than the %.0f so far", r->samples);
                return;
        }
        line_put(l, ": %s is unknown, %s", plan->checks[r->check].name, cause_words((Cause) r->cause));
        if (r->cause == CAUSE_FEW_SAMPLES || r->cause == CAUSE_UNSETTLED)
                line_put(l, ": %.0f of %u settled", r->samples, plan->checks[r->check].min_requests);
}

void line_put_route(Line *l, const Route *route) {
        line_put(l, "version %llu", (unsigned long long) route->primary);
        if (route->extra != 0) {
                line_put(l, " with ");
                put_weight(l, route->weight);
                line_put(l, " on version %llu", (unsigned long long) route->extra);
        }
}

/* Lambda tells neither who it was nor when: between these two moments, and CloudTrail knows more. */
static void put_foreign(Line *l, const Report *r) {
        line_put(l, " was changed by somebody else");
        if (r->found.is_odd) {
                line_put(l, " to a routing that canaryd never writes");
        } else if (r->found.primary != 0) {
                line_put(l, " to ");
                line_put_route(l, &r->found);
        } else {
                line_put(l, " (it is gone)");
        }
        if (r->revision[0] != '\0')
                line_put(l, ", revision %s", r->revision);
        if (r->seen_wall != 0) {
                line_put(l, ", between ");
                line_put_time(l, r->seen_wall);
                line_put(l, " and ");
                line_put_time(l, r->wall);
        }
        if (r->ours.primary != 0) {
                line_put(l, "; canaryd had seen ");
                line_put_route(l, &r->ours);
                line_put(l, ", revision %s", r->ours_revision);
        }
        line_put(l, ". Hands off, it is theirs now; CloudTrail says who it was");
}

static void put_weight_set(Line *l, const Report *r) {
        line_put(l, " is at ");
        put_weight(l, r->weight_to);
        line_put(l, " on version %llu (was ", (unsigned long long) r->version_new);
        put_weight(l, r->weight_from);
        line_put(l, "), revision %s", r->revision);
}

/* What follows the target's name; split in two only for length. */
static void put_end(Line *l, const Report *r, const Plan *plan) {
        unsigned long long old = (unsigned long long) r->version_old,
                           new = (unsigned long long) r->version_new;

        if (r->kind == REPORT_REJECTED) {
                line_put(l,
                                r->reason == REASON_NOTHING_NEW ? " rejected, nothing was shifted: "
                                                                : " rejected, nothing was touched: ");
                line_put_reason(l, r, plan);
        } else if (r->kind == REPORT_SUCCEEDED) {
                line_put(l, " succeeded: version %llu has all the traffic", new);
                line_put_others(l, r, plan);
        } else if (r->kind == REPORT_ROLLED_BACK) {
                line_put(l,
                                r->unshifted ? " was never moved away from version %llu"
                                             : " is back on version %llu, read back and verified",
                                old);
                if (!r->unshifted)
                        line_put_others(l, r, plan);
                line_put(l, ": ");
                line_put_reason(l, r, plan);
                line_put_staying(l, r, plan);
        } else if (r->kind == REPORT_RELEASED) {
                line_put(l, " released: ");
                line_put_reason(l, r, plan);
                line_put_staying(l, r, plan);
        } else if (r->kind == REPORT_ROLLBACK_STARTED) {
                line_put(l,
                                r->unshifted ? " turns around, all traffic is on version %llu still: "
                                             : " rolling back to version %llu: ",
                                old);
                line_put_reason(l, r, plan);
        }
}

static void put_finding(Line *l, const Report *r, const Plan *plan) {
        char text[FINDING_TEXT_MAX];

        finding_format(&r->finding, plan, r->error, text);
        line_put(l, ": %s", text);
}

static void put_middle(Line *l, const Report *r, const Plan *plan) {
        unsigned long long old = (unsigned long long) r->version_old,
                           new = (unsigned long long) r->version_new;

        if (r->kind == REPORT_STARTED) {
                line_put(l,
                                new != 0 ? " preflight for version %llu"
                                         : " preflight for a version to be published",
                                new);
        } else if (r->kind == REPORT_PREFLIGHT_PASSED) {
                line_put(l, " preflight passed: version %llu -> ", old);
                line_put(l, new != 0 ? "%llu" : "a new one", new);
                line_put(l, " in %u step%s, then 100 %%", r->n_steps, r->n_steps == 1 ? "" : "s");
        } else if (r->kind == REPORT_WEIGHT_INTENT) {
                line_put(l, " about to go from ");
                put_weight(l, r->weight_from);
                line_put(l, " to ");
                put_weight(l, r->weight_to);
                line_put(l, " on version %llu", new);
        } else if (r->kind == REPORT_STEP_PASSED) {
                line_put(l, " passed ");
                put_weight(l, r->weight_from);
                if (!plan_reads_metrics(plan))
                        return;
                line_put(l, ": ");
                put_evidence(l, r);
        } else if (r->kind == REPORT_PROMOTED) {
                line_put(l, " promoted: 100 %% on version %llu, read back and verified", new);
        } else if (r->kind == REPORT_BAKING) {
                line_put(l, " baking for ");
                line_put_span(l, r->next);
        } else if (r->kind == REPORT_FINDING) {
                put_finding(l, r, plan);
        } else if (r->kind == REPORT_REVISION_ADOPTED) {
                line_put(l, " has a new RevisionId with the same routing: going on with it");
        } else if (r->kind == REPORT_RESUMED) {
                line_put(l, " taken up again after a restart: %s", phase_to_string((Phase) r->phase));
        }
}

static void put_trouble(Line *l, const Report *r, const Plan *plan) {
        if (r->kind == REPORT_ROLLBACK_FAILING) {
                line_put(l, " is NOT back on version %llu yet: ", (unsigned long long) r->version_old);
                put_fault(l, r);
        } else if (r->kind == REPORT_RETRYING) {
                if (r->phase == PHASE_ROLLING_BACK)
                        line_put(l, " could not be put back on version %llu at the first try: ",
                                        (unsigned long long) r->version_old);
                else
                        line_put(l, " waits for AWS: ");
                put_fault(l, r);
        } else if (r->kind == REPORT_BLIND) {
                if (r->check < plan->n_checks)
                        line_put(l, " check %s", plan->checks[r->check].name);
                line_put(l, " cannot be seen: %s", cause_words((Cause) r->cause));
                if (r->error[0] != '\0')
                        line_put(l, " (%s)", r->error);
                line_put(l, "; holding, rolls back after ");
                line_put_span(l, plan->max_blind);
        } else if (r->kind == REPORT_SEEING) {
                line_put(l, " can be seen again");
        }
}

void report_format(const Report *r, const Plan *plan, char ret[static TRACE_TEXT_MAX]) {
        Line l = { .text = ret };

        ret[0] = '\0';
        put_target(&l, plan, r->target);
        switch (r->kind) {
        case REPORT_WEIGHT_SET:
                put_weight_set(&l, r);
                return;
        case REPORT_HOLDING:
                put_holding(&l, r, plan);
                return;
        case REPORT_BREACH:
                put_breach(&l, r, plan);
                return;
        case REPORT_FOREIGN:
                put_foreign(&l, r);
                return;
        case REPORT_REJECTED:
        case REPORT_SUCCEEDED:
        case REPORT_ROLLBACK_STARTED:
        case REPORT_ROLLED_BACK:
        case REPORT_RELEASED:
                put_end(&l, r, plan);
                return;
        case REPORT_STARTED:
        case REPORT_PREFLIGHT_PASSED:
        case REPORT_WEIGHT_INTENT:
        case REPORT_STEP_PASSED:
        case REPORT_PROMOTED:
        case REPORT_BAKING:
        case REPORT_REVISION_ADOPTED:
        case REPORT_RESUMED:
        case REPORT_FINDING:
                put_middle(&l, r, plan);
                return;
        case REPORT_ROLLBACK_FAILING:
        case REPORT_BLIND:
        case REPORT_SEEING:
        case REPORT_RETRYING:
                put_trouble(&l, r, plan);
                return;
        case REPORT_PUBLISHING:
        case REPORT_PUBLISHED:
        case REPORT_ALIAS_CREATED:
        case REPORT_CONCURRENCY:
        case REPORT_PROVISIONING:
        case REPORT_RESTORING:
        case REPORT_RESTORED:
        case REPORT_RESTORE_SKIPPED:
        case REPORT_RESTORE_FAILED:
                line_put_code(&l, r, plan);
                return;
        case REPORT_WAVE_BEGUN:
        case REPORT_WAVE_BAKED:
        case REPORT_WAITING:
                line_put_wave(&l, r, plan);
                return;
        }
}

static void put_sight(Line *l, const RolloutView *v, const Plan *plan) {
        line_put(l, "blind: ");
        if (v->check < plan->n_checks)
                line_put(l, "%s: ", plan->checks[v->check].name);
        line_put(l, "%s; rolls back in ", cause_words((Cause) v->cause));
        line_put_span(l, v->left);
}

/* Those whose words stay as they were when it ended. */
static bool reason_has_words(Reason reason) {
        return reason == REASON_DENIED || reason == REASON_INVALID || reason == REASON_QUERY_REFUSED ||
                        reason == REASON_VERSION_STATE || reason == REASON_VERSION_FAILED ||
                        reason == REASON_ROLE_DIFFERS || reason == REASON_DEAD_LETTER_DIFFERS;
}

static void put_outcome(Line *l, const RolloutState *st, const Plan *plan) {
        uint32_t target = st->reason_target < plan->n_targets ? st->reason_target : 0;
        const TargetState *t = &st->targets[target];
        Report r = { .reason = st->reason,
                .check = st->reason_check,
                .found_version = st->reason_version,
                .wave = st->wave,
                .target = target,
                .version_old = t->version_old,
                .version_new = t->version_new };

        if (st->reason == REASON_NONE) {
                line_put(l, "done");
                return;
        }
        if (reason_has_words((Reason) st->reason))
                memcpy(r.error, t->error, sizeof(r.error));
        if (st->reason == REASON_ALIAS_SPLIT)
                r.found = t->route;
        if (st->reason == REASON_ALARM_RINGING && st->reason_check < PLAN_CHECKS_MAX)
                r.window_start = t->judge.checks[st->reason_check].window_start;
        line_put_reason(l, &r, plan);
}

void view_format(const RolloutView *v, const RolloutState *st, const Plan *plan,
                char ret[static TRACE_TEXT_MAX]) {
        Line l = { .text = ret };
        const char *check = v->check < plan->n_checks ? plan->checks[v->check].name : "requests";

        ret[0] = '\0';
        switch (v->wait) {
        case WAIT_NOTHING:
                put_outcome(&l, st, plan);
                return;
        case WAIT_TURN:
                line_put(&l, "waits for its turn on the alias");
                return;
        case WAIT_AWS:
                line_put(&l, "waits for a reply from AWS");
                return;
        case WAIT_RETRY:
                line_put(&l, "%s: tries again in ", fault_to_string((Fault) v->fault));
                line_put_span(&l, v->left);
                return;
        case WAIT_HOLD:
        case WAIT_BAKE:
                line_put(&l, v->wait == WAIT_BAKE ? "bakes at " : "holds ");
                put_weight(&l, v->weight_of_wave);
                line_put(&l, " for ");
                line_put_span(&l, v->left);
                line_put(&l, " more");
                return;
        case WAIT_EVIDENCE:
                line_put(&l, "%s is unknown: %s", check, cause_words((Cause) v->cause));
                if (v->need > 0)
                        line_put(&l, ", %.0f of %.0f settled", v->have, v->need);
                return;
        case WAIT_REQUESTS:
                line_put(&l, "the step wants %.0f requests, %.0f so far", v->need, v->have);
                return;
        case WAIT_UPDATE:
        case WAIT_ACTIVE:
        case WAIT_LAMBDA:
                line_put_code_wait(&l, v, st);
                return;
        case WAIT_SIGHT:
                put_sight(&l, v, plan);
                return;
        case WAIT_WINDOW:
                line_put_opens(&l, plan, v->opens, v->left);
                return;
        }
}
