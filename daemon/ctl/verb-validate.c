#include "base/alloc.h"
#include "codec/info-json.h"
#include "codec/json-write.h"
#include "daemon/clock.h"
#include "daemon/ctl/daemon-conf.h"
#include "daemon/ctl/plan-file.h"
#include "daemon/ctl/verb.h"
#include "daemon/ctl/view-online.h"
#include "daemon/ctl/view-plan.h"

/* What is known of one file. */
typedef struct Checked {
        PlanFile *file;        /* owned */
        bool is_online;        /* AWS was asked, and "findings" is the answer */
        OnlineFindings online; /* owned */
        usec_t now;
} Checked;

static void checked_done(Checked *c) {
        (void) plan_file_free(c->file);
        online_findings_done(&c->online);
}

static void put_text(Buf *out, const Checked *c, const Style *style) {
        render_text(out, style, c->file->path);
        (void) buf_puts(out, ": ");
        render_toned(out, style, TONE_GOOD, "ok");
        (void) buf_putc(out, '\n');
        view_plan(&c->file->doc->plan, style, c->now, out);
        if (c->is_online)
                view_online(&c->online, &c->file->doc->plan, style, out);
}

static void put_json(Buf *out, const Checked *c) {
        const PlanFile *f = c->file;

        json_write_open(out, NULL, '{');
        json_write_text(out, "file", f->path);
        json_write_bool(out, "ok", f->doc != NULL);
        if (f->doc)
                view_plan_json(&f->doc->plan, c->now, out);
        plan_file_write_findings(out, f);
        if (c->is_online)
                view_online_json(&c->online, &f->doc->plan, out);
        json_write_close(out, '}');
}

/* Asks AWS. An exit status. */
static int check_online(const Ctl *ctl, const Conf *conf, Checked *c) {
        char error[ONLINE_ERROR_MAX] = "";
        int status = online_check(c->file->doc, conf, ctl->timeout, &c->online, error);

        if (status != 0) {
                _cleanup_(buf_done) Buf message = BUF_INIT(RENDER_BYTES_MAX);

                (void) buf_printf(&message, "%s: %s", c->file->path, error);
                return verb_fail(ctl, status, buf_text(&message));
        }
        c->is_online = true;
        return c->online.is_refused ? EXIT_BAD : 0;
}

/* One file; conf: of the daemon, NULL: without AWS. Sets *status when it is not fine. -ENOMEM. */
static int validate_one(
                const Ctl *ctl, const Conf *conf, const char *path, usec_t now, Buf *out, int *status) {
        _cleanup_(checked_done) Checked c = { .now = now };
        _cleanup_(buf_done) Buf err = BUF_INIT(RENDER_BYTES_MAX);
        int r;

        r = plan_file_read(path, now, &err, &c.file);
        if (r < 0)
                return r;
        (void) fputs(buf_text(&err), ctl->err);
        r = !c.file->doc ? EXIT_BAD : conf ? check_online(ctl, conf, &c) : 0;
        if (r != 0)
                *status = r;
        if (ctl->json)
                put_json(out, &c);
        else if (c.file->doc)
                put_text(out, &c, &ctl->style);
        return 0;
}

int verb_validate(const Ctl *ctl, char **args, size_t n_args) {
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);
        _cleanup_(conf_freep) Conf *conf = NULL;
        int status = 0;
        Now now;

        if (ctl->online) {
                status = daemon_conf_read(ctl, &conf);
                if (status != 0)
                        return status;
        }
        clock_read(&now);
        if (ctl->json) {
                json_write_open(&out, NULL, '{');
                json_write_u64(&out, "schema", INFO_SCHEMA);
                json_write_open(&out, "files", '[');
        }
        for (size_t i = 0; i < n_args && status != EXIT_INTERRUPTED; i++)
                if (validate_one(ctl, conf, args[i], now.wall, &out, &status) < 0)
                        return verb_fail(ctl, EXIT_BAD, "out of memory");
        if (ctl->json) {
                json_write_close(&out, ']');
                json_write_close(&out, '}');
                (void) buf_putc(&out, '\n');
        }
        return verb_finish(ctl, &out, status);
}
