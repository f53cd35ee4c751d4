#include <fcntl.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/str.h"
#include "base/timefmt.h"
#include "codec/info-json.h"
#include "codec/json-write.h"
#include "codec/plan-yaml.h"
#include "daemon/clock.h"
#include "daemon/ctl/verb.h"

/* One file that was looked at. */
typedef struct Checked {
        const char *path;
        DiagList diags;
        PlanDoc *doc; /* owned; NULL: refused */
} Checked;

static const char *explain(int error) {
        switch (-error) {
        case EFBIG:
                return "larger than 256 KiB";
        case ENOTSUP:
                return "not a regular file";
        default:
                return strerror(-error);
        }
}

/* "plans/checkout.yaml" -> "checkout", as the daemon does. Owned; NULL: out of memory. */
static char *default_name(const char *path) {
        const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
        size_t n = strlen(name);

        if (str_ends_with(name, ".yaml"))
                n -= strlen(".yaml");
        else if (str_ends_with(name, ".yml"))
                n -= strlen(".yml");
        return alloc_copy_bytes(name, n);
}

/* Reads and parses; findings go to err as people read them. -ENOMEM. */
static int check_file(Checked *checked, Buf *err) {
        static const uint8_t no_hash[PLAN_HASH_SIZE] = { 0 }; /* a plan that nobody keeps needs none */
        _cleanup_(freep) char *text = NULL;
        _cleanup_(freep) char *name = default_name(checked->path);
        size_t size = 0;
        Now now;
        int r;

        if (!name)
                return -ENOMEM;
        clock_read(&now);
        r = fs_read(AT_FDCWD, checked->path, true, PLAN_BYTES_MAX, &text, &size, NULL);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                diag_add(&checked->diags, DIAG_ERROR, 0, 0, "cannot read: %s", explain(r));
        else if ((r = plan_parse(text, size, name, no_hash, now.wall, &checked->diags, &checked->doc)) ==
                        -ENOMEM)
                return r;
        for (size_t i = 0; i < checked->diags.n; i++)
                (void) diag_render(&checked->diags.entries[i], checked->path, text, size, err);
        if (checked->diags.n_dropped > 0)
                (void) buf_printf(err, "... and %zu more\n", checked->diags.n_dropped);
        return err->failed ? -ENOMEM : 0;
}

/* "5 % for 10m, 25 % for 10m, 100 % baking 30m: 50m at the earliest" */
static void put_ladder(Buf *out, const Plan *plan) {
        char span[TIME_TEXT_MAX];

        for (uint32_t i = 0; i < plan->n_steps; i++) {
                char weight[16];

                weight_format(plan->steps[i].weight, weight);
                duration_format(plan->steps[i].hold, span);
                (void) buf_printf(out, "%s for %s", weight, span);
                if (plan->steps[i].min_requests > 0)
                        (void) buf_printf(out, " and %u requests", plan->steps[i].min_requests);
                (void) buf_puts(out, ", ");
        }
        duration_format(plan->bake, span);
        (void) buf_printf(out, "100 %% baking %s: ", span);
        duration_format(plan_shortest(plan), span);
        (void) buf_printf(out, "%s at the earliest", span);
}

static void put_text(Buf *out, const Checked *checked, const Style *style) {
        _cleanup_(buf_done) Buf ladder = BUF_INIT(RENDER_BYTES_MAX);

        render_text(out, style, checked->path);
        (void) buf_puts(out, ": ");
        render_toned(out, style, TONE_GOOD, "ok");
        (void) buf_puts(out, "\n    ");
        put_ladder(&ladder, &checked->doc->plan);
        render_inherit(out, &ladder);
        render_folded(out, style, 4, 4, buf_text(&ladder));
}

static void put_json_plan(Buf *out, const Plan *plan) {
        StepInfo ladder[PLAN_STEPS_MAX + 1];
        size_t n = rollout_info_ladder(plan, ladder);

        json_write_text(out, "name", plan->name);
        json_write_text(out, "function", plan->targets[0].function);
        json_write_text(out, "alias", plan->targets[0].alias);
        json_write_text(out, "region", plan->targets[0].region);
        if (plan->targets[0].from > 0)
                json_write_u64(out, "from", plan->targets[0].from);
        else
                json_write_null(out, "from");
        json_write_u64(out, "to", plan->targets[0].to);
        info_write_ladder(out, ladder, n);
        json_write_u64(out, "shortest_usec", plan_shortest(plan));
}

static void put_json(Buf *out, const Checked *checked) {
        json_write_open(out, NULL, '{');
        json_write_text(out, "file", checked->path);
        json_write_bool(out, "ok", checked->doc != NULL);
        if (checked->doc)
                put_json_plan(out, &checked->doc->plan);
        json_write_open(out, "findings", '[');
        for (size_t i = 0; i < checked->diags.n; i++) {
                const Diag *d = &checked->diags.entries[i];

                info_write_finding(out, diag_level_to_string(d->level), d->line, d->column, d->message);
        }
        json_write_close(out, ']');
        json_write_close(out, '}');
}

/* One file. Sets *status to EXIT_BAD when it is not fine. -ENOMEM. */
static int validate_one(const Ctl *ctl, const char *path, Buf *out, int *status) {
        _cleanup_(freep) Checked *checked = alloc_one(Checked);
        _cleanup_(buf_done) Buf err = BUF_INIT(RENDER_BYTES_MAX);
        _cleanup_(plan_doc_freep) PlanDoc *doc = NULL;
        int r;

        if (!checked)
                return -ENOMEM;
        checked->path = path;
        r = check_file(checked, &err);
        doc = checked->doc;
        if (r < 0)
                return r;
        (void) fputs(buf_text(&err), ctl->err);
        if (!doc)
                *status = EXIT_BAD;
        if (ctl->json)
                put_json(out, checked);
        else if (doc)
                put_text(out, checked, &ctl->style);
        return 0;
}

int verb_validate(const Ctl *ctl, char **args, size_t n_args) {
        _cleanup_(buf_done) Buf out = BUF_INIT(RENDER_BYTES_MAX);
        int status = 0;

        if (ctl->json) {
                json_write_open(&out, NULL, '{');
                json_write_u64(&out, "schema", INFO_SCHEMA);
                json_write_open(&out, "files", '[');
        }
        for (size_t i = 0; i < n_args; i++)
                if (validate_one(ctl, args[i], &out, &status) < 0)
                        return verb_fail(ctl, EXIT_BAD, "out of memory");
        if (ctl->json) {
                json_write_close(&out, ']');
                json_write_close(&out, '}');
                (void) buf_putc(&out, '\n');
        }
        return verb_finish(ctl, &out, status);
}
