#include "base/alloc.h"
#include "codec/info-json.h"
#include "codec/json-write.h"
#include "daemon/clock.h"
#include "daemon/ctl/plan-file.h"
#include "daemon/ctl/verb.h"
#include "daemon/ctl/view-plan.h"

static void put_text(Buf *out, const PlanFile *f, const Style *style, usec_t now) {
        render_text(out, style, f->path);
        (void) buf_puts(out, ": ");
        render_toned(out, style, TONE_GOOD, "ok");
        (void) buf_putc(out, '\n');
        view_plan(&f->doc->plan, style, now, out);
}

static void put_json(Buf *out, const PlanFile *f, usec_t now) {
        json_write_open(out, NULL, '{');
        json_write_text(out, "file", f->path);
        json_write_bool(out, "ok", f->doc != NULL);
        if (f->doc)
                view_plan_json(&f->doc->plan, now, out);
        plan_file_write_findings(out, f);
        json_write_close(out, '}');
}

/* One file. Sets *status to EXIT_BAD when it is not fine. -ENOMEM. */
static int validate_one(const Ctl *ctl, const char *path, usec_t now, Buf *out, int *status) {
        _cleanup_(plan_file_freep) PlanFile *f = NULL;
        _cleanup_(buf_done) Buf err = BUF_INIT(RENDER_BYTES_MAX);
        int r;

        r = plan_file_read(path, now, &err, &f);
        if (r < 0)
                return r;
        (void) fputs(buf_text(&err), ctl->err);
        if (!f->doc)
                *status = EXIT_BAD;
        if (ctl->json)
                put_json(out, f, now);
        else if (f->doc)
                put_text(out, f, &ctl->style, now);
        return 0;
}

int verb_validate(const Ctl *ctl, char **args, size_t n_args) {
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);
        int status = 0;
        Now now;

        clock_read(&now);
        if (ctl->json) {
                json_write_open(&out, NULL, '{');
                json_write_u64(&out, "schema", INFO_SCHEMA);
                json_write_open(&out, "files", '[');
        }
        for (size_t i = 0; i < n_args; i++)
                if (validate_one(ctl, args[i], now.wall, &out, &status) < 0)
                        return verb_fail(ctl, EXIT_BAD, "out of memory");
        if (ctl->json) {
                json_write_close(&out, ']');
                json_write_close(&out, '}');
                (void) buf_putc(&out, '\n');
        }
        return verb_finish(ctl, &out, status);
}
