#pragma once

/* Names and sentences: the one place where values of the core become words. The same words stand in the
 * journal, the event log, on D-Bus and in canaryctl. */

#include "core/action.h"
#include "core/event.h"
#include "core/plan.h"
#include "core/rollout.h"

#define TRACE_TEXT_MAX 1024

const char *phase_to_string(Phase value); /* "rolling-back"; "?" out of range */
int phase_from_string(const char *s);     /* -EINVAL */
const char *stage_to_string(Stage value);
int stage_from_string(const char *s);
const char *verdict_to_string(Verdict value); /* "healthy", "breach", "unknown" */
int verdict_from_string(const char *s);
const char *cause_to_string(Cause value); /* "few-samples" */
int cause_from_string(const char *s);
const char *fault_to_string(Fault value);
int fault_from_string(const char *s);
const char *reason_to_string(Reason value);
int reason_from_string(const char *s);
const char *gated_to_string(Gated value);
int gated_from_string(const char *s);
const char *event_kind_to_string(EventKind value);
const char *action_kind_to_string(ActionKind value);
const char *report_kind_to_string(ReportKind value); /* "weight-set": the kind column of the event log */
int report_kind_from_string(const char *s);
const char *check_kind_to_string(CheckKind value); /* "error_rate" */
int check_kind_from_string(const char *s);

/* "5 %", "0.25 %" */
void weight_format(uint32_t weight, char ret[static 16]);
/* A check's value or limit in its unit: "8.13 %", "812 ms", "3"; "" for an alarm. */
void check_value_format(const PlanCheck *check, double value, char ret[static 32]);

/* The sentence of a report, without the rollout's id: "checkout:live rolled back at 5 %: error_rate 8.1 % >
 * 5 % ...". Fits TRACE_TEXT_MAX; longer ones are cut. */
void report_format(const Report *report, const Plan *plan, char ret[static TRACE_TEXT_MAX]);

/* Why alone: of REPORT_REJECTED and others with a reason. */
void report_reason_format(const Report *report, const Plan *plan, char ret[static TRACE_TEXT_MAX]);

/* What a rollout waits for: "holding 5 % for 4m10s more", "unknown: errors has 41 of 100 requests". */
void view_format(const RolloutView *view, const RolloutState *state, const Plan *plan,
                char ret[static TRACE_TEXT_MAX]);

/* One line per step for golden traces and debugging. */
void trace_event_format(const Event *event, char ret[static TRACE_TEXT_MAX]);
void trace_action_format(const Action *action, const Plan *plan, char ret[static TRACE_TEXT_MAX]);
