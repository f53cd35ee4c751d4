#include "base/alloc.h"
#include "codec/iam-policy.h"
#include "codec/info-json.h"
#include "codec/json-write.h"
#include "daemon/clock.h"
#include "daemon/ctl/daemon-conf.h"
#include "daemon/ctl/plan-file.h"
#include "daemon/ctl/verb.h"

static void put_indent(Buf *out, unsigned depth) {
        (void) buf_putc(out, '\n');
        for (unsigned i = 0; i < depth; i++)
                (void) buf_puts(out, "  ");
}

/* The same JSON, a member to a line: policies are read before they are granted. */
static void put_spread(Buf *out, const char *json) {
        bool in_string = false;
        unsigned depth = 0;

        for (const char *c = json; *c; c++) {
                if (in_string) {
                        (void) buf_putc(out, *c);
                        if (*c == '\\' && c[1] != '\0')
                                (void) buf_putc(out, *++c);
                        else if (*c == '"')
                                in_string = false;
                        continue;
                }
                in_string = *c == '"';
                if (*c == '}' || *c == ']')
                        put_indent(out, --depth);
                (void) buf_putc(out, *c);
                if (*c == '{' || *c == '[')
                        put_indent(out, ++depth);
                else if (*c == ',')
                        put_indent(out, depth);
                else if (*c == ':')
                        (void) buf_putc(out, ' ');
        }
        (void) buf_putc(out, '\n');
}

static void put_documents(
                Buf *out, const Plan *plan, const char *const *principals, size_t n, unsigned *notes) {
        for (size_t i = 0; i < n; i++) {
                _cleanup_(buf_done) Buf document = BUF_INIT(RENDER_BYTES_MAX);

                iam_policy_write(&document, NULL, plan, principals[i], notes);
                render_inherit(out, &document);
                put_spread(out, buf_text(&document));
        }
}

static void put_json(Buf *out, const Plan *plan, const char *const *principals, size_t n, unsigned *notes) {
        json_write_open(out, NULL, '{');
        json_write_u64(out, "schema", INFO_SCHEMA);
        json_write_open(out, "policies", '[');
        for (size_t i = 0; i < n; i++) {
                json_write_open(out, NULL, '{');
                json_write_text(out, "principal", principals[i]);
                iam_policy_write(out, "document", plan, principals[i], notes);
                json_write_close(out, '}');
        }
        json_write_close(out, ']');
        json_write_open(out, "notes", '[');
        for (unsigned note = IAM_NOTE_ACCOUNT; note <= IAM_NOTE_LAST; note <<= 1)
                if (*notes & note)
                        json_write_text(out, NULL, iam_note_text((IamNote) note));
        json_write_close(out, ']');
        json_write_close(out, '}');
        (void) buf_putc(out, '\n');
}

/* On stderr, so that what goes to stdout can be handed on as it is. */
static void put_notes(const Ctl *ctl, const char *const *principals, size_t n, unsigned notes) {
        for (size_t i = 0; i < n && n > 1; i++) {
                _cleanup_(buf_done) Buf line = BUF_INIT(RENDER_BYTES_MAX);

                (void) buf_printf(&line, "note: document %zu of %zu is for %s", i + 1, n,
                                principals[i] ? principals[i] : "the principal that canaryd itself acts as");
                (void) verb_fail(ctl, 0, buf_text(&line));
        }
        for (unsigned note = IAM_NOTE_ACCOUNT; note <= IAM_NOTE_LAST; note <<= 1) {
                _cleanup_(buf_done) Buf line = BUF_INIT(RENDER_BYTES_MAX);

                if (!(notes & note))
                        continue;
                (void) buf_printf(&line, "note: %s", iam_note_text((IamNote) note));
                (void) verb_fail(ctl, 0, buf_text(&line));
        }
}

static int fill_from_conf(const Ctl *ctl, PlanFile *f, Buf *err, int *ret_status) {
        _cleanup_(conf_freep) Conf *conf = NULL;
        size_t before = f->diags.n;
        int r;

        r = daemon_conf_read(ctl, &conf);
        if (r != 0) {
                *ret_status = r;
                return 0;
        }
        r = plan_doc_fill(f->doc,
                        &(PlanDefaults){ .region = conf->aws_region,
                                        .role_arn = conf->aws_role_arn,
                                        .external_id = conf->aws_external_id },
                        &f->diags);
        if (r == -ENOMEM)
                return r;
        for (size_t i = before; i < f->diags.n; i++)
                (void) diag_render(&f->diags.entries[i], f->path, f->text, f->size, err);
        *ret_status = r < 0 ? EXIT_BAD : 0;
        return 0;
}

int verb_iam_policy(const Ctl *ctl, char **args, size_t n_args) {
        _cleanup_(plan_file_freep) PlanFile *f = NULL;
        _cleanup_(buf_done) Buf err = BUF_INIT(RENDER_BYTES_MAX), out = BUF_INIT(RENDER_BYTES_MAX);
        const char *principals[IAM_PRINCIPALS_MAX];
        unsigned notes = 0;
        int r, status = 0;
        size_t n;
        Now now;

        clock_read(&now);
        r = plan_file_read(args[0], now.wall, &err, &f);
        if (r >= 0 && f->doc)
                r = fill_from_conf(ctl, f, &err, &status);
        if (r < 0)
                return verb_fail(ctl, EXIT_BAD, "out of memory");
        (void) fputs(buf_text(&err), ctl->err);
        if (!f->doc || status != 0)
                return status != 0 ? status : EXIT_BAD;
        n = iam_policy_principals(&f->doc->plan, principals);
        if (ctl->json)
                put_json(&out, &f->doc->plan, principals, n, &notes);
        else
                put_documents(&out, &f->doc->plan, principals, n, &notes);
        if (!ctl->json)
                put_notes(ctl, principals, n, notes);
        return verb_finish(ctl, &out, 0);
}
