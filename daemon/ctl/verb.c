#include "daemon/ctl/verb.h"

#include <errno.h>
#include <string.h>

int verb_fail(const Ctl *ctl, int status, const char *message) {
        _cleanup_(buf_done) Buf text = BUF_INIT(RENDER_BYTES_MAX);

        render_text(&text, &ctl->style, message);
        (void) fprintf(ctl->err, "canaryctl: %s\n", buf_text(&text));
        return status;
}

int verb_finish(const Ctl *ctl, Buf *text, int status) {
        if (text->failed)
                return verb_fail(ctl, EXIT_BAD, "out of memory");
        errno = 0;
        if (fwrite(buf_text(text), 1, text->size, ctl->out) == text->size && fflush(ctl->out) == 0)
                return status;
        return verb_fail(ctl, EXIT_BAD, errno != 0 ? strerror(errno) : "cannot write the output");
}
