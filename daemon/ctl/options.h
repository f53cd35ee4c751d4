#pragma once

/* canaryctl's command line and environment. */

#include "daemon/ctl/verb.h"

typedef struct Verb {
        const char *name;
        int (*run)(const Ctl *ctl, char **args, size_t n_args);
        size_t min_args, max_args;
        const char *args, *help;
} Verb;

typedef struct Options {
        Ctl ctl;
        const Verb *verb;
        char **args;
        size_t n_args;
} Options;

/* out, err: where help and complaints go, and later the verb's output. 1: run the verb. 0: all done (--help,
 * --version). -EINVAL: bad usage, and said so. */
int options_parse(int argc, char **argv, FILE *out, FILE *err, Options *ret);
