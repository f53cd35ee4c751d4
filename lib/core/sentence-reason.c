#include <string.h>

#include "base/usec.h"
#include "core/sentence-internal.h"

const char *cause_words(Cause c) {
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
                return "AWS denies access";
        case CAUSE_CLOCK:
                return "AWS's clock and this host's do not agree";
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

static void put_words(Line *l, const Report *r) {
        if (r->error[0] != '\0')
                line_put(l, " (%s)", r->error);
}

void line_put_ringing(Line *l, const Report *r, const Plan *plan) {
        line_put(l, "alarm \"%.255s\" is in ALARM", alarm_name(plan, r->check));
        if (r->window_start != 0) {
                line_put(l, " since ");
                line_put_time(l, r->window_start);
        }
        put_words(l, r);
}

static void put_alarm_missing(Line *l, const Report *r, const Plan *plan) {
        const char *region = r->target < plan->n_targets ? plan->targets[r->target].region : NULL;

        line_put(l, "there is no alarm \"%.255s\"%s%s; create it or correct alarm: ",
                        alarm_name(plan, r->check), region ? " in " : "", region ? region : "");
        line_put(l, "(a composite alarm is shown only when cloudwatch:DescribeAlarms is allowed on *)");
}

/* "User: ... is not authorized to perform: lambda:GetAlias on resource: ..." names it; otherwise it is one
 * of these. */
static void put_permission(Line *l, const Report *r, const Plan *plan) {
        static const char mark[] = "to perform: ";
        const char *action = strstr(r->error, mark);
        size_t n = action ? strcspn(action + sizeof(mark) - 1, " ,;") : 0;

        if (n > 0)
                line_put(l, "; allow %.*s", (int) n, action + sizeof(mark) - 1);
        else
                line_put(l, "; allow lambda:GetAlias, lambda:GetFunctionConfiguration and lambda:UpdateAlias%s%s%s",
                                plan_reads_metrics(plan) ? ", and cloudwatch:GetMetricData for the checks"
                                                         : "",
                                plan_reads_alarms(plan) ? ", and cloudwatch:DescribeAlarms for the alarms"
                                                        : "",
                                r->target < plan->n_targets && plan->targets[r->target].role_arn
                                                ? ", and sts:AssumeRole for role_arn:"
                                                : "");
}

static void put_split(Line *l, const Report *r) {
        line_put(l, "the alias already splits its traffic");
        if (r->found.is_odd) {
                line_put(l, " in a way that canaryd never writes");
        } else if (r->found.extra != 0) {
                line_put(l, ": ");
                line_put_route(l, &r->found);
        }
        line_put(l, "; clear its routing configuration first");
}

/* Why preflight refused, and what to do about it. */
static void put_refusal(Line *l, const Report *r, const Plan *plan) {
        unsigned long long found = (unsigned long long) r->found_version;
        unsigned long long old = (unsigned long long) r->version_old,
                           new = (unsigned long long) r->version_new;

        switch (r->reason) {
        case REASON_ALIAS_MISSING:
                line_put(l, "there is no such function or alias; create the alias, or correct function:, alias: or region:");
                return;
        case REASON_VERSION_MISSING:
                line_put(l, "there is no version %llu; publish it first, or correct from: or to:", found);
                return;
        case REASON_VERSION_STATE:
                line_put(l, "version %llu is not Active yet", found);
                put_words(l, r);
                line_put(l, "; submit the plan again when its State is Active");
                return;
        case REASON_ALIAS_ELSEWHERE:
                line_put(l, "the alias points to version %llu, the plan says from: %llu", found,
                                (unsigned long long) plan->targets[r->target].from);
                return;
        case REASON_ALIAS_SPLIT:
                put_split(l, r);
                return;
        case REASON_ALREADY_THERE:
                line_put(l, "the alias points to version %llu already", found);
                return;
        case REASON_ROLE_DIFFERS:
        case REASON_DEAD_LETTER_DIFFERS:
                line_put(l, "version %llu and ", old);
                line_put(l, new != 0 ? "version %llu" : "$LATEST", new);
                line_put(l, " have different %s, which Lambda does not split",
                                r->reason == REASON_ROLE_DIFFERS ? "execution roles"
                                                                 : "dead-letter targets");
                put_words(l, r);
                line_put(l, "; publish a version with that of version %llu", old);
                return;
        case REASON_DENIED:
                line_put(l, "AWS denies access");
                put_words(l, r);
                put_permission(l, r, plan);
                return;
        case REASON_INVALID:
                line_put(l, "AWS does not accept the names in the plan");
                put_words(l, r);
                return;
        case REASON_QUERY_REFUSED:
                line_put(l, "CloudWatch does not accept the query of check %s", check_name(plan, r->check));
                put_words(l, r);
                return;
        case REASON_ALARM_MISSING:
                put_alarm_missing(l, r, plan);
                return;
        case REASON_ALARM_RINGING:
                line_put_ringing(l, r, plan);
                line_put(l, "; start again when it is OK");
                return;
        }
}

static void put_blindness(Line *l, const Report *r, const Plan *plan) {
        if (r->check < plan->n_checks)
                line_put(l, "check %s could not be read for ", plan->checks[r->check].name);
        else
                line_put(l, "nothing could be seen for ");
        line_put_span(l, plan->max_blind);
        line_put(l, " (max_blind)");
        if (r->cause != CAUSE_NONE)
                line_put(l, ": %s", cause_words((Cause) r->cause));
}

static void put_span_in(Line *l, const char *before, usec_t span, const char *behind) {
        line_put(l, "%s", before);
        line_put_span(l, span);
        line_put(l, "%s", behind);
}

static void put_newer(Line *l, const Report *r) {
        line_put(l, "a newer plan for one of its aliases came");
        put_words(l, r);
        line_put(l, " (on_newer_plan: supersede)");
}

void line_put_reason(Line *l, const Report *r, const Plan *plan) {
        switch ((Reason) r->reason) {
        case REASON_NONE:
                line_put(l, "no reason");
                return;
        case REASON_BREACH:
                line_put(l, "check %s was breached", check_name(plan, r->check));
                return;
        case REASON_BLIND:
                put_blindness(l, r, plan);
                return;
        case REASON_DEADLINE:
                put_span_in(l, "the deadline of ", plan->deadline, " is over");
                return;
        case REASON_FOREIGN:
                line_put(l, "somebody else changed the alias");
                return;
        case REASON_REFUSED:
                line_put(l, "AWS refuses the new weights");
                put_words(l, r);
                return;
        case REASON_CANNOT_WRITE:
                put_span_in(l, "the new weights could not be written for ", plan->max_blind, "");
                return;
        case REASON_WINDOW:
                line_put(l, "its window closed before all the traffic was on the new version (at_end: roll_back)");
                return;
        case REASON_SUPERSEDED:
                put_newer(l, r);
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
        case REASON_QUERY_REFUSED:
        case REASON_ALARM_MISSING:
        case REASON_ALARM_RINGING:
                put_refusal(l, r, plan);
                return;
        case REASON_NOTHING_NEW:
        case REASON_CODE_FOREIGN:
        case REASON_CODE_DIFFERS:
        case REASON_CODE_REFUSED:
        case REASON_UPDATE_FAILED:
        case REASON_VERSION_FAILED:
        case REASON_CODE_STUCK:
        case REASON_CANNOT_DEPLOY:
        case REASON_PACKAGE_DIFFERS:
        case REASON_ALIAS_REFUSED:
        case REASON_PROVISIONING:
                line_put_code_reason(l, r, plan);
                return;
        }
}

void report_reason_format(const Report *r, const Plan *plan, char ret[static TRACE_TEXT_MAX]) {
        Line l = { .text = ret };

        ret[0] = '\0';
        line_put_reason(&l, r, plan);
}
