#pragma once

/* What came in and what was answered, one JSON object per line, written at once. */

#include "awssim/request.h"

typedef struct RequestLog RequestLog;

/* Starts an empty file. path NULL: nothing is logged. */
int request_log_new(const char *path, RequestLog **ret);
RequestLog *request_log_free(RequestLog *log);
DEFINE_TRIVIAL_CLEANUP(RequestLog *, request_log_free);

/* status 0: no reply was sent. "code" and "fault" may be NULL. */
int request_log_write(RequestLog *log, const Request *request, unsigned status, const char *code);
