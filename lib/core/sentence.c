#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/macro.h"
#include "base/timefmt.h"
#include "base/usec.h"
#include "core/trace.h"

/* A sentence under construction; what does not fit is cut. */
typedef struct Line {
        char *text;
        size_t used;
} Line;

static void put(Line *l, const char *format, ...) _printf_(2, 3);

static void put(Line *l, const char *format, ...) {
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

static void put_span(Line *l, usec_t span) {
        unsigned long long s = (unsigned long long) ((span + USEC_PER_SEC / 2) / USEC_PER_SEC);

        if (span < USEC_PER_SEC)
                put(l, "%llums", (unsigned long long) (span / USEC_PER_MSEC));
        else if (s < 60)
                put(l, "%llus", s);
        else if (s < 3600)
                put(l, s % 60 ? "%llum%llus" : "%llum", s / 60, s % 60);
        else
                put(l, s % 3600 >= 60 ? "%lluh%llum" : "%lluh", s / 3600, s % 3600 / 60);
}

/* Time of day, UTC; windows are minutes apart, so the date would only be noise. */
static void put_clock(Line *l, usec_t wall) {
        unsigned long long s = (unsigned long long) (wall / USEC_PER_SEC % 86400);

        put(l, "%02llu:%02llu:%02llu", s / 3600, s / 60 % 60, s % 60);
}

/* With its date, for those who look it up elsewhere. */
static void put_time(Line *l, usec_t wall) {
        char text[TIME_TEXT_MAX];

        time_format_rfc3339(wall, text);
        put(l, "%s", text);
}

static void put_target(Line *l, const Plan *plan, uint32_t target) {
        const PlanTarget *t = &plan->targets[target < plan->n_targets ? target : 0];
        const char *colon = strrchr(t->function, ':');

        put(l, "%s:%s", colon ? colon + 1 : t->function, t->alias);
}

static void put_weight(Line *l, uint32_t weight) {
        char text[16];

        weight_format(weight, text);
        put(l, "%s", text);
}

static void put_counts(Line *l, const char *who, uint64_t version, const Counts *c) {
        put(l, "%s %llu failed %.0f of %.0f", who, (unsigned long long) version, c->errors, c->invocations);
        if (c->invocations > 0)
                put(l, " (%.3g %%)", 100 * c->errors / c->invocations);
}

static void put_evidence(Line *l, const Report *r) {
        put_counts(l, "new", r->version_new, &r->new_version);
        put(l, ", ");
        put_counts(l, "old", r->version_old, &r->old_version);
}

static const char *cause_words(Cause c) {
        switch (c) {
        case CAUSE_NONE:
                return "nothing is wrong";
        case CAUSE_NOT_READ:
                return "no reading in this step yet";
        case CAUSE_NO_DATA:
                return "CloudWatch has no datapoint of the new version";
        case CAUSE_FEW_SAMPLES:
                return "too few requests";
        case CAUSE_UNSETTLED:
                return "the data is still growing";
        case CAUSE_THROTTLED:
                return "CloudWatch throttles";
        case CAUSE_API_ERROR:
                return "CloudWatch cannot be read";
        case CAUSE_CREDENTIALS:
                return "no valid credentials";
        case CAUSE_DENIED:
                return "CloudWatch denies access";
        case CAUSE_CLOCK:
                return "AWS refuses this host's clock";
        case CAUSE_REFUSED:
                return "CloudWatch refuses the query";
        case CAUSE_ALARM_INSUFFICIENT:
                return "the alarm cannot tell (INSUFFICIENT_DATA)";
        case CAUSE_ALARM_MISSING:
                return "there is no such alarm, or it may not be seen";
        }
        return "?";
}

static const char *check_name(const Plan *plan, uint32_t check) {
        return check < plan->n_checks ? plan->checks[check].name : "a check";
}

/* The name of an alarm check's alarm; where there is none, of the check. */
static const char *alarm_name(const Plan *plan, uint32_t check) {
        const char *alarm = check < plan->n_checks ? plan->checks[check].alarm : NULL;

        return alarm ? alarm : check_name(plan, check);
}

static void put_ringing(Line *l, const Report *r, const Plan *plan) {
        put(l, "alarm \"%.255s\" is in ALARM", alarm_name(plan, r->check));
        if (r->window_start != 0) {
                put(l, " since ");
                put_time(l, r->window_start);
        }
        if (r->error[0] != '\0')
                put(l, " (%s)", r->error);
}

/* Why preflight refused, and what to do about it. */
static void put_refusal(Line *l, const Report *r, const Plan *plan) {
        unsigned long long found = (unsigned long long) r->found_version;
        unsigned long long old = (unsigned long long) r->version_old,
                           new = (unsigned long long) r->version_new;

        switch ((Reason) r->reason) {
        case REASON_ALIAS_MISSING:
                put(l, "there is no such function or alias; create the alias, or correct function:, alias: or region:");
                return;
        case REASON_VERSION_MISSING:
                put(l, "there is no version %llu; publish it first, or correct from: or to:", found);
                return;
        case REASON_VERSION_STATE:
                put(l, "version %llu is not Active; wait until it is", found);
                return;
        case REASON_ALIAS_ELSEWHERE:
                put(l, "the alias points to version %llu, the plan says from: %llu", found,
                                (unsigned long long) plan->targets[r->target].from);
                return;
        case REASON_ALIAS_SPLIT:
                put(l, "the alias already splits its traffic; clear its routing configuration first");
                return;
        case REASON_ALREADY_THERE:
                put(l, "the alias points to version %llu already", found);
                return;
        case REASON_ROLE_DIFFERS:
                put(l, "versions %llu and %llu have different execution roles, which Lambda does not split",
                                old, new);
                return;
        case REASON_DEAD_LETTER_DIFFERS:
                put(l, "versions %llu and %llu have different dead-letter targets, which Lambda does not split",
                                old, new);
                return;
        case REASON_DENIED:
                put(l, "AWS denies reading it; allow lambda:GetAlias and lambda:GetFunctionConfiguration%s",
                                plan_reads_alarms(plan) ? ", and cloudwatch:DescribeAlarms for the alarms"
                                                        : "");
                return;
        case REASON_INVALID:
                put(l, "AWS does not accept the names in the plan");
                return;
        case REASON_ALARM_MISSING:
                put(l,
                                "there is no alarm \"%.255s\"; create it or correct alarm: (a composite alarm is shown "
                                "only when cloudwatch:DescribeAlarms is allowed on *)",
                                alarm_name(plan, r->check));
                return;
        case REASON_ALARM_RINGING:
                put_ringing(l, r, plan);
                put(l, " already; start again when it is OK");
                return;
        case REASON_NONE:
        case REASON_BREACH:
        case REASON_BLIND:
        case REASON_DEADLINE:
        case REASON_FOREIGN:
        case REASON_REFUSED:
        case REASON_CANNOT_WRITE:
                return;
        }
}

static void put_reason(Line *l, const Report *r, const Plan *plan) {
        switch ((Reason) r->reason) {
        case REASON_NONE:
                put(l, "no reason");
                return;
        case REASON_BREACH:
                put(l, "check %s was breached", check_name(plan, r->check));
                return;
        case REASON_BLIND:
                if (r->check < plan->n_checks)
                        put(l, "check %s could not be read for ", plan->checks[r->check].name);
                else
                        put(l, "nothing could be seen for ");
                put_span(l, plan->max_blind);
                put(l, " (max_blind)");
                if (r->cause != CAUSE_NONE)
                        put(l, ": %s", cause_words((Cause) r->cause));
                return;
        case REASON_DEADLINE:
                put(l, "the deadline of ");
                put_span(l, plan->deadline);
                put(l, " is over");
                return;
        case REASON_FOREIGN:
                put(l, "somebody else changed the alias");
                return;
        case REASON_REFUSED:
                put(l, "AWS refuses the new weights");
                return;
        case REASON_CANNOT_WRITE:
                put(l, "the new weights could not be written for ");
                put_span(l, plan->max_blind);
                return;
        case REASON_ALIAS_MISSING:
        case REASON_VERSION_MISSING:
        case REASON_VERSION_STATE:
        case REASON_ALIAS_ELSEWHERE:
        case REASON_ALIAS_SPLIT:
        case REASON_ALREADY_THERE:
        case REASON_ROLE_DIFFERS:
        case REASON_DEAD_LETTER_DIFFERS:
        case REASON_DENIED:
        case REASON_INVALID:
        case REASON_ALARM_MISSING:
        case REASON_ALARM_RINGING:
                put_refusal(l, r, plan);
                return;
        }
}

static void put_fault(Line *l, const Report *r) {
        put(l, "%s", fault_to_string((Fault) r->fault));
        if (r->error[0] != '\0')
                put(l, " (%s)", r->error);
        put(l, "; next try in ");
        put_span(l, r->next);
}

static void put_breach(Line *l, const Report *r, const Plan *plan) {
        const PlanCheck *check;
        char value[32], limit[32];

        put(l, " breach at ");
        put_weight(l, r->weight_from);
        if (r->check >= plan->n_checks)
                return;
        check = &plan->checks[r->check];
        if (check->kind == CHECK_ALARM) {
                put(l, ": ");
                put_ringing(l, r, plan);
                return;
        }
        check_value_format(check, r->value, value);
        check_value_format(check, r->limit, limit);
        put(l, ": %s %s > %s over %.0f requests, window ", check->name, value, limit, r->samples);
        put_clock(l, r->window_start);
        put(l, "-");
        put_clock(l, r->window_end);
        put(l, "; ");
        put_evidence(l, r);
}

static void put_holding(Line *l, const Report *r, const Plan *plan) {
        put(l, " stays at ");
        put_weight(l, r->weight_from);
        if (r->check >= plan->n_checks) {
                put(l, ": the step wants more requests than the %.0f so far", r->samples);
                return;
        }
        put(l, ": %s is unknown, %s", plan->checks[r->check].name, cause_words((Cause) r->cause));
        if (r->cause == CAUSE_FEW_SAMPLES || r->cause == CAUSE_UNSETTLED)
                put(l, ": %.0f of %u settled", r->samples, plan->checks[r->check].min_requests);
}

static void put_route(Line *l, const Route *route) {
        put(l, "version %llu", (unsigned long long) route->primary);
        if (route->extra != 0) {
                put(l, " with ");
                put_weight(l, route->weight);
                put(l, " on version %llu", (unsigned long long) route->extra);
        }
}

/* Lambda tells neither who it was nor when: between these two moments, and CloudTrail knows more. */
static void put_foreign(Line *l, const Report *r) {
        put(l, " was changed by somebody else");
        if (r->found.is_odd) {
                put(l, " to a routing that canaryd never writes");
        } else if (r->found.primary != 0) {
                put(l, " to ");
                put_route(l, &r->found);
        } else {
                put(l, " (it is gone)");
        }
        if (r->revision[0] != '\0')
                put(l, ", revision %s", r->revision);
        if (r->seen_wall != 0) {
                put(l, ", between ");
                put_time(l, r->seen_wall);
                put(l, " and ");
                put_time(l, r->wall);
        }
        if (r->ours.primary != 0) {
                put(l, "; canaryd had seen ");
                put_route(l, &r->ours);
                put(l, ", revision %s", r->ours_revision);
        }
        put(l, ". Hands off, it is theirs now; CloudTrail says who it was");
}

static void put_weight_set(Line *l, const Report *r) {
        put(l, " is at ");
        put_weight(l, r->weight_to);
        put(l, " on version %llu (was ", (unsigned long long) r->version_new);
        put_weight(l, r->weight_from);
        put(l, "), revision %s", r->revision);
}

/* What follows the target's name; split in two only for length. */
static void put_end(Line *l, const Report *r, const Plan *plan) {
        unsigned long long old = (unsigned long long) r->version_old,
                           new = (unsigned long long) r->version_new;

        if (r->kind == REPORT_REJECTED) {
                put(l, " rejected, nothing was touched: ");
                put_reason(l, r, plan);
        } else if (r->kind == REPORT_SUCCEEDED) {
                put(l, " succeeded: version %llu has all the traffic", new);
        } else if (r->kind == REPORT_ROLLED_BACK) {
                put(l, " is back on version %llu, read back and verified: ", old);
                put_reason(l, r, plan);
        } else if (r->kind == REPORT_RELEASED) {
                put(l, " released: ");
                put_reason(l, r, plan);
        } else if (r->kind == REPORT_ROLLBACK_STARTED) {
                put(l, " rolling back to version %llu: ", old);
                put_reason(l, r, plan);
        }
}

static void put_middle(Line *l, const Report *r, const Plan *plan) {
        unsigned long long old = (unsigned long long) r->version_old,
                           new = (unsigned long long) r->version_new;

        if (r->kind == REPORT_STARTED) {
                put(l, " preflight for version %llu", new);
        } else if (r->kind == REPORT_PREFLIGHT_PASSED) {
                put(l, " preflight passed: version %llu -> %llu in %u step%s, then 100 %%", old, new,
                                r->n_steps, r->n_steps == 1 ? "" : "s");
        } else if (r->kind == REPORT_WEIGHT_INTENT) {
                put(l, " about to go from ");
                put_weight(l, r->weight_from);
                put(l, " to ");
                put_weight(l, r->weight_to);
                put(l, " on version %llu", new);
        } else if (r->kind == REPORT_STEP_PASSED) {
                put(l, " passed ");
                put_weight(l, r->weight_from);
                put(l, ": ");
                put_evidence(l, r);
        } else if (r->kind == REPORT_PROMOTED) {
                put(l, " promoted: 100 %% on version %llu, read back and verified", new);
        } else if (r->kind == REPORT_BAKING) {
                put(l, " baking for ");
                put_span(l, r->next);
        } else if (r->kind == REPORT_REVISION_ADOPTED) {
                put(l, " has a new RevisionId with the same routing: going on with it");
        } else if (r->kind == REPORT_RESUMED) {
                put(l, " taken up again after a restart: %s", phase_to_string((Phase) r->phase));
        }
}

static void put_trouble(Line *l, const Report *r, const Plan *plan) {
        if (r->kind == REPORT_ROLLBACK_FAILING) {
                put(l, " is NOT back on version %llu yet: ", (unsigned long long) r->version_old);
                put_fault(l, r);
        } else if (r->kind == REPORT_RETRYING) {
                put(l, " waits for AWS: ");
                put_fault(l, r);
        } else if (r->kind == REPORT_BLIND) {
                if (r->check < plan->n_checks)
                        put(l, " check %s", plan->checks[r->check].name);
                put(l, " cannot be seen: %s", cause_words((Cause) r->cause));
                if (r->error[0] != '\0')
                        put(l, " (%s)", r->error);
                put(l, "; holding, rolls back after ");
                put_span(l, plan->max_blind);
        } else if (r->kind == REPORT_SEEING) {
                put(l, " can be seen again");
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
                put_middle(&l, r, plan);
                return;
        case REPORT_ROLLBACK_FAILING:
        case REPORT_BLIND:
        case REPORT_SEEING:
        case REPORT_RETRYING:
                put_trouble(&l, r, plan);
                return;
        }
}

void view_format(const RolloutView *v, const RolloutState *st, const Plan *plan,
                char ret[static TRACE_TEXT_MAX]) {
        Line l = { .text = ret };
        const char *check = v->check < plan->n_checks ? plan->checks[v->check].name : "requests";
        Report r = { .reason = st->reason, .check = st->reason_check, .found_version = st->reason_version };

        ret[0] = '\0';
        switch (v->wait) {
        case WAIT_NOTHING:
                r.target = st->reason_target < plan->n_targets ? st->reason_target : 0;
                r.version_old = st->targets[r.target].version_old;
                r.version_new = st->targets[r.target].version_new;
                if (st->reason != REASON_NONE)
                        put_reason(&l, &r, plan);
                else
                        put(&l, "done");
                return;
        case WAIT_TURN:
                put(&l, "waits for its turn on the alias");
                return;
        case WAIT_AWS:
                put(&l, "waits for a reply from AWS");
                return;
        case WAIT_RETRY:
                put(&l, "%s: tries again in ", fault_to_string((Fault) v->fault));
                put_span(&l, v->left);
                return;
        case WAIT_HOLD:
        case WAIT_BAKE:
                put(&l, v->wait == WAIT_BAKE ? "bakes at " : "holds ");
                put_weight(&l, v->weight_wanted);
                put(&l, " for ");
                put_span(&l, v->left);
                put(&l, " more");
                return;
        case WAIT_EVIDENCE:
                put(&l, "%s is unknown: %s", check, cause_words((Cause) v->cause));
                if (v->need > 0)
                        put(&l, ", %.0f of %.0f settled", v->have, v->need);
                return;
        case WAIT_REQUESTS:
                put(&l, "the step wants %.0f requests, %.0f so far", v->need, v->have);
                return;
        case WAIT_SIGHT:
                put(&l, "blind: ");
                if (v->check < plan->n_checks)
                        put(&l, "%s: ", check);
                put(&l, "%s; rolls back in ", cause_words((Cause) v->cause));
                put_span(&l, v->left);
                return;
        }
}
