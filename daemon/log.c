#include "daemon/log.h"

#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* The journal would otherwise note the place of this very call for every record. */
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <systemd/sd-journal.h>

#include "aws/digest.h"
#include "base/timefmt.h"
#include "daemon/clock.h"
#include "daemon/log-internal.h"

#define MESSAGE_MAX ((size_t) 8 * 1024)
#define FIELDS_MAX ((size_t) 16 * 1024)

#define ID_PLAN_ACCEPTED "c4128c49b9cfe19d224c5d55548483f6"
#define ID_PLAN_REFUSED "6fed2c31b852c3346177d8a9d4184fe2"
#define ID_PLAN_WARNING "4e18b5f2a3101309e9cb20c2a8fb2ae4"

static int log_max_priority = LOG_INFO;
static bool log_to_journal = false;

void log_open(int max_priority, const char *journal_stream) {
        char expected[64];
        struct stat st;

        log_max_priority = max_priority;
        log_to_journal = false;
        if (!journal_stream || fstat(STDERR_FILENO, &st) < 0)
                return;
        (void) snprintf(expected, sizeof(expected), "%ju:%ju", (uintmax_t) st.st_dev, (uintmax_t) st.st_ino);
        log_to_journal = strcmp(expected, journal_stream) == 0;
}

bool log_wants(int priority) {
        return priority <= log_max_priority;
}

static const char *priority_word(int priority) {
        static const char *const words[] = {
                [LOG_EMERG] = "emerg",
                [LOG_ALERT] = "alert",
                [LOG_CRIT] = "crit",
                [LOG_ERR] = "err",
                [LOG_WARNING] = "warning",
                [LOG_NOTICE] = "notice",
                [LOG_INFO] = "info",
                [LOG_DEBUG] = "debug",
        };

        return priority >= 0 && (size_t) priority < ELEMENTSOF(words) ? words[priority] : "?";
}

LogRecord log_record(int priority, const char *message_id) {
        return (LogRecord){
                .priority = priority,
                .message_id = message_id,
                .fields = BUF_INIT(FIELDS_MAX),
                .shown = BUF_INIT(FIELDS_MAX),
        };
}

void log_record_done(LogRecord *r) {
        buf_done(&r->fields);
        buf_done(&r->shown);
}

static bool is_control(char c) {
        return (unsigned char) c < 0x20 || (unsigned char) c == 0x7f;
}

void log_field(LogRecord *r, LogShow show, const char *name, const char *format, ...) {
        char value[1024];
        va_list args;

        va_start(args, format);
        (void) vsnprintf(value, sizeof(value), format, args);
        va_end(args);
        (void) buf_printf(&r->fields, "CANARYD_%s=%s", name, value);
        (void) buf_putc(&r->fields, '\0');
        if (show == LOG_JOURNAL_ONLY)
                return;
        (void) buf_putc(&r->shown, ' ');
        for (const char *c = name; *c; c++)
                (void) buf_putc(&r->shown, *c >= 'A' && *c <= 'Z' ? (char) (*c - 'A' + 'a') : *c);
        (void) buf_putc(&r->shown, '=');
        /* One word per pair, so that the end of the line can be taken apart at its spaces. */
        for (const char *c = value; *c; c++)
                (void) buf_putc(&r->shown, *c == ' ' || *c == ']' || is_control(*c) ? '_' : *c);
}

/* A pipe with room takes this much at once without blocking. */
#define CHUNK_MAX ((size_t) PIPE_BUF)
#define PATIENCE_MSEC 100

/* Whoever should read it and does not must not hold up a rollback: then the rest of a line is lost, and so
 * are the lines behind it, without waiting again, until there is room. */
static bool may_write(void) {
        static bool is_stuck = false;
        struct pollfd p = { .fd = STDERR_FILENO, .events = POLLOUT };

        is_stuck = poll(&p, 1, is_stuck ? 0 : PATIENCE_MSEC) == 0;
        return !is_stuck;
}

static void write_all(const char *data, size_t size) {
        while (size > 0 && may_write()) {
                ssize_t n = write(STDERR_FILENO, data, MIN(size, CHUNK_MAX));

                if (n == 0 || (n < 0 && errno != EINTR))
                        return;
                if (n > 0) {
                        data += n;
                        size -= (size_t) n;
                }
        }
}

/* The whole line in one write, so that lines of others do not come between its parts. */
static void emit_stderr(const LogRecord *r, const char *message) {
        Buf line = BUF_INIT(MESSAGE_MAX + FIELDS_MAX + 128);
        char when[TIME_TEXT_MAX];
        Now now;

        clock_read(&now);
        time_format_rfc3339(now.wall, when);
        (void) buf_printf(&line, "%s %s %s", when, priority_word(r->priority), message);
        if (r->shown.size > 0)
                (void) buf_printf(&line, " [%s]", buf_text(&r->shown) + 1);
        (void) buf_putc(&line, '\n');
        write_all(buf_text(&line), line.size);
        buf_done(&line);
}

static size_t add_vector(struct iovec *vectors, size_t n, const char *text, size_t size) {
        if (n == LOG_FIELDS_MAX)
                return n;
        /* sd_journal_sendv() only reads. */
        vectors[n] = (struct iovec){ .iov_base = (void *) (uintptr_t) text, .iov_len = size };
        return n + 1;
}

static int emit_journal(const LogRecord *r, const char *message) {
        struct iovec vectors[LOG_FIELDS_MAX];
        Buf head = BUF_INIT(MESSAGE_MAX + 64);
        char priority[32], message_id[64];
        size_t n = 0, size;
        int k;

        (void) snprintf(priority, sizeof(priority), "PRIORITY=%d", r->priority);
        (void) buf_printf(&head, "MESSAGE=%s", message);
        n = add_vector(vectors, n, buf_text(&head), head.size);
        n = add_vector(vectors, n, priority, strlen(priority));
        n = add_vector(vectors, n, "SYSLOG_IDENTIFIER=canaryd", strlen("SYSLOG_IDENTIFIER=canaryd"));
        if (r->message_id) {
                (void) snprintf(message_id, sizeof(message_id), "MESSAGE_ID=%s", r->message_id);
                n = add_vector(vectors, n, message_id, strlen(message_id));
        }
        for (size_t at = 0; at < r->fields.size; at += size + 1) {
                size = strlen(r->fields.data + at);
                n = add_vector(vectors, n, r->fields.data + at, size);
        }
        k = sd_journal_sendv(vectors, (int) n);
        buf_done(&head);
        return k;
}

void log_emit(LogRecord *r, const char *id, const char *message) {
        Buf text = BUF_INIT(MESSAGE_MAX);

        if (id)
                (void) buf_printf(&text, "%s: ", id);
        /* Other people's words must not forge lines, or move a terminal's cursor. */
        for (const char *c = message; *c && text.size < MESSAGE_MAX; c++)
                (void) buf_putc(&text, is_control(*c) && !(r->multiline && *c == '\n') ? ' ' : *c);
        if (!log_to_journal || emit_journal(r, buf_text(&text)) < 0)
                emit_stderr(r, buf_text(&text));
        buf_done(&text);
}

static void emit_format(int priority, const char *id, const char *format, va_list args) _printf_(3, 0);
static void emit_format(int priority, const char *id, const char *format, va_list args) {
        LogRecord r = log_record(priority, NULL);
        char message[2048];

        (void) vsnprintf(message, sizeof(message), format, args);
        if (id)
                log_field(&r, LOG_JOURNAL_ONLY, "ROLLOUT", "%s", id);
        log_emit(&r, id, message);
        log_record_done(&r);
}

void log_message(int priority, const char *format, ...) {
        va_list args;

        if (!log_wants(priority))
                return;
        va_start(args, format);
        emit_format(priority, NULL, format, args);
        va_end(args);
}

void log_rollout(int priority, const char *rollout_id, const char *format, ...) {
        va_list args;

        if (!log_wants(priority))
                return;
        va_start(args, format);
        emit_format(priority, rollout_id, format, args);
        va_end(args);
}

/* What a version that is not there yet is made of. */
static void put_artifact(Buf *text, const PlanPublish *p) {
        switch (p->kind) {
        case PUBLISH_NOTHING:
                return;
        case PUBLISH_ZIP:
                (void) buf_puts(text, p->path);
                return;
        case PUBLISH_S3:
                (void) buf_printf(text, "s3://%s/%s", p->bucket, p->key);
                return;
        case PUBLISH_IMAGE:
                (void) buf_puts(text, p->image);
                return;
        case PUBLISH_LATEST:
                (void) buf_puts(text, "$LATEST as it is");
                return;
        }
}

static void put_aim(Buf *text, const Plan *plan) {
        const PlanTarget *t = &plan->targets[0];

        (void) buf_printf(text, "%s:%s to ", t->function, t->alias);
        if (t->to != 0)
                (void) buf_printf(text, "version %ju", (uintmax_t) t->to);
        else {
                (void) buf_puts(text, "the version that is published of ");
                put_artifact(text, &t->publish);
        }
        if (plan->n_targets > 1)
                (void) buf_printf(text, "; and %u more", (unsigned) plan->n_targets - 1);
}

void log_plan_accepted(const char *rollout_id, const char *path, const Plan *plan) {
        LogRecord r = log_record(LOG_NOTICE, ID_PLAN_ACCEPTED);
        Buf text = BUF_INIT(MESSAGE_MAX);
        char hex[DIGEST_HEX_MAX];

        if (!log_wants(r.priority))
                return;
        (void) buf_printf(&text, "accepted plan %s: ", path);
        put_aim(&text, plan);
        log_field(&r, LOG_JOURNAL_ONLY, "ROLLOUT", "%s", rollout_id);
        log_field(&r, LOG_JOURNAL_ONLY, "PLAN_PATH", "%s", path);
        log_field(&r, LOG_JOURNAL_ONLY, "FUNCTION", "%s", plan->targets[0].function);
        log_field(&r, LOG_JOURNAL_ONLY, "ALIAS", "%s", plan->targets[0].alias);
        if (plan->targets[0].to != 0)
                log_field(&r, LOG_JOURNAL_ONLY, "NEW_VERSION", "%ju", (uintmax_t) plan->targets[0].to);
        log_field(&r, LOG_JOURNAL_ONLY, "ACTOR", "auto");
        digest_to_hex(plan->sha256, hex);
        log_field(&r, LOG_SHOW, "PLAN_SHA256", "%s", hex);
        log_emit(&r, rollout_id, buf_text(&text));
        buf_done(&text);
        log_record_done(&r);
}

static void emit_finding(const char *path, const Diag *d, const char *source, size_t size) {
        bool is_error = d->level == DIAG_ERROR;
        LogRecord r = log_record(
                        is_error ? LOG_ERR : LOG_WARNING, is_error ? ID_PLAN_REFUSED : ID_PLAN_WARNING);
        Buf text = BUF_INIT(MESSAGE_MAX);

        if (!log_wants(r.priority))
                return;
        (void) diag_render(d, path, source, size, &text);
        if (text.size > 0 && text.data[text.size - 1] == '\n')
                text.data[--text.size] = '\0';
        r.multiline = true;
        log_field(&r, LOG_JOURNAL_ONLY, "PLAN_PATH", "%s", path);
        log_field(&r, LOG_JOURNAL_ONLY, "LINE", "%u", d->line);
        log_field(&r, LOG_JOURNAL_ONLY, "COLUMN", "%u", d->column);
        log_emit(&r, NULL, buf_text(&text));
        buf_done(&text);
        log_record_done(&r);
}

void log_plan_findings(const char *path, const DiagList *diags, const char *source, size_t size) {
        for (size_t i = 0; i < diags->n; i++)
                emit_finding(path, &diags->entries[i], source, size);
        if (diags->n_dropped > 0)
                log_message(LOG_WARNING, "%s: and %zu more", path, diags->n_dropped);
}

void log_plan_refused(const char *path, const char *reason) {
        LogRecord r = log_record(LOG_ERR, ID_PLAN_REFUSED);
        char message[1024];

        if (!log_wants(r.priority))
                return;
        (void) snprintf(message, sizeof(message), "%s: error: %s", path, reason);
        log_field(&r, LOG_JOURNAL_ONLY, "PLAN_PATH", "%s", path);
        log_emit(&r, NULL, message);
        log_record_done(&r);
}
