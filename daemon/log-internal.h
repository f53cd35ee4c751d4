#pragma once

/* Shared by the log*.c files and nobody else. */

#include "base/buf.h"
#include "daemon/log.h"

/* One record on its way out. */
typedef struct LogRecord {
        int priority;
        const char *message_id; /* NULL: none */
        bool multiline;         /* the message is ours and may have line breaks */
        Buf fields;             /* "CANARYD_NAME=value" and a NUL each, for the journal */
        Buf shown;              /* " name=value" each, for stderr */
} LogRecord;

#define LOG_FIELDS_MAX 48

LogRecord log_record(int priority, const char *message_id);
void log_record_done(LogRecord *r);

typedef enum LogShow {
        LOG_JOURNAL_ONLY,
        LOG_SHOW, /* on stderr too, at the end of the line */
} LogShow;

/* "name" in capitals, without its CANARYD_ prefix. A field that cannot be had is left out: a record with a
 * gap is better than none. */
void log_field(LogRecord *r, LogShow show, const char *name, const char *format, ...) _printf_(4, 5);

bool log_wants(int priority);
/* id: the rollout's, put before the message; may be NULL. */
void log_emit(LogRecord *r, const char *id, const char *message);
