#include "daemon/ctl/plan-file.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "aws/digest.h"
#include "base/alloc.h"
#include "base/fs.h"
#include "base/str.h"
#include "codec/info-json.h"
#include "codec/json-write.h"

const char *plan_file_base_name(const char *path) {
        const char *slash = strrchr(path, '/');

        return slash ? slash + 1 : path;
}

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
        const char *name = plan_file_base_name(path);
        size_t n = strlen(name);

        if (str_ends_with(name, ".yaml"))
                n -= strlen(".yaml");
        else if (str_ends_with(name, ".yml"))
                n -= strlen(".yml");
        return alloc_copy_bytes(name, n);
}

PlanFile *plan_file_free(PlanFile *f) {
        if (!f)
                return NULL;
        (void) plan_doc_free(f->doc);
        free(f->text);
        free(f);
        return NULL;
}

static int parse(PlanFile *f, usec_t now) {
        _cleanup_(freep) char *name = default_name(f->path);
        int r;

        if (!name)
                return -ENOMEM;
        r = digest_sha256(f->text, f->size, f->sha256);
        if (r < 0)
                return r;
        r = plan_parse(f->text, f->size, name, f->sha256, now, &f->diags, &f->doc);
        return r == -ENOMEM ? r : 0;
}

int plan_file_read(const char *path, usec_t now, Buf *err, PlanFile **ret) {
        _cleanup_(plan_file_freep) PlanFile *f = alloc_one(PlanFile);
        int r;

        if (!f)
                return -ENOMEM;
        f->path = path;
        r = fs_read(AT_FDCWD, path, true, PLAN_BYTES_MAX, &f->text, &f->size, NULL);
        if (r == -ENOMEM)
                return r;
        if (r < 0)
                diag_add(&f->diags, DIAG_ERROR, 0, 0, "cannot read: %s", explain(r));
        else if ((r = parse(f, now)) < 0)
                return r;
        for (size_t i = 0; i < f->diags.n; i++)
                (void) diag_render(&f->diags.entries[i], path, f->text, f->size, err);
        if (f->diags.n_dropped > 0)
                (void) buf_printf(err, "... and %zu more\n", f->diags.n_dropped);
        if (err->failed)
                return -ENOMEM;
        *ret = TAKE_PTR(f);
        return 0;
}

void plan_file_write_findings(Buf *out, const PlanFile *f) {
        json_write_open(out, "findings", '[');
        for (size_t i = 0; i < f->diags.n; i++) {
                const Diag *d = &f->diags.entries[i];

                info_write_finding(out, diag_level_to_string(d->level), d->line, d->column, d->message);
        }
        json_write_close(out, ']');
}
