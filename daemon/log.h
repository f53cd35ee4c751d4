#pragma once

/* The only caller of sd_journal_*. Under systemd (stderr is the journal, $JOURNAL_STREAM) records go to the
 * journal with fields; otherwise the same sentence goes to stderr, one line, with its priority as a word. */

#include <syslog.h>

#include "base/diag.h"
#include "core/action.h"
#include "core/plan.h"

/* LOG_DEBUG...: what is more detailed is dropped. journal_stream: the value of $JOURNAL_STREAM or NULL; the
 * journal is used when it names the file that stderr is. */
void log_open(int max_priority, const char *journal_stream);

/* Something about the daemon itself. */
void log_message(int priority, const char *format, ...) _printf_(2, 3);
/* Something about how the daemon handles a rollout; the sentence is put behind "ID: ". */
void log_rollout(int priority, const char *rollout_id, const char *format, ...) _printf_(3, 4);

/* An event of a rollout: MESSAGE_ID by kind, all fields of design section 7 that the report fills. */
void log_report(const char *rollout_id, const char *plan_path, const Report *report, const Plan *plan);

const char *log_report_message_id(ReportKind kind); /* 32 hex digits; stable, the catalog is keyed by it */
int log_report_priority(ReportKind kind);

/* A plan that was taken in, or refused: one record per finding. "source" may be NULL. The second form is for
 * files that were refused without a look inside, or for what is around them. */
void log_plan_accepted(const char *rollout_id, const char *path, const Plan *plan);
void log_plan_findings(const char *path, const DiagList *diags, const char *source, size_t size);
void log_plan_refused(const char *path, const char *reason);
