#include "daemon/options.h"

#include <fcntl.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/fs.h"
#include "base/str.h"
#include "daemon/aws-config.h"
#include "daemon/aws-env.h"
#include "daemon/build-config.h"

static const char help[] =
                "canaryd [OPTION...]\n"
                "\n"
                "Shifts AWS Lambda aliases from version to version by plans dropped into a directory, watches\n"
                "CloudWatch meanwhile, and puts an alias back when a check is breached.\n"
                "\n"
                "  --config FILE    configuration file (default " CONFIG_FILE ")\n"
                "  --check-config   read the configuration, say what is wrong with it, and end\n"
                "  --version        show the version\n"
                "  --help           show this\n";

enum {
        OPTION_CONFIG = 256,
        OPTION_CHECK_CONFIG,
        OPTION_VERSION,
        OPTION_HELP,
};

static const struct option options[] = {
        { "config", required_argument, NULL, OPTION_CONFIG },
        { "check-config", no_argument, NULL, OPTION_CHECK_CONFIG },
        { "version", no_argument, NULL, OPTION_VERSION },
        { "help", no_argument, NULL, OPTION_HELP },
        {},
};

/* A variable that is set to nothing is not set, as in the other AWS tools. */
static const char *environment(const char *name) {
        const char *value = getenv(name);

        return str_is_empty(value) ? NULL : value;
}

static int usage(FILE *err, int *ret_exit, const char *what, const char *word) {
        (void) fprintf(err, "canaryd: %s%s\nTry \"canaryd --help\".\n", what, word);
        *ret_exit = EX_USAGE;
        return 0;
}

int options_parse(int argc, char *argv[], FILE *out, FILE *err, Options *ret, int *ret_exit) {
        Options o = { .config_path = CONFIG_FILE, .journal_stream = environment("JOURNAL_STREAM") };
        int c;

        optind = 0; /* starts over, whatever was parsed before */
        opterr = 0;
        while ((c = getopt_long(argc, argv, "+:", options, NULL)) >= 0) {
                switch (c) {
                case OPTION_CONFIG:
                        o.config_path = optarg;
                        break;
                case OPTION_CHECK_CONFIG:
                        o.check_config = true;
                        break;
                case OPTION_VERSION:
                        (void) fputs("canaryd " CANARYD_VERSION "\n", out);
                        *ret_exit = EX_OK;
                        return 0;
                case OPTION_HELP:
                        (void) fputs(help, out);
                        *ret_exit = EX_OK;
                        return 0;
                case ':':
                        return usage(err, ret_exit, "missing argument of ", argv[optind - 1]);
                default:
                        return usage(err, ret_exit, "unknown or misused option ", argv[optind - 1]);
                }
        }
        if (optind < argc)
                return usage(err, ret_exit, "unexpected argument ", argv[optind]);
        if (str_is_empty(o.config_path))
                return usage(err, ret_exit, "empty file name for --config", "");
        *ret = o;
        return 1;
}

static void show(const DiagList *diags, const char *path, const char *text, size_t size, FILE *err) {
        Buf out = BUF_INIT((size_t) 256 * 1024);

        for (size_t i = 0; i < diags->n; i++)
                (void) diag_render(&diags->entries[i], path, text, size, &out);
        (void) fputs(buf_text(&out), err);
        if (diags->n_dropped > 0)
                (void) fprintf(err, "%s: and %zu more\n", path, diags->n_dropped);
        buf_done(&out);
}

/* What would not be better at the next start is found here, where the exit code can say that. */
static int check_aws(const Options *o, const Conf *conf, FILE *err) {
        char broken[DIAG_MESSAGE_MAX], error[DIAG_MESSAGE_MAX];
        _cleanup_(aws_settings_done) AwsSettings settings = { 0 };
        AwsEnv env;
        int r;

        aws_env_read(&env);
        if (o->check_config)
                return aws_config_check(conf, &env, err);
        r = aws_config_resolve(conf, &env, &settings, broken, error);
        if (r == -EINVAL || r == -ENOKEY)
                (void) fprintf(err, "canaryd: error: %s\n", error);
        return r;
}

int options_load(const Options *o, FILE *out, FILE *err, Conf **ret, int *ret_exit) {
        _cleanup_(freep) DiagList *diags = alloc_one(DiagList);
        _cleanup_(freep) char *text = NULL;
        _cleanup_(conf_freep) Conf *conf = NULL;
        size_t size = 0;
        int r = diags ? 0 : -ENOMEM;

        *ret_exit = EX_CONFIG;
        if (r >= 0)
                r = fs_read(AT_FDCWD, o->config_path, true, CONF_BYTES_MAX, &text, &size, NULL);
        if (r < 0) {
                (void) fprintf(err, "%s: error: %s\n", o->config_path,
                                r == -EFBIG ? "larger than 64 KiB" : strerror(-r));
                return 0;
        }
        r = conf_parse(text, size, diags, &conf);
        show(diags, o->config_path, text, size, err);
        if (r >= 0)
                r = check_aws(o, conf, err);
        if (r == -EBADMSG || r == -EINVAL)
                return 0;
        if (r == -ENOKEY) {
                *ret_exit = EX_NOINPUT;
                return 0;
        }
        if (r < 0) {
                (void) fprintf(err, "%s: error: %s\n", o->config_path, strerror(-r));
                *ret_exit = EX_OSERR;
                return 0;
        }
        if (o->check_config) {
                (void) fprintf(out, "%s: ok\n", o->config_path);
                *ret_exit = EX_OK;
                return 0;
        }
        *ret = TAKE_PTR(conf);
        return 1;
}
