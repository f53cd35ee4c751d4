#include "daemon/ctl/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/str.h"

#define DEFAULT_RUN "/run/canaryd"
#define DEFAULT_WIDTH 80u
#define DEFAULT_TIMEOUT (60 * USEC_PER_SEC)
#define TIMEOUT_MAX_SECONDS 3600u

enum {
        OPTION_RUN = 256,
        OPTION_CONFIG,
        OPTION_DIRECTORY,
        OPTION_REPLACE,
        OPTION_ONLINE,
        OPTION_TIMEOUT,
        OPTION_JSON,
        OPTION_VERSION
};

static const Verb verbs[] = {
        { "validate", verb_validate, 1, SIZE_MAX, "FILE...",
                        "Check plan files, and show what they will do" },
        { "submit", verb_submit, 1, 1, "FILE", "Check a plan and hand it to the daemon" },
        { "iam-policy", verb_iam_policy, 1, 1, "FILE",
                        "What the plan has to be allowed in AWS, and no more" },
        { "list", verb_list, 0, 0, "", "All rollouts, the worst first, and refused plans" },
        { "status", verb_status, 1, 1, "ID", "All about one rollout, and what it waits for" },
};

static void print_help(FILE *out) {
        (void) fputs("canaryctl [OPTION...] VERB ...\n\nAsks canaryd about its rollouts.\n\n", out);
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                (void) fprintf(out, "  %-11s%-9s %s\n", verbs[i].name, verbs[i].args, verbs[i].help);
        (void) fputs("\n"
                     "  --run DIR        The daemon's run directory, default " DEFAULT_RUN "\n"
                     "  --config FILE    The daemon's configuration, default\n"
                     "                   " CONFIG_FILE "\n"
                     "  --directory DIR  submit: the watched directory, if not the configuration's\n"
                     "  --online         validate: ask AWS, too, as the daemon does before it begins;\n"
                     "                   only reads, with the credentials found here\n"
                     "  --timeout SEC    validate --online: give up after so long, default 60\n"
                     "  --replace        submit: in place of another plan of that file name\n"
                     "  --json           For programs: one JSON object\n"
                     "  -h, --help       This text\n"
                     "  --version        The version\n\n"
                     "Exit status: 0 fine, 1 a bad plan or no such rollout, 64 bad usage,\n"
                     "69 the daemon, or AWS, is not reachable, 75 the daemon does not answer,\n"
                     "77 no permission, 130 interrupted.\n",
                        out);
}

static bool is_set(const char *name) {
        return !str_is_empty(getenv(name));
}

/* The first of these that is set decides, as in every program that knows locales. */
static bool locale_is_utf8(void) {
        const char *locale = is_set("LC_ALL") ? getenv("LC_ALL")
                        : is_set("LC_CTYPE")  ? getenv("LC_CTYPE")
                                              : getenv("LANG");

        return locale && (strcasestr(locale, "UTF-8") || strcasestr(locale, "UTF8"));
}

static Style style_of(FILE *out) {
        const char *term = getenv("TERM");
        struct winsize size = { 0 };
        Style style = { .utf8 = locale_is_utf8() };

        /* A pipe gets whole lines: what reads them does not want columns to be missing. */
        if (isatty(fileno(out)) == 0)
                return style;
        style.width = DEFAULT_WIDTH;
        if (ioctl(fileno(out), TIOCGWINSZ, &size) >= 0 && size.ws_col > 0)
                style.width = size.ws_col;
        style.color = !is_set("NO_COLOR") && term && !streq(term, "dumb");
        return style;
}

static const Verb *verb_find(const char *name) {
        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                if (streq(verbs[i].name, name))
                        return &verbs[i];
        return NULL;
}

static int fail_usage(const Ctl *ctl, const char *what, const char *name, const char *hint) {
        _cleanup_(buf_done) Buf message = BUF_INIT(4096);

        (void) buf_printf(&message, "%s \"%.256s\"%s; see canaryctl --help", what, name, hint);
        (void) verb_fail(ctl, EXIT_USAGE, buf_text(&message));
        return -EINVAL;
}

static int fail_verb(const Ctl *ctl, const char *name) {
        _cleanup_(buf_done) Buf hint = BUF_INIT(256);
        const char *names[ELEMENTSOF(verbs)], *nearest;

        for (size_t i = 0; i < ELEMENTSOF(verbs); i++)
                names[i] = verbs[i].name;
        nearest = str_nearest(name, names, ELEMENTSOF(names));
        if (nearest)
                (void) buf_printf(&hint, ", did you mean \"%s\"?", nearest);
        return fail_usage(ctl, "there is no verb", name, buf_text(&hint));
}

static int take_verb(int argc, char **argv, Options *options) {
        if (optind >= argc) {
                (void) verb_fail(&options->ctl, EXIT_USAGE, "what to do? see canaryctl --help");
                return -EINVAL;
        }
        options->verb = verb_find(argv[optind]);
        if (!options->verb)
                return fail_verb(&options->ctl, argv[optind]);
        options->args = argv + optind + 1;
        options->n_args = (size_t) (argc - optind - 1);
        if (options->n_args < options->verb->min_args)
                return fail_usage(&options->ctl, "too few arguments for", options->verb->name, "");
        if (options->n_args > options->verb->max_args)
                return fail_usage(&options->ctl, "unexpected argument",
                                options->args[options->verb->max_args], "");
        return 1;
}

static int check_values(const Ctl *ctl) {
        if (str_is_empty(ctl->run))
                return fail_usage(ctl, "--run needs a directory, not", "", "");
        if (ctl->directory && str_is_empty(ctl->directory))
                return fail_usage(ctl, "--directory needs a directory, not", "", "");
        return 0;
}

static int parse_timeout(const char *s, usec_t *ret) {
        uint64_t seconds = 0;

        if (str_parse_u64(s, TIMEOUT_MAX_SECONDS, &seconds) < 0 || seconds == 0)
                return -EINVAL;
        *ret = seconds * USEC_PER_SEC;
        return 0;
}

/* What the verbs go by. */
static int take_value(int option, const char *value, Ctl *ctl) {
        switch (option) {
        case OPTION_RUN:
                ctl->run = value;
                return 0;
        case OPTION_CONFIG:
                ctl->config = value;
                return 0;
        case OPTION_DIRECTORY:
                ctl->directory = value;
                return 0;
        case OPTION_REPLACE:
                ctl->replace = true;
                return 0;
        case OPTION_ONLINE:
                ctl->online = true;
                return 0;
        case OPTION_TIMEOUT:
                if (parse_timeout(value, &ctl->timeout) >= 0)
                        return 0;
                return fail_usage(ctl, "--timeout needs 1 to 3600 seconds, not", value, "");
        case OPTION_JSON:
                ctl->json = true;
                return 0;
        }
        return -EINVAL;
}

int options_parse(int argc, char **argv, FILE *out, FILE *err, Options *ret) {
        static const struct option long_options[] = {
                { "run", required_argument, NULL, OPTION_RUN },
                { "config", required_argument, NULL, OPTION_CONFIG },
                { "directory", required_argument, NULL, OPTION_DIRECTORY },
                { "replace", no_argument, NULL, OPTION_REPLACE },
                { "online", no_argument, NULL, OPTION_ONLINE },
                { "timeout", required_argument, NULL, OPTION_TIMEOUT },
                { "json", no_argument, NULL, OPTION_JSON },
                { "help", no_argument, NULL, 'h' },
                { "version", no_argument, NULL, OPTION_VERSION },
                { 0 },
        };
        Options options = { .ctl = { .run = DEFAULT_RUN,
                                            .timeout = DEFAULT_TIMEOUT,
                                            .style = style_of(out),
                                            .out = out,
                                            .err = err } };
        int c, r;

        optind = 0; /* makes glibc begin anew */
        opterr = 0; /* its complaints would carry the words of the command line to the terminal unseen */
        while ((c = getopt_long(argc, argv, ":h", long_options, NULL)) >= 0) {
                const char *word = optind > 0 && optind <= argc ? argv[optind - 1] : "";

                switch (c) {
                case 'h':
                        print_help(out);
                        return 0;
                case OPTION_VERSION:
                        (void) fputs("canaryctl " CANARYD_VERSION "\n", out);
                        return 0;
                case ':':
                        return fail_usage(&options.ctl, "a value is missing after", word, "");
                case '?':
                        return fail_usage(&options.ctl, "there is no option", word, "");
                default:
                        r = take_value(c, optarg, &options.ctl);
                        if (r < 0)
                                return r;
                }
        }
        if ((r = check_values(&options.ctl)) == 0 && (r = take_verb(argc, argv, &options)) > 0)
                *ret = options;
        return r;
}
