#pragma once

/* The command line. */

#include "base/macro.h"

typedef struct Options {
        /* Borrowed from argv; NULL: not given. */
        const char *listen, *scenario, *request_log, *port_file, *tls_cert, *tls_key;
        bool help;
} Options;

/* -EINVAL: said why on stderr. */
int options_parse(int argc, char **argv, Options *ret);
void options_print_help(void);
