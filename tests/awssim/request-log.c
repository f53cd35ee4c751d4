#include "awssim/request-log.h"

#include <fcntl.h>
#include <json.h>
#include <stdio.h>
#include <unistd.h>

#include "awssim/json-text.h"
#include "base/alloc.h"
#include "base/fd.h"
#include "base/timefmt.h"
#include "base/usec.h"

struct RequestLog {
        int fd;
        uint64_t n;
        Buf line;
};

int request_log_new(const char *path, RequestLog **ret) {
        _cleanup_(request_log_freep) RequestLog *log = alloc_one(RequestLog);

        if (!log)
                return -ENOMEM;
        log->line = BUF_INIT(64 * 1024 * 1024);
        log->fd = -EBADF;
        if (path) {
                log->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0644);
                if (log->fd < 0)
                        return -errno;
        }
        *ret = TAKE_PTR(log);
        return 0;
}

RequestLog *request_log_free(RequestLog *log) {
        if (!log)
                return NULL;
        (void) fd_close(log->fd);
        buf_done(&log->line);
        free(log);
        return NULL;
}

static void put_optional(Buf *out, const char *key, const char *value) {
        if (value && value[0] != '\0')
                json_text_string(out, key, value);
}

/* Megabytes would tell nobody anything; their number might. */
static void hide_zip(json_object *root) {
        json_object *zip = NULL;
        char text[64];

        if (!json_object_is_type(root, json_type_object) ||
                        !json_object_object_get_ex(root, "ZipFile", &zip))
                return;
        (void) snprintf(text, sizeof(text), "(%d characters)", json_object_get_string_len(zip));
        (void) json_object_object_add(root, "ZipFile", json_object_new_string(text));
}

/* As JSON when it is some, so that assertions need not parse twice; else as text. */
static void put_body(Buf *out, const Request *request) {
        json_object *root;

        if (request->http.body_size == 0)
                return;
        root = request->protocol == PROTOCOL_QUERY ? NULL : json_tokener_parse(request->http.body);
        hide_zip(root);
        if (root)
                json_text_raw(out, "body", json_object_to_json_string_ext(root, JSON_C_TO_STRING_PLAIN));
        else
                json_text_string_n(out, "body", request->http.body, request->http.body_size);
        (void) json_object_put(root);
}

static void put_time(Buf *out, const Request *request) {
        char text[TIME_TEXT_MAX];

        time_format_rfc3339(request->arrived, text);
        text[19] = '\0'; /* without the "Z" */
        (void) buf_printf(out, ",\"t\":\"%s.%03uZ\"", text,
                        (unsigned) (request->arrived / USEC_PER_MSEC % 1000));
        json_text_unsigned(out, "t_ms", request->arrived_mono / USEC_PER_MSEC);
}

int request_log_write(RequestLog *log, const Request *request, unsigned status, const char *code) {
        Buf *out = &log->line;
        ssize_t n;

        if (log->fd < 0)
                return 0;
        buf_clear(out);
        json_text_open(out, NULL, '{');
        json_text_unsigned(out, "n", ++log->n);
        put_time(out, request);
        json_text_string(out, "operation", request->operation);
        json_text_string(out, "method", request->method);
        json_text_string(out, "path", request->http.path);
        put_optional(out, "query", request->http.query);
        put_body(out, request);
        json_text_unsigned(out, "status", status);
        put_optional(out, "error", code);
        put_optional(out, "fault", request->fault);
        json_text_string(out, "request_id", request->request_id);
        put_optional(out, "function", request->function.name);
        put_optional(out, "alias", request->alias);
        put_optional(out, "revision_seen", request->revision_seen);
        put_optional(out, "revision_new", request->revision_new);
        put_optional(out, "signed_by", request->signed_by);
        put_optional(out, "role", request->role ? request->role->arn : NULL);
        put_optional(out, "region", request->region);
        put_optional(out, "gave", request->gave);
        json_text_unsigned(out, "connection", request->connection);
        json_text_bool(out, "connection_new", !request->connection_used);
        if (request->served.size > 0)
                json_text_raw(out, "served", buf_text(&request->served));
        json_text_close(out, '}');
        (void) buf_putc(out, '\n');
        if (out->failed)
                return -ENOBUFS;
        n = write(log->fd, out->data, out->size);
        if (n < 0)
                return -errno;
        return (size_t) n == out->size ? 0 : -EIO;
}
