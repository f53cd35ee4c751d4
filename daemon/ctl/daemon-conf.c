#include "daemon/ctl/daemon-conf.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"

static int fail(const Ctl *ctl, const char *path, int error) {
        _cleanup_(buf_done) Buf message = BUF_INIT(8192);

        (void) buf_printf(&message,
                        "%s: cannot read the configuration: %s; name another one with --config FILE", path,
                        strerror(error));
        return verb_fail(
                        ctl, error == EACCES || error == EPERM ? EXIT_DENIED : EXIT_BAD, buf_text(&message));
}

int daemon_conf_read(const Ctl *ctl, Conf **ret) {
        _cleanup_(freep) DiagList *diags = alloc_one(DiagList);
        _cleanup_(freep) char *text = NULL;
        _cleanup_(buf_done) Buf err = BUF_INIT(RENDER_BYTES_MAX);
        const char *path = ctl->config ? ctl->config : CONFIG_FILE;
        size_t size = 0;
        int r;

        if (!diags)
                return fail(ctl, path, ENOMEM);
        r = fs_read(AT_FDCWD, path, true, CONF_BYTES_MAX, &text, &size, NULL);
        if (r < 0 && (r != -ENOENT || ctl->config))
                return fail(ctl, path, -r);
        r = conf_parse(text ? text : "", size, diags, ret);
        for (size_t i = 0; i < diags->n; i++)
                (void) diag_render(&diags->entries[i], path, text, size, &err);
        (void) fputs(buf_text(&err), ctl->err);
        if (r == -EBADMSG)
                return EXIT_BAD;
        return r < 0 ? fail(ctl, path, -r) : 0;
}
