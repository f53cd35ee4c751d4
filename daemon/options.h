#pragma once

/* The command line, the configuration file and the environment -> what main() needs. */

#include <stdio.h>

#include "codec/conf.h"

typedef struct Options {
        const char *config_path; /* borrowed from argv, or the default */
        bool check_config;
        const char *journal_stream; /* $JOURNAL_STREAM, for log_open(); NULL: not set */
} Options;

/* 1: go on with *ret. 0: all is done, *ret_exit is the exit code: 0 after --help and --version, which go to
 * "out"; 64 (EX_USAGE) after a mistake, with a hint on "err". */
int options_parse(int argc, char *argv[], FILE *out, FILE *err, Options *ret, int *ret_exit);

/* Reads the configuration, and looks whether the environment and the files that the two name fit in with it.
 * 1: go on with *ret. 0: *ret_exit is the exit code: 0 after --check-config, 78 (EX_CONFIG) with the
 * findings on "err"; 66 (EX_NOINPUT) when only the CA bundle cannot be used, which a restart may mend. */
int options_load(const Options *o, FILE *out, FILE *err, Conf **ret, int *ret_exit);
