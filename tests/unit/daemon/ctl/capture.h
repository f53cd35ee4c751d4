#pragma once

/* A verb's Ctl with its output caught. */

#include <stdlib.h>

#include "daemon/ctl/verb.h"
#include "lib/test.h"

typedef struct Capture {
        Ctl ctl;
        char *out, *err; /* valid after capture_end() */
        size_t out_size, err_size;
} Capture;

static inline void capture_begin(Capture *c, const char *run) {
        *c = (Capture){ .ctl = { .run = run, .style = { .width = 80 } } };
        c->ctl.out = open_memstream(&c->out, &c->out_size);
        c->ctl.err = open_memstream(&c->err, &c->err_size);
        EXPECT(c->ctl.out && c->ctl.err);
}

static inline void capture_end(Capture *c) {
        EXPECT_INT(fclose(c->ctl.out), 0);
        EXPECT_INT(fclose(c->ctl.err), 0);
}

static inline void capture_free(Capture *c) {
        free(c->out);
        free(c->err);
}
