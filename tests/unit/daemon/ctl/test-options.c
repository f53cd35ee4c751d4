#include "daemon/ctl/options.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/test.h"

typedef struct Outcome {
        int r;
        char out[4096], err[1024];
        Options options;
} Outcome;

static void read_back(FILE *f, char *ret, size_t size) {
        size_t n;

        rewind(f);
        n = fread(ret, 1, size - 1, f);
        ret[n] = '\0';
        (void) fclose(f);
}

static void parse(Outcome *o, char **argv) {
        FILE *out = tmpfile(), *err = tmpfile();
        int argc = 0;

        EXPECT(out && err);
        while (argv[argc])
                argc++;
        o->options = (Options){ 0 };
        o->r = options_parse(argc, argv, out, err, &o->options);
        read_back(out, o->out, sizeof(o->out));
        read_back(err, o->err, sizeof(o->err));
}

#define PARSE(o, ...) parse(&(o), (char *[]){ (char[]){ "canaryctl" }, __VA_ARGS__, NULL })
#define W(word) ((char[]){ word })

TEST(options_stand_anywhere) {
        Outcome o;

        PARSE(o, W("--run"), W("/somewhere"), W("status"), W("--json"), W("a@1"));
        EXPECT_INT(o.r, 1);
        EXPECT_STR(o.options.verb->name, "status");
        EXPECT_STR(o.options.ctl.run, "/somewhere");
        EXPECT(o.options.ctl.json);
        EXPECT_INT(o.options.n_args, 1);
        EXPECT_STR(o.options.args[0], "a@1");
        PARSE(o, W("list"), W("--run=/x"));
        EXPECT_INT(o.r, 1);
        EXPECT_STR(o.options.ctl.run, "/x");
        PARSE(o, W("list"));
        EXPECT_STR(o.options.ctl.run, "/run/canaryd");
        EXPECT(!o.options.ctl.json);
        PARSE(o, W("validate"), W("--"), W("--odd-name.yaml"), W("b"));
        EXPECT_INT(o.options.n_args, 2);
        EXPECT_STR(o.options.args[0], "--odd-name.yaml");
}

TEST(asking_aws) {
        Outcome o;

        PARSE(o, W("validate"), W("a"));
        EXPECT(!o.options.ctl.online);
        EXPECT_INT(o.options.ctl.timeout, USEC_PER_MINUTE);
        PARSE(o, W("--online"), W("--timeout"), W("5"), W("validate"), W("a"));
        EXPECT(o.options.ctl.online);
        EXPECT_INT(o.options.ctl.timeout, 5 * USEC_PER_SEC);
        PARSE(o, W("--timeout"), W("3600"), W("validate"), W("a"));
        EXPECT_INT(o.r, 1);
        PARSE(o, W("--timeout"), W("3601"), W("validate"), W("a"));
        EXPECT_INT(o.r, -EINVAL);
        EXPECT_CONTAINS(o.err, "--timeout needs 1 to 3600 seconds, not \"3601\"");
        PARSE(o, W("--timeout"), W("0"), W("validate"), W("a"));
        EXPECT_INT(o.r, -EINVAL);
}

TEST(help_and_version) {
        Outcome o;

        PARSE(o, W("--help"));
        EXPECT_INT(o.r, 0);
        EXPECT_CONTAINS(o.out, "\n  validate   FILE...");
        EXPECT_CONTAINS(o.out, "--run DIR");
        EXPECT_STR(o.err, "");
        for (const char *p = o.out; *p; p += strcspn(p, "\n") + 1)
                EXPECT(strcspn(p, "\n") <= 80);
        PARSE(o, W("-h"), W("nonsense"));
        EXPECT_INT(o.r, 0);
        PARSE(o, W("--version"));
        EXPECT_INT(o.r, 0);
        EXPECT(strncmp(o.out, "canaryctl ", 10) == 0);
}

static void expect_usage(const Outcome *o, const char *words) {
        EXPECT_INT(o->r, -EINVAL);
        EXPECT_STR(o->out, "");
        EXPECT_CONTAINS(o->err, words);
        EXPECT(strncmp(o->err, "canaryctl: ", 11) == 0);
        EXPECT(strchr(o->err, '\x1b') == NULL);
}

TEST(bad_usage_is_explained) {
        Outcome o;

        PARSE(o, NULL);
        expect_usage(&o, "what to do?");
        PARSE(o, W("lst"));
        expect_usage(&o, "there is no verb \"lst\", did you mean \"list\"?");
        PARSE(o, W("\x1b[2J"));
        expect_usage(&o, "there is no verb \"\\x1b[2J\"");
        PARSE(o, W("validate"));
        expect_usage(&o, "too few arguments for \"validate\"");
        PARSE(o, W("status"));
        expect_usage(&o, "too few arguments for \"status\"");
        PARSE(o, W("list"), W("x"));
        expect_usage(&o, "unexpected argument \"x\"");
        PARSE(o, W("status"), W("x"), W("y"));
        expect_usage(&o, "unexpected argument \"y\"");
        PARSE(o, W("--bogus"), W("list"));
        expect_usage(&o, "there is no option \"--bogus\"");
        PARSE(o, W("list"), W("--run"));
        expect_usage(&o, "a value is missing after \"--run\"");
        PARSE(o, W("list"), W("--run="));
        expect_usage(&o, "--run needs a directory");
        PARSE(o, W("list"), W("--json=yes"));
        expect_usage(&o, "there is no option \"--json=yes\"");
}

TEST(a_pipe_gets_whole_lines_without_colours) {
        Outcome o;

        EXPECT_OK(setenv("TERM", "xterm", 1));
        EXPECT_OK(unsetenv("NO_COLOR"));
        PARSE(o, W("list"));
        EXPECT_INT(o.options.ctl.style.width, 0);
        EXPECT(!o.options.ctl.style.color);
}

static bool utf8_with(const char *all, const char *ctype, const char *lang) {
        Outcome o;

        EXPECT_OK(setenv("LC_ALL", all, 1));
        EXPECT_OK(setenv("LC_CTYPE", ctype, 1));
        EXPECT_OK(setenv("LANG", lang, 1));
        PARSE(o, W("list"));
        return o.options.ctl.style.utf8;
}

TEST(the_locale_decides_about_utf8) {
        EXPECT(utf8_with("", "", "en_GB.UTF-8"));
        EXPECT(utf8_with("", "de_DE.utf8", "C"));
        EXPECT(utf8_with("C.UTF-8", "C", "C"));
        EXPECT(!utf8_with("C", "en_GB.UTF-8", "en_GB.UTF-8"));
        EXPECT(!utf8_with("", "", ""));
}

/* The other side of a terminal of its own. */
static Style on_terminal(void) {
        int master = posix_openpt(O_RDWR | O_NOCTTY);
        char *words[] = { W("canaryctl"), W("list"), NULL };
        Options options;
        FILE *tty;

        if (master < 0)
                test_skip("no pseudo terminals here");
        EXPECT_OK(grantpt(master));
        EXPECT_OK(unlockpt(master));
        tty = fdopen(open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC),
                        "r+"); /* not to be ours: its end would be ours */
        EXPECT(tty);
        EXPECT_INT(options_parse(2, words, tty, stderr, &options), 1);
        (void) fclose(tty);
        (void) close(master);
        return options.ctl.style;
}

TEST(a_terminal_gets_colours_unless_it_does_not_want_them) {
        EXPECT_OK(setenv("TERM", "xterm", 1));
        EXPECT_OK(unsetenv("NO_COLOR"));
        EXPECT(on_terminal().color);
        EXPECT_INT(on_terminal().width, 80);
        EXPECT_OK(setenv("NO_COLOR", "1", 1));
        EXPECT(!on_terminal().color);
        EXPECT_OK(setenv("NO_COLOR", "", 1)); /* empty counts as not set */
        EXPECT(on_terminal().color);
        EXPECT_OK(setenv("TERM", "dumb", 1));
        EXPECT(!on_terminal().color);
}
