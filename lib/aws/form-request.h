#pragma once

/* A body of the Query protocol in the making: application/x-www-form-urlencoded. A failure sticks, so a run
 * of additions is checked once, at the end. */

#include "aws/http-value.h"
#include "base/buf.h"

typedef struct FormRequest {
        Buf body; /* wiped by form_request_done() */
} FormRequest;

/* "max" is that of the body in bytes. With "secret", all of it is allocated at once: growing would leave
 * copies behind. */
void form_request_init(FormRequest *f, size_t max, bool secret);
void form_request_done(FormRequest *f);

/* Adds one member; the name is of A-Z a-z 0-9 . only, as in "MetricDataQueries.member.3.Id". */
void form_request_add(FormRequest *f, const char *value, size_t size, const char *name, ...) _printf_(4, 5);
void form_request_string(FormRequest *f, const char *name, const char *value);
void form_request_integer(FormRequest *f, const char *name, uint64_t value);

/* Moves the text into the request as its body, and names its type. -ENOMEM, -ENOBUFS: it did not fit. */
int form_request_finish(FormRequest *f, HttpRequest *request);
